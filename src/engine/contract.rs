//! The interface of an engine: one pair of task and output per capability.
//!
//! The pairs are types, so that a wrong pairing cannot compile. An engine is shared by all threads and keeps nothing of a
//! task: what a task needs between two steps is on the stack of its thread. Between two pieces, decoder steps or
//! batches, an engine asks the task's [`Steps`] whether it may go on.

use crate::tts::joiner::Joiner;
pub use crate::tts::style::Example;
use crate::tts::style::Style;
use vocabox_audio::pcm::{Clip, Samples};
pub use vocabox_base::cancellation::CancellationToken;
use vocabox_base::fault::Fault;
use vocabox_text::{MarkedText, Piece};

/// A model that turns tasks into outputs.
pub trait Engine: Send + Sync {
    type Task;
    type Output;

    /// Runs one task. Faults: `Engine` when the model failed, `Invalid` when the task itself cannot be done, and those
    /// of `steps` at the deadline or after a cancellation.
    fn run(&self, task: Self::Task, steps: &dyn Steps) -> Result<Self::Output, Fault>;
}

/// A model that speaks. The pieces of a text do not depend on each other: they may be made side by side.
pub trait Speak: Send + Sync {
    /// Reads `utterance` into its pieces, at least one. Faults: `Invalid` when nothing in it can be spoken or a blend is out
    /// of its bounds, `NotFound` for an unknown voice, `Missing` for a voice whose language has no reader.
    fn pieces<'a>(&'a self, utterance: &'a Utterance) -> Result<SpeechPieces<'a>, Fault>;
}

/// The pieces of an utterance, in order.
pub struct SpeechPieces<'a> {
    /// Samples a second of their sound.
    pub rate_hz: u32,
    /// Each is read as it is asked for: about a millisecond a word.
    pub pieces: Box<dyn Iterator<Item = Result<SpeechPiece<'a>, Fault>> + Send + 'a>,
}

/// A piece that was read and is still to be spoken.
pub struct SpeechPiece<'a> {
    /// Makes its sound, mono samples in [-1, 1], in one step. Faults: `Engine` when the model failed.
    pub make: SoundMaker<'a>,
    /// Seconds of silence that belong after it.
    pub pause_s: f32,
    /// About how many seconds its sound will last.
    pub about_s: f32,
    /// Its words, as they are written, in order.
    pub words: Vec<PieceWord>,
}

/// A word of a piece.
#[derive(Debug, Clone, PartialEq)]
pub struct PieceWord {
    /// As it is written, with the signs around it.
    pub text: String,
    /// How long it lasts beside the other words of the piece: its phonemes, or its letters.
    pub weight: f32,
    /// Whether a pause may follow it.
    pub pauses: bool,
}

impl PieceWord {
    /// The words of `piece`.
    pub fn all(piece: &Piece) -> Vec<PieceWord> {
        let count = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
        let written = piece.text.split_whitespace();
        let spoken: Vec<usize> = piece.phonemes.split_whitespace().map(count).collect();
        // Figures and abbreviations are more words when they are read: letters must do then.
        let is_alike = spoken.len() == written.clone().count();
        let word = |(number, text): (usize, &str)| PieceWord {
            weight: match is_alike {
                true => spoken[number],
                false => count(text),
            }
            .max(1) as f32,
            pauses: text.ends_with(|c: char| !c.is_alphanumeric()),
            text: text.to_owned(),
        };
        written.enumerate().map(word).collect()
    }
}

/// Makes the sound of a piece.
pub type SoundMaker<'a> = Box<dyn FnOnce(&dyn Steps) -> Result<Vec<f32>, Fault> + Send + 'a>;

/// A model that transcribes, window by window.
pub trait Transcribe: Send + Sync {
    /// Returns the transcription of a recording of which nothing was heard yet. Faults: `Missing` when a translation into
    /// English is requested and the model cannot translate, `Engine`.
    fn begin(&self, task: TranscribeTask) -> Result<Box<dyn Transcribing>, Fault>;
}

/// A recording that is being transcribed.
pub trait Transcribing: Send {
    /// Hears the next window, and returns its phrases, which nothing that follows changes; none at the end of the recording.
    /// Faults: `Invalid` when the recording is empty or undecodable, `Engine`, and those of `steps`.
    fn next(&mut self, steps: &dyn Steps) -> Result<Option<&[Segment]>, Fault>;

    /// Returns the phrases of all windows that were heard.
    fn end(self: Box<Self>) -> Transcript;
}

