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

/// The workers of the pack that transcribes.
pub struct Transcribing {
    pub pool: Pool<TranscribeTask, Transcript>,
    /// One for each request that runs or waits.
    pub places: Places,
    pub engine: String,
    pub model: String,
    pub rate_hz: u32,
    /// Texts that are followed at once.
    pub beams: usize,
    /// Codes of the languages that it knows.
    pub languages: Vec<String>,
}

impl Speaking {
    /// The voice with this id.
    pub fn voice(&self, id: &str) -> Option<&Voice> {
        self.voices.iter().find(|v| v.id == id)
    }
}
