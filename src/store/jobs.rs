//! Dubbing jobs: each belongs to one account, and outlives the process that accepted it.
//!
//! A job is its record; its input and output are files in its folder ([`crate::folders`]).

use std::collections::HashSet;
use std::fs::File;

use heed::RwTxn;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::codec::{account_key, account_of, job_key};
use crate::folders::Folders;
use crate::ids::{AccountId, JobId, Utc};
use crate::job_room::JobRoom;
use crate::{Store, Tables};
use vocabox_base::fault::{Fault, Kind};

/// Name of the file with the result of a finished job, as JSON: hours of speech take megabytes.
pub const RESULT: &str = "result.json";

/// The work of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    Analyze,
    Render,
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobStatus {
    Queued,
    Processing,
    Done,
    Error,
}

impl JobStatus {
    /// Whether the job has ended.
    pub fn is_over(self) -> bool {
        matches!(self, JobStatus::Done | JobStatus::Error)
    }
}

/// The current state of a job. The result of one that is done is its file [`RESULT`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub job_id: JobId,
    pub kind: JobKind,
    pub status: JobStatus,
    /// 0 to 1.
    pub progress: f64,
    /// Name of the key that created it.
    pub key_name: String,
    /// The request without its files: small, as all of a record is, because all records are read at once.
    pub request: Value,
    /// The public sentence of a failed job's fault.
    pub error: Option<String>,
    pub created_at: Utc,
    pub updated_at: Utc,
    /// Most bytes that its files may have.
    pub bytes: u64,
    /// Seconds of sound in its file, as far as that was known when it was accepted. 0 in records of programs that did not
    /// note it.
    #[serde(default)]
    pub seconds: f64,
    /// How often it was begun, attempts that a stop of the server ended left out. 0 in records of programs that did not
    /// count.
    #[serde(default)]
    pub attempts: u32,
}

impl Job {
    /// Returns a queued job.
    pub fn new(kind: JobKind, key_name: &str, request: Value, bytes: u64) -> Self {
        let now = Utc::now();
        Job {
            job_id: JobId::new(),
            kind,
            status: JobStatus::Queued,
            progress: 0.0,
            key_name: key_name.to_owned(),
            request,
            error: None,
            created_at: now,
            updated_at: now,
            bytes,
            seconds: 0.0,
            attempts: 0,
        }
    }
}

impl Store {
    /// Returns the files of all jobs.
    pub fn job_files(&self) -> &Folders<JobId> {
        &self.job_files
    }

    /// Adds a job of `account`, whose files exist already; it is on the disk when this returns. Faults: `Busy` when
    /// the account has as many jobs or bytes as `room` allows it, or all accounts together; `Unauthorized` when the
    /// account was deleted meanwhile; and as any write.
    pub fn add_job(&self, account: AccountId, job: Job, room: JobRoom) -> Result<(), Fault> {
        let tables = self.tables;
        self.write(move |txn| {
            if !tables.has_account(txn, account)? {
                let gone = "The account of this key was deleted.";
                return Err(Fault::new(Kind::Unauthorized, gone));
            }
            let (own, others) = tables.job_sums(txn, account, &job)?;
            let quotas = tables.account_by_id(txn, account)?.quotas;
            room.check_new(&quotas, own, others)?;
            tables.jobs.put(txn, &job_key(account, job.job_id), &job)
        })
    }

    /// Checks that `account` may add `job`, as it is known before its files are there. Faults: as [`Store::add_job`].
    pub fn check_job_room(
        &self,
        account: AccountId,
        job: &Job,
        room: JobRoom,
    ) -> Result<(), Fault> {
        let txn = self.env.read_txn()?;
        let quotas = self.tables.account_by_id(&txn, account)?.quotas;
        let (own, others) = self.tables.job_sums(&txn, account, job)?;
        room.check_new(&quotas, own, others)
    }

    /// Returns the account's job. Fault: `NotFound`, also for another account's.
    pub fn job(&self, account: AccountId, id: JobId) -> Result<Job, Fault> {
        let txn = self.env.read_txn()?;
        let job = self.tables.jobs.get(&txn, &job_key(account, id))?;
        job.ok_or_else(no_such_job)
    }

    /// Returns all jobs of `account`, the newest first: by their ids, as in [`Store::jobs_to_do`].
    pub fn jobs(&self, account: AccountId) -> Result<Vec<Job>, Fault> {
        let txn = self.env.read_txn()?;
        let newest_first = (self.tables.jobs).rev_prefix_iter(&txn, &account_key(account))?;
        newest_first.map(|entry| Ok(entry?.1)).collect()
    }

    /// Returns the account of a job. Fault: `NotFound`.
    pub fn job_account(&self, id: JobId) -> Result<AccountId, Fault> {
        let txn = self.env.read_txn()?;
        for entry in self.tables.jobs.iter(&txn)? {
            let (key, job) = entry?;
            if let (Some(account), true) = (account_of(key), job.job_id == id) {
                return Ok(account);
            }
        }
        Err(no_such_job())
    }

    /// Returns all jobs that have not ended, each with its account, the oldest first: by their ids, which ascend in one
    /// process also within one tick of the clock.
    pub fn jobs_to_do(&self) -> Result<Vec<(AccountId, Job)>, Fault> {
        let txn = self.env.read_txn()?;
        let mut all = Vec::new();
        for entry in self.tables.jobs.iter(&txn)? {
            let (key, job) = entry?;
            if let (Some(account), false) = (account_of(key), job.status.is_over()) {
                all.push((account, job));
            }
        }
        all.sort_by_key(|(_, job)| job.job_id);
        Ok(all)
    }

