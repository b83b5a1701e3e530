//! Speaker embeddings by a GE2E encoder: who speaks, as a direction in 256 dimensions.
//!
//! Recipe: github.com/resemble-ai/Resemblyzer (`audio.py`, `hparams.py`, `voice_encoder.py`), after
//! Wan et al. 2018, "Generalized end-to-end loss for speaker verification".

use super::contract::{Embed, Engine, Watch};
use super::net::{Input, Net};
use super::nets::Nets;
use crate::audio::mel::Mel;
use crate::audio::pcm::Clip;
use crate::fault::Fault;
use crate::pack::Pack;

/// Sample rate of the model.
pub const RATE_HZ: u32 = 16_000;
/// Hops of one window (1.6 s) and from one window to the next: half of it.
const WINDOW: usize = 160;
const STEP: usize = WINDOW / 2;
const MELS: usize = 40;
/// A quieter clip is raised to this root mean square (−30 dBFS).
const RMS_MIN: f32 = 0.031_622_78;

/// The encoder and its features.
pub struct Speaker {
    net: Box<dyn Net>,
    mel: Mel,
}

/// Builds the speaker encoder of `pack`.
pub fn build(pack: &Pack, nets: &Nets) -> Result<Box<Embed>, Fault> {
    Ok(Box::new(Speaker {
        net: nets.load(pack, "model")?,
        mel: Mel::ge2e(),
    }))
}

impl Engine for Speaker {
    type Task = Clip;
    type Output = Vec<f32>;

    /// 16 kHz speech → 256 values of length 1: the mean over windows of 1.6 s, each overlapping half of the next;
    /// a shorter clip is padded with silence at its end. Faults: `Invalid` when the clip is empty or not at 16 kHz.
    fn run(&mut self, clip: Clip, watch: &Watch) -> Result<Vec<f32>, Fault> {
        if clip.rate_hz != RATE_HZ || clip.samples.is_empty() {
            return Err(Fault::invalid("the clip must hold sound at 16000 Hz"));
        }
        let mut samples = clip.samples;
        let energy: f32 = samples.iter().map(|s| s * s).sum();
        let rms = (energy / samples.len() as f32).sqrt();
        if rms > 0.0 && rms < RMS_MIN {
            samples.iter_mut().for_each(|s| *s *= RMS_MIN / rms);
        }
        let mut features = self.mel.power(&samples);
        let hops = (features.len() / MELS).max(WINDOW);
        features.resize(hops * MELS, 0.0);
        let mut mean: Vec<f32> = Vec::new();
        for start in (0..=hops - WINDOW).step_by(STEP) {
            watch.check()?;
            let window = &features[start * MELS..(start + WINDOW) * MELS];
            let shape = [1, WINDOW, MELS];
            let made = self
                .net
                .run(&[("mel", Input::Floats(&shape, window))], &["embedding"])?;
            let embedding = made[0].floats()?;
            mean.resize(embedding.len(), 0.0);
            mean.iter_mut().zip(embedding).for_each(|(m, e)| *m += e);
        }
        let length = mean
            .iter()
            .map(|m| m * m)
            .sum::<f32>()
            .sqrt()
            .max(f32::MIN_POSITIVE);
        mean.iter_mut().for_each(|m| *m /= length);
        Ok(mean)
    }
}
