//! Which sound track of a recording to hear where neither the file nor the request tells: the first in which something is said.

use std::sync::Arc;

use super::{Capacity, run_engine};
use crate::audio::{HeardTrack, Samples};
use crate::engine::contract::CancellationToken;
use crate::engine::speech_search::SpeechSearch;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::scheduler::LaneShare;
use crate::scheduler::estimates::Work;
use crate::scheduler::lanes::Lanes;

/// Seconds of a track that are expected to be searched.
const USUAL_SECONDS: f64 = 30.0;

/// Opens the sound track of a number, mono at the rate of [`crate::engine::vad::RATE_HZ`], from its start.
pub type OpenTrack<'a> = dyn FnMut(usize) -> Result<Box<dyn Samples>, Fault> + 'a;

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

    /// Returns the number of the track to hear in a recording whose first choice is `heard`: of the tracks that are as good, the
    /// first with speech, `heard` if there is none. A track that cannot be decoded has none. Faults: those of the lanes and of
    /// reading; `Engine` when the engine failed.
    pub fn track(
        &self,
        heard: &HeardTrack,
        open: &mut OpenTrack<'_>,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<usize, Fault> {
        if heard.alike.len() < 2 {
            return Ok(heard.number);
        }
        for &number in heard.alike.iter().take(limits::TRACKS_SEARCHED_MAX) {
            let found = open(number).and_then(|sound| self.is_said(sound, share, cancellation));
            match found {
                Ok(true) => return Ok(number),
                Ok(false) => {}
                Err(fault) if fault.kind == Kind::Invalid => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(heard.number)
    }

    /// Returns whether something is said in `sound`, mono at the rate of [`crate::engine::vad::RATE_HZ`], in its first three
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
