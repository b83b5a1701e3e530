//! How loud a recording is from hop to hop, and the gain that brings quiet sound to the level that models know.
//!
//! Both models were trained on recordings at usual levels. What is quiet in a recording is judged by the recording itself:
//! by the loudest sound nearby, and by its noise floor.

use std::ops::Range;

/// Root mean square below which a hop is digital silence (−86 dBFS, 1.6 steps of 16 bits), which holds no speech at any gain:
/// samples that are 0 or ±1 in turns have −93 dBFS. At −80 dBFS, speech of three steps lost 10 of 119 words
/// (benches/runs/2026-11-30-transcription.md).
pub const SILENCE_RMS: f32 = 5e-5;
/// Level to which the loudest hop nearby is raised (−25 dBFS); louder sound is not changed.
const LOUD_RMS: f32 = 0.056_23;
/// Level above which the gain does not raise the noise floor (−45 dBFS).
const FLOOR_RMS: f32 = 0.005_623;
/// Speech below this level (−36 dBFS) is raised to `LOUD_RMS` for transcription: speakers who are far away are skipped
/// beside near ones.
const QUIET_RMS: f32 = 0.015_849;
/// Samples over which the gain changes between two stretches of speech, and samples of one value of a stretch's level.
const RAMP: usize = 800;
const PART: usize = 512;
/// The share of hops that are quieter than the noise floor.
const FLOOR_SHARE: usize = 10;

/// Returns the root mean square of samples; 0 for none.
pub fn rms(samples: &[f32]) -> f32 {
    let energy: f32 = samples.iter().map(|s| s * s).sum();
    (energy / samples.len().max(1) as f32).sqrt()
}

/// Returns the level below which a tenth of the hops are that are no digital silence; 0 where all are.
pub fn noise_floor(levels: &[f32]) -> f32 {
    let mut heard: Vec<f32> = levels
        .iter()
        .copied()
        .filter(|l| *l > SILENCE_RMS)
        .collect();
    let at = heard.len() / FLOOR_SHARE;
    if heard.is_empty() {
        return 0.0;
    }
    *heard.select_nth_unstable_by(at, f32::total_cmp).1
}

/// Returns the gain, at least 1, at which a hop is heard whose loudest hop nearby has the level `loudest`, above a noise
/// floor of `floor`.
pub fn gain(loudest: f32, floor: f32) -> f32 {
    let wanted = LOUD_RMS / loudest.max(SILENCE_RMS);
    let bearable = FLOOR_RMS / floor.max(SILENCE_RMS);
    wanted.min(bearable.max(1.0)).max(1.0)
}

/// Returns the level of the louder half of a stretch of speech.
fn speech_level(samples: &[f32]) -> f32 {
    let mut levels: Vec<f32> = samples.chunks(PART).map(rms).collect();
    levels.sort_by(f32::total_cmp);
    let loud = &levels[levels.len() / 2..];
    rms(loud)
}

/// Raises each quiet stretch of `speech` in `samples` to a usual level, and the sound around it up to the middle of the
/// pauses. The stretches are ordered and do not overlap.
pub fn raise_quiet(samples: &mut [f32], speech: &[Range<usize>]) {
    let gain_of = |range: &Range<usize>| {
        let level = speech_level(&samples[range.clone()]);
        match level < QUIET_RMS {
            true => LOUD_RMS / level.max(SILENCE_RMS),
            false => 1.0,
        }
    };
    let gains: Vec<f32> = speech.iter().map(gain_of).collect();
    if gains.iter().all(|gain| *gain == 1.0) {
        return;
    }
    let mut gain = gains[0];
    let mut at = 0;
    for (n, wanted) in gains.iter().enumerate() {
        let middle = |n: usize| (speech[n].end + speech[n + 1].start) / 2;
        let until = match n + 1 < speech.len() {
            true => middle(n),
            false => samples.len(),
        };
        let step = (wanted - gain) / RAMP as f32;
        for (passed, sample) in samples[at..until].iter_mut().enumerate() {
            gain = if passed < RAMP { gain + step } else { *wanted };
            *sample = (*sample * gain).clamp(-1.0, 1.0);
        }
        (gain, at) = (*wanted, until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(level: f32, samples: usize) -> Vec<f32> {
        let sample = |n: usize| level * std::f32::consts::SQRT_2 * (n as f32 * 0.3).sin();
        (0..samples).map(sample).collect()
    }

    #[test]
    fn quiet_sound_is_raised_unless_that_raises_the_noise() {
        assert_eq!(gain(0.1, 1e-3), 1.0);
        assert!(
            (gain(1e-3, 2e-4) - 28.1).abs() < 0.1,
            "up to the bearable noise"
        );
        assert!(
            (gain(1e-3, 1e-5) - 56.2).abs() < 0.1,
            "up to the usual level"
        );
        assert_eq!(gain(1e-3, 1e-2), 1.0);
        assert_eq!(
            noise_floor(&[0.0, 2e-5]),
            0.0,
            "digital silence is no noise"
        );
        let mut levels = vec![0.1; 90];
        levels.extend([0.002; 10]);
        assert_eq!(noise_floor(&levels[..]), 0.1);
        levels.push(0.002);
        assert_eq!(noise_floor(&levels[..]), 0.002);
    }

    #[test]
    fn far_speech_is_as_loud_as_near_speech_and_near_speech_is_not_changed() {
        let mut sound = tone(0.1, 8_000);
        sound.extend(vec![0.0; 8_000]);
        sound.extend(tone(0.003, 8_000));
        let near = sound[..8_000].to_vec();
        raise_quiet(&mut sound, &[0..8_000, 16_000..24_000]);
        assert_eq!(sound[..8_000], near);
        assert!((rms(&sound[16_000..]) - LOUD_RMS).abs() < 0.002);
        let mut silent = vec![0.0; 4_000];
        raise_quiet(&mut silent, &[1_000..2_000, 3_000..4_000]);
        assert_eq!(silent, [0.0; 4_000]);
    }
}
