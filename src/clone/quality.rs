//! What a recording of a speaker is like: how noisy, how clipped, and how long.

use crate::audio::Clip;
use crate::engine::speaker::RATE_HZ;

/// Root mean square to which speech is amplified (−23 dBFS), unless its peak would exceed the second value.
pub const RMS: f32 = 0.070_8;
const PEAK_MAX: f32 = 0.98;
/// Samples of a moment whose level counts: 20 ms.
const MOMENT: usize = RATE_HZ as usize / 50;
/// Quantile of the moments' powers that is taken for the noise: the pauses within speech are about a tenth of it.
const QUIET: f32 = 0.05;
/// Greatest ratio of speech to noise that is told, in dB; digital silence has no noise at all.
const SNR_DB_MAX: f32 = 60.0;

/// The quality of a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Power of the speech over that of the noise in its short pauses, in dB: 0 to 60, an estimate.
    pub snr_db: f32,
    /// Share of the sound that is clipped, 0 to 1.
    pub clipping: f32,
    /// Seconds of speech that are used.
    pub speech_s: f64,
}

impl Quality {
    /// The quality of speech at 16 kHz of which `clipping` is clipped and that lasts `speech_s`.
    pub fn of(samples: &[f32], clipping: f32, speech_s: f64) -> Self {
        let mut powers: Vec<f32> = samples.chunks_exact(MOMENT).map(power).collect();
        powers.sort_by(f32::total_cmp);
        let at = (QUIET * powers.len() as f32) as usize;
        let noise = powers.get(at).copied().unwrap_or(0.0).max(1e-12);
        let speech = (power(samples) - noise).max(0.0);
        Quality {
            snr_db: (10.0 * (speech / noise).max(1.0).log10()).min(SNR_DB_MAX),
            clipping,
            speech_s,
        }
    }
}

/// The mean square of `samples`, 0 for none.
fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32
}

/// The clip of `samples` at 16 kHz at the level of a reference.
pub fn levelled(mut samples: Vec<f32>) -> Clip {
    let peak = samples.iter().fold(0.0_f32, |m, s| m.max(s.abs()));
    let gain = (RMS / power(&samples).sqrt().max(1e-6)).min(PEAK_MAX / peak.max(1e-6));
    samples.iter_mut().for_each(|s| *s *= gain);
    Clip {
        samples,
        rate_hz: RATE_HZ,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tone that pauses for a fifth of each second, with noise of this level.
    fn spoken(noise: f32) -> Vec<f32> {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let tone = |n: usize| match n % 16_000 < 12_800 {
            true => 0.3 * (n as f32 * 0.1).sin(),
            false => 0.0,
        };
        (0..80_000).map(|n| tone(n) + noise * random()).collect()
    }

    #[test]
    fn noise_in_the_pauses_is_told_at_any_level() {
        let snr_db = |noise: f32, gain: f32| {
            let samples: Vec<f32> = spoken(noise).iter().map(|s| s * gain).collect();
            Quality::of(&samples, 0.0, 5.0).snr_db
        };
        // Power of the tone 0.036, of the noise a third of its squared level.
        let expected = 10.0 * (0.036_f32 / (0.03 * 0.03 / 3.0)).log10();
        assert!((snr_db(0.03, 1.0) - expected).abs() < 1.0);
        assert!((snr_db(0.03, 1.0) - snr_db(0.03, 0.01)).abs() < 0.1);
        assert_eq!(snr_db(0.0, 1.0), SNR_DB_MAX);
        assert_eq!(Quality::of(&[], 0.0, 0.0).snr_db, 0.0);
    }
}
