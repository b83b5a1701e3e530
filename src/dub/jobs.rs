//! The thread that runs dubbing jobs, one at a time, the oldest first.
//!
//! Owns what becomes of a job: its progress, its end, its item of history. What is queued or under way when the process ends,
//! however that ends, is begun again at the next start; what is over is kept for some hours.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::tasks::{self, Crew, Made};
use crate::engine::contract::CancellationToken;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::store::{
    AccountId, Feature, HistoryItem, ItemId, Job, JobId, JobKind, JobStatus, RESULT, Status, Store,
    Utc,
};

/// How much less of the processor the thread asks for than those of requests: it decodes, tells speakers apart, stretches and
/// encodes itself.
const NICE: i32 = 10;

/// Between two records of a job's progress.
const TELL: Duration = Duration::from_secs(1);

/// The jobs of a box. Dropping it ends the one that runs; it begins again at the next start.
pub struct Dubbing {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    store: Arc<Store>,
    crew: Crew,
    /// Hours for which a job is kept after its end.
    hours: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_stopping: bool,
    has_more: bool,
    /// The job that runs, and what ends it.
    running: Option<(JobId, Arc<AtomicBool>)>,
}

impl Dubbing {
    /// Starts with what an earlier process left. Faults: `Internal` when there is no thread to be had.
    pub fn start(store: Arc<Store>, crew: Crew, hours: u64) -> Result<Self, Fault> {
        let shared = Arc::new(Shared {
            store,
            crew,
            hours,
            state: Mutex::new(State {
                has_more: true,
                ..State::default()
            }),
            changed: Condvar::new(),
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

    /// There is a new job.
    pub fn wake(&self) {
        self.shared.lock().has_more = true;
        self.shared.changed.notify_all();
    }

    /// Ends the job if it is the one that runs: it was deleted.
    pub fn cancel(&self, id: JobId) {
        if let Some((running, cancelled)) = &self.shared.lock().running
            && *running == id
        {
            cancelled.store(true, Ordering::SeqCst);
        }
    }

    /// Begins no other job, and ends the one that runs.
    pub fn stop(&self) {
        let mut state = self.shared.lock();
        state.is_stopping = true;
        if let Some((_, cancelled)) = &state.running {
            cancelled.store(true, Ordering::SeqCst);
        }
        drop(state);
        self.shared.changed.notify_all();
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

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
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

    /// Waits for a job, or for the time to look for old ones. False when the box stops.
    fn wait(&self) -> bool {
        let state = self.lock();
        let every = Duration::from_millis(limits::PRUNE_EVERY_MS);
        let idle = |state: &mut State| !state.has_more && !state.is_stopping;
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
            state.running = Some((id, Arc::clone(&cancelled)));
        }
        let begun = Instant::now();
        let until = begun + Duration::from_secs(limits::JOB_SECONDS_MAX);
        let cancellation = CancellationToken::new(until, Arc::clone(&cancelled));
        let done = catch_unwind(AssertUnwindSafe(|| {
            self.attempt(account, &job, &cancellation)
        }))
        .unwrap_or_else(|_| Err(Fault::internal("the job panicked")))
        // The result is there before the record says so.
        .and_then(|made| self.keep(id, &made.result).map(|()| made));
        self.lock().running = None;
        if cancelled.load(Ordering::SeqCst) {
            log::info!("dubbing job {id} was ended");
            // What it made after it was deleted.
            if self
                .store
                .job(account, id)
                .is_err_and(|f| f.kind == Kind::NotFound)
            {
                self.store.job_files().remove_all(id);
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
        // History has it before anybody can see that it is over.
        let recorded = self.store.append(account, &item);
        let ended = self.store.change_job(account, id, move |job| {
            job.status = match &done {
                Ok(_) => JobStatus::Done,
                Err(_) => JobStatus::Error,
            };
            job.progress = if done.is_ok() { 1.0 } else { job.progress };
            job.bytes = if done.is_ok() { job.bytes } else { 0 };
            job.error = fault.as_ref().map(|fault| fault.sentence.to_string());
        });
        let is_recorded = match &ended {
            Ok(()) => true,
            // Deleted since.
            Err(fault) => fault.kind == Kind::NotFound,
        };
        for fault in [recorded, ended].into_iter().filter_map(Result::err) {
            if fault.kind == Kind::NotFound {
                self.store.job_files().remove_all(id);
            } else {
                log::error!("the end of dubbing job {id} cannot be put on record: {fault}");
            }
        }
        if !is_recorded {
            // It is begun again, but not at once: what fails now would fail at every turn.
            self.lock().has_more = false;
        } else if is_failed {
            // Nobody gets anything of it, and it may be the disk that is full.
            self.store.job_files().remove_all(id);
        }
    }

    fn keep(&self, id: JobId, result: &Value) -> Result<(), Fault> {
        let bytes = serde_json::to_vec(result).map_err(Fault::internal)?;
        let files = self.store.job_files();
        files.put(id, RESULT, &mut &bytes[..]).map(drop)
    }

    fn attempt(
        &self,
        account: AccountId,
        job: &Job,
        cancellation: &CancellationToken,
    ) -> Result<Made, Fault> {
        let id = job.job_id;
        self.store.change_job(account, id, |job| {
            job.status = JobStatus::Processing;
            job.progress = 0.0;
        })?;
        let mut told = Instant::now();
        let mut progress = |part: f64| {
            if told.elapsed() < TELL {
                return Ok(());
            }
            told = Instant::now();
            let part = part.clamp(0.0, 1.0);
            self.store
                .change_job(account, id, move |job| job.progress = part)
        };
        match job.kind {
            JobKind::Analyze => {
                tasks::analyze(&self.crew, &self.store, job, &mut progress, cancellation)
            }
            JobKind::Render => tasks::render(
                &self.crew,
                &self.store,
                account,
                job,
                &mut progress,
                cancellation,
            ),
        }
    }

    fn item(&self, job: &Job, made: Option<&Made>, begun: Instant) -> HistoryItem {
        let (engine, model) = match (job.kind, &self.crew.speaks) {
            (JobKind::Render, Some(speaks)) => (&speaks.engine, &speaks.model),
            _ => (&self.crew.engine, &self.crew.model),
        };
        HistoryItem {
            id: ItemId::new(),
            feature: Feature::Dub,
            status: made.map_or(Status::Error, |_| Status::Ok),
            created_at: Utc::now(),
            key_name: job.key_name.clone(),
            voice_id: None,
            language: made.map(|made| made.language.clone()),
            text: made.filter(|_| self.crew.history_text).map(|made| {
                made.text
                    .chars()
                    .take(limits::HISTORY_TEXT_CHARS_MAX)
                    .collect()
            }),
            duration_seconds: made.map(|made| made.seconds),
            character_count: made.map(|made| made.text.chars().count() as u64),
            engine: Some(engine.clone()),
            model: Some(model.clone()),
            latency_ms: Some(begun.elapsed().as_millis() as u64),
        }
    }
}

/// On Linux niceness is a thread's own; elsewhere all of the process would get it.
fn give_way() {
    if cfg!(target_os = "linux")
        && let Err(error) = rustix::process::nice(NICE)
    {
        log::warn!("dubbing runs at the priority of requests: {error}");
    }
}
