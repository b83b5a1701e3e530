//! A recording that is to be cloned → the speech of one person, or a fault that says why it cannot be used.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clipping::ClippingMeter;
use crate::audio::dsp::resample::Resampled;
use crate::audio::{Clip, Samples};
use crate::engine::diarization::Diarized;
use crate::engine::speaker::RATE_HZ;
use crate::fault::Fault;
use crate::limits::{CLONE_SPEECH_SECONDS_MAX, CLONE_SPEECH_SECONDS_MIN};

/// Seconds of sound kept before and after each stretch of speech.
const MARGIN_S: f64 = 0.1;
/// Seconds of speech from which another speaker counts; less may be a cough or an error of diarization.
const OTHER_SECONDS_MIN: f64 = 1.5;
/// Root mean square to which speech is amplified (−23 dBFS), unless its peak would exceed the second value.
const RMS: f32 = 0.070_8;
const PEAK_MAX: f32 = 0.98;

/// The speech in a recording, and how long the recording is.
#[derive(Debug)]
pub struct ReferenceSpeech {
    pub clip: Clip,
    pub recording_s: f64,
}

/// The speech in `recording`, at 16 kHz, levelled and without pauses. `diarize` must read its argument to the end, and
/// returns who speaks when. The recording is read piece by piece; only its sound at 16 kHz is whole in memory.
///
/// Faults: `Invalid` when too much of it is clipped, or it has no speech, less than `CLONE_SPEECH_SECONDS_MIN` or more
/// than `CLONE_SPEECH_SECONDS_MAX` of it, or more than one speaker; and those of `diarize`.
pub fn speech(
    recording: Box<dyn Samples>,
    diarize: impl FnOnce(Box<dyn Samples>) -> Result<Diarized, Fault>,
) -> Result<ReferenceSpeech, Fault> {
    let (kept, top) = (
        Collected::<Vec<f32>>::default(),
        Collected::<ClippingMeter>::default(),
    );
    let source = Tee {
        source: recording,
        take: {
            let top = top.clone();
            move |samples: &[f32]| hold(&top).take(samples)
        },
    };
    let source = Tee {
        source: Box::new(Resampled::new(Box::new(source), RATE_HZ)?),
        take: {
            let kept = kept.clone();
            move |samples: &[f32]| hold(&kept).extend_from_slice(samples)
        },
    };
    let heard = diarize(Box::new(source))?;
    hold(&top).check()?;
    check(&heard)?;
    let sound = std::mem::take(&mut *hold(&kept));
    let margin = (MARGIN_S * f64::from(RATE_HZ)) as usize;
    let mut samples: Vec<f32> = Vec::new();
    let mut taken = 0;
    for range in &heard.speech {
        let start = range.start.saturating_sub(margin).max(taken);
        let end = (range.end + margin).min(sound.len());
        samples.extend_from_slice(&sound[start..end]);
        taken = end;
    }
    Ok(ReferenceSpeech {
        clip: levelled(samples),
        recording_s: sound.len() as f64 / f64::from(RATE_HZ),
    })
}

/// A value that the reader of a recording collects for its caller.
type Collected<T> = Arc<Mutex<T>>;

fn hold<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A source of samples that passes each block to `take`, too.
struct Tee<T> {
    source: Box<dyn Samples>,
    take: T,
}

impl<T: FnMut(&[f32]) + Send> Samples for Tee<T> {
    fn rate_hz(&self) -> u32 {
        self.source.rate_hz()
    }

    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        let before = out.len();
        let read = self.source.read(out, most)?;
        (self.take)(&out[before..]);
        Ok(read)
    }
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
    use crate::audio::ClipReader;
    use crate::audio::pcm::read_all;
    use crate::engine::diarization::Turn;

    /// The result for a recording of `seconds` seconds, given the diarization: spans of speech, and speakers' turns.
    fn taken(
        seconds: f64,
        speech: &[(f64, f64)],
        turns: &[(f64, f64, usize)],
    ) -> Result<ReferenceSpeech, Fault> {
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
        heard_as(heard, 0.01)
    }

    /// The result for a tone at 48 kHz, of amplitude `gain` and clipped at 1, with `heard` as its diarization.
    fn heard_as(heard: Diarized, gain: f32) -> Result<ReferenceSpeech, Fault> {
        let rate_hz = 48_000;
        let tone = |n| (gain * (n as f32 * 0.3).sin()).clamp(-1.0, 1.0);
        let samples = (0..(heard.seconds * f64::from(rate_hz)) as usize).map(tone);
        let recording = Box::new(ClipReader::from(Clip {
            samples: samples.collect(),
            rate_hz,
        }));
        super::speech(recording, |mut sound| {
            let read = read_all(sound.as_mut())?;
            assert_eq!(read.rate_hz, RATE_HZ);
            assert!((read.seconds() - heard.seconds).abs() < 0.001);
            Ok(heard)
        })
    }

    fn why(outcome: Result<ReferenceSpeech, Fault>) -> String {
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
        // A short turn of another speaker is dropped.
        let turns = [(1.0, 3.0, 0), (3.0, 4.0, 1), (6.0, 9.0, 0)];
        let made = taken(10.0, &[(1.0, 4.0), (6.0, 9.0)], &turns).unwrap();
        let ReferenceSpeech { clip, recording_s } = made;
        assert!((clip.seconds() - 6.4).abs() < 0.01, "{}", clip.seconds());
        assert!((recording_s - 10.0).abs() < 0.001, "{recording_s}");
        let power = clip.samples.iter().map(|s| s * s).sum::<f32>() / clip.samples.len() as f32;
        assert!((power.sqrt() - RMS).abs() < 0.001);
    }

    #[test]
    fn what_is_overdriven_is_told_by_its_own_rate() {
        let heard = Diarized {
            seconds: 6.0,
            speakers: 1,
            turns: Vec::new(),
            speech: std::iter::once(16_000..80_000).collect(),
        };
        assert!(heard_as(heard.clone(), 0.9).is_ok());
        assert!(why(heard_as(heard, 3.0)).contains("overdriven"));
    }
}
