//! The thread that runs dubbing jobs, one at a time, the oldest first.
//!
//! Owns what becomes of a job: its progress, its end, its item of history. What is queued or under way when the process ends,
//! however that ends, is begun again at the next start, up to [`limits::JOB_ATTEMPTS_MAX`] times; what is over is kept for
//! some hours. While the store cannot take a job's state, the job waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::intake::{self, OpenInput};
use super::request::RenderRequest;
use super::result::JobResult;
use super::tasks::{self, INPUT, JobContext, JobOutput, REQUEST};
use super::voices::DubVoices;
use crate::engine::contract::CancellationToken;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::scheduler::places::{Place, Places};
use crate::store::{
    AccountId, Feature, HistoryItem, ItemId, Job, JobId, JobKind, JobStatus, NewFile, RESULT,
    Status, Store, Utc,
};

/// How much less of the processor the thread asks for than those of requests: it decodes, tells speakers apart, stretches and
/// encodes itself.
const NICE: i32 = 10;

/// Between two records of a job's progress.
const TELL: Duration = Duration::from_secs(1);

/// Between two tries to record a job's state while the store is full or does not answer.
const AGAIN: Duration = Duration::from_secs(5);

/// The dubbing jobs of a server. Dropping it ends the one that runs; it begins again at the next start.
pub struct Dubbing {
    shared: Arc<JobRunner>,
    thread: Option<JoinHandle<()>>,
}

struct JobRunner {
    store: Arc<Store>,
    context: JobContext,
    /// Hours for which a job is kept after its end.
    hours: u64,
    state: Mutex<RunnerState>,
    changed: Condvar,
    /// For files of new jobs.
    intakes: Places,
}

#[derive(Default)]
struct RunnerState {
    is_stopping: bool,
    has_more: bool,
    /// The job that runs, and what ends it.
    running: Option<RunningJob>,
}

#[derive(Clone)]
struct RunningJob {
    account: AccountId,
    id: JobId,
    cancelled: Arc<AtomicBool>,
}

impl Dubbing {
    /// Starts with what an earlier process left. Faults: `Internal` when there is no thread to be had.
    pub fn start(store: Arc<Store>, context: JobContext, hours: u64) -> Result<Self, Fault> {
        let shared = Arc::new(JobRunner {
            store,
            context,
            hours,
            state: Mutex::new(RunnerState {
                has_more: true,
                ..RunnerState::default()
            }),
            changed: Condvar::new(),
            intakes: Places::new(limits::INTAKES_MAX),
        });
        let own = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("dub".to_owned())
            .spawn(move || own.work())
            .map_err(Fault::internal)?;
        Ok(Dubbing {
            shared,
            thread: Some(thread),
        })
    }

    /// The voices for renders; none while no pack that speaks is fetched.
    pub fn voices(&self) -> Option<&DubVoices> {
        self.shared.context.services.voices.as_ref()
    }

    /// Codes of the languages that analyses transcribe.
    pub fn spoken_languages(&self) -> impl Iterator<Item = &str> {
        self.shared.context.services.transcription.languages()
    }

    /// Returns a place among the large files of new jobs that are taken over. Faults: `Busy` when there is none for `account`.
    pub fn intake(&self, account: AccountId) -> Result<Place, Fault> {
        self.shared.intakes.take(account).ok_or_else(many_intakes)
    }

    /// Checks that `account` may add `job`, whose file is not there yet. Faults: `Busy` when it may not, and the store's.
    pub fn check_room(&self, account: AccountId, job: &Job) -> Result<(), Fault> {
        let is_large = job.bytes > limits::BODY_MEMORY_BYTES_MAX as u64;
        if is_large && self.shared.intakes.is_full(account) {
            return Err(many_intakes());
        }
        let room = self.shared.context.room;
        self.shared.store.check_job_room(account, job, room)
    }

