//! Text → sound, whole or piece by piece.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::speech_script::{ScriptPiece, ScriptPieces, SpeechScript};
use super::word_times::{PlacedWord, placed};
use super::{Capacity, ModelName, caught};
use crate::audio::pcm::Clip;
use crate::engine::contract::{CancellationToken, PieceWord, Speak, Steps};
use crate::engine::tts::joiner::Joiner;
use crate::fault::Fault;
use crate::limits;
use crate::memory;
use crate::scheduler::LaneShare;
use crate::scheduler::estimates::Work;
use crate::scheduler::lanes::{Lanes, POLL, Task, TaskSeat};
use crate::scheduler::places::Places;

/// The engine that speaks, on the lanes.
pub struct SpeechService {
    engine: Arc<dyn Speak>,
    lanes: Arc<Lanes>,
    /// Pieces of one text that are made at once at the most.
    side_by_side: usize,
    pub places: Places,
    /// The name of the first pack.
    pub name: ModelName,
}

impl SpeechService {
    /// Returns a service that has `engine` speak.
    pub fn new(name: ModelName, engine: Arc<dyn Speak>, capacity: &Capacity) -> Self {
        SpeechService {
            engine,
            side_by_side: capacity
                .lanes
                .usage()
                .lanes
                .min(limits::PIECES_SIDE_BY_SIDE_MAX),
            lanes: Arc::clone(&capacity.lanes),
            places: Places::new(capacity.places),
            name,
        }
    }

