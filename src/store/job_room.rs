//! How many dubbing jobs there may be, and how many bytes of their files: of all accounts, and of each.

use heed::RoTxn;

use crate::Tables;
use crate::codec::account_of;
use crate::ids::AccountId;
use crate::jobs::Job;
use crate::quotas::AccountQuotas;
use vocabox_base::fault::{Fault, Kind};
use vocabox_base::limits::JOBS_KEPT;
use vocabox_base::share;

/// How many jobs may be queued or run, and how many bytes the files of all may have together. Of both, and of the
/// [`JOBS_KEPT`] times as many jobs that are kept, each account may have its [share](vocabox_base::share).
#[derive(Debug, Clone, Copy)]
pub struct JobRoom {
    pub jobs_max: usize,
    pub bytes_max: u64,
    /// Hours of sound in the queued and running jobs of one account.
    pub hours_max: u64,
}

/// Sums over jobs.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct JobSums {
    /// Queued and running ones.
    open: u64,
    /// All.
    kept: u64,
    bytes: u64,
    /// Of sound in queued and running ones.
    seconds: f64,
}

const BYTES: &str = "bytes of files of dubbing jobs";

impl JobRoom {
    /// Checks that there is room for a new job, with which an account of `quotas` has `own` together, beside what `others`
    /// have. Fault: `Busy`.
    pub(crate) fn check_new(
        &self,
        quotas: &AccountQuotas,
        own: JobSums,
        others: JobSums,
    ) -> Result<(), Fault> {
        let is_alone = others.kept == 0;
        let open_max = self.jobs_max as u64;
        let kept_max = JOBS_KEPT * open_max;
        let open = "dubbing jobs queued or running";
        let share = |max| share::of_account(max, is_alone);
        let quota = |quota: Option<u64>, max| quota.unwrap_or(u64::MAX).min(share(max));
        let jobs_max = quota(quotas.quota_jobs, open_max);
        check(open, own.open, jobs_max, others.open, open_max)?;
        let kept = "dubbing jobs kept";
        check(kept, own.kept, share(kept_max), others.kept, kept_max)?;
        let bytes_max = quota(quotas.quota_dub_disk, self.bytes_max);
        check(BYTES, own.bytes, bytes_max, others.bytes, self.bytes_max)?;
        let hours_max = quotas.quota_dub_hours.unwrap_or(self.hours_max);
        check_sound(own.seconds, hours_max)
    }

    /// Checks that there is room for the files of a job that runs. An account that came after the job was accepted must not
    /// end it: the share is that of an account alone. Fault: `Busy`.
    pub(crate) fn check_growth(
        &self,
        quotas: &AccountQuotas,
        own: JobSums,
        others: JobSums,
    ) -> Result<(), Fault> {
        let share = share::of_account(self.bytes_max, true);
        let bytes_max = quotas.quota_dub_disk.unwrap_or(share).min(share);
        check(BYTES, own.bytes, bytes_max, others.bytes, self.bytes_max)
    }
}

/// Checks one sum: of the account, and of all accounts.
fn check(what: &str, own: u64, own_max: u64, others: u64, max: u64) -> Result<(), Fault> {
    if own > own_max {
        return Err(full(format!(
            "this account would have {own} {what}, of at most {own_max}"
        )));
    }
    let all = own + others;
    match all > max {
        true => Err(full(format!(
            "all accounts would have {all} {what}, of at most {max}"
        ))),
        false => Ok(()),
    }
}

fn check_sound(seconds: f64, hours_max: u64) -> Result<(), Fault> {
    let hours = seconds / 3_600.0;
    match hours > hours_max as f64 {
        true => Err(full(format!(
            "this account would have {hours:.2} hours of sound in queued or running dubbing jobs, of at most {hours_max}"
        ))),
        false => Ok(()),
    }
}

impl JobSums {
    fn add(&mut self, job: &Job) {
        if !job.status.is_over() {
            self.open += 1;
            self.seconds += job.seconds;
        }
        self.kept += 1;
        self.bytes += job.bytes;
    }
}

impl Tables {
    /// Returns the sums of the jobs of `account`, with `job` as it is to be, and those of all others.
    pub(crate) fn job_sums(
        &self,
        txn: &RoTxn,
        account: AccountId,
        job: &Job,
    ) -> Result<(JobSums, JobSums), Fault> {
        let (mut own, mut others) = (JobSums::default(), JobSums::default());
        own.add(job);
        for entry in self.jobs.iter(txn)? {
            let (key, other) = entry?;
            if other.job_id == job.job_id {
                continue;
            }
            match account_of(key) == Some(account) {
                true => own.add(&other),
                false => others.add(&other),
            }
        }
        Ok((own, others))
    }
}

fn full(what: String) -> Fault {
    let retry_after_s = 600;
    Fault::new(
        Kind::Busy { retry_after_s },
        format!("There is no room for another job: {what}. Delete one, or try again later."),
    )
}
