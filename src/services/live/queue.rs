//! What the threads of a session hand each other: commands and sound to the ear, sound to be transcribed to the scribe. Every
//! queue has a bound in seconds of sound; what fills one makes the thread before it wait.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::policy::Cadence;
use super::{LiveEvent, LiveOptions, LiveSink, RATE_HZ};
use crate::engine::contract::CancellationToken;
use crate::fault::Fault;
use crate::limits;

const SOUND_MAX: usize = limits::LIVE_SOUND_SECONDS_MAX * RATE_HZ as usize;
/// Commands that wait at the most before the client does.
const COMMANDS_MAX: usize = 64;
/// Samples of one command, so that sound that comes bit by bit is not as many commands: half a second.
const PIECE_MAX: usize = RATE_HZ as usize / 2;
const FINALS_MAX: usize = limits::LIVE_FINALS_SECONDS_MAX * RATE_HZ as usize;

/// What the ear is told.
#[derive(Debug)]
pub enum LiveCommand {
    Sound(Vec<f32>),
    Set(LiveOptions),
    Commit,
    Clear,
    Finish,
}

/// What the ear does next.
#[derive(Debug)]
pub enum EarTask {
    Obey(LiveCommand),
    /// The scribe is free, and it is time to transcribe what is said.
    Partial,
}

/// Sound to transcribe.
#[derive(Debug)]
pub struct StretchJob {
    pub utterance: u64,
    pub samples: Vec<f32>,
    pub options: Arc<LiveOptions>,
    /// Whether it goes on where the one before it was cut.
    pub follows: bool,
}

/// Sound to transcribe for good.
#[derive(Debug)]
pub struct FinalJob {
    pub stretch: StretchJob,
    /// Whether something is said in it.
    pub has_speech: bool,
    /// Seconds of the whole utterance, if this is its end.
    pub ends: Option<f64>,
    pub since: Instant,
}

/// What the scribe does next.
#[derive(Debug)]
pub enum ScribeTask {
    Final(FinalJob, CancellationToken),
    /// Given up when the token is cancelled.
    Partial(StretchJob, CancellationToken),
}

