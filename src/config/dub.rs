//! How many dubbing jobs are kept, for how long, and their size on the disk.

use super::option::OptionKind;
use super::settings::settings;
use crate::limits;

settings! {
    /// How much dubbing may be kept.
    pub struct DubSettings in "Dubbing" {
        /// Dubbing jobs that may be queued or run, of all accounts; ten times as many are kept. An account that is alone may
        /// have all but a quarter, and beside others half; further requests get 503
        jobs_max: usize = OptionKind::Count(limits::JOBS);
        /// Size of the files of all dubbing jobs, in jobs/ of the data folder, which accounts share likewise; further
        /// requests get 503
        dub_disk: u64 = OptionKind::Size(limits::DUB_DISK_BYTES);
        /// Hours of sound in the queued and running dubbing jobs of one account; further requests get 503
        dub_hours: u64 = OptionKind::Count(limits::DUB_HOURS);
        /// Hours for which a dubbing job and its files are kept after its end
        job_hours: u64 = OptionKind::Count(limits::JOB_HOURS);
    }
}
