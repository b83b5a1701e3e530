//! A recording that somebody sent to be cloned → the speech of one person, or a sentence that says why not.

use crate::audio::resample::resample_clip;
use crate::audio::{Clip, ClipReader};
use crate::engine::contract::Watch;
use crate::engine::diarize::Diarized;
use crate::engine::speaker::RATE_HZ;
use crate::fault::Fault;
use crate::limits::{CLONE_SPEECH_SECONDS_MAX, CLONE_SPEECH_SECONDS_MIN};

/// Seconds of sound kept before and after each stretch of speech.
const MARGIN_S: f64 = 0.1;
/// Seconds of speech from which on somebody else counts: less is a cough, or a guess.
const OTHER_SECONDS_MIN: f64 = 1.5;
/// Root mean square that speech is brought to (−23 dBFS), and the peak that may cost it some of that.
const RMS: f32 = 0.070_8;
const PEAK_MAX: f32 = 0.98;
/// Samples in a row at the very top that a converter was overdriven for, and the share of all samples in such runs from which
/// on the sound of the voice is gone.
const CLIPPED_RUN_MIN: usize = 3;
const CLIPPED_SHARE_MAX: f32 = 0.01;
/// Loudness of the top: a quiet recording is not clipped, however flat its peaks.
const CLIPPED_PEAK_MIN: f32 = 0.5;

/// Whether so much of the recording, at its own rate, is cut off at the top that no voice can be told from it. Fault: `Invalid`.
pub fn check_clipping(clip: &Clip) -> Result<(), Fault> {
    let peak = clip.samples.iter().fold(0.0_f32, |m, s| m.max(s.abs()));
    let loud = clip.samples.iter().filter(|s| s.abs() > 0.1 * peak).count();
    let (mut clipped, mut run) = (0, 0);
    for sample in clip.samples.iter().chain([&0.0]) {
        if sample.abs() >= 0.995 * peak {
            run += 1;
            continue;
        }
        if run >= CLIPPED_RUN_MIN {
            clipped += run;
        }
        run = 0;
    }
    let share = clipped as f32 / loud.max(1) as f32;
    match peak >= CLIPPED_PEAK_MIN && share > CLIPPED_SHARE_MAX {
        true => Err(Fault::invalid(format!(
            "file is overdriven: {:.0} % of its sound is cut off at the top; at most {:.0} % is accepted. Record it with less gain",
            100.0 * share,
            100.0 * CLIPPED_SHARE_MAX
        ))),
        false => Ok(()),
    }
}

/// The speech in `clip`, at 16 kHz, level and without its pauses, once `diarize` has told who speaks when.
///
/// Faults: `Invalid` when there is no speech, less than `CLONE_SPEECH_SECONDS_MIN`, more than `CLONE_SPEECH_SECONDS_MAX`, or
/// more than one speaker; and those of `diarize`.
pub fn speech(
    clip: &Clip,
    diarize: impl FnOnce(ClipReader, &Watch) -> Result<Diarized, Fault>,
    watch: &Watch,
) -> Result<Clip, Fault> {
    let clip = resample_clip(clip, RATE_HZ)?;
    let heard = diarize(clip.clone().into(), watch)?;
    check(&heard)?;
    let margin = (MARGIN_S * f64::from(RATE_HZ)) as usize;
    let mut samples: Vec<f32> = Vec::new();
    let mut taken = 0;
    for range in &heard.speech {
        let start = range.start.saturating_sub(margin).max(taken);
        let end = (range.end + margin).min(clip.samples.len());
        samples.extend_from_slice(&clip.samples[start..end]);
        taken = end;
    }
    Ok(levelled(samples))
}

fn check(heard: &Diarized) -> Result<(), Fault> {
    let samples: usize = heard.speech.iter().map(|r| r.len()).sum();
    let seconds = samples as f64 / f64::from(RATE_HZ);
    let (least, most) = (CLONE_SPEECH_SECONDS_MIN, CLONE_SPEECH_SECONDS_MAX);
    if samples == 0 {
        return Err(Fault::invalid(format!(
            "file holds no speech; {least:.0} to {most:.0} s of one person speaking are accepted"
        )));
    }
    if seconds < least || seconds > most {
        return Err(Fault::invalid(format!(
            "file holds {seconds:.1} s of speech; {least:.0} to {most:.0} s are accepted"
        )));
    }
    let spoken = |speaker: usize| {
        let turns = heard.turns.iter().filter(|t| t.speaker == speaker);
        turns.map(|t| t.end_s - t.start_s).sum::<f64>()
    };
    let speakers = (0..heard.speakers).filter(|s| spoken(*s) >= OTHER_SECONDS_MIN);
    match speakers.count() {
        0 | 1 => Ok(()),
        count => Err(Fault::invalid(format!(
            "file holds {count} speakers; one is accepted"
        ))),
    }
}