/// The queues of a session.
pub struct LiveQueue {
    opened: Instant,
    sink: LiveSink,
    /// Becomes true when the session is closed.
    closed: Arc<AtomicBool>,
    state: Mutex<LiveQueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct LiveQueueState {
    commands: VecDeque<LiveCommand>,
    /// Samples in `commands`, and in `finals`.
    sound: usize,
    finals_sound: usize,
    finals: VecDeque<FinalJob>,
    partial: Option<(StretchJob, CancellationToken)>,
    /// The token of the transcription that runs; none while the scribe is free.
    running: Option<CancellationToken>,
    is_partial_running: bool,
    cadence: Cadence,
    /// Whether sound was refused since there was room.
    refused: bool,
    /// Whether the ear has ended: no more comes.
    is_whole: bool,
    is_closed: bool,
}

impl LiveQueue {
    /// Returns the queues of a session that is opened now.
    pub fn new(opened: Instant, sink: LiveSink) -> Self {
        LiveQueue {
            opened,
            sink,
            closed: Arc::default(),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Returns a token that expires after so many seconds, or when the session is closed.
    pub fn token(&self, seconds: u64) -> CancellationToken {
        let until = Instant::now() + Duration::from_secs(seconds);
        CancellationToken::new(until, Arc::clone(&self.closed))
    }

    /// Tells of an event.
    pub fn tell(&self, event: LiveEvent) {
        (self.sink)(event);
    }

    /// Returns the time since the session was opened.
    pub fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    /// Whether further commands may be added. If not, [`LiveEvent::Room`] tells when.
    pub fn has_room(&self) -> bool {
        let mut state = self.lock();
        let has_room = state.commands.len() < COMMANDS_MAX;
        state.refused |= !has_room;
        has_room
    }

    /// Adds sound; false while there is no room for it.
    pub fn offer(&self, sound: &[f32]) -> bool {
        let mut state = self.lock();
        state.refused = state.sound + sound.len() > SOUND_MAX;
        if !state.refused {
            state.add(sound);
            self.changed.notify_all();
        }
        !state.refused
    }

    /// Adds sound once there is room; false when the session is closed.
    pub fn push(&self, sound: &[f32]) -> bool {
        let mut state = self.lock();
        while !state.is_closed && state.sound + sound.len() > SOUND_MAX {
            state = self.wait(state, None);
        }
        state.add(sound);
        self.changed.notify_all();
        !state.is_closed
    }

    /// Adds a command after what was added before.
    pub fn command(&self, command: LiveCommand) {
        self.lock().commands.push_back(command);
        self.changed.notify_all();
    }

    /// Returns what the ear does next; none when the session is closed. `wants_partial`: there is something to transcribe
    /// before its end.
    pub fn ear_task(&self, wants_partial: bool) -> Option<EarTask> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            let left = state.cadence.due().saturating_sub(self.age());
            let may = wants_partial && state.is_idle();
            // Before the sound that waits: the scribe has nothing else to do.
            if may && left.is_zero() {
                return Some(EarTask::Partial);
            }
            if state.finals_sound < FINALS_MAX
                && let Some(command) = state.commands.pop_front()
            {
                if let LiveCommand::Sound(samples) = &command {
                    state.sound -= samples.len();
                }
                self.changed.notify_all();
                let has_room =
                    state.sound <= SOUND_MAX / 2 && state.commands.len() <= COMMANDS_MAX / 2;
                if state.refused && has_room {
                    state.refused = false;
                    drop(state);
                    self.tell(LiveEvent::Room);
                }
                return Some(EarTask::Obey(command));
            }
            state = self.wait(state, may.then_some(left));
        }
    }

    /// Hands sound over for good. A transcription before the end gives way to it.
    pub fn hand_final(&self, job: FinalJob) {
        let mut state = self.lock();
        state.drop_partial();
        state.finals_sound += job.stretch.samples.len();
        state.finals.push_back(job);
        self.changed.notify_all();
    }

    /// Hands sound over that is transcribed if nothing comes in between.
    pub fn hand_partial(&self, job: StretchJob) {
        let deadline = Instant::now() + Duration::from_secs(limits::LIVE_PARTIAL_SECONDS_MAX);
        let token = CancellationToken::until(deadline);
        self.lock().partial = Some((job, token));
        self.changed.notify_all();
    }

    /// Gives up the transcription before the end.
    pub fn drop_partial(&self) {
        self.lock().drop_partial();
    }

    /// Notes that the ear hands nothing more over.
    pub fn whole(&self) {
        self.lock().is_whole = true;
        self.changed.notify_all();
    }

    /// Returns what the scribe does next; none at the end of the session. What is transcribed for good has the time that it
    /// may take.
    pub fn scribe_task(&self) -> Option<ScribeTask> {
        let mut state = self.lock();
        state.running = None;
        self.changed.notify_all();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.finals.pop_front() {
                let token = self.token(limits::LIVE_FINAL_SECONDS_MAX);
                state.running = Some(token.clone());
                state.is_partial_running = false;
                return Some(ScribeTask::Final(job, token));
            }
            if state.is_whole {
                return None;
            }
            if let Some((job, token)) = state.partial.take() {
                state.running = Some(token.clone());
                state.is_partial_running = true;
                return Some(ScribeTask::Partial(job, token));
            }
            state = self.wait(state, None);
        }
    }

    /// Notes that the sound of a final transcription is free.
    pub fn freed(&self, samples: usize) {
        self.lock().finals_sound -= samples;
        self.changed.notify_all();
    }

    /// Notes from when to when a transcription before the end ran.
    pub fn partial_ran(&self, begun: Duration, ended: Duration) {
        self.lock().cadence.ran(begun, ended);
    }

