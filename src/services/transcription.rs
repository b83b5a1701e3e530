//! Sound → text: a pack for every language, and others for the languages that they list.

use std::sync::Arc;

use super::speech_finder::SpeechFinder;
use super::{Capacity, ModelName, run_engine};
use crate::audio::pcm::{Clip, ClipReader, Samples};
use crate::engine::contract::{CancellationToken, Transcribe, TranscribeTask, Transcript};
use crate::fault::Fault;
use crate::scheduler::LaneShare;
use crate::scheduler::estimates::Work;
use crate::scheduler::lanes::Lanes;
use crate::scheduler::places::Places;

/// Seconds that a recording is expected to last whose length is not known before it is read.
const USUAL_SECONDS: f64 = 30.0;

/// The engine that takes any language.
pub const GENERAL: &str = "whisper";

/// All that transcribes.
pub struct TranscriptionService {
    /// One for each request that runs or waits.
    pub places: Places,
    /// Hypotheses that the search of a request follows.
    pub beams: usize,
    /// Chooses the sound track of a film.
    pub finder: SpeechFinder,
    general: Recognizer,
    specialists: Vec<Recognizer>,
}

/// A pack that transcribes.
pub struct Recognizer {
    engine: Arc<Transcribe>,
    lanes: Arc<Lanes>,
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
    /// Read as it is transcribed.
    Stream(Box<dyn Samples>),
    /// Held whole.
    Clip(Clip),
}

impl Recognizer {
    /// Returns a recognizer that has `engine` transcribe.
    pub fn new(settings: RecognizerSettings, engine: Arc<Transcribe>, capacity: &Capacity) -> Self {
        Recognizer {
            engine,
            lanes: Arc::clone(&capacity.lanes),
            name: settings.name,
            rate_hz: settings.rate_hz,
            languages: settings.languages,
            is_specialist: false,
        }
    }

    /// Returns what is said in a recording. Faults: `Busy` when it could not start before the deadline of `cancellation`;
    /// `Engine` when the engine failed or did not finish before that; `Cancelled`; `Invalid` for what cannot be decoded;
    /// `Missing` when the model cannot write English.
    pub fn transcribe(
        &self,
        request: TranscriptionRequest,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<Transcript, Fault> {
        let language = request.language.clone();
        let seconds = match &request.recording {
            Recording::Stream(_) => USUAL_SECONDS,
            Recording::Clip(clip) => clip.seconds(),
        };
        let task = TranscribeTask {
            audio: match request.recording {
                Recording::Stream(audio) => audio,
                Recording::Clip(clip) => Box::new(ClipReader::from(clip)),
            },
            language: request.language,
            into_english: request.into_english,
            words: request.words,
            beams: request.beams,
        };
        let lane_task = (self.lanes).enter(share, Work::Transcribe, seconds, cancellation)?;
        let mut transcript = run_engine(&*self.engine, task, &lane_task)?;
        // A specialist was made for the code that it was chosen by, whatever its model calls it.
        if let Some(code) = language.filter(|_| self.is_specialist) {
            transcript.language = code;
        }
        Ok(transcript)
    }
}

impl TranscriptionService {
    /// Of a pack for all languages and of others, each for the languages that it lists. `capacity` is that of each.
    pub fn new(
        general: Recognizer,
        specialists: Vec<Recognizer>,
        finder: SpeechFinder,
        capacity: &Capacity,
        beams: usize,
    ) -> Self {
        let specialist = |recognizer| Recognizer {
            is_specialist: true,
            ..recognizer
        };
        TranscriptionService {
            places: Places::new(capacity.places),
            beams,
            finder,
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