    /// Adds `job`, which works on `file`, unless `check`, which can open it, refuses that; it returns the file's seconds.
    /// Faults: those of `check`, `Busy` when as many jobs are kept as may be, and those of reading and writing.
    pub fn submit(
        &self,
        account: AccountId,
        mut job: Job,
        file: NewFile,
        check: impl FnOnce(&mut OpenInput<'_>) -> Result<f64, Fault>,
    ) -> Result<(), Fault> {
        let store = &self.shared.store;
        let (id, files) = (job.job_id, store.job_files());
        let taken = (|| {
            files.take(id, INPUT, file)?;
            job.seconds = check(&mut || files.open(id, INPUT))?;
            let added = store.add_job(account, job, self.shared.context.room);
            added.inspect_err(|_| {
                // A write that the disk did not answer in time may yet be done: this one comes after it.
                let _ = store.delete_job(account, id);
            })
        })();
        if taken.is_err() {
            files.remove_all(id);
            return taken;
        }
        self.wake();
        Ok(())
    }

    /// The same of a render, whose `request` is kept beside the file. Faults: as [`Dubbing::submit`].
    pub fn submit_render(
        &self,
        account: AccountId,
        job: Job,
        file: NewFile,
        request: &RenderRequest,
    ) -> Result<(), Fault> {
        let id = job.job_id;
        let bytes = serde_json::to_vec(request).map_err(Fault::internal)?;
        self.submit(account, job, file, |input| {
            let seconds = intake::check_film(input, request)?;
            let files = self.shared.store.job_files();
            files.put(id, REQUEST, &mut &bytes[..])?;
            Ok(seconds)
        })
    }

    /// There is a new job.
    fn wake(&self) {
        self.shared.lock().has_more = true;
        self.shared.changed.notify_all();
    }

    /// Ends the job if it is the one that runs: it was deleted.
    pub fn cancel(&self, id: JobId) {
        if let Some(running) = &self.shared.lock().running
            && running.id == id
        {
            running.cancelled.store(true, Ordering::SeqCst);
        }
    }

    /// Begins no other job, and ends the one that runs, which does not count as an attempt: the store may be closed before
    /// the job has ended.
    pub fn stop(&self) {
        let mut state = self.shared.lock();
        if std::mem::replace(&mut state.is_stopping, true) {
            return;
        }
        let running = state.running.clone();
        drop(state);
        self.shared.changed.notify_all();
        let Some(running) = running else {
            return;
        };
        running.cancelled.store(true, Ordering::SeqCst);
        let uncounted = (self.shared.store).change_job(running.account, running.id, |job| {
            job.attempts = job.attempts.saturating_sub(1);
        });
        if let Err(fault) = uncounted
            && fault.kind != Kind::NotFound
        {
            log::warn!(
                "the end of dubbing job {} counts as a failure: {fault}",
                running.id
            );
        }
    }
}

impl Drop for Dubbing {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl JobRunner {
    fn lock(&self) -> MutexGuard<'_, RunnerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        give_way();
        while self.wait() {
            match self.store.jobs_to_do() {
                Ok(jobs) => {
                    if let Some((account, job)) = jobs.into_iter().next() {
                        // There may be another after this one.
                        self.lock().has_more = true;
                        self.run(account, job);
                    }
                }
                Err(fault) => log::error!("dubbing jobs cannot be read: {fault}"),
            }
            self.expire();
        }
    }

