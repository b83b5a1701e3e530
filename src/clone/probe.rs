//! Speaks by a style table that is tried, and measures the speech.

use std::sync::Arc;

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

/// Sentences that are spoken to try a voice: a new blend says the first, a repeated measurement the next. About three
/// seconds each, with most sounds of English.
pub const SENTENCES: &[&str] = &[
    "The quick brown fox jumps over the lazy dog.",
    "She had your dark suit in greasy wash water all year.",
    "A large size in stockings is hard to sell, he thought.",
    "Bring the children some warm yellow cheese for lunch.",
];

/// The services that speak and embed.
pub struct VoiceProbe {
    pub speech: Arc<SpeechService>,
    pub speakers: Arc<SpeakerService>,
    /// Id of a voice of the pack that speaks the language of [`SENTENCES`].
    pub reader: String,
}

impl VoiceProbe {
    /// Speaks sentence `number` by `style_table`; returns the sound and its measurements. Faults: those of the
    /// services.
    pub fn hear(
        &self,
        style_table: Arc<StyleTable>,
        number: usize,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<(Clip, Measured), Fault> {
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
        let clip = self.speech.synthesize(utterance, share, cancellation)?;
        let measured = self.measure(
            &resample_clip(&clip, speaker::RATE_HZ)?,
            share,
            cancellation,
        )?;
        Ok((clip, measured))
    }

    /// Measures speech at 16 kHz. Faults: those of the service that embeds.
    pub fn measure(
        &self,
        speech: &Clip,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<Measured, Fault> {
        let direction = self.speakers.embed(speech.clone(), share, cancellation)?;
        Ok(Measured::of(speech, direction))
    }
}
