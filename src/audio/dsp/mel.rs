//! Mel spectra for every recipe that the packs name: Whisper's log-mel and the speaker encoder's power mel.
//!
//! A short-time power spectrum over centred windows, gathered into bands on Slaney's mel scale. The
//! transform, the window and the bands are made once and reused; a hop allocates nothing. Checked against
//! librosa 0.11 and openai/whisper's `log_mel_spectrogram`.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use crate::dsp::mel_bands::{self, Band};
pub use crate::dsp::mel_recipe::{MelPadding, MelRecipe};
use vocabox_base::fault::Fault;

/// A recipe with its transform, window and bands, ready to run.
#[derive(Clone)]
pub struct Mel {
    recipe: MelRecipe,
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    bands: Vec<Band>,
    frame: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    power: Vec<f32>,
    scratch: Vec<Complex<f32>>,
}

impl Mel {
    /// Prepares `recipe`.
    ///
    /// Faults: `Internal` when a length is 0, a band edge is not in 0 ≤ low < high, or `high_hz` is above
    /// half the rate: the pack is wrong.
    pub fn new(recipe: MelRecipe) -> Result<Self, Fault> {
        let nyquist = recipe.rate_hz as f32 / 2.0;
        let lengths = [recipe.window_samples, recipe.hop_samples, recipe.bands];
        let edges =
            0.0 <= recipe.low_hz && recipe.low_hz < recipe.high_hz && recipe.high_hz <= nyquist;
        if lengths.contains(&0) || !edges {
            return Err(Fault::internal(format!("mel recipe {recipe:?}")));
        }
        Ok(Mel::ready(recipe))
    }

    /// Returns Whisper's spectrum, of 80 or (large-v3) 128 bands; for [`Mel::log_mel`].
    pub fn whisper(bands: usize) -> Self {
        Mel::ready(MelRecipe::whisper(bands.max(1)))
    }

    /// Returns the GE2E speaker encoder's spectrum, of 40 bands; for [`Mel::power`].
    pub fn ge2e() -> Self {
        Mel::ready(MelRecipe::GE2E)
    }

    fn ready(recipe: MelRecipe) -> Self {
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(recipe.window_samples);
        Mel {
            window: hann(recipe.window_samples),
            bands: mel_bands::slaney(&recipe),
            frame: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            power: vec![0.0; recipe.window_samples / 2 + 1],
            scratch: fft.make_scratch_vec(),
            fft,
            recipe,
        }
    }

    /// Returns the recipe.
    pub fn recipe(&self) -> &MelRecipe {
        &self.recipe
    }

    /// Returns the number of hops of `samples` samples: one on each multiple of the hop, both ends included.
    pub fn hops(&self, samples: usize) -> usize {
        match samples {
            0 => 0,
            _ => 1 + samples / self.recipe.hop_samples,
        }
    }

    /// Returns the band powers `[hops, bands] f32`, hop after hop, for [`Mel::hops`] hops; not logarithmic.
    ///
    /// `samples` are in [−1, 1] at the recipe's rate. The result is that of librosa's `melspectrogram` (power 2),
    /// transposed.
    pub fn power(&mut self, samples: &[f32]) -> Vec<f32> {
        let bands = self.recipe.bands;
        let mut out = vec![0.0; self.hops(samples.len()) * bands];
        for (hop, row) in out.chunks_exact_mut(bands).enumerate() {
            self.hop(samples, samples.len(), hop);
            for (value, band) in row.iter_mut().zip(&self.bands) {
                *value = band.gather(&self.power);
            }
        }
        out
    }

    /// Returns Whisper's features `[bands, hops] f32`: log₁₀ of the band power, at least −10, at least the window's
    /// loudest − 8, then (x + 4) / 4.
    ///
    /// `samples` are in [−1, 1] at the recipe's rate; only the first `hops` · hop_samples of them are used, and silence
    /// is added at the end up to that length. Source: `log_mel_spectrogram` in openai/whisper, which drops the last of
    /// the 1 + hops windows.
    pub fn log_mel(&mut self, samples: &[f32], hops: usize) -> Vec<f32> {
        const POWER_MIN: f32 = 1e-10;
        const RANGE: f32 = 8.0;
        let padded = hops * self.recipe.hop_samples;
        let samples = &samples[..samples.len().min(padded)];
        let silence = POWER_MIN.log10();
        let mut out = vec![silence; self.recipe.bands * hops];
        let mut loudest = silence;
        for hop in 0..hops {
            // From a whole window after the last sample on there is only silence, with or without the mirrored edge.
            if hop * self.recipe.hop_samples >= samples.len() + self.recipe.window_samples {
                break;
            }
            self.hop(samples, padded, hop);
            for (band, filter) in self.bands.iter().enumerate() {
                let value = filter.gather(&self.power).max(POWER_MIN).log10();
                loudest = loudest.max(value);
                out[band * hops + hop] = value;
            }
        }
        for value in &mut out {
            *value = (value.max(loudest - RANGE) + 4.0) / 4.0;
        }
        out
    }

    /// Fills `power` with the spectrum of the window centred on `hop`, over `samples` followed by silence
    /// up to `padded` samples.
    fn hop(&mut self, samples: &[f32], padded: usize, hop: usize) {
        let half = self.recipe.window_samples / 2;
        let centre = hop * self.recipe.hop_samples;
        let inside = centre
            .checked_sub(half)
            .and_then(|start| samples.get(start..start + self.window.len()));
        match inside {
            Some(run) => {
                for ((slot, sample), weight) in self.frame.iter_mut().zip(run).zip(&self.window) {
                    *slot = sample * weight;
                }
            }
            None => {
                for (n, (slot, weight)) in self.frame.iter_mut().zip(&self.window).enumerate() {
                    let at = (centre + n) as isize - half as isize;
                    let at = match self.recipe.padding {
                        MelPadding::Reflect => Some(reflect(at, padded)),
                        MelPadding::Zero => usize::try_from(at).ok(),
                    };
                    *slot = at.and_then(|at| samples.get(at)).unwrap_or(&0.0) * weight;
                }
            }
        }
        // The plan can refuse lengths only, and these are its own.
        let done =
            self.fft
                .process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch);
        debug_assert!(done.is_ok());
        for (power, bin) in self.power.iter_mut().zip(&self.spectrum) {
            *power = bin.norm_sqr();
        }
    }
}

