//! The services that dubbing uses, the same for all jobs.

use std::fs::File;
use std::sync::Arc;

use super::sound;
use super::voices::DubVoices;
use crate::audio::decode::TrackChoice;
use crate::audio::{HeardTrack, SoundRequest};
use crate::engine::contract::CancellationToken;
use crate::engine::vad;
use crate::fault::Fault;
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
    /// The sound track of a file that `request` asks for, of several as good ones the first with speech. `open` opens the file.
    /// Faults: those of [`sound::track`], of the service and of `cancellation`.
    pub fn track(
        &self,
        open: &dyn Fn() -> Result<File, Fault>,
        request: &SoundRequest,
        cancellation: &CancellationToken,
    ) -> Result<HeardTrack, Fault> {
        let heard = sound::track(open()?, request)?;
        let numbered = |number| SoundRequest {
            track: TrackChoice::of(number),
            ..SoundRequest::default()
        };
        let mut searched = |number| sound::open(open()?, &numbered(number), vad::RATE_HZ);
        let finder = &self.transcription.finder;
        let number = finder.track(&heard, &mut searched, &LaneShare::idle(), cancellation)?;
        match number == heard.number {
            true => Ok(heard),
            false => sound::track(open()?, &numbered(number)),
        }
    }

    /// The number of stock voices that have to be measured before speakers can be imitated; none where there are none.
    pub fn unmeasured_voices(&self) -> Option<usize> {
        let cloning = self.voices.as_ref()?.cloning.as_ref()?;
        Some(cloning.unmeasured()).filter(|count| *count > 0)
    }
}
