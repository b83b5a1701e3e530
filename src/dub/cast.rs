//! Who speaks for whom: a voice for each speaker of the original.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::render::Segment;
use super::sound::excerpts;
use crate::audio::dsp::pitch::Pitch;
use crate::audio::{Clip, Samples};
use crate::engine::contract::{CancellationToken, Utterance};
use crate::fault::{Fault, Kind};
use crate::store::AccountId;

/// Samples a second of the speech that a speaker is imitated by.
pub const RATE_HZ: u32 = 16_000;
/// Seconds of it, of the 60 that cloning takes: its pauses count here and not there.
const SECONDS_MAX: f64 = 45.0;
/// Median pitch, in semitones over 100 Hz, between men's voices and women's: 165 Hz (Titze, "Principles of Voice Production",
/// has 125 Hz and 210 Hz as the means of their speech).
const HIGH: f32 = 8.67;

/// A voice as lines are spoken by it.
#[derive(Debug, Clone)]
pub struct Role {
    /// As the result names it: the id of a voice, or `source:` and the speaker who is imitated.
    pub voice_id: String,
    /// How it speaks; without a text.
    pub utterance: Utterance,
    /// Code of the language that it reads.
    pub language: String,
    /// `female`, `male`, or nothing.
    pub gender: String,
    /// Names all that decides how it sounds: another one, another identity.
    pub identity: String,
}

/// What speaks. Nobody waits for it: every task gives way to requests.
pub trait Stage: Send + Sync {
    /// Says it. Faults: those of the workers that speak.
    fn say(&self, utterance: &Utterance, cancellation: &CancellationToken) -> Result<Clip, Fault>;

    /// The voice that `voice_id` names for an account, to read `language`. Faults: `NotFound`, also for what is another
    /// account's; `Invalid` for a blend that cannot be, or a language that a clone cannot read.
    fn voice(
        &self,
        account: Option<AccountId>,
        voice_id: &str,
        language: &str,
    ) -> Result<Role, Fault>;

    /// A voice like that of `speech` (at [`RATE_HZ`]), to read `language`; without a `voice_id`. Faults: `Invalid` for speech
    /// that no voice can be told from, or a language that clones do not read; `Missing` where nothing clones.
    fn imitate(
        &self,
        speech: &Clip,
        language: &str,
        cancellation: &CancellationToken,
    ) -> Result<Role, Fault>;

    /// The voices of the packs that read `language`.
    fn stock(&self, language: &str) -> Vec<Role>;
}

/// A role for each speaker: the one that `map` names, else an imitation of the speaker, else, where there is too little speech
/// for that or nothing clones, a voice of that language, as high as the speaker's and nobody else's where there is one.
///
/// Faults: those of [`Stage`], `Missing` when no voice reads `language`.
pub fn cast(
    stage: &dyn Stage,
    account: Option<AccountId>,
    segments: &[Segment],
    map: &BTreeMap<String, String>,
    language: &str,
    open: &dyn Fn() -> Result<Option<Box<dyn Samples>>, Fault>,
    cancellation: &CancellationToken,
) -> Result<HashMap<String, Role>, Fault> {
    let mut speakers: Vec<&str> = Vec::new();
    for segment in segments {
        if !speakers.contains(&segment.speaker.as_str()) {
            speakers.push(&segment.speaker);
        }
    }
    let mut roles = HashMap::new();
    let (named, others): (Vec<&str>, Vec<&str>) =
        speakers.into_iter().partition(|s| map.contains_key(*s));
    for speaker in named {
        let role = stage.voice(account, &map[speaker], language)?;
        roles.insert(speaker.to_owned(), role);
    }
    let speeches = match others.is_empty() {
        true => Vec::new(),
        false => speeches(segments, &others, open)?,
    };
    for (speaker, speech) in others.into_iter().zip(speeches) {
        cancellation.check()?;
        let role = match stage.imitate(&speech, language, cancellation) {
            Ok(role) => Role {
                voice_id: format!("source:{speaker}"),
                ..role
            },
            Err(fault) if matches!(fault.kind, Kind::Invalid | Kind::Missing) => {
                log::info!("{speaker} is not imitated: {fault}");
                nearest(stage.stock(language), &speech, &roles).ok_or_else(|| no_voice(language))?
            }
            Err(fault) => return Err(fault),
        };
        roles.insert(speaker.to_owned(), role);
    }
    Ok(roles)
}

