//! A part of a recording that has another rate than the first: MP3s that were joined, for one.

use crate::dsp::resample::Stage;
use vocabox_base::fault::Fault;

/// A conversion that takes frames as they come.
pub struct OtherRate {
    rate_hz: u32,
    stage: Stage,
    /// Frames that do not fill a block yet, interleaved.
    pending: Vec<f32>,
}

impl OtherRate {
    /// Of `channels` from `rate_hz` to `to_hz`. Fault: `Internal` when a rate is 0.
    pub fn new(rate_hz: u32, to_hz: u32, channels: usize) -> Result<Self, Fault> {
        Ok(OtherRate {
            rate_hz,
            stage: Stage::new(rate_hz, to_hz, channels)?,
            pending: Vec::new(),
        })
    }

    /// Returns the rate of what is taken.
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Takes interleaved frames, and appends those that come of whole blocks to `out`. Fault: `Internal`.
    pub fn push(&mut self, frames: &[f32], out: &mut Vec<f32>) -> Result<(), Fault> {
        self.pending.extend_from_slice(frames);
        self.stage.convert(&mut self.pending, false, out)
    }

    /// Appends the rest. Fault: `Internal`.
    pub fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), Fault> {
        self.stage.convert(&mut self.pending, true, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::resample::resample_clip;
    use crate::pcm::Clip;

    #[test]
    fn frames_that_come_in_pieces_are_as_those_of_a_whole_clip() {
        let samples: Vec<f32> = (0..30_011).map(|n| 0.5 * (n as f32 * 0.05).sin()).collect();
        let clip = Clip {
            samples,
            rate_hz: 24_000,
        };
        let whole = resample_clip(&clip, 44_100).unwrap().samples;
        for piece in [1, 576, 7_001] {
            let mut other = OtherRate::new(24_000, 44_100, 1).unwrap();
            let mut out = Vec::new();
            for frames in clip.samples.chunks(piece) {
                other.push(frames, &mut out).unwrap();
            }
            other.finish(&mut out).unwrap();
            assert!(out == whole, "{piece}: {} and {}", out.len(), whole.len());
        }
    }
}