/// Returns the text of a whole recording. Faults: those of [`Transcribe::begin`] and of [`Transcribing::next`].
pub fn transcribe_whole(
    engine: &dyn Transcribe,
    task: TranscribeTask,
    steps: &dyn Steps,
) -> Result<Transcript, Fault> {
    let mut transcribing = engine.begin(task)?;
    while transcribing.next(steps)?.is_some() {}
    Ok(transcribing.end())
}

/// The text to speak, and how.
#[derive(Debug, Clone)]
pub struct Utterance {
    pub text: MarkedText,
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
            text: MarkedText::default(),
            voice: String::new(),
            speed: 1.0,
            stability: 0.5,
            similarity: 0.75,
            style: None,
        }
    }
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
    /// Whether to return how likely each phrase is.
    pub scores: bool,
    /// 0 takes the likeliest text, and samples only where that is doubted; above, up to 1, tokens are sampled from the start,
    /// the more freely the higher. The same recording gives the same text.
    pub temperature: f32,
    /// Hypotheses that are followed at once, of which the likeliest is taken, at the temperature 0; 1 is the fastest.
    pub beams: usize,
    /// Text that may come before the recording: its spelling and style are those of the transcript.
    pub prompt: Option<String>,
    /// Names and rare words that may be said.
    pub keywords: Vec<String>,
}

/// The text of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// Code of the language that is spoken most: the task's if it was used, else the detected one.
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

    /// Returns the codes of the languages that are spoken, in the order of their first phrases.
    pub fn languages(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = Vec::new();
        for segment in &self.segments {
            if !codes.contains(&segment.language.as_str()) {
                codes.push(&segment.language);
            }
        }
        codes
    }
}

/// One phrase; times in seconds from the start of the recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Segment {
    pub start_s: f64,
    pub end_s: f64,
    pub text: String,
    /// Code of the language that is spoken in it.
    pub language: String,
    /// The words in their order, each within the phrase and none before the previous one has ended; empty unless
    /// requested.
    pub words: Vec<Word>,
    /// How it was decoded; none unless requested, and where a phrase was split.
    pub scores: Option<Box<PhraseScores>>,
}

/// How a phrase was decoded, and how likely it is. All but the tokens is that of its window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PhraseScores {
    /// Start of the window in seconds from the start of the recording.
    pub window_s: f64,
    /// The model's tokens, with the timestamps before and after the text.
    pub tokens: Vec<u32>,
    /// The tokens of the text.
    pub text: Vec<TokenScore>,
    /// The temperature at which the tokens were sampled; 0 when the likeliest were taken.
    pub temperature: f32,
    /// Mean natural logarithm of the tokens' probabilities.
    pub logprob: f32,
    /// How many times shorter zlib makes the text.
    pub compression: f32,
    /// Probability that there is no speech.
    pub no_speech: f32,
}

/// A token of a text, and how likely it is after those before it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TokenScore {
    /// Its text in UTF-8, of which a token may have only a part of a character.
    pub bytes: Vec<u8>,
    /// Natural logarithm of its probability.
    pub logprob: f32,
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

/// Embeds a speaker: 16 kHz speech → 192 values of length 1.
pub type Embed = dyn Engine<Task = Clip, Output = Vec<f32>>;

/// Translates: text → text.
pub type Translate = dyn Engine<Task = TranslateTask, Output = Translation>;

/// Returns the whole sound of `utterance`, made on this thread. Faults: those of the engine.
pub fn speak_whole(
    engine: &dyn Speak,
    utterance: &Utterance,
    steps: &dyn Steps,
) -> Result<Clip, Fault> {
    let SpeechPieces { rate_hz, pieces } = engine.pieces(utterance)?;
    let mut joiner = Joiner::new(rate_hz);
    let mut joined = Vec::new();
    for piece in pieces {
        steps.next()?;
        let piece = piece?;
        joined.extend(joiner.push(&(piece.make)(steps)?, piece.pause_s));
    }
    Clip::joined(joined).ok_or_else(|| Fault::engine("the engine made no sound"))
}

/// The steps of one task, as its engine sees them: an engine asks before each whether it may go on.
pub trait Steps {
    /// Ends the step that runs, if one does, and returns when the next may run: a scheduler lets other tasks compute in
    /// between. Faults: those of [`CancellationToken::check`].
    fn next(&self) -> Result<(), Fault>;

    /// Checks within a step whether it is still wanted. Faults: those of [`CancellationToken::check`].
    fn check(&self) -> Result<(), Fault>;
}

/// Without a scheduler, a task goes on until its token expires.
impl Steps for CancellationToken {
    fn next(&self) -> Result<(), Fault> {
        self.check()
    }

    fn check(&self) -> Result<(), Fault> {
        CancellationToken::check(self)
    }
}
