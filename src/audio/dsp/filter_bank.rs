//! Kaldi's log-mel filter banks, as speaker encoders are trained on them.
//!
//! Source: kaldi `feature-fbank.cc`, `feature-window.cc`, with its defaults but for 80 bands and no dither. Checked against
//! 3D-Speaker's features (torchaudio's `compliance.kaldi.fbank`).

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Samples a second of what is read.
pub const RATE_HZ: u32 = 16_000;
/// Samples of a window (25 ms), and from one to the next (10 ms).
pub const WINDOW_SAMPLES: usize = 400;
pub const HOP_SAMPLES: usize = 160;
/// Bands of each hop.
pub const BANDS: usize = 80;
/// Samples of the transform: the next power of two.
const TRANSFORM: usize = 512;
/// Range of the bands.
const LOW_HZ: f64 = 20.0;
const HIGH_HZ: f64 = RATE_HZ as f64 / 2.0;
/// Share of a sample that is taken off the next one.
const EMPHASIS: f32 = 0.97;
/// Exponent of the Hann window.
const POVEY: f64 = 0.85;

/// The transform, the window and the bands.
pub struct FilterBank {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    /// Of each band the first bin with a weight, and the weight of each bin from there on.
    bands: Vec<(usize, Vec<f32>)>,
}

impl Default for FilterBank {
    fn default() -> Self {
        let last = (WINDOW_SAMPLES - 1) as f64;
        let hann = |n: usize| 0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / last).cos();
        FilterBank {
            fft: RealFftPlanner::new().plan_fft_forward(TRANSFORM),
            window: (0..WINDOW_SAMPLES)
                .map(|n| hann(n).powf(POVEY) as f32)
                .collect(),
            bands: bands(),
        }
    }
}

impl FilterBank {
    /// Returns the logarithms of the band energies, `[hops, 80] f32`: a hop for each whole window of `samples`, which are in
    /// [−1, 1] at 16 kHz; none where they are shorter than a window.
    pub fn log_energies(&self, samples: &[f32]) -> Vec<f32> {
        let hops = match samples.len().checked_sub(WINDOW_SAMPLES) {
            Some(more) => 1 + more / HOP_SAMPLES,
            None => 0,
        };
        let mut frame = self.fft.make_input_vec();
        let mut spectrum: Vec<Complex<f32>> = self.fft.make_output_vec();
        let mut scratch = self.fft.make_scratch_vec();
        let mut power = vec![0.0_f32; spectrum.len()];
        let mut made = Vec::with_capacity(hops * BANDS);
        for hop in 0..hops {
            let start = hop * HOP_SAMPLES;
            let samples = &samples[start..start + WINDOW_SAMPLES];
            let mean = samples.iter().sum::<f32>() / WINDOW_SAMPLES as f32;
            let mut before = samples[0] - mean;
            for ((slot, sample), weight) in frame.iter_mut().zip(samples).zip(&self.window) {
                let centred = sample - mean;
                *slot = (centred - EMPHASIS * before) * weight;
                before = centred;
            }
            frame[WINDOW_SAMPLES..].fill(0.0);
            // The plan can refuse lengths only, and these are its own.
            let done = self
                .fft
                .process_with_scratch(&mut frame, &mut spectrum, &mut scratch);
            debug_assert!(done.is_ok());
            for (power, bin) in power.iter_mut().zip(&spectrum) {
                *power = bin.norm_sqr();
            }
            for (first, weights) in &self.bands {
                let run = &power[*first..*first + weights.len()];
                let energy: f32 = weights.iter().zip(run).map(|(w, p)| w * p).sum();
                made.push(energy.max(f32::EPSILON).ln());
            }
        }
        made
    }
}

/// Takes the mean of each band over all hops off `features`, `[hops, 80]`.
pub fn centre(features: &mut [f32]) {
    let hops = (features.len() / BANDS).max(1);
    let mut mean = vec![0.0_f64; BANDS];
    for hop in features.chunks_exact(BANDS) {
        mean.iter_mut()
            .zip(hop)
            .for_each(|(m, x)| *m += f64::from(*x));
    }
    for hop in features.chunks_exact_mut(BANDS) {
        for (value, sum) in hop.iter_mut().zip(&mean) {
            *value -= (sum / hops as f64) as f32;
        }
    }
}

/// Triangles of height 1 whose corners are equally far apart on the mel scale, where their slopes are straight.
fn bands() -> Vec<(usize, Vec<f32>)> {
    let mel = |hz: f64| 1127.0 * (1.0 + hz / 700.0).ln();
    let step = (mel(HIGH_HZ) - mel(LOW_HZ)) / (BANDS + 1) as f64;
    let bin_hz = f64::from(RATE_HZ) / TRANSFORM as f64;
    let band = |band: usize| {
        let left = mel(LOW_HZ) + step * band as f64;
        let weight = |bin: usize| {
            let at = mel(bin as f64 * bin_hz);
            ((at - left) / step).min((left + 2.0 * step - at) / step)
        };
        let bins = 0..TRANSFORM / 2 + 1;
        let first = bins.clone().find(|bin| weight(*bin) > 0.0).unwrap_or(0);
        let weights = (first..bins.end)
            .map(weight)
            .take_while(|weight| *weight > 0.0);
        (first, weights.map(|weight| weight as f32).collect())
    };
    (0..BANDS).map(band).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest difference to the reference, in nepers.
    const TOLERANCE: f32 = 2e-3;

    /// 0.1 s of a fading tone and a sweep at 16 kHz.
    fn sound() -> Vec<f32> {
        let value = |n: usize| {
            let t = n as f64 / 16_000.0;
            let tone = 0.4 * (std::f64::consts::TAU * 220.0 * t).sin() * (-0.5 * t).exp();
            let sweep = 0.2 * (std::f64::consts::TAU * (500.0 * t + 900.0 * t * t)).sin();
            (tone + sweep) as f32
        };
        (0..1_600).map(value).collect()
    }

    /// `torchaudio.compliance.kaldi.fbank(num_mel_bins=80, sample_frequency=16000, dither=0)`: (hop, band, value).
    #[test]
    fn log_energies_are_kaldis() {
        let reference = [
            (0, 0, -5.568_24),
            (0, 11, -5.819_26),
            (3, 20, -2.958_99),
            (1, 5, 0.126_35),
            (7, 17, -2.827_57),
            (6, 79, -15.942_38),
        ];
        let made = FilterBank::default().log_energies(&sound());
        assert_eq!(made.len(), 8 * BANDS);
        for (hop, band, value) in reference {
            let off: f32 = made[hop * BANDS + band] - value;
            assert!(off.abs() < TOLERANCE, "hop {hop}, band {band}: {off}");
        }
    }

    #[test]
    fn loudness_is_gone_once_the_mean_is() {
        let bank = FilterBank::default();
        let mut state = 1_u32;
        let noise: Vec<f32> = (0..3_200)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 24) as f32 - 0.5
            })
            .collect();
        let centred = |gain: f32| {
            let sound: Vec<f32> = noise.iter().map(|s| s * gain).collect();
            let mut made = bank.log_energies(&sound);
            centre(&mut made);
            made
        };
        let (loud, quiet) = (centred(1.0), centred(0.1));
        let apart = |(a, b): (&f32, &f32)| (a - b).abs();
        let off = loud.iter().zip(&quiet).map(apart).fold(0.0, f32::max);
        assert!(off < 0.01, "{off}");
        assert!(bank.log_energies(&[0.1; WINDOW_SAMPLES - 1]).is_empty());
        centre(&mut []);
    }
}
