//! The thread that improves cloned voices beside the requests.

use std::collections::{HashSet, VecDeque};
use std::io::Cursor;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::attempt::Attempt;
use super::band::RecordingBand;
use super::catalog::Catalog;
use super::probe::VoiceProbe;
use crate::audio::{decode, pcm};
use crate::engine::contract::CancellationToken;
use crate::engine::tts::style::StyleTable;
use crate::fault::{Fault, Kind};
use crate::limits::{CLONE_ATTEMPTS_MAX, CLONE_SECONDS_MAX};
use crate::scheduler::LaneShare;
use crate::store::{AccountId, ClonedStyle, Store, VoiceId};

/// Least time between two writes of a better style table, which has half a MiB.
const WRITE_EVERY: Duration = Duration::from_secs(10);
/// Deadline of tries: no request waits for them, so it is long.
const PATIENCE: Duration = Duration::from_secs(24 * 3_600);
/// Pause after a fault, before the next voice.
const REST: Duration = Duration::from_secs(5);
/// Time until stock voices that could not be measured are tried again; it doubles each time, up to a day.
const RETRY_MIN: Duration = Duration::from_secs(60);
const RETRY_MAX: Duration = Duration::from_secs(24 * 3_600);

/// The thread and its queue.
pub struct Refiner {
    inbox: Arc<Inbox>,
    thread: Option<JoinHandle<()>>,
}

/// Searches that wait for the thread: at most `CLONE_ATTEMPTS_MAX`. The thread finds further voices in the store, like
/// those whose search ended with an earlier process.
#[derive(Default)]
struct Inbox {
    jobs: Mutex<VecDeque<RefineJob>>,
    changed: Condvar,
    stop: Arc<AtomicBool>,
}

struct RefineJob {
    account: AccountId,
    id: VoiceId,
    /// None for a voice that was found in the store, whose search has to be made again.
    attempt: Option<Box<Attempt>>,
}

impl Refiner {
    /// Starts the thread. It measures the stock voices first, then improves the voices that are added, then those of
    /// `store` whose search is not over. Faults: `Internal` when the thread cannot be started.
    pub fn start(
        catalog: Arc<Catalog>,
        probe: Arc<VoiceProbe>,
        store: Arc<Store>,
    ) -> Result<Self, Fault> {
        let inbox = Arc::new(Inbox::default());
        let mut work = RefineWorker {
            catalog,
            probe,
            store,
            inbox: inbox.clone(),
            given_up: HashSet::new(),
        };
        let thread = thread::Builder::new()
            .name("refiner".into())
            .spawn(move || work.serve())
            .map_err(Fault::internal)?;
        Ok(Refiner {
            inbox,
            thread: Some(thread),
        })
    }

    /// Queues the search for a voice of the store; a full queue leaves it to be found there.
    pub fn add(&self, account: AccountId, id: VoiceId, attempt: Box<Attempt>) {
        let mut jobs = self.inbox.jobs();
        if jobs.len() < CLONE_ATTEMPTS_MAX {
            jobs.push_back(RefineJob {
                account,
                id,
                attempt: Some(attempt),
            });
        }
        self.inbox.changed.notify_all();
    }

    /// Tells the thread to end, which it does within one try; interrupted searches continue at the next start. Does not
    /// wait for the thread.
    pub fn stop(&self) {
        let _jobs = self.inbox.jobs();
        self.inbox.stop.store(true, Ordering::Relaxed);
        self.inbox.changed.notify_all();
    }
}

impl Drop for Refiner {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Inbox {
    fn jobs(&self) -> MutexGuard<'_, VecDeque<RefineJob>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Waits until there are jobs, `until` is reached, or the thread has to end.
    fn wait(&self, until: Option<Instant>) {
        let is_idle = |jobs: &mut VecDeque<RefineJob>| jobs.is_empty() && !self.is_stopping();
        let most = until.map_or(PATIENCE, |u| u.saturating_duration_since(Instant::now()));
        let _ = self.changed.wait_timeout_while(self.jobs(), most, is_idle);
    }

    /// Waits for `most`, or until the thread has to end.
    fn rest(&self, most: Duration) {
        let go_on = |_: &mut VecDeque<RefineJob>| !self.is_stopping();
        let _ = self.changed.wait_timeout_while(self.jobs(), most, go_on);
    }
}

struct RefineWorker {
    catalog: Arc<Catalog>,
    probe: Arc<VoiceProbe>,
    store: Arc<Store>,
    inbox: Arc<Inbox>,
    /// Voices whose refinement failed: they stay as they are until the next start, or until more stock voices are
    /// measured.
    given_up: HashSet<VoiceId>,
}

impl RefineWorker {
    /// Works until the thread has to end.
    fn serve(&mut self) {
        let (mut learn_at, mut retry) = (Some(Instant::now()), RETRY_MIN);
        while !self.inbox.is_stopping() {
            if learn_at.is_some_and(|at| at <= Instant::now()) {
                learn_at = self.learn().then(|| Instant::now() + retry);
                retry = (2 * retry).min(RETRY_MAX);
                continue;
            }
            let waiting = self.inbox.jobs().pop_front();
            match waiting.map_or_else(|| self.unrefined(), |job| Ok(Some(job))) {
                Ok(Some(job)) => self.make_better(job),
                Ok(None) => self.inbox.wait(learn_at),
                Err(fault) => self.failed("voices could not be looked for", &fault),
            }
        }
        log::info!("no cloned voice is made better any more");
    }

