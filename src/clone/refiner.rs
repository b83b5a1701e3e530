//! The thread that makes cloned voices better when no request needs the workers.

use std::io::Cursor;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::attempt::Attempt;
use super::catalog::Catalog;
use super::studio::Studio;
use crate::audio::{decode, pcm};
use crate::engine::contract::Watch;
use crate::engine::style::Sheet;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::store::{AccountId, ClonedStyle, Store, VoiceId};

/// A better table is written at most this often: each is half a MiB.
const WRITE_EVERY: Duration = Duration::from_secs(10);
/// Nobody waits for what is tried, so it may wait for long.
const PATIENCE: Duration = Duration::from_secs(24 * 3_600);
/// Looks between a fault and the next attempt, on a box that has other troubles.
const REST: Duration = Duration::from_secs(5);

/// The thread, and what it is to do.
pub struct Refiner {
    jobs: Mutex<Option<Sender<Job>>>,
    stop: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Job {
    account: AccountId,
    id: VoiceId,
    /// None for a voice whose search was cut with its process.
    attempt: Option<Box<Attempt>>,
}

impl Refiner {
    /// Starts the thread: the stock voices first, then the voices of `store` whose search was cut, then what is added.
    pub fn start(
        catalog: Arc<Catalog>,
        studio: Arc<Studio>,
        store: Arc<Store>,
    ) -> Result<Self, Fault> {
        let (jobs, inbox) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        for (account, id) in store.unrefined_voices()? {
            let job = Job {
                account,
                id,
                attempt: None,
            };
            jobs.send(job).map_err(Fault::internal)?;
        }
        let work = Work {
            catalog,
            studio,
            store,
            stop: stop.clone(),
        };
        let thread = thread::Builder::new()
            .name("refiner".into())
            .spawn(move || work.serve(&inbox))
            .map_err(Fault::internal)?;
        Ok(Refiner {
            jobs: Mutex::new(Some(jobs)),
            stop,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Queues the search for a voice.
    pub fn add(&self, account: AccountId, id: VoiceId, attempt: Option<Box<Attempt>>) {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let job = Job {
            account,
            id,
            attempt,
        };
        // A thread that has ended does so at the next start: the voice is marked.
        if let Some(jobs) = jobs.as_ref() {
            let _ = jobs.send(job);
        }
    }
}

impl Drop for Refiner {
    /// Ends the thread within one try; what is left goes on at the next start.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let thread = self
            .thread
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            let _ = thread.join();
        }
    }
}

struct Work {
    catalog: Arc<Catalog>,
    studio: Arc<Studio>,
    store: Arc<Store>,
    stop: Arc<AtomicBool>,
}

impl Work {
    fn serve(&self, inbox: &Receiver<Job>) {
        while let Err(fault) = self.catalog.learn(&self.studio, &self.watch()) {
            if !self.rest("stock voices could not be measured", &fault) {
                return;
            }
        }
        for job in inbox {
            let id = job.id;
            match self.refine(job) {
                Ok(()) => {}
                // Deleted meanwhile.
                Err(fault) if fault.kind == Kind::NotFound => {}
                Err(fault) => {
                    if !self.rest(&format!("voice {id} could not be made better"), &fault) {
                        return;
                    }
                }
            }
        }
    }

    /// Reports a fault and lets some time pass; whether there is more to do.
    fn rest(&self, what: &str, fault: &Fault) -> bool {
        let is_stopping = || self.stop.load(Ordering::Relaxed);
        if is_stopping() {
            return false;
        }
        log::warn!("{what}: {fault}");
        let until = Instant::now() + REST;
        while Instant::now() < until && !is_stopping() {
            thread::sleep(Duration::from_millis(50));
        }
        !is_stopping()
    }

    fn watch(&self) -> Watch {
        Watch::new(Instant::now() + PATIENCE, self.stop.clone())
    }

    fn refine(&self, job: Job) -> Result<(), Fault> {
        let (account, id) = (job.account, job.id);
        let mut attempt = match job.attempt {
            Some(attempt) => *attempt,
            None => self.again(account, id)?,
        };
        let begun = Instant::now();
        let before = attempt.given_score();
        let mut written = Instant::now();
        while attempt.go_on(&self.catalog, &self.studio, &self.watch())? {
            if attempt.is_better() && written.elapsed() >= WRITE_EVERY {
                self.write(account, id, &mut attempt, false)?;
                written = Instant::now();
            }
        }
        self.write(account, id, &mut attempt, true)?;
        log::info!(
            "voice {id}: likeness {before:.3} at first, {:.3} after {:.1} s",
            attempt.given_score(),
            begun.elapsed().as_secs_f64()
        );
        Ok(())
    }

    /// An attempt for a voice whose first one was lost.
    fn again(&self, account: AccountId, id: VoiceId) -> Result<Attempt, Fault> {
        let voice = self.store.voice(account, id)?;
        let wav = self.store.voice_file(id, &voice.clip)?;
        let mut decoder = decode::open(Cursor::new(wav), limits::CLONE_SECONDS_MAX)?;
        let target = self
            .studio
            .measure(&pcm::read_all(&mut decoder)?, &self.watch())?;
        let mut attempt = Attempt::new(&self.catalog, target, |_| true)?;
        let sheet = Sheet::parse(&self.store.voice_file(id, &voice.style.table)?)?;
        attempt.compare_with(&Arc::new(sheet), &self.studio, &self.watch())?;
        Ok(attempt)
    }

    /// Gives the voice the best table so far, if that is better than the one it has, and notes whether the search is over.
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
            let sheet = attempt.given_sheet(&self.catalog)?;
            let bytes = sheet.map(|sheet| sheet.bytes());
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
            refined,
        };
        let bytes = found.sheet.bytes();
        self.store.restyle_voice(account, id, style, Some(&bytes))
    }
}
