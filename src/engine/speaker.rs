//! Speaker embeddings by CAM++: who speaks, as a direction in 192 dimensions.
//!
//! Recipe: github.com/modelscope/3D-Speaker (`speakerlab/process/processor.py`, `models/campplus`), after Wang et al. 2023,
//! "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware Masking".

use std::sync::Arc;

use crate::contract::{Embed, Engine, Steps};
use crate::graph::loader::GraphLoader;
use crate::graph::net::{Input, Net, ends};
use vocabox_audio::dsp::filter_bank::{BANDS, FilterBank, HOP_SAMPLES, WINDOW_SAMPLES, centre};
use vocabox_audio::pcm::Clip;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;

/// Sample rate of the model.
pub const RATE_HZ: u32 = 16_000;
/// Least hops of one run; shorter sound is repeated.
const HOPS_MIN: usize = 30;
/// Longest sound of one run: 6 s. Longer sound is embedded in equal parts.
const SAMPLES_MAX: usize = 6 * RATE_HZ as usize;

/// The encoder's graph and its features.
pub struct Speaker {
    net: Arc<dyn Net>,
    /// The names of the graph's only input and of its first output, which exports call differently.
    features: String,
    embedding: String,
    bank: FilterBank,
}

/// Builds the speaker encoder of `pack`.
pub fn build(pack: &Pack, graphs: &GraphLoader) -> Result<Arc<Embed>, Fault> {
    Ok(Arc::new(Speaker::of(pack, graphs)?))
}

impl Speaker {
    /// Returns the encoder of `pack`.
    pub fn of(pack: &Pack, graphs: &GraphLoader) -> Result<Self, Fault> {
        let net = graphs.load(pack, "model")?;
        let (features, embedding) = ends(&*net)?;
        Ok(Speaker {
            features,
            embedding,
            net,
            bank: FilterBank::default(),
        })
    }

    /// Returns the direction, of length 1, of the speaker of `samples` (16 kHz, at any level): the mean over parts of at
    /// most 6 s. None where they are shorter than a window of the features, 25 ms. Faults: `Engine`, and those of `steps`.
    pub fn direction(&self, samples: &[f32], steps: &dyn Steps) -> Result<Option<Vec<f32>>, Fault> {
        let parts = samples.len().div_ceil(SAMPLES_MAX).max(1);
        let mut sum: Vec<f32> = Vec::new();
        for part in samples.chunks(samples.len().div_ceil(parts).max(1)) {
            let mut features = self.bank.log_energies(part);
            if features.is_empty() {
                continue;
            }
            centre(&mut features);
            let once = features.len();
            while features.len() < HOPS_MIN * BANDS {
                let missing = HOPS_MIN * BANDS - features.len();
                features.extend_from_within(..missing.min(once));
            }
            steps.next()?;
            let shape = [1, features.len() / BANDS, BANDS];
            let fed = [(self.features.as_str(), Input::Floats(&shape, &features))];
            let made = self.net.run(&fed, &[&self.embedding])?;
            let direction = unit(made[0].floats()?.to_vec());
            sum.resize(direction.len(), 0.0);
            sum.iter_mut().zip(direction).for_each(|(s, d)| *s += d);
        }
        Ok((!sum.is_empty()).then(|| unit(sum)))
    }
}

impl Engine for Speaker {
    type Task = Clip;
    type Output = Vec<f32>;

    /// 16 kHz speech → 192 values of length 1. Faults: `Invalid` when the clip is not at 16 kHz or shorter than 25 ms.
    fn run(&self, clip: Clip, steps: &dyn Steps) -> Result<Vec<f32>, Fault> {
        let direction = match clip.rate_hz {
            RATE_HZ => self.direction(&clip.samples, steps)?,
            _ => None,
        };
        direction.ok_or_else(|| Fault::invalid("the clip must hold sound at 16000 Hz"))
    }
}

const _: () = assert!(SAMPLES_MAX > WINDOW_SAMPLES + HOPS_MIN * HOP_SAMPLES);

/// Returns `vector` scaled to length 1.
pub fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    let length = length.max(f32::MIN_POSITIVE);
    vector.iter_mut().for_each(|v| *v /= length);
    vector
}
