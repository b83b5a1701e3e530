//! Speaks by a style table that is tried, and measures the speech.

use std::sync::Arc;

use super::band::{MeasuredInBands, RecordingBand};
use super::likeness::Measured;
use crate::audio::Clip;
use crate::audio::dsp::resample::resample_clip;
use crate::engine::contract::{CancellationToken, Utterance};
use crate::engine::speaker;
use crate::engine::tts::style::{Style, StyleTable};
use crate::fault::Fault;
use crate::scheduler::LaneShare;
use crate::services::speakers::SpeakerService;
use crate::services::speech::SpeechService;

/// Sentences that are spoken to try a voice: a new blend says the first, a repeated measurement the next, and the last
/// [`FRESH`] are only for the comparison at the end. About three seconds each, with most sounds of English.
pub const SENTENCES: &[&str] = &[
    "The quick brown fox jumps over the lazy dog.",
    "She had your dark suit in greasy wash water all year.",
    "A large size in stockings is hard to sell, he thought.",
    "Bring the children some warm yellow cheese for lunch.",
    "The birch canoe slid on the smooth planks near the shore.",
    "These days a chicken leg is a rare dish on our table.",
];
/// The number of sentences by which the best voice is compared with the best stock voice.
pub const FRESH: usize = 2;

/// The services that speak and embed.
pub struct VoiceProbe {
    pub speech: Arc<SpeechService>,
    pub speakers: Arc<SpeakerService>,
    /// Id of a voice of the pack that speaks the language of [`SENTENCES`].
    pub reader: String,
}

impl VoiceProbe {
    /// Speaks sentence `number` by `style_table`; returns the sound and its measurements in `band`. Faults: those of the
    /// services.
    pub fn hear(
        &self,
        style_table: Arc<StyleTable>,
        number: usize,
        band: RecordingBand,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<(Clip, Measured), Fault> {
        let clip = self.speak(style_table, number, share, cancellation)?;
        let speech = resample_clip(&clip, speaker::RATE_HZ)?;
        let measured = self.measure(&speech, band, share, cancellation)?;
        Ok((clip, measured))
    }

    /// Speaks the first sentence by `style_table`; returns its measurements in each band. Faults: those of the services.
    pub fn hear_in_bands(
        &self,
        style_table: Arc<StyleTable>,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<MeasuredInBands, Fault> {
        let clip = self.speak(style_table, 0, share, cancellation)?;
        let speech = resample_clip(&clip, speaker::RATE_HZ)?;
        Ok(MeasuredInBands {
            wide: self.measure(&speech, RecordingBand::Wide, share, cancellation)?,
            narrow: self.measure(&speech, RecordingBand::Narrow, share, cancellation)?,
        })
    }

    fn speak(
        &self,
        style_table: Arc<StyleTable>,
        number: usize,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<Clip, Fault> {
        let utterance = Utterance {
            text: SENTENCES[number % SENTENCES.len()].into(),
            voice: self.reader.clone(),
            style: Some(Style {
                style_table,
                example: None,
                nearest: String::new(),
                exaggeration: None,
                cfg_weight: None,
            }),
            ..Utterance::default()
        };
        self.speech.synthesize(utterance, share, cancellation)
    }

    /// Measures speech at 16 kHz, as far as it is in `band`. Faults: those of the service that embeds.
    pub fn measure(
        &self,
        speech: &Clip,
        band: RecordingBand,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<Measured, Fault> {
        let speech = band.limit(speech)?;
        let direction = self.speakers.compare(speech.clone(), share, cancellation)?;
        Ok(Measured::of(&speech, direction))
    }
}
