//! Sound → text: a pack for every language, and others for the languages that they list.

use super::permits::Permits;
use super::{Capacity, Done, ModelName, Priority};
use crate::audio::pcm::{Clip, ClipReader, Samples};
use crate::engine::contract::{CancellationToken, Transcribe, TranscribeTask, Transcript};
use crate::fault::Fault;
use crate::work::pool::Pool;

/// The engine that takes any language.
pub const GENERAL: &str = "whisper";

/// All that transcribes.
pub struct TranscriptionService {
    /// One for each request that runs or waits.
    pub permits: Permits,
    /// Hypotheses that the search of a request follows.
    pub beams: usize,
    general: Recognizer,
    specialists: Vec<Recognizer>,
}

/// The workers of a pack that transcribes.
pub struct Recognizer {
    pool: Pool<TranscribeTask, Transcript>,
    pub name: ModelName,
    /// Samples a second of what it reads.
    pub rate_hz: u32,
    /// Codes of the languages that it knows.
    pub languages: Vec<String>,
    is_specialist: bool,
}

/// What a pack that transcribes says of itself.
pub struct RecognizerSettings {
    pub name: ModelName,
    pub rate_hz: u32,
    pub languages: Vec<String>,
}

/// A recording to transcribe, and how.
pub struct TranscriptionRequest {
    pub recording: Recording,
    /// Code of the language, none to detect it.
    pub language: Option<String>,
    /// Whether to write in English what was said in another language.
    pub into_english: bool,
    /// Whether to tell when each word was said.
    pub words: bool,
    /// Hypotheses that the search follows; 1 is the fastest.
    pub beams: usize,
}

/// Mono sound at the recognizer's rate.
pub enum Recording {
    /// Read as it is transcribed. It can be read once, so that a background task of it does not give way.
    Stream(Box<dyn Samples>),
    /// Held whole.
    Clip(Clip),
}

impl Recognizer {
    /// Starts the workers of a pack; `build` makes the engine of each. Faults: the first that `build` returns,
    /// `Internal` when a thread cannot be started.
    pub fn start(
        settings: RecognizerSettings,
        capacity: Capacity,
        build: impl Fn() -> Result<Box<Transcribe>, Fault> + Send + Sync + 'static,
    ) -> Result<Self, Fault> {
        let requests_max = capacity.requests_max();
        Ok(Recognizer {
            pool: Pool::start("transcribe", capacity.workers, requests_max, build)?,
            name: settings.name,
            rate_hz: settings.rate_hz,
            languages: settings.languages,
            is_specialist: false,
        })
    }

    /// What is said in a recording. Faults: `Busy` when the queue is full; `Engine` when the engine failed or did not
    /// finish before the deadline of `cancellation`; `Cancelled`; `Invalid` for what cannot be decoded; `Missing` when the model
    /// cannot write English.
    pub fn transcribe(
        &self,
        request: TranscriptionRequest,
        priority: Priority,
        cancellation: &CancellationToken,
    ) -> Result<Done<Transcript>, Fault> {
        let TranscriptionRequest {
            recording,
            language,
            into_english,
            words,
            beams,
        } = request;
        let task = |audio: Box<dyn Samples>| TranscribeTask {
            audio,
            language: language.clone(),
            into_english,
            words,
            beams,
        };
        let mut done = match (priority, recording) {
            (Priority::Background, Recording::Clip(clip)) => {
                let again = || task(Box::new(ClipReader::from(clip.clone())));
                self.pool.run_idle(again, cancellation)?
            }
            (_, Recording::Clip(clip)) => {
                let audio = Box::new(ClipReader::from(clip));
                self.pool.run(task(audio), cancellation)?
            }
            (_, Recording::Stream(audio)) => self.pool.run(task(audio), cancellation)?,
        };
        // A specialist was made for the code that it was chosen by, whatever its model calls it.
        if let Some(code) = language.filter(|_| self.is_specialist) {
            done.output.language = code;
        }
        Ok(done)
    }
}

impl TranscriptionService {
    /// Of a pack for all languages and of others, each for the languages that it lists. `capacity` is that of each.
    pub fn new(
        general: Recognizer,
        specialists: Vec<Recognizer>,
        capacity: Capacity,
        beams: usize,
    ) -> Self {
        let specialist = |recognizer| Recognizer {
            is_specialist: true,
            ..recognizer
        };
        TranscriptionService {
            permits: Permits::new(capacity.requests_max()),
            beams,
            general,
            specialists: specialists.into_iter().map(specialist).collect(),
        }
    }

    /// The recognizer for any language.
    pub fn general(&self) -> &Recognizer {
        &self.general
    }

    /// The recognizer for the language `code`: the specialist that lists it, else the general one.
    pub fn recognizer(&self, code: Option<&str>) -> &Recognizer {
        let lists = |r: &&Recognizer| r.languages.iter().any(|known| Some(known.as_str()) == code);
        self.specialists.iter().find(lists).unwrap_or(&self.general)
    }

    /// Codes of all languages that are known here.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        let all = std::iter::once(&self.general).chain(&self.specialists);
        all.flat_map(|r| &r.languages).map(String::as_str)
    }

    /// Codes of the languages that the general recognizer can write in English.
    pub fn writes_english_from(&self) -> &[String] {
        match self.general.name.engine == GENERAL {
            true => &self.general.languages,
            false => &[],
        }
    }
}
