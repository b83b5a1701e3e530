//! The workers that speak and transcribe, with what their packs say of themselves.

use crate::audio::pcm::Clip;
use crate::engine::contract::{SpeakTask, TranscribeTask, Transcript};
use crate::pack::manifest::Voice;
use crate::work::places::Places;
use crate::work::pool::Pool;

/// The voices of the pack that speaks, and its workers.
pub struct Speaking {
    pub pool: Pool<SpeakTask, Clip>,
    /// One for each request that runs or waits.
    pub places: Places,
    /// The pack's `engine` and name, as history shows them.
    pub engine: String,
    pub model: String,
    pub rate_hz: u32,
    /// Voices whose language can be read aloud here.
    pub voices: Vec<Voice>,
}

/// What transcribes: a pack for every language, and others for the languages that they list.
pub struct Transcribing {
    /// One for each request that runs or waits.
    pub places: Places,
    /// Texts that are followed at once.
    pub beams: usize,
    pub general: Listening,
    pub specialists: Vec<Listening>,
}

/// The workers of a pack that transcribes.
pub struct Listening {
    pub pool: Pool<TranscribeTask, Transcript>,
    /// What the pack calls itself, and its name.
    pub engine: String,
    pub model: String,
    pub rate_hz: u32,
    /// Codes of the languages that it knows.
    pub languages: Vec<String>,
}

impl Transcribing {
    /// The specialist that lists the language `code`.
    pub fn specialist(&self, code: Option<&str>) -> Option<&Listening> {
        let lists = |l: &&Listening| l.languages.iter().any(|known| Some(known.as_str()) == code);
        self.specialists.iter().find(lists)
    }

    /// Codes of all languages that are known here.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        let all = std::iter::once(&self.general).chain(&self.specialists);
        all.flat_map(|l| &l.languages).map(String::as_str)
    }
}

impl Speaking {
    /// The voice with this id.
    pub fn voice(&self, id: &str) -> Option<&Voice> {
        self.voices.iter().find(|v| v.id == id)
    }
}
