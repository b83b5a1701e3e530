//! How much of a recording is clipped, measured piece by piece.

use crate::fault::Fault;

/// Consecutive samples at the peak that count as clipped, and the share of clipped samples above which a voice cannot
/// be measured.
const RUN_MIN: usize = 3;
const SHARE_MAX: f32 = 0.01;
/// Least peak of a recording that can be clipped: a quiet recording is not, even with flat peaks.
const PEAK_MIN: f32 = 0.5;
/// Shares of the peak: samples above the first are at the peak, samples below the second do not count as sound.
const NEAR: f32 = 0.995;
const SOUND_MIN: f32 = 0.1;
/// Number of levels in the histogram, and the highest level: samples beyond it count as that level.
const LEVELS: usize = 1_000;
const LOUDEST: f32 = 2.0;

/// Counts of the samples so far, at the recording's own rate, because resampling rounds clipped peaks.
pub struct ClippingMeter {
    /// The peak: no sample so far exceeds it by more than `NEAR` allows.
    peak: f32,
    /// Samples in ended runs at the peak, and, in `run`, in the current one.
    clipped: usize,
    run: usize,
    /// Histogram: number of samples of each level.
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
    /// Counts the next samples.
    pub fn take(&mut self, samples: &[f32]) {
        for sample in samples {
            let level = sample.abs();
            self.levels[at(level)] += 1;
            if level * NEAR > self.peak {
                // There is a higher peak, so that earlier runs were not at the peak.
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

    /// Returns the share of the sound that is clipped, 0 to 1.
    pub fn share(&self) -> f32 {
        let loud: usize = self.levels[at(SOUND_MIN * self.peak)..].iter().sum();
        let clipped = self.clipped + self.ended_run();
        match self.peak >= PEAK_MIN {
            true => clipped as f32 / loud.max(1) as f32,
            false => 0.0,
        }
    }

    /// Fault: `Invalid` when so many samples are clipped that the voice cannot be measured.
    pub fn check(&self) -> Result<(), Fault> {
        let share = self.share();
        match share > SHARE_MAX {
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
    // NaN counts as silence: the cast makes it 0.
    ((level / LOUDEST * LEVELS as f32) as usize).min(LEVELS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdict on a sine of `step` radians a sample, clipped at 1 and measured in pieces of 7 samples.
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
        // A sine of amplitude 3 is clipped where it exceeds 1: in 80 % of the samples that exceed a tenth of the peak.
        assert!(
            why.contains("overdriven: 80.") && why.contains("at most 1.0 %"),
            "{why}"
        );
        // The top of an unclipped sine is flat, but at the frequencies of speech for fewer than three samples.
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
