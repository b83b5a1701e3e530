//! The limiter for sound that streams: no true peak above a ceiling, one gain for all channels, a delay of about ten
//! milliseconds that is compensated at the end. The result does not depend on how the sound is cut into pieces.

use crate::loudness::limiter::{ATTACK_S, REACH, RELEASE_S, lowest, peaks, smoothed};

/// A gain this near to 1 is set to 1: the recovery would never end otherwise.
const BACK: f32 = 0.9999;

/// Holds the peaks of one stream.
pub struct StreamLimiter {
    channels: usize,
    ceiling: f32,
    /// Frames over which gain goes down, and the share of the recovery in each frame.
    attack: usize,
    back: f32,
    /// Interleaved frames: some that were output already, for their gains, and those that wait.
    sound: Vec<f32>,
    /// Frames of `sound` that were output.
    left: usize,
    /// Gains of the first frames of `sound`, before they are smoothed.
    gains: Vec<f32>,
}

impl StreamLimiter {
    /// Returns a limiter of interleaved frames of `channels` at `rate_hz`, which stays below `ceiling` (an amplitude)
    /// except for some hundredths of a decibel.
    pub fn new(channels: usize, rate_hz: u32, ceiling: f32) -> Self {
        StreamLimiter {
            channels: channels.max(1),
            ceiling,
            attack: ((ATTACK_S * f64::from(rate_hz)) as usize).max(1),
            back: 1.0 - (-1.0 / (RELEASE_S * f64::from(rate_hz))).exp() as f32,
            sound: Vec::new(),
            left: 0,
            gains: Vec::new(),
        }
    }

    /// Adds whole `frames` and appends to `out` those that later frames cannot change.
    pub fn push(&mut self, frames: &[f32], out: &mut Vec<f32>) {
        self.sound.extend_from_slice(frames);
        self.advance(false, out);
    }

    /// Appends the rest to `out`: as many frames in total as came.
    pub fn finish(mut self, out: &mut Vec<f32>) {
        self.advance(true, out);
    }

    fn advance(&mut self, is_end: bool, out: &mut Vec<f32>) {
        let frames = self.sound.len() / self.channels;
        // A peak is known once the samples that it is computed from are, a gain once the peaks in reach are, and its
        // mean once the gains are.
        let known = match is_end {
            true => frames,
            false => frames.saturating_sub(self.attack + REACH + 1),
        };
        let leaving = match is_end {
            true => frames,
            false => known.saturating_sub(self.attack + 1),
        };
        if leaving <= self.left {
            return;
        }
        let peaks = self.peaks();
        let loudest = peaks.iter().fold(0.0, |most: f32, p| most.max(*p));
        let is_calm = loudest <= self.ceiling && self.gains.iter().all(|g| *g == 1.0);
        let (from, until) = (self.left * self.channels, leaving * self.channels);
        if is_calm {
            self.gains.resize(known.max(self.gains.len()), 1.0);
            out.extend_from_slice(&self.sound[from..until]);
        } else {
            let allowed = lowest(&peaks, self.attack, self.ceiling);
            let mut gain = self.gains.last().copied().unwrap_or(1.0);
            for allowed in allowed.iter().take(known).skip(self.gains.len()) {
                gain += (1.0 - gain) * self.back;
                gain = if gain > BACK { 1.0 } else { gain }.min(*allowed);
                self.gains.push(gain);
            }
            let smooth = smoothed(&self.gains, self.attack);
            let waiting = self.sound[from..until].chunks_exact(self.channels);
            for (frame, gain) in waiting.zip(&smooth[self.left..]) {
                out.extend(frame.iter().map(|s| s * gain));
            }
        }
        self.left = leaving;
        // Keeps what the next gains are smoothed with and the next peaks computed from.
        let gone = leaving.saturating_sub(self.attack + 2 * REACH);
        self.sound.drain(..gone * self.channels);
        self.gains.drain(..gone);
        self.left -= gone;
    }

    /// Returns the highest amplitude of any channel at each frame.
    fn peaks(&self) -> Vec<f32> {
        let channel = |at: usize| -> Vec<f32> {
            let frames = self.sound.iter().skip(at);
            let samples: Vec<f32> = frames.step_by(self.channels).copied().collect();
            peaks(&samples, self.ceiling)
        };
        (1..self.channels).fold(channel(0), |highest, at| {
            let both = highest.iter().zip(channel(at));
            both.map(|(a, b)| a.max(b)).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ebur128::{EbuR128, Mode};

    /// Noise of two channels that swells far above full scale now and then.
    fn noise(frames: usize) -> Vec<f32> {
        let mut state = 1_u32;
        (0..2 * frames)
            .map(|n| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let white = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
                let swell = ((n / 2) as f32 / 9_000.0).sin();
                white * (0.2 + 1.8 * swell.max(0.0).powi(4))
            })
            .collect()
    }

    fn run(sound: &[f32], ceiling: f32, pieces: usize) -> Vec<f32> {
        let (mut running, mut out) = (StreamLimiter::new(2, 48_000, ceiling), Vec::new());
        for piece in sound.chunks(2 * pieces) {
            running.push(piece, &mut out);
        }
        running.finish(&mut out);
        out
    }

    #[test]
    fn no_peak_passes_the_ceiling_and_all_frames_come_out() {
        let sound = noise(200_000);
        let held = run(&sound, 0.87, 24_000);
        assert_eq!(held.len(), sound.len());
        let mut meter = EbuR128::new(2, 48_000, Mode::TRUE_PEAK).unwrap();
        meter.add_frames_f32(&held).unwrap();
        let peak = meter.true_peak(0).unwrap().max(meter.true_peak(1).unwrap());
        // −1.2 dB asked for, −1 dBTP promised.
        assert!(peak < 10f64.powf(-1.0 / 20.0), "{peak}");
        assert!(peak > 0.8, "{peak}");
        let gains: Vec<f32> = held.iter().zip(&sound).map(|(h, s)| h / s).collect();
        let step = gains.windows(2).map(|w| (w[1] - w[0]).abs());
        assert!(step.fold(0.0, f32::max) < 0.01);
        assert!(gains.iter().filter(|g| **g > 0.999).count() > gains.len() / 10);
    }

    #[test]
    fn pieces_of_any_length_make_the_same() {
        let sound = noise(60_000);
        let whole = run(&sound, 0.87, 60_000);
        for pieces in [61, 1_000, 24_000] {
            let made = run(&sound, 0.87, pieces);
            let off = made.iter().zip(&whole).map(|(a, b)| (a - b).abs());
            assert!(off.fold(0.0, f32::max) < 1e-5, "{pieces}");
            assert_eq!(made.len(), whole.len());
        }
    }

    #[test]
    fn what_is_below_the_ceiling_is_not_touched() {
        let quiet: Vec<f32> = noise(5_000).iter().map(|s| s * 0.2).collect();
        assert!(run(&quiet, 0.87, 700) == quiet);
        assert!(run(&[], 0.87, 1).is_empty());
        assert!(run(&[0.1, -0.1], 0.87, 1) == [0.1, -0.1]);
    }
}
