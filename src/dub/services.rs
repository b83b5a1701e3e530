//! The services that dubbing uses, the same for all jobs.

use std::fs::File;
use std::sync::Arc;

use super::voices::DubVoices;
use crate::audio::{self, HeardTrack, SoundRequest};
use crate::engine::contract::CancellationToken;
use crate::fault::Fault;
use crate::limits;
use crate::scheduler::LaneShare;
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
    /// The sound track of a file to hear and to replace, as [`SpeechFinder::track`] chooses it; `open` opens the file.
    ///
    /// [`SpeechFinder::track`]: crate::services::speech_finder::SpeechFinder::track
    pub fn track(
        &self,
        open: &dyn Fn() -> Result<File, Fault>,
        request: &SoundRequest,
        cancellation: &CancellationToken,
    ) -> Result<HeardTrack, Fault> {
        let most_s = limits::AUDIO_SECONDS_MAX;
        let open =
            |request: &SoundRequest, rate_hz| audio::open_sound(open()?, request, rate_hz, most_s);
        let finder = &self.transcription.finder;
        finder.track(request, &open, &LaneShare::idle(), cancellation)
    }

    /// The number of stock voices that have to be measured before speakers can be imitated; none where there are none.
    pub fn unmeasured_voices(&self) -> Option<usize> {
        let cloning = self.voices.as_ref()?.cloning.as_ref()?;
        Some(cloning.unmeasured()).filter(|count| *count > 0)
    }
}
