//! Which of up to three local speakers talk in ten seconds of sound: pyannote segmentation.
//!
//! Model: Plaquet and Bredin 2023, "Powerset multi-class cross entropy loss for neural speaker diarization". The numbers of
//! the speakers mean nothing beyond their window.

use std::sync::Arc;

use crate::contract::Steps;
use crate::graph::loader::GraphLoader;
use crate::graph::net::{Input, Net, ends};
use crate::logits::log_sum;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;

/// Samples a second of what is read.
pub const RATE_HZ: u32 = 16_000;
/// Samples of a window: 10 s.
pub const WINDOW_SAMPLES: usize = 160_000;
/// Frames of a window, and samples from one frame to the next.
pub const FRAMES: usize = 589;
pub const FRAME_SAMPLES: usize = 270;
/// Sample of a window at which its first frame starts: half a frame before the middle of the first receptive field, which has
/// 991 samples.
pub const FIRST_SAMPLE: usize = 495 - FRAME_SAMPLES / 2;
/// Speakers that a window can distinguish.
pub const SPEAKERS: usize = 3;
/// Classes of the model.
pub const CLASSES_COUNT: usize = 7;
/// The speakers of each class.
const CLASSES: [&[usize]; CLASSES_COUNT] = [&[], &[0], &[1], &[2], &[0, 1], &[0, 2], &[1, 2]];

/// For each speaker of a window the probability, 0 to 1, of speaking in one frame.
pub type Activity = [f32; SPEAKERS];

/// The model.
pub struct Segmenter {
    net: Arc<dyn Net>,
    /// The names of the graph's only input and of its first output, which exports call differently.
    sound: String,
    classes: String,
    /// Whether it takes `[batch, channel, samples]`, as pyannote's own does, and not `[batch, samples]`.
    takes_channels: bool,
}

/// Builds the segmenter of `pack`.
pub fn build(pack: &Pack, graphs: &GraphLoader) -> Result<Segmenter, Fault> {
    let net = graphs.load(pack, "model")?;
    let (sound, classes) = ends(&*net)?;
    Ok(Segmenter {
        sound,
        classes,
        takes_channels: net.signature().inputs.iter().any(|i| i.dims.len() == 3),
        net,
    })
}

impl Segmenter {
    /// Returns the activity in each of the `FRAMES` frames of a window of `WINDOW_SAMPLES` samples. Faults: `Engine`, and
    /// those of `steps`.
    pub fn window(&self, samples: &[f32], steps: &dyn Steps) -> Result<Vec<Activity>, Fault> {
        steps.next()?;
        let shape: &[usize] = match self.takes_channels {
            true => &[1, 1, samples.len()],
            false => &[1, samples.len()],
        };
        let fed = [(self.sound.as_str(), Input::Floats(shape, samples))];
        let made = self.net.run(&fed, &[&self.classes])?;
        let classes = made[0].floats()?.chunks_exact(CLASSES.len());
        Ok(classes.map(of_classes).collect())
    }
}

/// Sums the probabilities of the classes in which each speaker speaks. Some exports give logits in place of their logarithms.
fn of_classes(logarithms: &[f32]) -> Activity {
    let mut activity = [0.0; SPEAKERS];
    let all = log_sum(logarithms);
    for (logarithm, speakers) in logarithms.iter().zip(CLASSES) {
        for speaker in speakers {
            activity[*speaker] += (logarithm - all).exp();
        }
    }
    activity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speaker_speaks_in_the_classes_that_contain_it() {
        let shares: [f32; 7] = [0.1, 0.2, 0.05, 0.05, 0.3, 0.2, 0.1];
        let activity = of_classes(&shares.map(f32::ln));
        for (made, expected) in activity.iter().zip([0.7, 0.45, 0.35]) {
            assert!((made - expected).abs() < 1e-6, "{activity:?}");
        }
        let last = FIRST_SAMPLE + FRAMES * FRAME_SAMPLES;
        assert!(last <= WINDOW_SAMPLES && WINDOW_SAMPLES < last + 3 * FRAME_SAMPLES);
    }
}