/// The index that `at` mirrors to in 0..`length`, without repeating the ends, however far out it is.
fn reflect(at: isize, length: usize) -> usize {
    if length <= 1 {
        return 0;
    }
    let period = 2 * (length - 1);
    let at = at.rem_euclid(period as isize) as usize;
    at.min(period - at)
}

/// A periodic Hann window: scipy's `hann(n, sym=False)`, torch's `hann_window(n)`.
fn hann(samples: usize) -> Vec<f32> {
    let step = std::f64::consts::TAU / samples as f64;
    (0..samples)
        .map(|n| (0.5 - 0.5 * (step * n as f64).cos()) as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest difference to the reference in Whisper's units, where one is four decades. Measured: 1e-5.
    const LOG_MEL_TOLERANCE: f32 = 1e-4;
    /// Largest relative difference of a band's power.
    const POWER_TOLERANCE: f32 = 1e-4;

    /// 0.1 s of a fading tone and a sweep at 16 kHz; the reference values below are of the same formula.
    fn sound(samples: usize) -> Vec<f32> {
        let value = |n: usize| {
            let t = n as f64 / 16_000.0;
            let tone = 0.4 * (std::f64::consts::TAU * 220.0 * t).sin() * (-0.5 * t).exp();
            let sweep = 0.2 * (std::f64::consts::TAU * (500.0 * t + 900.0 * t * t)).sin();
            (tone + sweep) as f32
        };
        (0..samples).map(value).collect()
    }

    /// openai/whisper's formula in numpy, float64, librosa 0.11's filterbank: (band, hop, value).
    #[test]
    fn log_mel_is_whispers() {
        let reference = [
            (0, 0, 1.135_206),
            (5, 3, 1.361_066),
            (20, 0, 0.775_739),
            (40, 9, -0.231_212),
            (79, 10, -0.232_177),
            (60, 19, -0.637_821),
        ];
        let made = Mel::whisper(80).log_mel(&sound(1_600), 20);
        assert_eq!(made.len(), 80 * 20);
        for (band, hop, value) in reference {
            let off: f32 = made[band * 20 + hop] - value;
            assert!(
                off.abs() < LOG_MEL_TOLERANCE,
                "band {band}, hop {hop}: {off}"
            );
        }
    }

    /// librosa 0.11's `melspectrogram(n_fft=400, hop_length=160, n_mels=40, pad_mode="reflect")`: (hop, band, value).
    #[test]
    fn power_is_librosas() {
        let reference = [
            (0, 0, 4.501_916),
            (0, 6, 2.381_800_3),
            (5, 4, 0.005_495_573),
            (10, 3, 4.462_788_6),
        ];
        let made = Mel::ge2e().power(&sound(1_600));
        assert_eq!(made.len(), 11 * 40);
        for (hop, band, value) in reference {
            let off: f32 = made[hop * 40 + band] / value - 1.0;
            assert!(off.abs() < POWER_TOLERANCE, "hop {hop}, band {band}: {off}");
        }
    }

    #[test]
    fn a_thirty_second_window_has_three_thousand_hops() {
        let mut mel = Mel::whisper(128);
        for samples in [0, 1, 100, 480_000, 500_000] {
            let made = mel.log_mel(&sound(samples), 3_000);
            assert_eq!(made.len(), 128 * 3_000);
            assert!(made.iter().all(|x| x.is_finite()));
        }
        assert_eq!(mel.log_mel(&[], 3_000)[0], -1.5);
    }

    /// Left out and worked out, the silence after the sound is the same.
    #[test]
    fn silence_is_skipped_without_a_trace() {
        let mut whole = sound(1_000);
        let mut mel = Mel::whisper(80);
        let short = mel.log_mel(&whole, 50);
        whole.resize(8_000, 0.0);
        assert_eq!(short, mel.log_mel(&whole, 50));
    }

    #[test]
    fn edges_mirror_or_are_silent() {
        assert_eq!(
            (-3..9).map(|at| reflect(at, 4)).collect::<Vec<_>>(),
            [3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2]
        );
        assert_eq!(reflect(-5, 1), 0);
        let zero = MelRecipe {
            padding: MelPadding::Zero,
            ..MelRecipe::GE2E
        };
        let (made, mirrored) = (
            Mel::new(zero).unwrap().power(&sound(1_600)),
            Mel::ge2e().power(&sound(1_600)),
        );
        assert_ne!(made[..40], mirrored[..40]);
        assert_eq!(made[5 * 40..6 * 40], mirrored[5 * 40..6 * 40]);
        assert!(Mel::ge2e().power(&[]).is_empty());
    }

    #[test]
    fn a_wrong_recipe_is_refused() {
        let good = MelRecipe::GE2E;
        assert!(
            Mel::new(MelRecipe {
                hop_samples: 0,
                ..good
            })
            .is_err()
        );
        assert!(
            Mel::new(MelRecipe {
                high_hz: 8_001.0,
                ..good
            })
            .is_err()
        );
        assert!(
            Mel::new(MelRecipe {
                low_hz: f32::NAN,
                ..good
            })
            .is_err()
        );
    }
}
