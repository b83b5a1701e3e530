//! What the operator allows one account to have, where that differs from what the server allows every account.

use serde::{Deserialize, Serialize};

/// The bounds of an account; none where those of the server apply. As JSON they are fields of the account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountQuotas {
    /// Cloned voices.
    #[serde(default)]
    pub quota_clones: Option<u64>,
    /// Bytes of the files of its dubbing jobs.
    #[serde(default)]
    pub quota_dub_disk: Option<u64>,
    /// Hours of sound in its queued and running dubbing jobs.
    #[serde(default)]
    pub quota_dub_hours: Option<u64>,
    /// Dubbing jobs that are queued or run.
    #[serde(default)]
    pub quota_jobs: Option<u64>,
}

/// Changes of [`AccountQuotas`]: none leaves a bound unchanged, `Some(None)` is the server's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QuotaChanges {
    pub clones: Option<Option<u64>>,
    pub dub_disk: Option<Option<u64>>,
    pub dub_hours: Option<Option<u64>>,
    pub jobs: Option<Option<u64>>,
}

impl AccountQuotas {
    /// Returns the quotas after `changes`.
    pub(crate) fn changed(self, changes: QuotaChanges) -> Self {
        AccountQuotas {
            quota_clones: changes.clones.unwrap_or(self.quota_clones),
            quota_dub_disk: changes.dub_disk.unwrap_or(self.quota_dub_disk),
            quota_dub_hours: changes.dub_hours.unwrap_or(self.quota_dub_hours),
            quota_jobs: changes.jobs.unwrap_or(self.quota_jobs),
        }
    }
}
