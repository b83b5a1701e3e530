//! Which sound track of a recording to hear where neither the file nor the request tells: the first in which something is said.

use std::sync::Arc;

use super::{Capacity, run_engine};
use crate::audio::{HeardTrack, Samples, Sound, SoundRequest};
use crate::engine::contract::CancellationToken;
use crate::engine::speech_search::SpeechSearch;
use crate::engine::vad;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::scheduler::LaneShare;
use crate::scheduler::estimates::Work;
use crate::scheduler::lanes::Lanes;

/// Seconds of a track that are expected to be searched.
const USUAL_SECONDS: f64 = 30.0;

/// Opens the sound that a request asks for, mono at a rate in Hz, from its start.
pub type OpenSound<'a> = dyn Fn(&SoundRequest, u32) -> Result<Sound, Fault> + 'a;

/// Searches sound tracks on the lanes.
pub struct SpeechFinder {
    search: SpeechSearch,
    lanes: Arc<Lanes>,
}

impl SpeechFinder {
    /// Returns a finder that has `search` look for speech.
    pub fn new(search: SpeechSearch, capacity: &Capacity) -> Self {
        SpeechFinder {
            search,
            lanes: Arc::clone(&capacity.lanes),
        }
    }

    /// Returns the sound track to hear in a recording: the one that `request` and the file prefer, of several as good ones the
    /// first with speech, or the first that is not silent if there is none. A track that cannot be decoded has none. Faults: those
    /// of `open`, of the lanes and of reading; `Engine` when the engine failed.
    pub fn track(
        &self,
        request: &SoundRequest,
        open: &OpenSound<'_>,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<HeardTrack, Fault> {
        let preferred = open(request, vad::RATE_HZ)?.track;
        if preferred.alike.len() < 2 {
            return Ok(preferred);
        }
        for &number in preferred.alike.iter().take(limits::TRACKS_SEARCHED_MAX) {
            let searched = open(&request.of_track(number), vad::RATE_HZ).and_then(|sound| {
                let is_said = self.is_said(sound.samples, share, cancellation)?;
                Ok(is_said.then_some(sound.track))
            });
            match searched {
                Ok(Some(track)) => return Ok(track),
                Ok(None) => {}
                Err(fault) if fault.kind == Kind::Invalid => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(preferred)
    }

    /// Returns whether something is said in `sound`, mono at the rate of [`vad::RATE_HZ`], in its first three
    /// minutes. Faults: those of the lanes and of reading; `Engine` when the engine failed.
    pub fn is_said(
        &self,
        sound: Box<dyn Samples>,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<bool, Fault> {
        let task = (self.lanes).enter(share, Work::FindSpeech, USUAL_SECONDS, cancellation)?;
        run_engine(&self.search, sound, &task)
    }
}
