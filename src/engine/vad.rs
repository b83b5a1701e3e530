//! Silero: finds the speech in a recording.
//!
//! Model and recipe: github.com/snakers4/silero-vad, version 6.

use std::sync::Arc;

use crate::graph::loader::GraphLoader;
use crate::graph::net::{Input, Net};
use crate::level;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;

/// Sample rate of the model.
pub const RATE_HZ: u32 = 16_000;
/// New samples of one step.
pub const HOP: usize = 512;
/// Samples of the previous step that precede the new ones (`silero_vad/utils_vad.py`).
const CONTEXT: usize = 64;
const STATE: [usize; 3] = [2, 1, 128];
/// Name of the input that is the sample rate.
const RATE: &str = "sr";

/// Probability at which speech starts, and below which it ends (`get_speech_timestamps`: threshold and threshold −
/// 0.15).
pub const SPEECH_FROM: f32 = 0.5;
pub const PAUSE_BELOW: f32 = 0.35;
/// Shorter speech is a click (`min_speech_duration_ms` = 250).
const SPEECH_HOPS_MIN: usize = 8;
/// A shorter pause belongs to the speech around it. Longer than upstream's 100 ms, because transcription needs phrases
/// and not words.
const PAUSE_HOPS_MIN: usize = 16;

/// The detector, with the state of one recording.
pub struct Silero {
    net: Arc<dyn Net>,
    /// Whether the graph is told the sample rate: those for one rate are not.
    takes_rate: bool,
    state: Vec<f32>,
    frame: Vec<f32>,
    /// Gain of the last sample of `frame`.
    gain: f32,
}

/// Builds the detector of `pack`.
pub fn build(pack: &Pack, graphs: &GraphLoader) -> Result<Silero, Fault> {
    Ok(Silero::new(graphs.load(pack, "model")?))
}

impl Silero {
    /// Returns a detector over a graph `(input f32[1,576], state f32[2,1,128]) → (probability, state)`, which may also take the
    /// sample rate, `sr i64`.
    pub fn new(net: Arc<dyn Net>) -> Self {
        Silero {
            takes_rate: net.signature().inputs.iter().any(|i| i.name == RATE),
            net,
            state: vec![0.0; STATE.iter().product()],
            frame: vec![0.0; CONTEXT + HOP],
            gain: 1.0,
        }
    }

    /// Returns a detector over the same graph, for another recording.
    pub fn fork(&self) -> Self {
        Silero::new(Arc::clone(&self.net))
    }

    /// Returns the probability in [0, 1] that the next `HOP` samples hold speech.
    pub fn step(&mut self, samples: &[f32]) -> Result<f32, Fault> {
        self.step_raised(samples, 1.0)
    }

    /// As [`Silero::step`], of samples that are raised by `gain`, which changes evenly over the step.
    pub fn step_raised(&mut self, samples: &[f32], gain: f32) -> Result<f32, Fault> {
        self.frame.copy_within(HOP.., 0);
        let rise = (gain - self.gain) / HOP as f32;
        for ((at, raised), sample) in self.frame[CONTEXT..].iter_mut().enumerate().zip(samples) {
            *raised = (sample * (self.gain + rise * (at + 1) as f32)).clamp(-1.0, 1.0);
        }
        self.gain = gain;
        let shape = [1, self.frame.len()];
        let mut inputs = vec![
            ("input", Input::Floats(&shape, &self.frame)),
            ("state", Input::Floats(&STATE, &self.state)),
        ];
        if self.takes_rate {
            inputs.push((RATE, Input::Ints(&[], &[RATE_HZ as i64])));
        }
        let outputs = self.net.run(&inputs, &["output", "stateN"])?;
        self.state.copy_from_slice(outputs[1].floats()?);
        // The model can fire on digital silence.
        if level::rms(samples) < level::SILENCE_RMS {
            return Ok(0.0);
        }
        Ok(outputs[0].floats()?[0])
    }
}

/// Turns probabilities, one per hop, into ranges of hops with speech: ordered, not touching.
pub fn regions(probabilities: &[f32]) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    let mut open = None;
    for (hop, &p) in probabilities.iter().chain([&0.0]).enumerate() {
        match open {
            None if p >= SPEECH_FROM && hop < probabilities.len() => open = Some(hop),
            Some(start) if p < PAUSE_BELOW => {
                open = None;
                match found.last_mut() {
                    Some(last) if start - last.end < PAUSE_HOPS_MIN => last.end = hop,
                    _ => found.push(start..hop),
                }
            }
            _ => {}
        }
    }
    found.retain(|r| r.len() >= SPEECH_HOPS_MIN);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_bridge_short_pauses_and_drop_clicks() {
        let mut p = vec![0.0; 200];
        p[10..30].fill(0.9);
        p[40..60].fill(0.9); // a pause of 10 hops: bridged
        p[100..104].fill(0.9); // 4 hops: a click
        p[150..200].fill(0.9); // to the end
        assert_eq!(regions(&p), [10..60, 150..200]);
        assert!(regions(&[]).is_empty());
    }

    #[test]
    fn speech_goes_on_between_the_two_thresholds() {
        let mut p = vec![0.4; 60];
        assert!(regions(&p).is_empty(), "0.4 never begins");
        p[5] = 0.6;
        assert_eq!(regions(&p), vec![5..60; 1]);
    }
}