fn levelled(mut samples: Vec<f32>) -> Clip {
    let power = samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32;
    let peak = samples.iter().fold(0.0_f32, |m, s| m.max(s.abs()));
    let gain = (RMS / power.sqrt().max(1e-6)).min(PEAK_MAX / peak.max(1e-6));
    samples.iter_mut().for_each(|s| *s *= gain);
    Clip {
        samples,
        rate_hz: RATE_HZ,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::diarize::Turn;
    use std::time::{Duration, Instant};

    fn clip(samples: Vec<f32>) -> Clip {
        Clip {
            samples,
            rate_hz: RATE_HZ,
        }
    }

    /// A recording of `seconds`, and what was heard in it: where there is speech, and who has how much of it.
    fn taken(
        seconds: f64,
        speech: &[(f64, f64)],
        turns: &[(f64, f64, usize)],
    ) -> Result<Clip, Fault> {
        let at = |s: f64| (s * f64::from(RATE_HZ)) as usize;
        let heard = Diarized {
            seconds,
            speakers: turns.iter().map(|t| t.2 + 1).max().unwrap_or(0),
            turns: turns
                .iter()
                .map(|(start_s, end_s, speaker)| Turn {
                    start_s: *start_s,
                    end_s: *end_s,
                    speaker: *speaker,
                })
                .collect(),
            speech: speech.iter().map(|(a, b)| at(*a)..at(*b)).collect(),
        };
        let sound = (0..at(seconds))
            .map(|n| 0.01 * (n as f32 * 0.1).sin())
            .collect();
        let watch = Watch::until(Instant::now() + Duration::from_secs(60));
        super::speech(&clip(sound), |_, _| Ok(heard), &watch)
    }

    fn why(outcome: Result<Clip, Fault>) -> String {
        outcome.unwrap_err().sentence
    }

    #[test]
    fn what_cannot_be_cloned_is_refused_with_its_reason() {
        assert!(why(taken(9.0, &[], &[])).contains("no speech"));
        assert!(
            why(taken(9.0, &[(1.0, 3.5)], &[(1.0, 3.5, 0)])).contains("2.5 s of speech; 3 to 60")
        );
        assert!(why(taken(90.0, &[(1.0, 70.0)], &[(1.0, 70.0, 0)])).contains("69.0 s of speech"));
        let two = [(1.0, 5.0, 0), (5.0, 8.0, 1)];
        assert!(why(taken(9.0, &[(1.0, 8.0)], &two)).contains("2 speakers; one is accepted"));
    }

    #[test]
    fn speech_is_kept_without_pauses_and_level() {
        // A cough of somebody else is none.
        let turns = [(1.0, 3.0, 0), (3.0, 4.0, 1), (6.0, 9.0, 0)];
        let made = taken(10.0, &[(1.0, 4.0), (6.0, 9.0)], &turns).unwrap();
        assert!((made.seconds() - 6.4).abs() < 0.01, "{}", made.seconds());
        let power = made.samples.iter().map(|s| s * s).sum::<f32>() / made.samples.len() as f32;
        assert!((power.sqrt() - RMS).abs() < 0.001);
    }

    #[test]
    fn overdriven_sound_is_told_from_loud_sound() {
        let sine = |gain: f32| {
            clip(
                (0..16_000)
                    .map(|n| (gain * (n as f32 * 0.05).sin()).clamp(-1.0, 1.0))
                    .collect(),
            )
        };
        assert!(
            check_clipping(&sine(3.0))
                .unwrap_err()
                .sentence
                .contains("overdriven")
        );
        // A sine's own top is flat for a moment, but never three samples of speech's width.
        let loud = clip((0..16_000).map(|n| 0.99 * (n as f32 * 0.4).sin()).collect());
        assert!(check_clipping(&loud).is_ok());
        assert!(check_clipping(&clip(vec![0.0; 100])).is_ok());
    }
}
