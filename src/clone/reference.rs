//! A recording that is to be cloned → the speech of one person, or a fault that says why it cannot be used.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clipping::ClippingMeter;
use super::quality::{self, Quality};
use crate::audio::dsp::resample::Resampled;
use crate::audio::{Clip, Samples};
use crate::engine::diarization::{Diarized, Turn};
use crate::engine::speaker::RATE_HZ;
use crate::fault::Fault;
use crate::limits::{CLONE_SPEECH_SECONDS_MAX, CLONE_SPEECH_SECONDS_MIN};

/// Seconds of sound kept before and after each stretch of speech.
const MARGIN_S: f64 = 0.1;
/// Seconds of speech from which another speaker counts; less may be a cough or an error of diarization.
const OTHER_SECONDS_MIN: f64 = 1.5;
/// Stretches of another speaker that a refusal names.
const NAMED_MAX: usize = 3;

/// The speech in a recording, and what the recording is like.
#[derive(Debug)]
pub struct ReferenceSpeech {
    pub clip: Clip,
    pub recording_s: f64,
    pub quality: Quality,
}

/// What to do with other speakers in a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    Refused,
    /// Only the speech of the speaker with most of it is taken.
    LeftOut,
}

/// The speech of one speaker in `recording`, at 16 kHz, levelled, without pauses and without what others say at the same time.
/// `diarize` must read its argument to the end, and returns who speaks when. The recording is read piece by piece; only its
/// sound at 16 kHz is whole in memory.
///
/// Faults: `Invalid` when too much of it is clipped, or it has no speech, less than `CLONE_SPEECH_SECONDS_MIN` or more
/// than `CLONE_SPEECH_SECONDS_MAX` of it, or several speakers who are to be refused; and those of `diarize`.
pub fn speech(
    recording: Box<dyn Samples>,
    others: Others,
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
    let speaker = main_speaker(&heard, others)?;
    let sound = std::mem::take(&mut *hold(&kept));
    let alone = joined(&heard, speaker);
    let at = |s: f64| ((s * f64::from(RATE_HZ)) as usize).min(sound.len());
    let mut samples: Vec<f32> = Vec::new();
    let mut taken_s = 0.0;
    for (number, span) in alone.iter().enumerate() {
        // The margins may hold the end of a word, but not what another speaker says.
        let is_free = |s: f64| {
            let speaks = |t: &&Turn| t.start_s < s && s < t.end_s;
            !heard
                .turns
                .iter()
                .filter(|t| t.speaker != speaker)
                .any(|t| speaks(&t))
        };
        let before_s = span.start - MARGIN_S;
        let start_s = if is_free(before_s) {
            before_s
        } else {
            span.start
        };
        let after_s = span.end + MARGIN_S;
        let end_s = match alone.get(number + 1) {
            Some(next) if next.start < after_s => span.end,
            _ if is_free(after_s) => after_s,
            _ => span.end,
        };
        samples.extend_from_slice(&sound[at(start_s.max(taken_s))..at(end_s)]);
        taken_s = end_s;
    }
    let quality = Quality::of(&samples, hold(&top).share(), length_s(&alone));
    Ok(ReferenceSpeech {
        clip: quality::levelled(samples),
        recording_s: sound.len() as f64 / f64::from(RATE_HZ),
        quality,
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

/// The speaker with most speech. Faults: as [`speech`].
fn main_speaker(heard: &Diarized, others: Others) -> Result<usize, Fault> {
    let (least, most) = (CLONE_SPEECH_SECONDS_MIN, CLONE_SPEECH_SECONDS_MAX);
    let turns = |speaker: usize| heard.turns.iter().filter(move |t| t.speaker == speaker);
    let spoken_s = |speaker: usize| turns(speaker).map(|t| t.end_s - t.start_s).sum::<f64>();
    let speakers = 0..heard.speakers;
    let main = speakers.max_by(|a, b| f64::total_cmp(&spoken_s(*a), &spoken_s(*b)));
    let Some(main) = main else {
        return Err(Fault::invalid(format!(
            "file holds no speech; {least:.0} to {most:.0} s of one person speaking are accepted"
        )));
    };
    let counts = |s: &usize| *s != main && spoken_s(*s) >= OTHER_SECONDS_MIN;
    let other: Vec<usize> = (0..heard.speakers).filter(counts).collect();
    if others == Others::Refused
        && let Some(second) = other.first()
    {
        let span = |t: &Turn| format!("from {:.1} to {:.1} s", t.start_s, t.end_s);
        let named: Vec<String> = turns(*second).take(NAMED_MAX).map(span).collect();
        return Err(Fault::invalid(format!(
            "file holds {} speakers; one is accepted. A second one speaks {}",
            other.len() + 1,
            named.join(", ")
        )));
    }
    let seconds = length_s(&joined(heard, main));
    if seconds < least || seconds > most {
        return Err(Fault::invalid(format!(
            "file holds {seconds:.1} s of speech; {least:.0} to {most:.0} s are accepted"
        )));
    }
    Ok(main)
}

/// The spans in which the speaker is heard alone, with short pauses between them filled, in which no other one speaks: a speaker
/// breathes.
fn joined(heard: &Diarized, speaker: usize) -> Vec<Range<f64>> {
    const PAUSE_S: f64 = 0.5;
    let others = || heard.turns.iter().filter(|t| t.speaker != speaker);
    let is_silent = |from: f64, to: f64| others().all(|t| t.end_s <= from || t.start_s >= to);
    let mut all: Vec<Range<f64>> = Vec::new();
    for span in heard.alone(speaker) {
        match all.last_mut() {
            Some(last) if span.start - last.end <= PAUSE_S && is_silent(last.end, span.start) => {
                last.end = span.end
            }
            _ => all.push(span),
        }
    }
    all
}

fn length_s(spans: &[Range<f64>]) -> f64 {
    spans.iter().map(|s| s.end - s.start).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::ClipReader;
    use crate::audio::pcm::read_all;

    /// The diarization of a recording of `seconds` seconds in which these turns were found.
    fn diarized(seconds: f64, turns: &[(f64, f64, usize)]) -> Diarized {
        let turn = |&(start_s, end_s, speaker): &(f64, f64, usize)| Turn {
            start_s,
            end_s,
            speaker,
        };
        Diarized {
            seconds,
            speakers: turns.iter().map(|t| t.2 + 1).max().unwrap_or(0),
            turns: turns.iter().map(turn).collect(),
            ..Diarized::default()
        }
    }

    /// The result for a tone at 48 kHz, of amplitude `gain` and clipped at 1, with `heard` as its diarization.
    fn taken(heard: Diarized, others: Others, gain: f32) -> Result<ReferenceSpeech, Fault> {
        let rate_hz = 48_000;
        let tone = |n| (gain * (n as f32 * 0.3).sin()).clamp(-1.0, 1.0);
        let samples = (0..(heard.seconds * f64::from(rate_hz)) as usize).map(tone);
        let recording = Box::new(ClipReader::from(Clip {
            samples: samples.collect(),
            rate_hz,
        }));
        super::speech(recording, others, |mut sound: Box<dyn Samples>| {
            let read = read_all(sound.as_mut())?;
            assert_eq!(read.rate_hz, RATE_HZ);
            assert!((read.seconds() - heard.seconds).abs() < 0.001);
            Ok(heard)
        })
    }

    fn refused(seconds: f64, turns: &[(f64, f64, usize)]) -> String {
        let outcome = taken(diarized(seconds, turns), Others::Refused, 0.01);
        outcome.unwrap_err().sentence
    }

    #[test]
    fn what_cannot_be_cloned_is_refused_with_its_reason() {
        assert!(refused(9.0, &[]).contains("no speech"));
        assert!(refused(9.0, &[(1.0, 3.5, 0)]).contains("2.5 s of speech; 3 to 60"));
        assert!(refused(90.0, &[(1.0, 70.0, 0)]).contains("69.0 s of speech"));
        let two = [(1.0, 5.0, 0), (5.0, 8.0, 1), (9.0, 9.5, 1)];
        let why = refused(10.0, &two);
        assert!(why.contains("2 speakers; one is accepted"), "{why}");
        assert!(
            why.contains("speaks from 5.0 to 8.0 s, from 9.0 to 9.5 s"),
            "{why}"
        );
    }

    #[test]
    fn speech_is_kept_without_pauses_and_level() {
        // A short turn of another speaker is dropped.
        let turns = [(1.0, 3.0, 0), (3.0, 4.0, 1), (6.0, 9.0, 0)];
        let made = taken(diarized(10.0, &turns), Others::Refused, 0.01).unwrap();
        let ReferenceSpeech {
            clip,
            recording_s,
            quality,
        } = made;
        // A margin before and after each stretch, but not of what the other says.
        assert!((clip.seconds() - 5.3).abs() < 0.01, "{}", clip.seconds());
        assert!((recording_s - 10.0).abs() < 0.001, "{recording_s}");
        assert!((quality.speech_s - 5.0).abs() < 0.001 && quality.clipping == 0.0);
        let power = clip.samples.iter().map(|s| s * s).sum::<f32>() / clip.samples.len() as f32;
        assert!((power.sqrt() - quality::RMS).abs() < 0.001);
    }

    #[test]
    fn of_several_speakers_the_one_with_most_speech_is_taken_alone() {
        let turns = [(0.0, 2.0, 0), (1.0, 6.0, 1), (5.0, 6.5, 0), (7.0, 9.0, 1)];
        let made = taken(diarized(10.0, &turns), Others::LeftOut, 0.01).unwrap();
        // 2 to 5 s and 7 to 9 s.
        assert!(
            (made.quality.speech_s - 5.0).abs() < 0.001,
            "{:?}",
            made.quality
        );
    }

    #[test]
    fn what_another_speaker_says_in_a_short_pause_is_left_out() {
        let turns = [(0.0, 5.0, 0), (2.0, 2.4, 1)];
        let made = taken(diarized(10.0, &turns), Others::LeftOut, 0.01).unwrap();
        let speech_s = made.quality.speech_s;
        assert!((speech_s - 4.6).abs() < 0.001, "{speech_s}");
    }

    #[test]
    fn what_is_overdriven_is_told_by_its_own_rate() {
        let heard = || diarized(6.0, &[(1.0, 5.0, 0)]);
        assert!(taken(heard(), Others::Refused, 0.9).is_ok());
        let why = taken(heard(), Others::Refused, 3.0).unwrap_err().sentence;
        assert!(why.contains("overdriven"));
    }
}
