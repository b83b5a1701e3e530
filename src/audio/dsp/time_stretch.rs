//! Makes speech shorter or longer at its own pitch.
//!
//! Uses the crate `timestretch`, a phase vocoder that works at 32 kHz and above. In its duration-preserving mode the
//! pitch deviates, by at most 1.4 % in what was measured; in the other mode the result is some hundred samples short.

use timestretch::{
    Backend, Parameters, PitchRatio, RatioConstraint, SessionConfig, TempoRate, render,
};

use crate::dsp::resample::resample_clip;
use crate::pcm::Clip;
use vocabox_base::fault::Fault;

/// Samples a second of the result.
pub const RATE_HZ: u32 = 48_000;
/// Bounds of the speed factor: outside of them speech is harder to understand.
pub const FASTER_MIN: f64 = 0.5;
pub const FASTER_MAX: f64 = 2.0;

/// Returns `clip` at [`RATE_HZ`] and `faster` times as fast, of exactly round(n / `faster`) samples, n being its
/// samples at [`RATE_HZ`]; at 1 it is only resampled. Samples may exceed [−1, 1] by some decibels, so a limiter has to
/// follow.
///
/// Faults: `Internal` when `faster` is not within [`FASTER_MIN`] to [`FASTER_MAX`], or the clip's rate is 0.
pub fn stretch(clip: &Clip, faster: f64) -> Result<Clip, Fault> {
    if !(FASTER_MIN..=FASTER_MAX).contains(&faster) {
        return Err(Fault::internal(format!("speech {faster} times as fast")));
    }
    let clip = resample_clip(clip, RATE_HZ)?;
    if faster == 1.0 || clip.samples.is_empty() {
        return Ok(clip);
    }
    let wanted = (clip.samples.len() as f64 / faster).round() as usize;
    let config = SessionConfig {
        source_sample_rate: RATE_HZ,
        output_sample_rate: RATE_HZ,
        channels: 1,
        backend: Backend::Portable,
        parameters: Parameters {
            tempo: TempoRate::new(faster).map_err(Fault::internal)?,
            pitch: PitchRatio::UNITY,
            constraint: RatioConstraint::PreserveDuration,
        },
        ..SessionConfig::default()
    };
    let mut samples = render(&clip.samples, config)
        .map_err(Fault::internal)?
        .samples;
    // The library's rounding may differ by a sample.
    samples.resize(wanted, 0.0);
    Ok(Clip {
        samples,
        rate_hz: RATE_HZ,
    })
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;

    use super::*;
    use crate::dsp::pitch::Pitch;
    use crate::{decode, pcm};

    /// Ten seconds of a reader's voice, at 24 kHz.
    fn speech() -> Clip {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let file = File::open(root.join("models/test-speech/two_cities.wav"));
        let file = file.expect("scripts/fetch-models test-speech was run");
        let clip = pcm::read_all(&mut decode::open(file, 600.0).unwrap()).unwrap();
        let mut clip = resample_clip(&clip, 24_000).unwrap();
        clip.samples = clip.samples[24_000..11 * 24_000].to_vec();
        clip
    }

    #[test]
    fn speech_of_another_pace_has_its_exact_length_and_its_own_pitch() {
        let speech = speech();
        let before = Pitch::of(&speech).unwrap();
        for faster in [0.8, 0.9, 1.0, 1.07, 1.25] {
            let made = stretch(&speech, faster).unwrap();
            let wanted = (2.0 * speech.samples.len() as f64 / faster).round() as usize;
            assert_eq!((made.samples.len(), made.rate_hz), (wanted, 48_000));
            let after = Pitch::of(&made).unwrap();
            let off = 2f32.powf((after.median - before.median) / 12.0) - 1.0;
            assert!(off.abs() < 0.02, "{faster}: {:.2} %", 100.0 * off);
            let power = |s: &[f32]| s.iter().map(|s| s * s).sum::<f32>() / s.len() as f32;
            let louder = 10.0 * (power(&made.samples) / power(&speech.samples)).log10();
            assert!(louder.abs() < 1.0, "{faster}: {louder} dB");
        }
    }

    #[test]
    fn short_and_impossible_ones_are_answered() {
        let short = |samples: usize| Clip {
            samples: vec![0.1; samples],
            rate_hz: 24_000,
        };
        for samples in [0, 1, 7, 300] {
            let made = stretch(&short(samples), 1.25).unwrap();
            let wanted = (2.0 * samples as f64 / 1.25).round() as usize;
            assert_eq!(made.samples.len(), wanted);
        }
        for faster in [0.0, 0.4, 2.1, f64::NAN] {
            assert!(stretch(&short(300), faster).is_err(), "{faster}");
        }
    }
}