/// No voice reads `language`.
pub fn no_voice(language: &str) -> Fault {
    Fault::missing(format!(
        "No engine that speaks {language} is installed on this box."
    ))
}

/// What is heard of each of `speakers`: their longest lines, in order.
fn speeches(
    segments: &[Segment],
    speakers: &[&str],
    open: &dyn Fn() -> Result<Option<Box<dyn Samples>>, Fault>,
) -> Result<Vec<Clip>, Fault> {
    let mut spans: Vec<(Range<u64>, usize)> = Vec::new();
    for (number, speaker) in speakers.iter().enumerate() {
        let mut own: Vec<&Segment> = segments.iter().filter(|s| s.speaker == *speaker).collect();
        own.sort_by(|a, b| f64::total_cmp(&(b.end_s - b.start_s), &(a.end_s - a.start_s)));
        let mut left_s = SECONDS_MAX;
        for segment in own {
            let length_s = (segment.end_s - segment.start_s).min(left_s);
            left_s -= length_s;
            let at = |s: f64| (s * f64::from(RATE_HZ)) as u64;
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
        rate_hz: RATE_HZ,
    };
    Ok(all.into_iter().map(clip).collect())
}

/// Of `stock` the first that is as high as `speech` and that nobody has, as far as there is one.
fn nearest(stock: Vec<Role>, speech: &Clip, taken: &HashMap<String, Role>) -> Option<Role> {
    let is_high = Pitch::of(speech).map(|pitch| pitch.median > HIGH);
    let is_free = |role: &Role| taken.values().all(|t| t.voice_id != role.voice_id);
    let fits = |role: &Role| match is_high {
        Some(true) => role.gender == "female",
        Some(false) => role.gender == "male",
        None => true,
    };
    let best = stock.iter().enumerate().max_by_key(|(at, role)| {
        (
            fits(role) && is_free(role),
            fits(role),
            is_free(role),
            stock.len() - at,
        )
    })?;
    Some(best.1.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(id: &str, gender: &str) -> Role {
        Role {
            voice_id: id.to_owned(),
            utterance: Utterance::default(),
            language: "en-us".to_owned(),
            gender: gender.to_owned(),
            identity: id.to_owned(),
        }
    }

    /// A buzz of that many hertz.
    fn buzz(hertz: f32) -> Clip {
        let sample = |n: usize| {
            let turn = (n as f32 * hertz / RATE_HZ as f32).fract();
            0.3 * (1.0 - 2.0 * turn)
        };
        Clip {
            samples: (0..2 * RATE_HZ as usize).map(sample).collect(),
            rate_hz: RATE_HZ,
        }
    }

    #[test]
    fn a_voice_of_the_pack_is_as_high_as_the_speaker_and_nobody_elses() {
        let stock = || vec![role("a", "female"), role("b", "male"), role("c", "male")];
        let mut taken = HashMap::new();
        let mut next = |hertz: f32| {
            let role = nearest(stock(), &buzz(hertz), &taken).unwrap();
            taken.insert(taken.len().to_string(), role.clone());
            role.voice_id
        };
        assert_eq!(next(110.0), "b");
        assert_eq!(next(110.0), "c");
        assert_eq!(next(220.0), "a");
        assert_eq!(next(220.0), "a", "rather the same voice than one as low");
        assert!(nearest(Vec::new(), &buzz(110.0), &HashMap::new()).is_none());
    }

    #[test]
    fn speeches_are_the_longest_lines_of_each() {
        let line = |start_s: f64, end_s: f64, speaker: &str| Segment {
            id: serde_json::Value::Null,
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
            let samples = (0..70 * RATE_HZ).map(|n| (n / RATE_HZ) as f32).collect();
            let sound: Box<dyn Samples> = Box::new(crate::audio::ClipReader::from(Clip {
                samples,
                rate_hz: RATE_HZ,
            }));
            Ok(Some(sound))
        };
        let found = speeches(&lines, &["b", "a"], &open).unwrap();
        assert_eq!(found[0].seconds(), SECONDS_MAX);
        assert_eq!(found[1].seconds(), 2.0);
        assert_eq!(found[1].samples[RATE_HZ as usize], 61.0);
    }
}
