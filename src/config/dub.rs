//! How much dubbing may be kept.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::edge::{Size, settle};
use crate::limits;

/// Options of dubbing.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Dubbing")]
pub struct DubOptions {
    /// Dubbing jobs of all accounts that are kept, those that are over included; further ones get 503 [default: 100]
    #[arg(long, env = "VOCABOX_JOBS_MAX", value_name = "N")]
    pub jobs_max: Option<u64>,
    /// Size of the files of all dubbing jobs in jobs/ of the data folder; further ones get 503 [default: 20GiB]
    #[arg(long, env = "VOCABOX_DUB_DISK", value_name = "SIZE")]
    pub dub_disk: Option<Size>,
    /// Hours for which a dubbing job and its files are kept after its end [default: 24]
    #[arg(long, env = "VOCABOX_JOB_HOURS", value_name = "N")]
    pub job_hours: Option<u64>,
}

/// What the options of dubbing come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dub {
    pub jobs_max: usize,
    pub disk_bytes: u64,
    pub job_hours: u64,
}

impl DubOptions {
    /// The options within their bounds, the defaults where there is none. The error is one line for the operator.
    pub fn settle(&self) -> Result<Dub, String> {
        let number = |n: u64| n.to_string();
        let size = |n: u64| Size(n).to_string();
        let disk = self.dub_disk.map(|size| size.0);
        Ok(Dub {
            jobs_max: settle("jobs_max", self.jobs_max, &limits::JOBS, number)? as usize,
            disk_bytes: settle("dub_disk", disk, &limits::DUB_DISK_BYTES, size)?,
            job_hours: settle("job_hours", self.job_hours, &limits::JOB_HOURS, number)?,
        })
    }
}
