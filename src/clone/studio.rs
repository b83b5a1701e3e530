//! Speaks in a voice that is being tried, and measures what was heard.

use std::sync::{Arc, mpsc};

use super::likeness::Measured;
use crate::audio::Clip;
use crate::audio::dsp::resample::resample_clip;
use crate::engine::contract::{CancellationToken, SpeakTask, Utterance};
use crate::engine::speaker;
use crate::engine::tts::style::{Style, StyleTable};
use crate::fault::Fault;
use crate::work::pool::Pool;

/// Sentences that are spoken to try a voice: a look takes the first, a second hearing the next. Some three seconds each, with
/// most sounds of English.
pub const SENTENCES: &[&str] = &[
    "The quick brown fox jumps over the lazy dog.",
    "She had your dark suit in greasy wash water all year.",
    "A large size in stockings is hard to sell, he thought.",
    "Bring the children some warm yellow cheese for lunch.",
];

/// Who waits for what is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// A request.
    Asked,
    /// Nobody: it is spoken when no request waits for a worker.
    Idle,
}

/// The workers that speak and those that embed.
pub struct Studio {
    pub speak: Arc<Pool<SpeakTask, ()>>,
    pub embed: Pool<Clip, Vec<f32>>,
    /// Id of a voice of the pack that speaks the language of [`SENTENCES`].
    pub reader: String,
}

impl Studio {
    /// Speaks sentence `number` by `style_table`: the sound, and what it is like. Faults: those of the pools.
    pub fn hear(
        &self,
        style_table: Arc<StyleTable>,
        number: usize,
        lane: Lane,
        cancellation: &CancellationToken,
    ) -> Result<(Clip, Measured), Fault> {
        let utterance = Utterance {
            text: SENTENCES[number % SENTENCES.len()].to_owned(),
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
        let mut made = None;
        let mut task = || {
            let (pieces, sound) = mpsc::channel();
            made = Some(sound);
            let outlet = Box::new(move |piece| pieces.send(piece).map_err(Fault::internal));
            let utterance = utterance.clone();
            SpeakTask { utterance, outlet }
        };
        match lane {
            Lane::Asked => self.speak.run(task(), cancellation)?,
            Lane::Idle => self.speak.run_idle(task, cancellation)?,
        };
        let clip = Clip::joined(made.iter().flat_map(|sound| sound.try_iter()));
        let clip = clip.ok_or_else(|| Fault::engine("the engine made no sound"))?;
        let measured = self.measure(&resample_clip(&clip, speaker::RATE_HZ)?, cancellation)?;
        Ok((clip, measured))
    }

    /// What speech at 16 kHz is like.
    pub fn measure(
        &self,
        speech: &Clip,
        cancellation: &CancellationToken,
    ) -> Result<Measured, Fault> {
        let direction = self.embed.run(speech.clone(), cancellation)?.output;
        Ok(Measured::of(speech, direction))
    }
}
