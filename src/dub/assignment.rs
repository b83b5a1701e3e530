//! Assigns a voice to each speaker of the original.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::request::ScriptLine;
use super::sound::{SPEECH_RATE_HZ, excerpts};
use super::voices::{DubVoice, DubVoices, no_voice};
use crate::audio::dsp::pitch::Pitch;
use crate::audio::{Clip, Samples};
use crate::engine::contract::CancellationToken;
use crate::fault::{Fault, Kind};
use crate::store::AccountId;

/// Most seconds of a speaker's lines that an imitation uses; fewer than the 60 s that cloning accepts.
const SECONDS_MAX: f64 = 45.0;
/// Median pitch, in semitones over 100 Hz, that separates men's voices from women's: 165 Hz (Titze, "Principles of
/// Voice Production", gives 125 Hz and 210 Hz as their means).
const HIGH: f32 = 8.67;

/// A voice for each speaker: the one that `map` names, else an imitation of the speaker; if there is too little speech
/// for that or cloning is not installed, a stock voice of the language, preferably of similar pitch and not assigned to
/// another speaker. `open` opens the original's sound, mono at [`SPEECH_RATE_HZ`], if it has any.
///
/// Faults: those of [`DubVoices`] and of reading, and `Missing` when no voice reads `language`.
pub fn assign(
    voices: &DubVoices,
    account: Option<AccountId>,
    segments: &[ScriptLine],
    map: &BTreeMap<String, String>,
    language: &str,
    open: &dyn Fn() -> Result<Option<Box<dyn Samples>>, Fault>,
    cancellation: &CancellationToken,
) -> Result<HashMap<String, DubVoice>, Fault> {
    let mut speakers: Vec<&str> = Vec::new();
    for segment in segments {
        if !speakers.contains(&segment.speaker.as_str()) {
            speakers.push(&segment.speaker);
        }
    }
    let mut assigned = HashMap::new();
    let (named, others): (Vec<&str>, Vec<&str>) =
        speakers.into_iter().partition(|s| map.contains_key(*s));
    for speaker in named {
        let voice = voices.named(account, &map[speaker], language)?;
        assigned.insert(speaker.to_owned(), voice);
    }
    let speeches = match others.is_empty() {
        true => Vec::new(),
        false => speeches(segments, &others, open)?,
    };
    for (speaker, speech) in others.into_iter().zip(speeches) {
        cancellation.check()?;
        let voice = match voices.imitate(account, &speech, language, cancellation) {
            Ok(voice) => DubVoice {
                voice_id: format!("source:{speaker}"),
                ..voice
            },
            Err(fault) if matches!(fault.kind, Kind::Invalid | Kind::Missing) => {
                log::info!("{speaker} is not imitated: {fault}");
                nearest(voices.stock(language), &speech, &assigned)
                    .ok_or_else(|| no_voice(language))?
            }
            Err(fault) => return Err(fault),
        };
        assigned.insert(speaker.to_owned(), voice);
    }
    Ok(assigned)
}

/// The sound of each of `speakers`: that of their longest lines, in the order of the recording.
fn speeches(
    segments: &[ScriptLine],
    speakers: &[&str],
    open: &dyn Fn() -> Result<Option<Box<dyn Samples>>, Fault>,
) -> Result<Vec<Clip>, Fault> {
    let mut spans: Vec<(Range<u64>, usize)> = Vec::new();
    for (number, speaker) in speakers.iter().enumerate() {
        let mut own: Vec<&ScriptLine> = segments.iter().filter(|s| s.speaker == *speaker).collect();
        own.sort_by(|a, b| f64::total_cmp(&(b.end_s - b.start_s), &(a.end_s - a.start_s)));
        let mut left_s = SECONDS_MAX;
        for segment in own {
            let length_s = (segment.end_s - segment.start_s).min(left_s);
            left_s -= length_s;
            let at = |s: f64| (s * f64::from(SPEECH_RATE_HZ)) as u64;
            if length_s > 0.0 {
                spans.push((at(segment.start_s)..at(segment.start_s + length_s), number));
            }
        }
    }
    spans.sort_by_key(|(span, _)| span.start);
    let ranges: Vec<Range<u64>> = spans.iter().map(|(span, _)| span.clone()).collect();
    let heard = match open()? {
        Some(mut sound) => excerpts(&mut *sound, &ranges)?,
        None => vec![Vec::new(); ranges.len()],
    };
    let mut all = vec![Vec::new(); speakers.len()];
    for ((_, speaker), samples) in spans.into_iter().zip(heard) {
        all[speaker].extend(samples);
    }
    let clip = |samples| Clip {
        samples,
        rate_hz: SPEECH_RATE_HZ,
    };
    Ok(all.into_iter().map(clip).collect())
}

