//! Mel bands over the bins of a power spectrum, kept without their zeros.

use crate::dsp::mel_recipe::MelRecipe;

/// One band: the first spectrum bin with a weight, and the weight of each bin from there on.
#[derive(Clone)]
pub struct Band {
    first: usize,
    weights: Vec<f32>,
}

impl Band {
    /// Returns the band's power; `power` has that of every bin.
    pub fn gather(&self, power: &[f32]) -> f32 {
        let run = &power[self.first..self.first + self.weights.len()];
        self.weights.iter().zip(run).map(|(w, p)| w * p).sum()
    }
}

/// Returns triangular filters on Slaney's mel scale, each of the same area: librosa's `filters.mel` with its defaults.
pub fn slaney(recipe: &MelRecipe) -> Vec<Band> {
    let (low, high) = (
        hz_to_mel(f64::from(recipe.low_hz)),
        hz_to_mel(f64::from(recipe.high_hz)),
    );
    let step = (high - low) / (recipe.bands + 1) as f64;
    let corner = |n: usize| mel_to_hz(low + step * n as f64);
    let bin_hz = f64::from(recipe.rate_hz) / recipe.window_samples as f64;
    (0..recipe.bands)
        .map(|band| {
            let (left, peak, right) = (corner(band), corner(band + 1), corner(band + 2));
            let weight = |bin: usize| {
                let hz = bin as f64 * bin_hz;
                let rising = (hz - left) / (peak - left);
                let falling = (right - hz) / (right - peak);
                rising.min(falling).max(0.0) * 2.0 / (right - left)
            };
            // A low band can be narrower than a bin and contain none.
            let bins = 0..recipe.window_samples / 2 + 1;
            let first = bins.clone().find(|bin| weight(*bin) > 0.0).unwrap_or(0);
            let weights = (first..bins.end)
                .map(weight)
                .take_while(|weight| *weight > 0.0)
                .map(|weight| weight as f32)
                .collect();
            Band { first, weights }
        })
        .collect()
}

/// Slaney's scale (Auditory Toolbox, 1998): linear below 1 kHz, 15 mels; then a factor 6.4 each 27 mels.
const LINEAR_HZ: f64 = 200.0 / 3.0;
const BREAK_HZ: f64 = 1_000.0;
const BREAK_MEL: f64 = 15.0;

fn log_step() -> f64 {
    6.4f64.ln() / 27.0
}

fn hz_to_mel(hz: f64) -> f64 {
    match hz >= BREAK_HZ {
        true => BREAK_MEL + (hz / BREAK_HZ).ln() / log_step(),
        false => hz / LINEAR_HZ,
    }
}

fn mel_to_hz(mel: f64) -> f64 {
    match mel >= BREAK_MEL {
        true => BREAK_HZ * (log_step() * (mel - BREAK_MEL)).exp(),
        false => mel * LINEAR_HZ,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of librosa 0.11's `filters.mel(sr=16000, n_fft=400, n_mels=80)`.
    #[test]
    fn bands_are_librosas() {
        let bands = slaney(&MelRecipe::whisper(80));
        assert_eq!(bands.len(), 80);
        assert_eq!(bands[0].first, 1);
        assert!((bands[0].weights[0] - 0.024_862_594).abs() < 1e-8);
        assert_eq!(bands[40].first, 42);
        assert!((bands[40].weights[0] - 0.005_411_11).abs() < 1e-7);
        let sum: f32 = bands.iter().flat_map(|band| &band.weights).sum();
        assert!((sum - 1.999_024).abs() < 1e-5);
    }
}
