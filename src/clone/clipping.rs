//! How much of a recording is clipped, measured piece by piece.

use crate::fault::Fault;

/// Samples in a row at the very top that a converter was overdriven for, and the share of all samples in such runs from which
/// on the sound of the voice is gone.
const RUN_MIN: usize = 3;
const SHARE_MAX: f32 = 0.01;
/// Loudness of the top: a quiet recording is not clipped, however flat its peaks.
const PEAK_MIN: f32 = 0.5;
/// What is near enough to the top to be at it, and what is so far below that it does not count as sound, as shares of it.
const NEAR: f32 = 0.995;
const SOUND_MIN: f32 = 0.1;
/// Levels that are told apart, and the loudest of them: what a decoder gives beyond that is as loud.
const LEVELS: usize = 1_000;
const LOUDEST: f32 = 2.0;

/// What was heard so far, at the recording's own rate: resampling rounds what was cut off.
pub struct ClippingMeter {
    /// Loudness of the top: nothing before went further above it than `NEAR` allows.
    peak: f32,
    /// Samples in whole runs, and in the one that may go on.
    clipped: usize,
    run: usize,
    /// Samples of each level.
    levels: Vec<usize>,
}

impl Default for ClippingMeter {
    fn default() -> Self {
        ClippingMeter {
            peak: 0.0,
            clipped: 0,
            run: 0,
            levels: vec![0; LEVELS],
        }
    }
}

impl ClippingMeter {
    /// Takes in the samples that follow.
    pub fn take(&mut self, samples: &[f32]) {
        for sample in samples {
            let level = sample.abs();
            self.levels[at(level)] += 1;
            if level * NEAR > self.peak {
                // What was at the top before was not.
                self.peak = level;
                (self.clipped, self.run) = (0, 1);
            } else if level >= NEAR * self.peak {
                self.run += 1;
            } else {
                self.clipped += self.ended_run();
                self.run = 0;
            }
        }
    }

    fn ended_run(&self) -> usize {
        match self.run >= RUN_MIN {
            true => self.run,
            false => 0,
        }
    }

    /// Fault: `Invalid` when so much was cut off that no voice can be told from the rest.
    pub fn check(&self) -> Result<(), Fault> {
        let loud: usize = self.levels[at(SOUND_MIN * self.peak)..].iter().sum();
        let clipped = self.clipped + self.ended_run();
        let share = clipped as f32 / loud.max(1) as f32;
        match self.peak >= PEAK_MIN && share > SHARE_MAX {
            true => Err(Fault::invalid(format!(
                "file is overdriven: {:.1} % of its sound is cut off at the top; at most {:.1} % is accepted. Record it with less gain",
                100.0 * share,
                100.0 * SHARE_MAX
            ))),
            false => Ok(()),
        }
    }
}

fn at(level: f32) -> usize {
    // What is not a number is silence.
    ((level / LOUDEST * LEVELS as f32) as usize).min(LEVELS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a sine of so many radians a sample, heard in pieces of a length that hits none of its peaks.
    fn said(gain: f32, step: f32) -> Result<(), String> {
        let samples: Vec<f32> = (0..16_000)
            .map(|n| (gain * (n as f32 * step).sin()).clamp(-1.0, 1.0))
            .collect();
        let mut top = ClippingMeter::default();
        samples.chunks(7).for_each(|piece| top.take(piece));
        top.check().map_err(|fault| fault.sentence)
    }

    #[test]
    fn overdriven_sound_is_told_from_loud_sound() {
        let why = said(3.0, 0.05).unwrap_err();
        // Of what is louder than a tenth of the top, that which is beyond a third of the sine.
        assert!(
            why.contains("overdriven: 80.") && why.contains("at most 1.0 %"),
            "{why}"
        );
        // A sine's own top is flat for a moment, but never three samples of speech's width.
        assert_eq!(said(0.99, 0.4), Ok(()));
        assert_eq!(said(0.3, 0.05), Ok(()), "quiet");
        assert_eq!(said(0.0, 0.05), Ok(()));
    }

    #[test]
    fn what_lies_below_a_later_peak_was_not_cut_off() {
        let mut top = ClippingMeter::default();
        top.take(&[0.8; 500]);
        assert!(top.check().is_err());
        top.take(&[0.9]);
        top.take(&[0.0; 500]);
        assert!(top.check().is_ok());
    }
}
