//! The likeness of two voices: the measurements of each, and one number from both.

use serde::{Deserialize, Serialize};

use crate::audio::dsp::pitch::Pitch;
use crate::audio::dsp::spectrum;
use crate::audio::pcm::Clip;

/// Cost of a semitone of difference in median and in range of the pitch, in units of cosine, and the greatest
/// difference that counts. The encoder is hardly sensitive to pitch, but listeners are.
const MEDIAN_COST: f32 = 0.015;
const RANGE_COST: f32 = 0.004;
const SEMITONES_MAX: f32 = 8.0;
/// Cost of a difference of one neper between the spectra. When the nearest of 54 stock voices was searched among the
/// others, 0.05 to 0.2 chose voices that another encoder found 0.005 to 0.009 more similar (mean cosine) than those
/// that the cosine alone chose. That cosine, and the costs above, were of the encoder GE2E; with CAM++, whose cosines differ more,
/// they were not measured.
const SPECTRUM_COST: f32 = 0.1;

/// The measurements of a voice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The speaker encoder's embedding, of length 1.
    pub direction: Vec<f32>,
    /// None if too little of the speech is voiced.
    pub pitch: Option<Pitch>,
    /// The mean spectrum, see [`spectrum::mean`].
    pub spectrum: Vec<f32>,
    /// Syllables a second.
    pub pace: f32,
}

impl Measured {
    /// Measures the speech in `clip` (16 kHz), whose embedding is `direction`.
    pub fn of(clip: &Clip, direction: Vec<f32>) -> Self {
        Measured {
            direction,
            pitch: Pitch::of(clip),
            spectrum: spectrum::mean(&clip.samples),
            pace: crate::audio::dsp::speaking_rate::syllables_per_second(clip),
        }
    }
}

/// The likeness of `measured` to `target`, at most 1: the cosine of their embeddings minus the costs of the differences
/// of pitch and spectrum.
pub fn likeness(measured: &Measured, target: &Measured) -> f32 {
    let cosine: f32 = (measured.direction.iter().zip(&target.direction))
        .map(|(a, b)| a * b)
        .sum();
    cosine
        - pitch_cost(measured.pitch, target.pitch)
        - spectrum_cost(&measured.spectrum, &target.spectrum)
}

/// The cost of the difference of two spectra.
pub fn spectrum_cost(spectrum: &[f32], target: &[f32]) -> f32 {
    SPECTRUM_COST * spectrum::distance(spectrum, target)
}

/// The cost of the difference of pitch: 0 if the target has no pitch, the greatest cost if only the other has none.
pub fn pitch_cost(pitch: Option<Pitch>, target: Option<Pitch>) -> f32 {
    let Some(target) = target else {
        return 0.0;
    };
    let (median, range) = match pitch {
        Some(pitch) => (pitch.median - target.median, pitch.range - target.range),
        None => (SEMITONES_MAX, SEMITONES_MAX),
    };
    MEDIAN_COST * median.abs().min(SEMITONES_MAX) + RANGE_COST * range.abs().min(SEMITONES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(direction: [f32; 2], median: f32) -> Measured {
        Measured {
            direction: direction.to_vec(),
            pitch: Some(Pitch { median, range: 5.0 }),
            spectrum: vec![1.0, -1.0],
            pace: 4.0,
        }
    }

    #[test]
    fn the_same_voice_is_alike_and_an_octave_and_a_neper_cost() {
        let target = measured([0.6, 0.8], 0.0);
        assert!((likeness(&target, &target) - 1.0).abs() < 1e-6);
        let higher = likeness(&measured([0.6, 0.8], 12.0), &target);
        assert!((higher - (1.0 - 0.12)).abs() < 1e-6, "{higher}");
        let brighter = Measured {
            spectrum: vec![0.0, 0.0],
            ..target.clone()
        };
        assert!((likeness(&brighter, &target) - 0.9).abs() < 1e-6);
        let unvoiced = Measured {
            pitch: None,
            ..target.clone()
        };
        assert!(likeness(&unvoiced, &target) < higher);
        assert_eq!(likeness(&target, &unvoiced), 1.0);
    }
}
