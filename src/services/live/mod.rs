//! Sound that still arrives → text, while it is said: the same for a session over a WebSocket and for `vocabox listen`.
//!
//! ```text
//! sound ─ LiveQueue ─ Ear: speech, turns, cuts ─ LiveQueue ─ Scribe: transcription, agreement ─ events
//! ```
//!
//! Each session has two threads, so that speech is noticed while earlier speech is transcribed. The speech of a turn is
//! transcribed again and again while it goes on, as `policy` says, and once more whole at its end; what is longer than
//! [`limits::UTTERANCE_SECONDS_MAX`] is cut. Transcriptions before the end are dropped when the lanes are busy or the end
//! comes; those of the end never are: then sound waits, and in the end the client.
//!
//! | file | one idea |
//! | --- | --- |
//! | `policy` | which words are told, and when speech is transcribed again |
//! | `turns` | where speech starts and ends |
//! | `stretch` | the sound of the speech that goes on, and where it is cut |
//! | `intake` | bytes as they arrive → samples |
//! | `ear` | from sound and commands to what is to be transcribed |
//! | `scribe` | from what is to be transcribed to words |
//! | `queue` | what the threads of a session hand each other, and its bounds |
//!
//! [`limits::UTTERANCE_SECONDS_MAX`]: crate::limits::UTTERANCE_SECONDS_MAX

mod ear;
mod intake;
mod policy;
mod queue;
mod scribe;
mod stretch;
mod turns;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use self::ear::Ear;
pub use self::intake::{LiveCoding, SoundIntake};
use self::queue::{LiveCommand, LiveQueue};
use self::scribe::Scribe;
pub use self::turns::TurnSettings;
use super::transcription::{TranscriptionHints, TranscriptionService};
use super::{Capacity, ModelName};
use crate::engine::live_detector::LiveDetector;
use crate::engine::vad;
use crate::fault::Fault;
use crate::memory;
use crate::scheduler::LaneShare;
use crate::scheduler::lanes::Lanes;
use crate::scheduler::places::Places;

/// Samples a second of the sound that sessions take.
pub const RATE_HZ: u32 = vad::RATE_HZ;

/// Transcribes sound while it arrives.
pub struct LiveTranscription {
    /// One for each session.
    pub sessions: Places,
    transcription: Arc<TranscriptionService>,
    detector: LiveDetector,
    lanes: Arc<Lanes>,
}

/// How a session transcribes.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveOptions {
    /// Code of the language, none to detect that of each utterance.
    pub language: Option<String>,
    pub hints: TranscriptionHints,
    /// Whether turns end utterances; if not, only [`LiveSession::commit`] does.
    pub is_automatic: bool,
    pub turns: TurnSettings,
    /// Whether to transcribe speech before its end.
    pub partials: bool,
}

/// What happens in a session. Utterances are numbered as they start.
#[derive(Debug)]
pub enum LiveEvent {
    /// Speech started at this time of the session's sound, what belongs before it included.
    Started { utterance: u64, at_ms: u64 },
    /// It ended, or was cut because it is long.
    Ended { utterance: u64, at_ms: u64 },
    /// The utterance is whole.
    Committed { utterance: u64 },
    /// There is too little sound to commit.
    NothingToCommit,
    /// What was not committed is gone.
    Cleared,
    /// Words to append to those of the utterance.
    Words { utterance: u64, text: String },
    /// The whole text of an utterance, which counts.
    Completed(CompletedUtterance),
    /// The utterance could not be transcribed.
    Failed {
        utterance: u64,
        model: ModelName,
        fault: Fault,
    },
    /// There is room for sound again.
    Room,
    /// Everything is transcribed, after [`LiveSession::finish`].
    Finished,
    /// The session cannot go on.
    Broken(Fault),
}

/// An utterance that is transcribed.
#[derive(Debug)]
pub struct CompletedUtterance {
    pub utterance: u64,
    pub text: String,
    /// Seconds of its sound.
    pub seconds: f64,
    /// Codes of the languages that were spoken, in the order of their first words.
    pub languages: Vec<String>,
    /// The model that transcribed it.
    pub model: ModelName,
    /// Since its sound was whole.
    pub took: Duration,
}

/// Takes the events of a session, from its threads; it must not block.
pub type LiveSink = Arc<dyn Fn(LiveEvent) + Send + Sync>;

/// A session. Dropping it gives up what is not transcribed, and waits for its threads.
pub struct LiveSession {
    queue: Arc<LiveQueue>,
    threads: Vec<JoinHandle<()>>,
}

impl LiveTranscription {
    /// Transcribes with `transcription`, and notices speech with `detector`. `capacity` has the sessions as its places.
    pub fn new(
        transcription: Arc<TranscriptionService>,
        detector: LiveDetector,
        capacity: &Capacity,
    ) -> Self {
        LiveTranscription {
            sessions: Places::new(capacity.places),
            transcription,
            detector,
            lanes: Arc::clone(&capacity.lanes),
        }
    }

    /// Codes of all languages that are known here.
    pub fn languages(&self) -> Vec<&str> {
        self.transcription.languages().collect()
    }

    /// Opens a session, whose work has this `share` of the lanes and whose events go to `sink`. Faults: `Busy` when a thread
    /// cannot be started.
    pub fn open(
        self: &Arc<Self>,
        options: LiveOptions,
        share: &LaneShare,
        sink: LiveSink,
    ) -> Result<LiveSession, Fault> {
        let queue = Arc::new(LiveQueue::new(Instant::now(), sink));
        let mut session = LiveSession {
            queue: Arc::clone(&queue),
            threads: Vec::new(),
        };
        let scribe = Scribe::new(Arc::clone(self), Arc::clone(&queue), share.clone());
        session.spawn("scribe", move || scribe.run())?;
        let ear = Ear::new(Arc::clone(self), queue, share.clone(), options);
        session.spawn("ear", move || ear.run())?;
        Ok(session)
    }
}

impl LiveSession {
    fn spawn(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Fault> {
        if !memory::has_room_for_thread() {
            return Err(memory::no_thread("too little address space"));
        }
        let queue = Arc::clone(&self.queue);
        let thread = thread::Builder::new().name(name.to_owned());
        let spawned = thread.spawn(move || {
            // A panic must not leave the session waiting for a thread that is gone.
            let _closes = queue.closing_on_panic();
            run();
        });
        self.threads.push(spawned.map_err(memory::no_thread)?);
        Ok(())
    }

    /// Takes mono sound at [`RATE_HZ`], half a second at the most; false while there is no room for it.
    pub fn offer(&self, sound: &[f32]) -> bool {
        self.queue.offer(sound)
    }

    /// Whether commands find room: a session that is busy with long speech takes no end of them.
    pub fn has_room(&self) -> bool {
        self.queue.has_room()
    }

    /// As [`LiveSession::offer`], waiting for room. False when the session has ended.
    pub fn push(&self, sound: &[f32]) -> bool {
        self.queue.push(sound)
    }

    /// Changes the options for the sound that follows.
    pub fn set(&self, options: LiveOptions) {
        self.queue.command(LiveCommand::Set(options));
    }

    /// Ends the utterance: what came since the last one is to be transcribed.
    pub fn commit(&self) {
        self.queue.command(LiveCommand::Commit);
    }

    /// Drops the sound of the utterance that goes on.
    pub fn clear(&self) {
        self.queue.command(LiveCommand::Clear);
    }

    /// Ends the utterance that goes on, if one does, and the session once all is transcribed.
    pub fn finish(&self) {
        self.queue.command(LiveCommand::Finish);
    }
}

impl Drop for LiveSession {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
