//! The sound of the speech that goes on, with what the detector heard of it, and where it is cut.

use crate::engine::asr::cuts::Hops;
use crate::engine::live_detector::HeardHop;
use crate::engine::vad::{HOP, RATE_HZ};
use crate::limits;

/// Samples after which speech is cut.
const MAX: usize = limits::UTTERANCE_SECONDS_MAX * RATE_HZ as usize;
/// Hops of the start that no cut is in, and of the end: two thirds, and half a second, which the model needs to hear a word.
const CUT_FROM: usize = MAX / 3 * 2 / HOP;
const CUT_BEFORE_END: usize = RATE_HZ as usize / 2 / HOP;

/// Sound of a session from some position on.
#[derive(Debug, Default)]
pub struct Stretch {
    /// Position of the first sample, and the samples.
    pub start: usize,
    pub samples: Vec<f32>,
    /// Of each whole hop.
    probabilities: Vec<f32>,
    levels: Vec<f32>,
}

impl Stretch {
    /// Returns an empty stretch that starts at this position.
    pub fn at(start: usize) -> Self {
        Stretch {
            start,
            ..Stretch::default()
        }
    }

    /// Adds a hop.
    pub fn push(&mut self, samples: &[f32], heard: HeardHop) {
        self.samples.extend_from_slice(samples);
        self.probabilities.push(heard.probability);
        self.levels.push(heard.level);
    }

    /// Returns the position after the last sample.
    pub fn end(&self) -> usize {
        self.start + self.samples.len()
    }

    /// Whether it is as long as one may be.
    pub fn is_full(&self) -> bool {
        self.samples.len() >= MAX
    }

    /// Whether a hop has at least this probability of speech.
    pub fn has_speech(&self, threshold: f32) -> bool {
        self.probabilities.iter().any(|p| *p >= threshold)
    }

    /// Keeps only the last hops.
    pub fn keep_last(&mut self, hops: usize) {
        let dropped = self.probabilities.len().saturating_sub(hops);
        drop(self.take(dropped));
    }

    /// Returns the sound before the best place to cut it, in a pause if there is one in its last third, and keeps the rest.
    /// The stretch is full.
    pub fn cut(&mut self) -> Stretch {
        let hops = Hops {
            probabilities: &self.probabilities,
            levels: &self.levels,
        };
        let at = hops.cut(CUT_FROM..self.probabilities.len() - CUT_BEFORE_END);
        self.take(at)
    }

    /// Returns the first hops, and keeps the rest.
    fn take(&mut self, hops: usize) -> Stretch {
        let rest = Stretch {
            start: self.start + hops * HOP,
            samples: self.samples.split_off(hops * HOP),
            probabilities: self.probabilities.split_off(hops),
            levels: self.levels.split_off(hops),
        };
        std::mem::replace(self, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_stretch_is_cut_in_its_last_pause_and_nothing_is_lost() {
        let mut stretch = Stretch::at(1_024);
        let pause = 400..420;
        for hop in 0.. {
            let probability = if pause.contains(&hop) { 0.1 } else { 0.9 };
            let level = if pause.contains(&hop) { 0.001 } else { 0.1 };
            stretch.push(&[hop as f32; HOP], HeardHop { probability, level });
            if stretch.is_full() {
                break;
            }
        }
        let whole = stretch.samples.clone();
        let first = stretch.cut();
        assert!(pause.contains(&(first.samples.len() / HOP)));
        assert_eq!((first.start, first.end()), (1_024, stretch.start));
        assert_eq!([first.samples, stretch.samples.clone()].concat(), whole);
        stretch.keep_last(3);
        assert_eq!(stretch.samples.len(), 3 * HOP);
        assert_eq!(stretch.end(), 1_024 + whole.len());
    }
}
