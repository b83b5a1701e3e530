//! The services that dubbing uses, chosen once for all jobs.

use std::sync::Arc;

use super::voices::DubVoices;
use crate::services::speakers::SpeakerService;
use crate::services::transcription::TranscriptionService;

/// What analyses and renders work with.
pub struct DubServices {
    pub speakers: Arc<SpeakerService>,
    pub transcription: Arc<TranscriptionService>,
    /// Codes of the languages whose lines are written in English, too: those that no pack translates into it.
    pub into_english: Vec<String>,
    /// None while no pack that speaks is fetched.
    pub voices: Option<DubVoices>,
}
