//! Text → sound, whole or piece by piece.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel, sync_channel};
use std::time::Duration;

use super::permits::Permits;
use super::{Capacity, Done, ModelName, Priority};
use crate::audio::pcm::Clip;
use crate::engine::contract::{CancellationToken, Speak, SpeakTask, Utterance};
use crate::fault::{Fault, Kind};
use crate::work::pool::{POLL, Pending, Pool};

/// Pieces that a worker may be ahead of the reader of a [`SpeechStream`].
const PIECES_AHEAD_MAX: usize = 2;

/// The workers that speak.
pub struct SpeechService {
    pool: Pool<SpeakTask, ()>,
    /// One for each request that runs or waits.
    pub permits: Permits,
    /// The name of the first pack.
    pub name: ModelName,
}

impl SpeechService {
    /// Starts the workers; `build` makes the engine of each. Returns when all engines are loaded. Faults: the first that
    /// `build` returns, `Internal` when a thread cannot be started.
    pub fn start(
        name: ModelName,
        capacity: Capacity,
        build: impl Fn() -> Result<Box<Speak>, Fault> + Send + Sync + 'static,
    ) -> Result<Self, Fault> {
        let requests_max = capacity.requests_max();
        Ok(SpeechService {
            pool: Pool::start("speak", capacity.workers, requests_max, build)?,
            permits: Permits::new(requests_max),
            name,
        })
    }

    /// The whole sound of `utterance`. Faults: `Busy` when the queue is full; `Engine` when the engine failed, made no
    /// sound or did not finish before the deadline of `cancellation`; `Cancelled`; `Invalid` and `NotFound` for what the engine
    /// cannot speak.
    pub fn synthesize(
        &self,
        utterance: Utterance,
        priority: Priority,
        cancellation: &CancellationToken,
    ) -> Result<Done<Clip>, Fault> {
        if priority == Priority::Interactive {
            return self.stream(utterance, cancellation)?.whole();
        }
        let mut made = None;
        let task = || {
            // A task that gave way is begun again: only the pieces of its last run count.
            let (pieces, sound) = channel();
            made = Some(sound);
            let outlet = Box::new(move |piece| pieces.send(piece).map_err(Fault::internal));
            let utterance = utterance.clone();
            SpeakTask { utterance, outlet }
        };
        let done = self.pool.run_idle(task, cancellation)?;
        let clip = joined(made.iter().flat_map(|sound| sound.try_iter()))?;
        Ok(done.with(clip))
    }

    /// Queues `utterance` as an interactive task; its sound comes as it is made. Faults: `Busy` when the queue is full.
    pub fn stream(
        &self,
        utterance: Utterance,
        cancellation: &CancellationToken,
    ) -> Result<SpeechStream, Fault> {
        let (sender, pieces) = sync_channel(PIECES_AHEAD_MAX);
        let outlet = Box::new(move |piece| {
            let unheard = |_| Fault::new(Kind::Cancelled, "Nobody listens any more.");
            sender.send(piece).map_err(unheard)
        });
        let pending = self
            .pool
            .queue(SpeakTask { utterance, outlet }, cancellation)?;
        Ok(SpeechStream {
            pieces,
            pending: Some(pending),
            cancellation: cancellation.clone(),
            queued: Duration::ZERO,
            ran: Duration::ZERO,
        })
    }
}

/// Speech that is being made. Dropping it ends the task within a piece.
pub struct SpeechStream {
    pieces: Receiver<Clip>,
    pending: Option<Pending<()>>,
    cancellation: CancellationToken,
    /// Time in the queue and in the engine, known at the end.
    pub queued: Duration,
    pub ran: Duration,
}

impl SpeechStream {
    /// The next piece of sound, none at the end. Faults: those of [`SpeechService::synthesize`] but for the full queue.
    pub fn piece(&mut self) -> Result<Option<Clip>, Fault> {
        loop {
            match self.pieces.recv_timeout(POLL) {
                Ok(piece) => return Ok(Some(piece)),
                Err(RecvTimeoutError::Timeout) => self.cancellation.check()?,
                // The task is over, and with it its outlet.
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Some(pending) = self.pending.take() {
            let done = pending.wait()?;
            (self.queued, self.ran) = (done.queued, done.ran);
        }
        Ok(None)
    }

    /// All of it.
    fn whole(mut self) -> Result<Done<Clip>, Fault> {
        let mut pieces = Vec::new();
        while let Some(piece) = self.piece()? {
            pieces.push(piece);
        }
        Ok(Done {
            output: joined(pieces)?,
            queued: self.queued,
            ran: self.ran,
        })
    }
}

fn joined(pieces: impl IntoIterator<Item = Clip>) -> Result<Clip, Fault> {
    Clip::joined(pieces).ok_or_else(no_sound)
}

/// The fault of an engine that made no piece of sound.
pub fn no_sound() -> Fault {
    Fault::engine("the engine made no sound")
}
