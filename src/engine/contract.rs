//! The interface of an engine: one pair of task and output per capability.
//!
//! The pairs are types, so that a wrong pairing cannot compile. An engine is owned by one worker thread (`&mut self`: a
//! session is never shared) and checks its [`CancellationToken`] between sentences, decoder steps and chunks.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

pub use crate::tts::style::Example;
use crate::tts::style::Style;
use vocabox_audio::pcm::{Clip, Samples};
use vocabox_base::fault::{Fault, Kind};

/// A model that turns tasks into outputs.
pub trait Engine: Send {
    type Task;
    type Output;

    /// Runs one task. Faults: `Engine` when the model failed, `Invalid` when the task itself cannot be done, and those
    /// of `cancellation` at the deadline or after a cancellation.
    fn run(
        &mut self,
        task: Self::Task,
        cancellation: &CancellationToken,
    ) -> Result<Self::Output, Fault>;
}

/// The text to speak, and how.
#[derive(Debug, Clone)]
pub struct Utterance {
    pub text: String,
    /// Id of a voice of the engine's pack, or a blend of several ([`crate::tts::blend`]).
    pub voice: String,
    /// Speaking rate as a factor; 1.0 is the voice's own.
    pub speed: f32,
    /// 0 to 1; at 0.5 the voice's own variation.
    pub stability: f32,
    /// 0 to 1; at 0.75 the voice's own sound.
    pub similarity: f32,
    /// A cloned voice: then `voice` only determines the language, and `stability` and `similarity` have no effect.
    pub style: Option<Style>,
}

impl Default for Utterance {
    /// An empty text without a voice, and the default controls.
    fn default() -> Self {
        Utterance {
            text: String::new(),
            voice: String::new(),
            speed: 1.0,
            stability: 0.5,
            similarity: 0.75,
            style: None,
        }
    }
}

/// Receives a sound piece by piece, in order and without gaps, each as soon as it is made. A fault that it returns ends
/// the task.
pub type Outlet = Box<dyn FnMut(Clip) -> Result<(), Fault> + Send>;

/// A text to speak, and the outlet for its sound.
pub struct SpeakTask {
    pub utterance: Utterance,
    pub outlet: Outlet,
}

/// Sound to transcribe.
pub struct TranscribeTask {
    /// Mono at the engine's rate (16 kHz for every engine so far).
    pub audio: Box<dyn Samples>,
    /// Language code, or none to detect it.
    pub language: Option<String>,
    /// Whether to translate other languages into English, as far as the model can.
    pub into_english: bool,
    /// Whether to return the times of each word.
    pub words: bool,
    /// Hypotheses that are followed at once, of which the likeliest is taken; 1 is the fastest.
    pub beams: usize,
}

/// The text of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// Code of the spoken language: the task's if it was used, else the detected one.
    pub language: String,
    /// Length of the whole recording in seconds.
    pub seconds: f64,
    /// Ordered, not overlapping.
    pub segments: Vec<Segment>,
}

impl Transcript {
    /// Returns the whole text, phrases joined by spaces.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.segments.iter().map(|s| s.text.as_str()).collect();
        texts.join(" ")
    }
}

/// One phrase; times in seconds from the start of the recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    pub start_s: f64,
    pub end_s: f64,
    pub text: String,
    /// The words in their order, each within the phrase and none before the previous one has ended; empty unless
    /// requested.
    pub words: Vec<Word>,
}

/// One word with its punctuation; times in seconds from the start of the recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    pub start_s: f64,
    pub end_s: f64,
    pub text: String,
}

/// Returns seconds rounded to milliseconds, which is the models' resolution.
pub fn millis(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// Text to translate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranslateTask {
    /// One sentence or several.
    pub text: String,
    /// Codes of the languages, which the engine's pack must list.
    pub source: String,
    pub target: String,
    /// Characters that the translation may have: of several about equally likely translations, one that fits is taken.
    pub room: Option<usize>,
}

/// The text in the target language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    pub text: String,
}

/// Speaks: text → sound, which the task's outlet receives.
pub type Speak = dyn Engine<Task = SpeakTask, Output = ()>;
/// Transcribes: sound → text.
pub type Transcribe = dyn Engine<Task = TranscribeTask, Output = Transcript>;
/// Embeds a speaker: 16 kHz speech → 256 values of length 1.
pub type Embed = dyn Engine<Task = Clip, Output = Vec<f32>>;

/// Translates: text → text.
pub type Translate = dyn Engine<Task = TranslateTask, Output = Translation>;

/// Returns the whole sound of `utterance`, from an engine of this thread. Faults: those of the engine.
pub fn speak_whole(
    engine: &mut Speak,
    utterance: Utterance,
    cancellation: &CancellationToken,
) -> Result<Clip, Fault> {
    let (pieces, made) = mpsc::channel();
    let outlet = Box::new(move |piece| pieces.send(piece).map_err(Fault::internal));
    engine.run(SpeakTask { utterance, outlet }, cancellation)?;
    Clip::joined(made.try_iter()).ok_or_else(|| Fault::engine("the engine made no sound"))
}

/// Deadline and cancellation of one task; cheap to clone and to check.
#[derive(Debug, Clone)]
pub struct CancellationToken {
    deadline: Instant,
    cancelled: Arc<AtomicBool>,
    /// The number of waiting tasks with priority over this one; none where it does not yield.
    waiting: Option<Arc<AtomicUsize>>,
}

impl CancellationToken {
    /// Returns a token that expires at `deadline`, or when `cancelled` is set.
    pub fn new(deadline: Instant, cancelled: Arc<AtomicBool>) -> Self {
        CancellationToken {
            deadline,
            cancelled,
            waiting: None,
        }
    }

    /// Returns the same token, which also expires as soon as `waiting` is not zero.
    pub fn giving_way(&self, waiting: Arc<AtomicUsize>) -> Self {
        CancellationToken {
            waiting: Some(waiting),
            ..self.clone()
        }
    }

    /// Returns a token that expires at `deadline` and cannot be cancelled.
    pub fn until(deadline: Instant) -> Self {
        CancellationToken::new(deadline, Arc::default())
    }

    /// Faults: `Cancelled` once it is set or a task with priority waits, `Engine` after the deadline.
    pub fn check(&self) -> Result<(), Fault> {
        let is_awaited = |waiting: &Arc<AtomicUsize>| waiting.load(Ordering::Relaxed) > 0;
        if self.cancelled.load(Ordering::Relaxed) || self.waiting.as_ref().is_some_and(is_awaited) {
            return Err(Fault::new(
                Kind::Cancelled,
                "The client left before the answer was ready.",
            ));
        }
        if Instant::now() >= self.deadline {
            return Err(Fault::new(
                Kind::Engine,
                "The inference engine did not finish in time. Send less at once, or try again.",
            ));
        }
        Ok(())
    }
}
