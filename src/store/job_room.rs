//! How many dubbing jobs there may be, and how many bytes of their files: of all accounts, and of each.

use heed::RwTxn;

use crate::Tables;
use crate::codec::account_of;
use crate::ids::AccountId;
use crate::jobs::Job;
use vocabox_base::fault::{Fault, Kind};
use vocabox_base::limits::JOBS_KEPT;
use vocabox_base::share;

/// How many jobs may be queued or run, and how many bytes the files of all may have together. Of both, and of the
/// [`JOBS_KEPT`] times as many jobs that are kept, each account may have its [share](vocabox_base::share).
#[derive(Debug, Clone, Copy)]
pub struct JobRoom {
    pub jobs_max: usize,
    pub bytes_max: u64,
}

/// Sums over jobs.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct JobSums {
    /// Queued and running ones.
    open: u64,
    /// All.
    kept: u64,
    bytes: u64,
}

const BYTES: &str = "bytes of files of dubbing jobs";

impl JobRoom {
    /// Checks that there is room for a new job, with which an account has `own` together, beside what `others` have.
    /// Fault: `Busy`.
    pub(crate) fn check_new(&self, own: JobSums, others: JobSums) -> Result<(), Fault> {
        let is_alone = others.kept == 0;
        let open_max = self.jobs_max as u64;
        let kept_max = JOBS_KEPT * open_max;
        let open = "dubbing jobs queued or running";
        check(open, own.open, others.open, open_max, is_alone)?;
        check(
            "dubbing jobs kept",
            own.kept,
            others.kept,
            kept_max,
            is_alone,
        )?;
        check(BYTES, own.bytes, others.bytes, self.bytes_max, is_alone)
    }

    /// Checks that there is room for the files of a job that runs. An account that came after the job was accepted must not
    /// end it: the share is that of an account alone. Fault: `Busy`.
    pub(crate) fn check_growth(&self, own: JobSums, others: JobSums) -> Result<(), Fault> {
        check(BYTES, own.bytes, others.bytes, self.bytes_max, true)
    }
}

/// Checks one sum: of the account, and of all accounts.
fn check(what: &str, own: u64, others: u64, max: u64, is_alone: bool) -> Result<(), Fault> {
    let own_max = share::of_account(max, is_alone);
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

impl JobSums {
    fn add(&mut self, job: &Job) {
        self.open += u64::from(!job.status.is_over());
        self.kept += 1;
        self.bytes += job.bytes;
    }
}

impl Tables {
    /// Returns the sums of the jobs of `account`, with `job` as it is to be, and those of all others.
    pub(crate) fn job_sums(
        &self,
        txn: &RwTxn,
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