    /// Changes a job; the change is on the disk when this returns. Faults: `NotFound` when the job was deleted
    /// meanwhile; and as any write.
    pub fn change_job(
        &self,
        account: AccountId,
        id: JobId,
        change: impl Fn(&mut Job) + Send + 'static,
    ) -> Result<(), Fault> {
        let tables = self.tables;
        self.write(move |txn| {
            let key = job_key(account, id);
            let mut job = tables.jobs.get(txn, &key)?.ok_or_else(no_such_job)?;
            change(&mut job);
            job.updated_at = Utc::now();
            tables.jobs.put(txn, &key, &job)
        })
    }

    /// Returns the file with the result of a finished job, as JSON. Faults: `NotFound` when the job was deleted meanwhile.
    pub fn job_result(&self, id: JobId) -> Result<File, Fault> {
        self.job_files.open(id, RESULT)
    }

    /// Sets the most bytes that a job's files may have to `bytes`. Faults: `Busy` when `room` does not allow that;
    /// `NotFound` when the job was deleted meanwhile; and as any write.
    pub fn size_job(
        &self,
        account: AccountId,
        id: JobId,
        bytes: u64,
        room: JobRoom,
    ) -> Result<(), Fault> {
        let tables = self.tables;
        self.write(move |txn| {
            let key = job_key(account, id);
            let mut job = tables.jobs.get(txn, &key)?.ok_or_else(no_such_job)?;
            let grows = bytes > job.bytes;
            job.bytes = bytes;
            let (own, others) = tables.job_sums(txn, account, &job)?;
            if grows {
                let quotas = tables.account_by_id(txn, account)?.quotas;
                room.check_growth(&quotas, own, others)?;
            }
            tables.jobs.put(txn, &key, &job)
        })
    }

    /// Deletes the account's job, then its files. Fault: `NotFound`, also for another account's.
    pub fn delete_job(&self, account: AccountId, id: JobId) -> Result<(), Fault> {
        let tables = self.tables;
        self.write(
            move |txn| match tables.jobs.delete(txn, &job_key(account, id))? {
                true => Ok(()),
                false => Err(no_such_job()),
            },
        )?;
        self.forget_job(account, id);
        Ok(())
    }

    /// Removes the files of a job whose record is deleted, and what was made of the account's texts and recordings, which
    /// is not kept by job.
    pub fn forget_job(&self, account: AccountId, id: JobId) {
        self.job_files.remove_all(id);
        self.spoken.remove_all(account);
    }

    /// Deletes jobs that ended at `then` or before, with their files, and returns how many: none while the clock is in doubt.
    /// A job that ended within the tick of the clock that `then` names is deleted too.
    pub fn expire_jobs(&self, then: Utc) -> Result<usize, Fault> {
        if !self.trusts_clock()? {
            return Ok(0);
        }
        let mut old = Vec::new();
        {
            let txn = self.env.read_txn()?;
            for entry in self.tables.jobs.iter(&txn)? {
                let (key, job) = entry?;
                if let (Some(account), true) = (account_of(key), job.status.is_over())
                    && job.updated_at <= then
                {
                    old.push((account, job.job_id));
                }
            }
        }
        for &(account, id) in &old {
            match self.delete_job(account, id) {
                Err(fault) if fault.kind != Kind::NotFound => return Err(fault),
                _ => {}
            }
        }
        Ok(old.len())
    }

    /// Removes folders without a job, which a power failure left while a job was added or deleted, and what was spoken for
    /// accounts without jobs. For the only server of a data folder, before it serves requests.
    pub(crate) fn sweep_job_files(&self) -> Result<(), Fault> {
        let txn = self.env.read_txn()?;
        let (mut named, mut accounts) =
            (HashSet::new(), HashSet::from([Store::COMMAND.to_owned()]));
        for entry in self.tables.jobs.iter(&txn)? {
            let (key, job) = entry?;
            named.insert(job.job_id.to_string());
            accounts.extend(account_of(key).map(|account| account.to_string()));
        }
        if let Err(error) = self.spoken.sweep(|account, _| accounts.contains(account)) {
            log::warn!("lines of deleted jobs could not be removed: {error}");
        }
        // An incomplete file belongs to a job that was never added.
        match self.job_files.sweep(|job, _| named.contains(job)) {
            Ok(0) => {}
            Ok(removed) => log::info!("{removed} folders of unfinished or deleted jobs removed"),
            Err(error) => log::warn!("files of deleted jobs could not be removed: {error}"),
        }
        Ok(())
    }
}

impl Store {
    /// Checks that each job has its folder, and its result if it is done. Fault: `NotFound`.
    pub(crate) fn check_job_files(&self) -> Result<(), Fault> {
        let txn = self.env.read_txn()?;
        for entry in self.tables.jobs.iter(&txn)? {
            let (_, job) = entry?;
            if job.status == JobStatus::Done {
                self.job_files.open(job.job_id, RESULT)?;
            }
        }
        Ok(())
    }
}

impl Tables {
    /// Deletes all jobs of an account and returns their ids.
    pub(crate) fn remove_jobs(
        &self,
        txn: &mut RwTxn,
        account: AccountId,
    ) -> Result<Vec<JobId>, Fault> {
        self.jobs
            .remove_prefix(txn, &account_key(account), |job| job.job_id)
    }
}

fn no_such_job() -> Fault {
    Fault::not_found("job_id names no job of this account; finished ones are kept for a while only")
}

#[cfg(test)]
#[path = "jobs_tests.rs"]
mod tests;
