//! Measures the loudness of a stretch of sound by EBU R 128, piece by piece.

use ebur128::{EbuR128, Mode};

use vocabox_base::fault::Fault;

/// Blocks of R 128 last 400 ms. Shorter sound than this is measured as if it were repeated.
const MEASURED_S_MIN: f64 = 0.8;
/// Quieter than this is silence (R 128's absolute gate).
const SILENCE_LUFS: f64 = -70.0;

/// A meter of sound in 1 or 2 channels; its memory does not grow beyond about a second of sound.
pub struct Meter {
    meter: EbuR128,
    /// The start of the sound, until it is long enough to be measured directly.
    short: Vec<f32>,
    /// Values (of all channels) from which on it is long enough.
    enough: usize,
}

impl Meter {
    /// Returns a meter of interleaved frames of `channels` at `rate_hz`. Faults: `Internal` when the meter does not
    /// support them.
    pub fn new(channels: usize, rate_hz: u32) -> Result<Self, Fault> {
        // A histogram, so that hours take no more memory than seconds.
        let mode = Mode::I | Mode::HISTOGRAM;
        let meter = EbuR128::new(channels as u32, rate_hz, mode).map_err(Fault::internal)?;
        Ok(Meter {
            meter,
            short: Vec::new(),
            enough: (MEASURED_S_MIN * f64::from(rate_hz)) as usize * channels,
        })
    }

    /// Adds whole `frames`. Faults: `Internal`.
    pub fn hear(&mut self, frames: &[f32]) -> Result<(), Fault> {
        if self.short.len() < self.enough {
            self.short.extend_from_slice(frames);
        }
        self.meter.add_frames_f32(frames).map_err(Fault::internal)
    }

    /// Returns the integrated loudness (LUFS) of everything added; none for silence.
    pub fn lufs(mut self) -> Option<f64> {
        if self.short.is_empty() {
            return None;
        }
        if self.short.len() < self.enough {
            let again = self.enough.div_ceil(self.short.len());
            for _ in 0..again {
                self.meter.add_frames_f32(&self.short).ok()?;
            }
        }
        let lufs = self.meter.loudness_global().ok();
        lufs.filter(|l| *l > SILENCE_LUFS)
    }
}

/// Returns the integrated loudness (LUFS) of mono `sound`; none for silence.
pub fn lufs(sound: &[f32], rate_hz: u32) -> Option<f64> {
    let mut meter = Meter::new(1, rate_hz).ok()?;
    meter.hear(sound).ok()?;
    meter.lufs()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ITU-R BS.1770-5: a sine of 997 Hz at full scale in one channel has −3.01 LUFS.
    fn sine(seconds: f64) -> Vec<f32> {
        let step = std::f64::consts::TAU * 997.0 / 48_000.0;
        (0..(48_000.0 * seconds) as usize)
            .map(|n| (n as f64 * step).sin() as f32)
            .collect()
    }

    #[test]
    fn a_sine_has_the_loudness_that_the_standard_gives_it_however_short() {
        for seconds in [0.05, 0.2, 0.39, 0.5, 1.0, 10.0] {
            let found = lufs(&sine(seconds), 48_000).unwrap();
            assert!((found + 3.01).abs() < 0.2, "{seconds} s: {found}");
        }
        let mut stereo = Meter::new(2, 48_000).unwrap();
        let both: Vec<f32> = sine(2.0).into_iter().flat_map(|s| [s, s]).collect();
        both.chunks(2_000).for_each(|c| stereo.hear(c).unwrap());
        assert!(stereo.lufs().unwrap().abs() < 0.1);
    }

    #[test]
    fn silence_has_none() {
        assert_eq!(lufs(&[], 48_000), None);
        assert_eq!(lufs(&[0.0; 48_000], 48_000), None);
        assert_eq!(lufs(&[1e-6; 100], 48_000), None);
    }
}
