//! Speaking rate: syllables a second, found by the rises of loudness.
//!
//! Method: de Jong and Wempe 2009, "Praat script to detect syllable nuclei and measure speech rate automatically":
//! peaks of intensity with a dip of at least 2 dB before them. The paper counts voiced peaks only; this module counts
//! loud ones.

use crate::pcm::Clip;

/// Seconds of one loudness value, and how many values are averaged: a syllable lasts some ten of them.
const HOP_S: f32 = 0.01;
const SMOOTH: usize = 5;
/// A nucleus is at least this much (dB) above the dip before it, and at most this much below the loudest.
const DIP_DB: f32 = 2.0;
const UNDER_DB: f32 = 25.0;

/// Returns the syllables a second of `clip`, pauses included; 0 for silence.
pub fn syllables_per_second(clip: &Clip) -> f32 {
    let loudness = loudness(clip);
    let loudest = loudness.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut nuclei = 0_u32;
    let (mut dip, mut peak) = (f32::INFINITY, f32::NEG_INFINITY);
    for db in loudness.into_iter().chain([f32::NEG_INFINITY]) {
        peak = peak.max(db);
        if peak - dip >= DIP_DB {
            // While loudness rises: the peak has passed once it has fallen by as much.
            if peak - db >= DIP_DB {
                nuclei += u32::from(peak >= loudest - UNDER_DB);
                (dip, peak) = (db, db);
            }
        } else if db < dip {
            (dip, peak) = (db, db);
        }
    }
    match clip.samples.is_empty() {
        true => 0.0,
        false => nuclei as f32 / clip.seconds() as f32,
    }
}

/// Returns the smoothed loudness (dB) of each hop.
fn loudness(clip: &Clip) -> Vec<f32> {
    let hop = ((HOP_S * clip.rate_hz as f32) as usize).max(1);
    let power: Vec<f32> = clip
        .samples
        .chunks_exact(hop)
        .map(|c| c.iter().map(|s| s * s).sum::<f32>() / hop as f32)
        .collect();
    let mean = |run: &[f32]| run.iter().sum::<f32>() / run.len() as f32;
    let audible = |power: f32| (power > 1e-9).then(|| 10.0 * power.log10());
    let smooth = power.windows(SMOOTH.min(power.len().max(1)));
    smooth
        .map(|run| audible(mean(run)).unwrap_or(-90.0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `rate` bursts of sound a second for five seconds.
    fn bursts(rate: f32) -> Clip {
        let samples = (0..80_000).map(|n| {
            let time = n as f32 / 16_000.0;
            let gain = (0.5 - 0.5 * (std::f32::consts::TAU * time * rate).cos()) * 0.3 + 0.01;
            gain * (time * 1_000.0).sin()
        });
        Clip {
            samples: samples.collect(),
            rate_hz: 16_000,
        }
    }

    #[test]
    fn bursts_of_sound_are_counted() {
        for rate in [2.0, 4.0, 6.0] {
            let counted = syllables_per_second(&bursts(rate));
            assert!((counted - rate).abs() <= 0.25, "{rate}: {counted}");
        }
    }

    #[test]
    fn silence_and_a_steady_tone_have_no_syllables_to_speak_of() {
        let clip = |samples: Vec<f32>| Clip {
            samples,
            rate_hz: 16_000,
        };
        assert_eq!(syllables_per_second(&clip(vec![0.0; 16_000])), 0.0);
        assert_eq!(syllables_per_second(&clip(Vec::new())), 0.0);
        let tone = (0..80_000).map(|n| 0.3 * (n as f32 * 0.3).sin()).collect();
        assert!(syllables_per_second(&clip(tone)) <= 0.4);
    }
}