    /// Waits for a job, or for the time to look for old ones. False when the server stops.
    fn wait(&self) -> bool {
        let state = self.lock();
        let every = Duration::from_millis(limits::PRUNE_EVERY_MS);
        let idle = |state: &mut RunnerState| !state.has_more && !state.is_stopping;
        let waited = self.changed.wait_timeout_while(state, every, idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.has_more = false;
        !state.is_stopping
    }

    fn expire(&self) {
        match self.store.expire_jobs(Utc::now().hours_before(self.hours)) {
            Ok(0) => {}
            Ok(count) => log::info!(
                "{count} dubbing jobs were over for {} h: deleted",
                self.hours
            ),
            Err(fault) => log::warn!("old dubbing jobs could not be deleted: {fault}"),
        }
    }

    fn run(&self, account: AccountId, job: Job) {
        let id = job.job_id;
        let cancelled = Arc::new(AtomicBool::new(false));
        {
            let mut state = self.lock();
            if state.is_stopping {
                return;
            }
            state.running = Some(RunningJob {
                account,
                id,
                cancelled: Arc::clone(&cancelled),
            });
        }
        let begun = Instant::now();
        let until = begun + Duration::from_secs(limits::JOB_SECONDS_MAX);
        let cancellation = CancellationToken::new(until, Arc::clone(&cancelled));
        let done = catch_unwind(AssertUnwindSafe(|| {
            if job.attempts >= limits::JOB_ATTEMPTS_MAX {
                return Err(begun_too_often());
            }
            self.attempt(account, &job, &cancellation)
        }))
        .unwrap_or_else(|_| Err(Fault::internal("the job panicked")))
        // The result is there before the record says so.
        .and_then(|made| self.keep(id, &made.result).map(|()| made));
        self.lock().running = None;
        if cancelled.load(Ordering::SeqCst) {
            log::info!("dubbing job {id} was ended");
            // What it made after it was deleted.
            if (self.store.job(account, id)).is_err_and(|f| f.kind == Kind::NotFound) {
                self.store.forget_job(account, id);
            }
            return;
        }
        let fault = done.as_ref().err().cloned();
        let is_failed = fault.is_some();
        log::info!(
            "dubbing job {id} ({:?}) {} after {:.1} s",
            job.kind,
            fault
                .as_ref()
                .map_or("done".to_owned(), |f| format!("failed: {f}")),
            begun.elapsed().as_secs_f64()
        );
        let item = self.item(&job, done.as_ref().ok(), begun);
        // History has it before a client can see that it is over.
        let recorded = self.store.append(account, &item);
        if let Err(fault) = recorded {
            log::error!("the end of dubbing job {id} is not in the history: {fault}");
        }
        let ended = self.change(account, id, move |job| {
            let error = fault.as_ref().map(|fault| fault.sentence.to_string());
            (job.status, job.progress, job.bytes) = match &error {
                None => (JobStatus::Done, 1.0, job.bytes),
                Some(_) => (JobStatus::Error, job.progress, 0),
            };
            job.error = error;
        });
        let is_deleted = ended.is_err_and(|fault| fault.kind == Kind::NotFound);
        if is_deleted {
            self.store.forget_job(account, id);
        } else if is_failed {
            // No client gets anything of it, and it may be the disk that is full.
            self.store.job_files().remove_all(id);
        }
    }

    /// Changes the record of a job. While the store is full or does not answer, it tries again, until the server stops.
    /// Faults: `NotFound` when the job was deleted meanwhile; the store's when the server stops.
    fn change(
        &self,
        account: AccountId,
        id: JobId,
        change: impl Fn(&mut Job) + Clone + Send + 'static,
    ) -> Result<(), Fault> {
        loop {
            let fault = match self.store.change_job(account, id, change.clone()) {
                Err(fault) if fault.kind != Kind::NotFound => fault,
                done => return done,
            };
            log::error!("the state of dubbing job {id} waits for the store: {fault}");
            let goes_on = |state: &mut RunnerState| !state.is_stopping;
            let waited = (self.changed).wait_timeout_while(self.lock(), AGAIN, goes_on);
            if waited.unwrap_or_else(PoisonError::into_inner).0.is_stopping {
                return Err(fault);
            }
        }
    }

    fn keep(&self, id: JobId, result: &JobResult) -> Result<(), Fault> {
        let bytes = serde_json::to_vec(result).map_err(Fault::internal)?;
        let files = self.store.job_files();
        files.put(id, RESULT, &mut &bytes[..]).map(drop)
    }

    fn attempt(
        &self,
        account: AccountId,
        job: &Job,
        cancellation: &CancellationToken,
    ) -> Result<JobOutput, Fault> {
        let id = job.job_id;
        // Before it runs: it may end the process.
        self.change(account, id, |job| {
            job.status = JobStatus::Processing;
            job.progress = 0.0;
            job.attempts += 1;
        })?;
        let mut told = Instant::now();
        let mut progress = |part: f64| {
            if told.elapsed() < TELL {
                return Ok(());
            }
            told = Instant::now();
            let part = part.clamp(0.0, 1.0);
            let noted = self
                .store
                .change_job(account, id, move |job| job.progress = part);
            match noted {
                Err(fault) if fault.kind != Kind::NotFound => {
                    log::warn!("the progress of dubbing job {id} was not noted: {fault}");
                    Ok(())
                }
                noted => noted,
            }
        };
        let work = match job.kind {
            JobKind::Analyze => tasks::analyze,
            JobKind::Render => tasks::render,
        };
        let (context, store) = (&self.context, &self.store);
        work(context, store, account, job, &mut progress, cancellation)
    }

    fn item(&self, job: &Job, made: Option<&JobOutput>, begun: Instant) -> HistoryItem {
        let services = &self.context.services;
        let name = match (job.kind, &services.voices) {
            (JobKind::Render, Some(voices)) => &voices.speech.name,
            _ => &services.transcription.general().name,
        };
        HistoryItem {
            id: ItemId::new(),
            feature: Feature::Dub,
            status: made.map_or(Status::Error, |_| Status::Ok),
            created_at: Utc::now(),
            key_name: job.key_name.clone(),
            voice_id: None,
            language: made.map(|made| made.language.clone()),
            text: made.filter(|_| self.context.history_text).map(|made| {
                made.text
                    .chars()
                    .take(limits::HISTORY_TEXT_CHARS_MAX)
                    .collect()
            }),
            duration_seconds: made.map(|made| made.seconds),
            character_count: made.map(|made| made.text.chars().count() as u64),
            engine: Some(name.engine.clone()),
            model: Some(name.model.clone()),
            latency_ms: Some(begun.elapsed().as_millis() as u64),
        }
    }
}

fn many_intakes() -> Fault {
    let retry_after_s = 2;
    Fault::new(
        Kind::Busy { retry_after_s },
        "Too many large files of new dubbing jobs are being checked. Try again.",
    )
}

/// Returns the fault of a job during which the process ended each time.
fn begun_too_often() -> Fault {
    let ended = "The server's process ended each time that it worked on this job, so the job is not begun again.";
    Fault::new(Kind::Internal, ended)
}

/// On Linux niceness is a thread's own; elsewhere all of the process would get it.
fn give_way() {
    if cfg!(target_os = "linux")
        && let Err(error) = rustix::process::nice(NICE)
    {
        log::warn!("dubbing runs at the priority of requests: {error}");
    }
}