    /// Measures the stock voices; returns whether some have to be tried again later.
    fn learn(&mut self) -> bool {
        match self.catalog.learn(&self.probe, &self.cancellation()) {
            Ok(faulty) => {
                // Refinements may have failed because too few stock voices were measured.
                self.given_up.clear();
                faulty > 0
            }
            Err(fault) => {
                self.failed("stock voices could not be measured", &fault);
                true
            }
        }
    }

    /// A voice of the store whose search is not over.
    fn unrefined(&self) -> Result<Option<RefineJob>, Fault> {
        let voices = self.store.unrefined_voices()?;
        let next = voices
            .into_iter()
            .find(|(_, id)| !self.given_up.contains(id));
        Ok(next.map(|(account, id)| RefineJob {
            account,
            id,
            attempt: None,
        }))
    }

    fn make_better(&mut self, job: RefineJob) {
        let id = job.id;
        let Err(fault) = self.refine(job) else {
            return;
        };
        // A voice whose file is missing, too: `unrefined` would return it again at once.
        self.given_up.insert(id);
        // A voice that is not found was deleted meanwhile, which is no error.
        if fault.kind != Kind::NotFound {
            self.failed(&format!("voice {id} could not be made better"), &fault);
        }
    }

    /// Logs a fault and pauses, unless the thread has to end.
    fn failed(&self, what: &str, fault: &Fault) {
        if !self.inbox.is_stopping() {
            log::warn!("{what}: {fault}");
            self.inbox.rest(REST);
        }
    }

    fn cancellation(&self) -> CancellationToken {
        CancellationToken::new(Instant::now() + PATIENCE, self.inbox.stop.clone())
    }

    fn refine(&self, job: RefineJob) -> Result<(), Fault> {
        let (account, id) = (job.account, job.id);
        if self.store.voice(account, id)?.style.refined {
            // The thread had found the voice in the store before its queued search came up.
            return Ok(());
        }
        let mut attempt = match job.attempt {
            Some(attempt) => *attempt,
            None => self.again(account, id)?,
        };
        let begun = Instant::now();
        let before = attempt.given_score();
        let mut written = Instant::now();
        while attempt.go_on(&self.catalog, &self.probe, &self.cancellation())? {
            if attempt.is_better() && written.elapsed() >= WRITE_EVERY {
                self.write(account, id, &mut attempt, false)?;
                written = Instant::now();
            }
            // The search ends with `NotFound` if the voice was deleted.
            self.store.voice(account, id)?;
        }
        self.write(account, id, &mut attempt, true)?;
        let (stock, score) = attempt.best_stock(&self.catalog);
        log::info!(
            "voice {id}: likeness {before:.3} at first, {:.3} after {:.1} s, {score:.3} of the stock voice {stock}; {}",
            attempt.given_score(),
            begun.elapsed().as_secs_f64(),
            match attempt.is_stock() {
                true => "it is that voice",
                false => "it is a blend",
            }
        );
        Ok(())
    }

    /// A new search for a voice whose first one was lost.
    fn again(&self, account: AccountId, id: VoiceId) -> Result<Attempt, Fault> {
        let voice = self.store.voice(account, id)?;
        let wav = self.store.voice_file(id, &voice.clip)?;
        let mut decoder = decode::open(Cursor::new(wav), CLONE_SECONDS_MAX)?;
        let speech = pcm::read_all(&mut decoder)?;
        let (band, idle) = (RecordingBand::of(&speech), LaneShare::idle());
        let target = (self.probe).measure(&speech, band, &idle, &self.cancellation())?;
        let mut attempt = Attempt::new(&self.catalog, target, band)?;
        let style_table = StyleTable::parse(&self.store.voice_file(id, &voice.style.table)?)?;
        attempt.compare_with(&Arc::new(style_table), &self.probe, &self.cancellation())?;
        Ok(attempt)
    }

    /// Gives the voice the best style table so far, if it is better than its own, and stores whether the search is over
    /// (`refined`).
    fn write(
        &self,
        account: AccountId,
        id: VoiceId,
        attempt: &mut Attempt,
        refined: bool,
    ) -> Result<(), Fault> {
        let before = self.store.voice(account, id)?.style;
        if !attempt.is_better() {
            let style = ClonedStyle {
                score: attempt.given_score(),
                refined,
                ..before
            };
            let style_table = attempt.given_style_table(&self.catalog)?;
            let bytes = style_table.map(|style_table| style_table.bytes());
            return self
                .store
                .restyle_voice(account, id, style, bytes.as_deref());
        }
        let found = attempt.found(&self.catalog)?;
        attempt.give();
        let style = ClonedStyle {
            nearest: found.nearest.id,
            language: before.language,
            table: String::new(),
            pace: found.pace,
            score: found.score,
            is_stock: found.is_stock,
            refined,
        };
        let bytes = found.style_table.bytes();
        self.store.restyle_voice(account, id, style, Some(&bytes))
    }
}

#[cfg(test)]
#[path = "refiner_tests.rs"]
mod tests;
