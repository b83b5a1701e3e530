//! Who speaks when, and what a speaker is like.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::speech_finder::SpeechFinder;
use super::{Capacity, run_engine};
use crate::audio::pcm::{Clip, ClipReader, Samples};
use crate::engine::contract::{CancellationToken, Embed};
use crate::engine::diarization::{Diarize, DiarizeTask, Diarized};
use crate::engine::speaker::unit;
use crate::fault::Fault;
use crate::scheduler::LaneShare;
use crate::scheduler::estimates::Work;
use crate::scheduler::lanes::Lanes;
use crate::scheduler::places::Places;

/// Seconds that a recording is expected to last: its length is not known before it is read.
const USUAL_SECONDS: f64 = 30.0;

/// The encoders of speakers.
pub struct SpeakerEncoders {
    pub embed: Arc<Embed>,
    /// A second one, by which cloning compares voices as well.
    pub compare: Option<Arc<Embed>>,
}

/// The share of the second encoder's cosine in a comparison. For four people, of whom the others of the tests are none, the order of
/// 254 voices agreed best with that of a third encoder at 0.67 to 1 (r = 0.65 to 0.68; 0.41 without the second one), and the voice
/// that was the best by it was nearest to that encoder's best at 0.67 and 0.8 (benches/runs/2026-11-30-cloning.md).
const COMPARE_SHARE: f32 = 0.67;

/// Tells speakers apart and embeds them on the lanes.
pub struct SpeakerService {
    diarize: Arc<Diarize>,
    encoders: SpeakerEncoders,
    finder: Option<SpeechFinder>,
    lanes: Arc<Lanes>,
    pub places: Places,
}

impl SpeakerService {
    /// Returns a service of these engines; without `finder`, all sound that is diarized counts as speech.
    pub fn new(
        diarize: Arc<Diarize>,
        encoders: SpeakerEncoders,
        finder: Option<SpeechFinder>,
        capacity: &Capacity,
    ) -> Self {
        SpeakerService {
            diarize,
            encoders,
            finder,
            lanes: Arc::clone(&capacity.lanes),
            places: Places::new(capacity.places),
        }
    }

    /// Returns whether something is said in a `clip` at 16 kHz: diarization takes noises for speech that come as often as
    /// syllables. Faults: as [`SpeakerService::diarize`].
    pub fn is_said(
        &self,
        clip: Clip,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<bool, Fault> {
        match &self.finder {
            Some(finder) => finder.is_said(Box::new(ClipReader::from(clip)), share, cancellation),
            None => Ok(true),
        }
    }

    /// Returns who of how many `speakers` speaks when in a recording. Faults: `Busy` when it could not start before the deadline of
    /// `cancellation`; `Engine` when the engine failed or did not finish before that; `Cancelled`; `Invalid` for what cannot
    /// be decoded.
    pub fn diarize(
        &self,
        recording: Box<dyn Samples>,
        speakers: RangeInclusive<usize>,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<Diarized, Fault> {
        let task = (self.lanes).enter(share, Work::Diarize, USUAL_SECONDS, cancellation)?;
        let recording = DiarizeTask {
            audio: recording,
            speakers,
        };
        run_engine(&*self.diarize, recording, &task)
    }

    /// Returns the embedding of one speaker's `speech` at 16 kHz: 192 values, of length 1. Faults: as
    /// [`SpeakerService::diarize`].
    pub fn embed(
        &self,
        speech: Clip,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<Vec<f32>, Fault> {
        let task = (self.lanes).enter(share, Work::Embed, speech.seconds(), cancellation)?;
        run_engine(&*self.encoders.embed, speech, &task)
    }

    /// Returns the embedding of one speaker's `speech` at 16 kHz by all encoders, of length 1: the cosine of two is the weighted mean
    /// of the encoders' cosines. Faults: as [`SpeakerService::diarize`].
    pub fn compare(
        &self,
        speech: Clip,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<Vec<f32>, Fault> {
        let mut all = self.embed(speech.clone(), share, cancellation)?;
        if let Some(compare) = &self.encoders.compare {
            let task = (self.lanes).enter(share, Work::Embed, speech.seconds(), cancellation)?;
            let more = run_engine(&**compare, speech, &task)?;
            all.iter_mut()
                .for_each(|v| *v *= (1.0 - COMPARE_SHARE).sqrt());
            all.extend(more.iter().map(|v| v * COMPARE_SHARE.sqrt()));
        }
        Ok(unit(all))
    }
}
