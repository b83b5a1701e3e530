//! The services that dubbing uses, the same for all jobs.

use std::sync::Arc;

use super::voices::DubVoices;
use crate::services::named_speakers::NamedSpeakers;
use crate::services::speakers::SpeakerService;
use crate::services::transcription::TranscriptionService;

/// The services of analyses and renders.
pub struct DubServices {
    pub speakers: Arc<SpeakerService>,
    /// The speakers whom accounts have named; none on the command line.
    pub named_speakers: Option<NamedSpeakers>,
    pub transcription: Arc<TranscriptionService>,
    /// Codes of the languages whose lines an analysis also translates into English, because no pack does.
    pub into_english: Vec<String>,
    /// None while no pack that speaks is fetched.
    pub voices: Option<DubVoices>,
}

impl DubServices {
    /// The number of stock voices that have to be measured before speakers can be imitated; none where there are none.
    pub fn unmeasured_voices(&self) -> Option<usize> {
        let cloning = self.voices.as_ref()?.cloning.as_ref()?;
        Some(cloning.unmeasured()).filter(|count| *count > 0)
    }
}
