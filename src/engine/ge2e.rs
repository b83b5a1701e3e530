//! Speaker embeddings by a GE2E encoder: who speaks, as a direction in 256 dimensions.
//!
//! Cloning compares voices by it and by CAM++ together: on recordings of people, the mean of both agrees better with a third
//! encoder than CAM++ alone does (benches/runs/2026-11-30-cloning.md).
//!
//! Recipe: github.com/resemble-ai/Resemblyzer (`audio.py`, `hparams.py`, `voice_encoder.py`), after Wan et al. 2018,
//! "Generalized end-to-end loss for speaker verification".

use std::sync::Arc;

use crate::contract::{Embed, Engine, Steps};
use crate::graph::loader::GraphLoader;
use crate::graph::net::{Input, Net};
use crate::speaker::{RATE_HZ, unit};
use vocabox_audio::dsp::mel::Mel;
use vocabox_audio::pcm::Clip;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;

/// Hops of one window (1.6 s) and from one window to the next: half of it.
const WINDOW: usize = 160;
const STEP: usize = WINDOW / 2;
/// Mel bands of one hop.
const MELS: usize = 40;
/// The root mean square to which a clip is scaled (−30 dBFS). Resemblyzer only raises quieter clips, but the similarity
/// of two speakers or recordings should not depend on their loudness.
const RMS: f32 = 0.031_622_78;
/// Windows of one run of the model: more gain nothing on two cores.
const BATCH: usize = 32;

/// The encoder's graph and its features.
struct Ge2e {
    net: Arc<dyn Net>,
    mel: Mel,
}

/// Builds the encoder of `pack`.
pub fn build(pack: &Pack, graphs: &GraphLoader) -> Result<Arc<Embed>, Fault> {
    Ok(Arc::new(Ge2e {
        net: graphs.load(pack, "model")?,
        mel: Mel::ge2e(),
    }))
}

impl Engine for Ge2e {
    type Task = Clip;
    type Output = Vec<f32>;

    /// 16 kHz speech → 256 values of length 1: the mean over windows of 1.6 s, each overlapping half of the next;
    /// a shorter clip is repeated. Faults: `Invalid` when the clip is empty or not at 16 kHz.
    fn run(&self, clip: Clip, steps: &dyn Steps) -> Result<Vec<f32>, Fault> {
        if clip.rate_hz != RATE_HZ || clip.samples.is_empty() {
            return Err(Fault::invalid("the clip must hold sound at 16000 Hz"));
        }
        let features = self.features(&clip.samples);
        let last = features.len() / MELS - WINDOW;
        let windows: Vec<&[f32]> = (0..=last)
            .step_by(STEP)
            .map(|start| &features[start * MELS..(start + WINDOW) * MELS])
            .collect();
        let mut sum: Vec<f32> = Vec::new();
        for batch in windows.chunks(BATCH) {
            steps.next()?;
            let (shape, fed) = ([batch.len(), WINDOW, MELS], batch.concat());
            let fed = [("mel", Input::Floats(&shape, &fed))];
            let made = self.net.run(&fed, &["embedding"])?;
            let values = made[0].floats()?;
            for direction in values.chunks_exact(values.len() / batch.len()) {
                sum.resize(direction.len(), 0.0);
                let direction = unit(direction.to_vec());
                sum.iter_mut().zip(direction).for_each(|(s, d)| *s += d);
            }
        }
        Ok(unit(sum))
    }
}

impl Ge2e {
    /// Returns the features of sound at the encoder's level, `[hops, 40] f32`; at least `WINDOW` hops: shorter sound is
    /// repeated. Silence stays silent.
    fn features(&self, samples: &[f32]) -> Vec<f32> {
        let mut features = self.mel.clone().power(samples);
        let power = samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32;
        if power > 0.0 {
            features.iter_mut().for_each(|f| *f *= RMS * RMS / power);
        }
        let once = features.len();
        while once > 0 && features.len() < WINDOW * MELS {
            let missing = WINDOW * MELS - features.len();
            features.extend_from_within(..missing.min(once));
        }
        features
    }
}
