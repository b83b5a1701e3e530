//! Finds speech in sound that still arrives: one hop after the other, by what came before.

use std::collections::VecDeque;

use vocabox_base::fault::Fault;

use crate::level;
use crate::vad::{HOP, RATE_HZ, Silero};

/// Hops before a hop whose loudest decides its gain, as in a recording (`asr::window`): 1 s.
const NEAR_HOPS: usize = 31;
/// Hops by which the noise floor is told: 30 s, as many as a window of a recording has.
const FLOOR_HOPS: usize = 30 * RATE_HZ as usize / HOP;
/// Hops after which the noise floor is told anew: 0.5 s.
const FLOOR_EVERY_HOPS: usize = 16;

/// What was heard of a hop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeardHop {
    /// That it holds speech, in [0, 1].
    pub probability: f32,
    /// Root mean square.
    pub level: f32,
}

/// The detector of one sound, mono at [`RATE_HZ`].
pub struct LiveDetector {
    silero: Silero,
    /// Of the last hops.
    levels: VecDeque<f32>,
    floor: f32,
    hops: usize,
}

impl LiveDetector {
    /// Returns a detector that has heard nothing.
    pub fn new(silero: Silero) -> Self {
        LiveDetector {
            silero,
            levels: VecDeque::with_capacity(FLOOR_HOPS),
            floor: 0.0,
            hops: 0,
        }
    }

    /// Returns a detector of another sound.
    pub fn fork(&self) -> Self {
        LiveDetector::new(self.silero.fork())
    }

    /// Returns what is heard in the next [`HOP`] samples. Faults: `Engine` when the graph fails.
    pub fn hear(&mut self, samples: &[f32]) -> Result<HeardHop, Fault> {
        let level = level::rms(samples);
        if self.levels.len() == FLOOR_HOPS {
            self.levels.pop_front();
        }
        self.levels.push_back(level);
        if self.hops.is_multiple_of(FLOOR_EVERY_HOPS) {
            let (older, newer) = self.levels.as_slices();
            self.floor = level::noise_floor(&[older, newer].concat());
        }
        self.hops += 1;
        let near = self.levels.iter().rev().take(NEAR_HOPS + 1);
        let gain = level::gain(near.copied().fold(0.0, f32::max), self.floor);
        let probability = self.silero.step_raised(samples, gain)?;
        Ok(HeardHop { probability, level })
    }
}
