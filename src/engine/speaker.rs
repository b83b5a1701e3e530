//! Speaker embeddings by a GE2E encoder: who speaks, as a direction in 256 dimensions.
//!
//! Recipe: github.com/resemble-ai/Resemblyzer (`audio.py`, `hparams.py`, `voice_encoder.py`), after
//! Wan et al. 2018, "Generalized end-to-end loss for speaker verification".

use std::borrow::Borrow;
use std::sync::Arc;

use crate::contract::{Embed, Engine, Steps};
use crate::graph::loader::GraphLoader;
use crate::graph::net::{Input, Net};
use vocabox_audio::dsp::mel::Mel;
use vocabox_audio::pcm::Clip;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;

/// Sample rate of the model.
pub const RATE_HZ: u32 = 16_000;
/// Samples of one hop (10 ms).
pub const HOP_SAMPLES: usize = 160;
/// Hops of one window (1.6 s) and from one window to the next: half of it.
pub const WINDOW: usize = 160;
const STEP: usize = WINDOW / 2;
/// Mel bands of one hop.
pub const MELS: usize = 40;
/// The root mean square to which a clip is scaled (−30 dBFS). Resemblyzer only raises quieter clips, but the similarity
/// of two speakers or recordings should not depend on their loudness.
const RMS: f32 = 0.031_622_78;
/// Windows of one run of the model: more gain nothing on two cores.
const BATCH: usize = 32;

/// The encoder's graph and its features.
pub struct Speaker {
    net: Arc<dyn Net>,
    mel: Mel,
}

/// Builds the speaker encoder of `pack`.
pub fn build(pack: &Pack, graphs: &GraphLoader) -> Result<Arc<Embed>, Fault> {
    Ok(Arc::new(Speaker::of(pack, graphs)?))
}

impl Speaker {
    /// Returns the encoder of `pack`.
    pub fn of(pack: &Pack, graphs: &GraphLoader) -> Result<Self, Fault> {
        Ok(Speaker {
            net: graphs.load(pack, "model")?,
            mel: Mel::ge2e(),
        })
    }

    /// Returns the features of sound at 16 kHz at its own level, `[hops, 40] f32`; at least `WINDOW` hops: shorter
    /// sound is repeated.
    pub fn features(&self, samples: &[f32]) -> Vec<f32> {
        let mut features = self.mel.clone().power(samples);
        let once = features.len();
        while once > 0 && features.len() < WINDOW * MELS {
            let missing = WINDOW * MELS - features.len();
            features.extend_from_within(..missing.min(once));
        }
        features
    }

    /// Returns the direction, of length 1, of each window `[160, 40] f32` of `windows`.
    pub fn directions(
        &self,
        windows: &[impl Borrow<[f32]>],
        steps: &dyn Steps,
    ) -> Result<Vec<Vec<f32>>, Fault> {
        let mut all = Vec::with_capacity(windows.len());
        for batch in windows.chunks(BATCH) {
            steps.next()?;
            let (shape, fed) = ([batch.len(), WINDOW, MELS], batch.concat());
            let made = self
                .net
                .run(&[("mel", Input::Floats(&shape, &fed))], &["embedding"])?;
            let values = made[0].floats()?;
            let each = values.len() / batch.len();
            all.extend(values.chunks_exact(each).map(|v| unit(v.to_vec())));
        }
        Ok(all)
    }
}

impl Engine for Speaker {
    type Task = Clip;
    type Output = Vec<f32>;

    /// 16 kHz speech → 256 values of length 1: the mean over windows of 1.6 s, each overlapping half of the next;
    /// a shorter clip is repeated. Faults: `Invalid` when the clip is empty or not at 16 kHz.
    fn run(&self, clip: Clip, steps: &dyn Steps) -> Result<Vec<f32>, Fault> {
        if clip.rate_hz != RATE_HZ || clip.samples.is_empty() {
            return Err(Fault::invalid("the clip must hold sound at 16000 Hz"));
        }
        let mut features = self.features(&clip.samples);
        level(&mut features, &clip.samples);
        let last = features.len() / MELS - WINDOW;
        let windows: Vec<&[f32]> = (0..=last)
            .step_by(STEP)
            .map(|start| &features[start * MELS..(start + WINDOW) * MELS])
            .collect();
        let directions = self.directions(&windows, steps)?;
        let mut mean = vec![0.0; directions[0].len()];
        for direction in &directions {
            mean.iter_mut().zip(direction).for_each(|(m, d)| *m += d);
        }
        Ok(unit(mean))
    }
}

/// Returns the window of `features`, which are those of `samples`, that starts at `hop`, scaled to −30 dBFS by its own
/// level. Where a loud voice follows a quiet one, the level of both together is wrong for each, and the encoder, whose
/// mel is not logarithmic, takes the same voice at another level for another speaker.
pub fn window(features: &[f32], samples: &[f32], hop: usize) -> Vec<f32> {
    let heard = &samples[hop * HOP_SAMPLES..samples.len().min((hop + WINDOW) * HOP_SAMPLES)];
    let mut window = features[hop * MELS..(hop + WINDOW) * MELS].to_vec();
    level(&mut window, heard);
    window
}

/// Scales the features of `samples` to −30 dBFS; silence stays silent.
fn level(features: &mut [f32], samples: &[f32]) {
    let power = samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32;
    if power > 0.0 {
        features.iter_mut().for_each(|f| *f *= RMS * RMS / power);
    }
}

/// Returns `vector` scaled to length 1.
pub fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    let length = length.max(f32::MIN_POSITIVE);
    vector.iter_mut().for_each(|v| *v /= length);
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_hangs_neither_on_its_loudness_nor_on_what_is_around_it() {
        let half = WINDOW * HOP_SAMPLES;
        let heard = |quiet: f32, after: f32| {
            let tone = |n: usize| (n as f32 * 0.2).sin() * (n as f32 * 0.003).sin();
            let gain = |n: usize| if n < half { quiet } else { after };
            let samples: Vec<f32> = (0..2 * half).map(|n| gain(n) * tone(n)).collect();
            window(&Mel::ge2e().power(&samples), &samples, 0)
        };
        let (quiet, loud) = (heard(0.05, 0.8), heard(0.5, 0.1));
        let of_all: f32 = loud.iter().sum();
        // The last two hops reach over into what follows.
        let kept = (WINDOW - 2) * MELS;
        let off: f32 = quiet[..kept]
            .iter()
            .zip(&loud)
            .map(|(a, b)| (a - b).abs())
            .sum();
        assert!(of_all > 0.0 && off < 0.001 * of_all, "{off} of {of_all}");
    }
}