    /// Returns the whole sound of `script`, an utterance or several. Faults: `Busy` when it could not start before the deadline of
    /// `cancellation`; `Engine` when the engine failed, made no sound or did not finish before that; `Cancelled`; `Invalid`
    /// and `NotFound` for what the engine cannot speak.
    pub fn synthesize(
        &self,
        script: impl Into<SpeechScript>,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<Clip, Fault> {
        let (whole, _) = self.synthesize_words(script, share, cancellation)?;
        Ok(whole)
    }

    /// As [`SpeechService::synthesize`], and when its words are said.
    pub fn synthesize_words(
        &self,
        script: impl Into<SpeechScript>,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<(Clip, Vec<PlacedWord>), Fault> {
        let mut stream = self.start(script.into(), share, f64::INFINITY, cancellation)?;
        // Joined as the pieces come: the sound of a long text is not held twice.
        let mut whole = stream.piece()?.ok_or_else(no_sound)?;
        while let Some(piece) = stream.piece()? {
            whole.samples.extend_from_slice(&piece.samples);
        }
        Ok((whole, stream.words()))
    }

    /// Starts to speak `script`: its sound comes as it is made, and is made no more than `SPEECH_AHEAD_SECONDS` before
    /// it is taken. The deadline of `cancellation` grows by the length of what is taken. Faults: as for
    /// [`SpeechService::synthesize`].
    pub fn stream(
        &self,
        script: impl Into<SpeechScript>,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<SpeechStream, Fault> {
        let ahead_s = limits::SPEECH_AHEAD_SECONDS;
        self.start(script.into(), share, ahead_s, cancellation)
    }

    fn start(
        &self,
        script: SpeechScript,
        share: &LaneShare,
        ahead_s: f64,
        cancellation: &CancellationToken,
    ) -> Result<SpeechStream, Fault> {
        let seconds = script.about_seconds();
        let task = (self.lanes).enter(share, Work::Speak, seconds, cancellation)?;
        let making = Arc::new(Making {
            task,
            ahead_s,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let (engine, own) = (Arc::clone(&self.engine), Arc::clone(&making));
        let side_by_side = self.side_by_side;
        if !memory::has_room_for_thread() {
            return Err(memory::no_thread("too little address space"));
        }
        thread::Builder::new()
            .name("speak".to_owned())
            .spawn(move || own.run(&*engine, &script, side_by_side))
            .map_err(memory::no_thread)?;
        Ok(SpeechStream {
            making,
            joiner: None,
            taken: 0,
            samples: 0,
            words: Vec::new(),
        })
    }
}

/// Speech that is being made. Dropping it ends the task when the piece that runs is made.
pub struct SpeechStream {
    making: Arc<Making>,
    joiner: Option<Joiner>,
    /// Pieces that were taken.
    taken: usize,
    /// Samples that were returned.
    samples: usize,
    /// The words in them, until they are asked for.
    words: Vec<PlacedWord>,
}

impl SpeechStream {
    /// Returns the next piece of sound, none at the end. Faults: those of [`SpeechService::synthesize`].
    pub fn piece(&mut self) -> Result<Option<Clip>, Fault> {
        while let Some(made) = self.making.take(self.taken)? {
            self.taken += 1;
            let joiner = self.joiner.get_or_insert_with(|| Joiner::new(made.rate_hz));
            let clip = match made.sound {
                MadeSound::Speech {
                    samples,
                    pause_s,
                    words,
                } => {
                    let pause = joiner.pause();
                    let clip = joiner.push(&samples, pause_s);
                    if let Some(clip) = &clip {
                        let at_s = (self.samples + pause) as f64 / f64::from(clip.rate_hz);
                        let sound = &clip.samples[pause..];
                        self.words.extend(placed(words, sound, clip.rate_hz, at_s));
                    }
                    clip
                }
                MadeSound::Silence { seconds } => {
                    joiner.silence(seconds);
                    None
                }
            };
            if let Some(clip) = clip {
                return Ok(Some(self.taken(clip)));
            }
        }
        self.making.task.finished();
        let rest = self.joiner.as_mut().and_then(Joiner::finish);
        Ok(rest.map(|clip| self.taken(clip)))
    }

    /// The words of the pieces that were returned since this was called last.
    pub fn words(&mut self) -> Vec<PlacedWord> {
        std::mem::take(&mut self.words)
    }

    /// A client that plays a stream takes as long as the sound lasts.
    fn taken(&mut self, clip: Clip) -> Clip {
        self.samples += clip.samples.len();
        if self.making.ahead_s.is_finite() {
            let token = self.making.task.cancellation();
            token.extend(Duration::from_secs_f64(clip.seconds()));
        }
        clip
    }
}

impl Drop for SpeechStream {
    fn drop(&mut self) {
        self.making.end(Ok(0));
    }
}

/// The pieces of a text on their way from the threads that make them to the one that takes them.
struct Making {
    task: Task,
    /// Seconds of sound that may be made before they are taken.
    ahead_s: f64,
    state: Mutex<MakingState>,
    changed: Condvar,
}

#[derive(Default)]
struct MakingState {
    /// Pieces that were read.
    read: usize,
    /// By number, until they are taken; a fault where a piece could not be made.
    made: BTreeMap<usize, Result<MadePiece, Fault>>,
    /// Seconds of sound that are made and not taken, and about those that are being made.
    ahead_s: f64,
    /// Seconds of sound that are made.
    made_s: f64,
    /// When the first piece was taken.
    playing_since: Option<Instant>,
    /// How it ended: the number of pieces, or why there are no more.
    end: Option<Result<usize, Fault>>,
}

/// A piece, spoken.
struct MadePiece {
    sound: MadeSound,
    rate_hz: u32,
}

enum MadeSound {
    Speech {
        samples: Vec<f32>,
        pause_s: f32,
        words: Vec<PieceWord>,
    },
    Silence {
        seconds: f64,
    },
}

impl MadePiece {
    /// Seconds of speech.
    fn seconds(&self) -> f64 {
        match &self.sound {
            MadeSound::Speech { samples, .. } => samples.len() as f64 / f64::from(self.rate_hz),
            MadeSound::Silence { .. } => 0.0,
        }
    }
}

type PieceSource<'a> =
    Mutex<Peekable<Box<dyn Iterator<Item = Result<ScriptPiece<'a>, Fault>> + Send + 'a>>>;

impl Making {
    /// Makes all pieces, up to `side_by_side` at once; the first alone, because a client waits for it.
    fn run(&self, engine: &dyn Speak, script: &SpeechScript, side_by_side: usize) {
        let seat = self.task.seat();
        let read = || seat.next().and_then(|()| script.pieces(engine));
        let ScriptPieces { rate_hz, pieces } = match caught(read) {
            Ok(read) => read,
            Err(fault) => return self.end(Err(fault)),
        };
        let source = Mutex::new(pieces.peekable());
        // In the same step: a short text is spoken in one turn.
        self.make_next(&seat, &source, rate_hz);
        // The seat is kept from piece to piece: a step that lets all others go first must not come between.
        let make_rest = |seat: TaskSeat<'_>| {
            while self.wait_for_room(&seat) {
                match seat.next() {
                    Ok(()) => self.make_next(&seat, &source, rate_hz),
                    Err(fault) => self.end(Err(fault)),
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..side_by_side {
                if self.lock().end.is_some() || !memory::has_room_for_thread() {
                    break;
                }
                let named = thread::Builder::new().name("speak".to_owned());
                // Without a thread more, there is one piece less at once.
                let _ = named.spawn_scoped(scope, || make_rest(self.task.seat()));
            }
            make_rest(seat);
        });
    }

    /// Makes the next piece, in the step that runs. A fault or a panic ends the text where the piece would have been.
    fn make_next(&self, seat: &TaskSeat<'_>, source: &PieceSource<'_>, rate_hz: u32) {
        let locked = || source.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pieces = locked();
        let piece = match caught(|| pieces.next().transpose()) {
            Ok(Some(piece)) => Ok(piece),
            Ok(None) => return self.end_if_all_read(&mut pieces),
            Err(fault) => Err(fault),
        };
        let about_s = match &piece {
            Ok(ScriptPiece::Sound(piece)) => f64::from(piece.about_s),
            _ => 0.0,
        };
        // Pieces are numbered in the order in which they are read.
        let number = {
            let mut state = self.lock();
            state.ahead_s += about_s;
            state.read += 1;
            state.read - 1
        };
        drop(pieces);
        let made = piece.and_then(|piece| {
            let sound = match piece {
                ScriptPiece::Sound(piece) => MadeSound::Speech {
                    samples: caught(|| (piece.make)(seat))?,
                    pause_s: piece.pause_s,
                    words: piece.words,
                },
                ScriptPiece::Silence { seconds } => MadeSound::Silence { seconds },
            };
            Ok(MadePiece { sound, rate_hz })
        });
        let is_last = made.is_err();
        {
            let mut state = self.lock();
            let made_s = made.as_ref().map_or(0.0, MadePiece::seconds);
            state.ahead_s += made_s - about_s;
            state.made_s += made_s;
            state.made.insert(number, made);
            self.set_patience(&state);
        }
        self.changed.notify_all();
        if is_last {
            return self.end(Ok(number + 1));
        }
        // In this step: the end of a text must not wait for another turn.
        self.end_if_all_read(&mut locked());
    }

    fn end_if_all_read<'a>(
        &self,
        pieces: &mut Peekable<impl Iterator<Item = Result<ScriptPiece<'a>, Fault>>>,
    ) {
        if pieces.peek().is_none() {
            let read = self.lock().read;
            self.end(Ok(read));
        }
    }

    /// A stream lets others go first while more than `ahead_s` are made beyond what a player has played.
    fn set_patience(&self, state: &MakingState) {
        let ample_s = Duration::try_from_secs_f64(state.made_s - self.ahead_s);
        let until = state.playing_since.zip(ample_s.ok());
        self.task
            .set_patient_until(until.map(|(since, ample)| since + ample));
    }

    /// Waits without a lane until another piece may be made. False when no more are wanted.
    fn wait_for_room(&self, seat: &TaskSeat<'_>) -> bool {
        let mut state = self.lock();
        loop {
            if state.end.is_some() {
                return false;
            }
            if state.ahead_s < self.ahead_s {
                return true;
            }
            seat.release();
            let waited = self.changed.wait_timeout(state, POLL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if let Err(fault) = self.task.cancellation().check() {
                drop(state);
                self.end(Err(fault));
                return false;
            }
        }
    }

    /// Returns piece `number`, as soon as it is made; none when there are no more.
    fn take(&self, number: usize) -> Result<Option<MadePiece>, Fault> {
        let mut state = self.lock();
        loop {
            if let Some(made) = state.made.remove(&number) {
                state.ahead_s -= made.as_ref().map_or(0.0, MadePiece::seconds);
                state.playing_since.get_or_insert_with(Instant::now);
                self.set_patience(&state);
                self.changed.notify_all();
                return made.map(Some);
            }
            match &state.end {
                Some(Ok(count)) if number >= *count => return Ok(None),
                Some(Err(fault)) => return Err(fault.clone()),
                _ => {}
            }
            let waited = self.changed.wait_timeout(state, POLL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            self.task.cancellation().check()?;
        }
    }

    /// No more pieces are to be read. The first fault counts: one may come after all pieces were read.
    fn end(&self, end: Result<usize, Fault>) {
        let mut state = self.lock();
        match &state.end {
            None => state.end = Some(end),
            Some(Ok(_)) if end.is_err() => state.end = Some(end),
            Some(_) => {}
        }
        drop(state);
        self.changed.notify_all();
    }

    /// No code that can panic runs under this lock, so a poisoned one is whole.
    fn lock(&self) -> MutexGuard<'_, MakingState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the fault of an engine that made no piece of sound.
pub fn no_sound() -> Fault {
    Fault::engine("the engine made no sound")
}

#[cfg(test)]
#[path = "speech_tests.rs"]
mod tests;