/// The first of `stock` whose gender matches the pitch of `speech` and that is not in `taken`; without such a voice,
/// matching gender counts before not being taken.
fn nearest(
    stock: Vec<DubVoice>,
    speech: &Clip,
    taken: &HashMap<String, DubVoice>,
) -> Option<DubVoice> {
    let is_high = Pitch::of(speech).map(|pitch| pitch.median > HIGH);
    let is_free = |voice: &DubVoice| taken.values().all(|t| t.voice_id != voice.voice_id);
    let fits = |voice: &DubVoice| match is_high {
        Some(true) => voice.gender == "female",
        Some(false) => voice.gender == "male",
        None => true,
    };
    let best = stock.iter().enumerate().max_by_key(|(at, voice)| {
        (
            fits(voice) && is_free(voice),
            fits(voice),
            is_free(voice),
            stock.len() - at,
        )
    })?;
    Some(best.1.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::contract::Utterance;

    fn voice(id: &str, gender: &str) -> DubVoice {
        DubVoice {
            voice_id: id.to_owned(),
            utterance: Utterance::default(),
            language: "en-us".to_owned(),
            gender: gender.to_owned(),
            identity: id.to_owned(),
        }
    }

    /// A buzz with this fundamental frequency.
    fn buzz(hertz: f32) -> Clip {
        let sample = |n: usize| {
            let turn = (n as f32 * hertz / SPEECH_RATE_HZ as f32).fract();
            0.3 * (1.0 - 2.0 * turn)
        };
        Clip {
            samples: (0..2 * SPEECH_RATE_HZ as usize).map(sample).collect(),
            rate_hz: SPEECH_RATE_HZ,
        }
    }

    #[test]
    fn a_voice_of_the_pack_is_as_high_as_the_speaker_and_nobody_elses() {
        let stock = || vec![voice("a", "female"), voice("b", "male"), voice("c", "male")];
        let mut taken = HashMap::new();
        let mut next = |hertz: f32| {
            let voice = nearest(stock(), &buzz(hertz), &taken).unwrap();
            taken.insert(taken.len().to_string(), voice.clone());
            voice.voice_id
        };
        assert_eq!(next(110.0), "b");
        assert_eq!(next(110.0), "c");
        assert_eq!(next(220.0), "a");
        assert_eq!(next(220.0), "a", "rather the same voice than one as low");
        assert!(nearest(Vec::new(), &buzz(110.0), &HashMap::new()).is_none());
    }

    #[test]
    fn speeches_are_the_longest_lines_of_each() {
        let line = |start_s: f64, end_s: f64, speaker: &str| ScriptLine {
            id: 0_usize.into(),
            start_s,
            end_s,
            text: String::new(),
            speaker: speaker.to_owned(),
        };
        let lines = [
            line(0.0, 1.0, "a"),
            line(1.0, 41.0, "b"),
            line(41.0, 61.0, "b"),
            line(61.0, 62.0, "a"),
        ];
        let open = || {
            let samples = (0..70 * SPEECH_RATE_HZ)
                .map(|n| (n / SPEECH_RATE_HZ) as f32)
                .collect();
            let sound: Box<dyn Samples> = Box::new(crate::audio::ClipReader::from(Clip {
                samples,
                rate_hz: SPEECH_RATE_HZ,
            }));
            Ok(Some(sound))
        };
        let found = speeches(&lines, &["b", "a"], &open).unwrap();
        assert_eq!(found[0].seconds(), SECONDS_MAX);
        assert_eq!(found[1].seconds(), 2.0);
        assert_eq!(found[1].samples[SPEECH_RATE_HZ as usize], 61.0);
    }
}
