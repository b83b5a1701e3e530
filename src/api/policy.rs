//! Settings that an operator may change while the server runs.

use std::sync::{Arc, PoisonError, RwLock};

use super::cors::Origins;

/// Settings that an operator may change while the server runs. A request reads them once.
#[derive(Debug)]
pub struct OperatorPolicy {
    /// Cloned voices that an account may have.
    pub clones_max: usize,
    /// Whether a request that clones must declare that the speaker agreed.
    pub require_clone_consent: bool,
    /// Whether the lists of models and stock voices under `/v1/audio` need no key.
    pub public_catalog: bool,
    /// Whether texts and transcripts are logged.
    pub log_content: bool,
    /// Whether all speech is marked as made by a machine, and not only that of cloned voices.
    pub mark_synthetic: bool,
    /// Origins whose pages may read answers.
    pub origins: Origins,
}

/// The policy in force.
#[derive(Debug)]
pub struct CurrentPolicy(RwLock<Arc<OperatorPolicy>>);

impl CurrentPolicy {
    /// Puts the first one in force.
    pub fn new(policy: OperatorPolicy) -> Self {
        CurrentPolicy(RwLock::new(Arc::new(policy)))
    }

    /// The policy at this moment.
    pub fn get(&self) -> Arc<OperatorPolicy> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts `policy` in force for requests that come from now on.
    pub fn set(&self, policy: OperatorPolicy) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }
}