    /// Ends the session at once: threads leave at their next step.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        let mut state = self.lock();
        state.is_closed = true;
        if let Some(running) = &state.running {
            running.cancel();
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Returns a guard that closes the session, and tells so, when its thread panics.
    pub fn closing_on_panic(self: &Arc<Self>) -> impl Drop {
        ClosingGuard(Arc::clone(self))
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, LiveQueueState>,
        most: Option<Duration>,
    ) -> MutexGuard<'a, LiveQueueState> {
        match most {
            None => self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
            Some(most) => {
                let waited = self.changed.wait_timeout(state, most);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    /// No code that can panic runs under this lock, so a poisoned one is whole.
    fn lock(&self) -> MutexGuard<'_, LiveQueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveQueueState {
    fn add(&mut self, sound: &[f32]) {
        self.sound += sound.len();
        match self.commands.back_mut() {
            Some(LiveCommand::Sound(last)) if last.len() + sound.len() <= PIECE_MAX => {
                last.extend_from_slice(sound);
            }
            _ => (self.commands).push_back(LiveCommand::Sound(sound.to_vec())),
        }
    }

    fn is_idle(&self) -> bool {
        self.running.is_none() && self.partial.is_none() && self.finals.is_empty()
    }

    fn drop_partial(&mut self) {
        self.partial = None;
        if self.is_partial_running
            && let Some(running) = &self.running
        {
            running.cancel();
        }
    }
}

struct ClosingGuard(Arc<LiveQueue>);

impl Drop for ClosingGuard {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.close();
            let panicked = Fault::internal("a thread of a live session panicked");
            self.0.tell(LiveEvent::Broken(panicked));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> LiveQueue {
        LiveQueue::new(Instant::now(), Arc::new(|_| {}))
    }

    #[test]
    fn sound_in_small_parts_is_few_commands_and_what_is_too_much_waits() {
        let queue = queue();
        let part = [0.5; 100];
        let taken = (0..).take_while(|_| queue.offer(&part)).count();
        assert_eq!(taken, SOUND_MAX / part.len());
        assert_eq!(queue.lock().commands.len(), SOUND_MAX / PIECE_MAX);
        let task = queue.ear_task(false).unwrap();
        assert!(matches!(task, EarTask::Obey(LiveCommand::Sound(s)) if s.len() == PIECE_MAX));
        assert!(queue.offer(&part));
        assert!(matches!(queue.ear_task(true), Some(EarTask::Partial)));
    }

    #[test]
    fn commands_have_a_bound_and_a_closed_session_has_no_tasks() {
        let queue = queue();
        while queue.has_room() {
            queue.command(LiveCommand::Commit);
        }
        assert_eq!(queue.lock().commands.len(), COMMANDS_MAX);
        queue.close();
        assert!(queue.ear_task(true).is_none() && queue.scribe_task().is_none());
        assert!(!queue.push(&[0.0]));
    }

    #[test]
    fn the_end_of_an_utterance_comes_before_a_partial_transcription_of_it() {
        let queue = queue();
        let job = || StretchJob {
            utterance: 0,
            samples: vec![0.0; 10],
            options: Arc::new(LiveOptions {
                language: None,
                hints: Default::default(),
                is_automatic: true,
                turns: Default::default(),
                partials: true,
            }),
            follows: false,
        };
        queue.hand_partial(job());
        let Some(ScribeTask::Partial(_, token)) = queue.scribe_task() else {
            panic!("a partial transcription");
        };
        queue.hand_final(FinalJob {
            stretch: job(),
            has_speech: true,
            ends: Some(1.0),
            since: Instant::now(),
        });
        assert!(token.check().is_err(), "it is given up");
        assert!(matches!(queue.scribe_task(), Some(ScribeTask::Final(..))));
        queue.freed(10);
        queue.whole();
        assert!(queue.scribe_task().is_none());
    }
}
