//! The speakers of a recording as OpenAI's API names them: by the names that the request gives to recordings of them, else by
//! letters.

use std::collections::HashMap;
use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::api::{Call, Context};
use crate::audio;
use crate::audio::pcm::{Clip, read_all};
use crate::engine::diarization::Voiceprint;
use crate::engine::speaker;
use crate::fault::{Fault, Kind};
use crate::limits::{KNOWN_SPEAKER_SECONDS_MAX, KNOWN_SPEAKER_SECONDS_MIN};

/// What each of the speakers sounds like whose recordings a request has as data URLs. Faults: `Invalid` for one that is no
/// data URL, cannot be decoded, or is not 2 to 10 s of speech; and those of the service.
pub fn voiceprints(
    context: &Context,
    call: &Call,
    references: Vec<String>,
) -> Result<Vec<Voiceprint>, Fault> {
    let mut prints = Vec::new();
    // Each is dropped once it is heard: they may be large.
    for (at, url) in references.into_iter().enumerate() {
        let print = voiceprint(context, call, url).map_err(|fault| match fault.kind {
            Kind::Invalid => Fault {
                sentence: format!(
                    "known_speaker_references has a recording that is not accepted, number {}: {}",
                    at + 1,
                    fault.sentence
                ),
                ..fault
            },
            _ => fault,
        });
        prints.push(print?);
    }
    Ok(prints)
}

fn voiceprint(context: &Context, call: &Call, url: String) -> Result<Voiceprint, Fault> {
    let service = context.services.speakers.as_ref().ok_or_else(|| {
        Fault::missing("No engine that tells speakers apart is installed on this server.")
    })?;
    let clip = decoded(&url)?;
    drop(url);
    let seconds = clip.seconds();
    if seconds < KNOWN_SPEAKER_SECONDS_MIN {
        return Err(Fault::invalid(format!(
            "it lasts {seconds:.1} s; {KNOWN_SPEAKER_SECONDS_MIN} to {KNOWN_SPEAKER_SECONDS_MAX} s are accepted"
        )));
    }
    let (share, cancellation) = (call.share()?, &call.cancellation);
    if !service.is_said(clip.clone(), &share, cancellation)? {
        return Err(Fault::invalid("nothing is said in it"));
    }
    Ok(Voiceprint {
        direction: service.embed(clip, &share, cancellation)?,
        speech_s: seconds as f32,
    })
}

/// The sound of a data URL at 16 kHz.
fn decoded(url: &str) -> Result<Clip, Fault> {
    let parts = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"));
    let bytes = parts.and_then(|(_, coded)| STANDARD.decode(coded.trim()).ok());
    let bytes = bytes.ok_or_else(|| {
        Fault::invalid("it is no data URL in base64, as data:audio/wav;base64,UklGR… is")
    })?;
    let source = Cursor::new(bytes);
    let mut sound = audio::open_speech(source, speaker::RATE_HZ, KNOWN_SPEAKER_SECONDS_MAX)?;
    read_all(&mut *sound)
}

/// Names for the speakers of a recording, given as they come.
#[derive(Debug, Default)]
pub struct LetteredSpeakers {
    /// The names of those who are known, by their numbers.
    known: Vec<Option<String>>,
    given: HashMap<usize, String>,
    letters: usize,
}

impl LetteredSpeakers {
    /// Names for speakers of whom these are `known`.
    pub fn new(known: Vec<Option<String>>) -> Self {
        LetteredSpeakers {
            known,
            ..LetteredSpeakers::default()
        }
    }

    /// The name of the speaker with this number: the one that is known, else the next letter.
    pub fn name(&mut self, speaker: usize) -> String {
        if let Some(Some(name)) = self.known.get(speaker) {
            return name.clone();
        }
        if let Some(name) = self.given.get(&speaker) {
            return name.clone();
        }
        let letter = loop {
            let letter = letters(self.letters);
            self.letters += 1;
            // A name that looks like a letter is not given to two.
            if !self.known.iter().flatten().any(|known| *known == letter) {
                break letter;
            }
        };
        self.given.insert(speaker, letter.clone());
        letter
    }
}

/// A, B, … Z, AA, AB, …
fn letters(number: usize) -> String {
    let last = char::from(b'A' + (number % 26) as u8);
    match number / 26 {
        0 => last.to_string(),
        before => letters(before - 1) + &last.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speakers_have_their_names_or_the_next_letter() {
        let mut named =
            LetteredSpeakers::new(vec![None, Some("Ann".to_owned()), Some("B".to_owned())]);
        let names = [3, 1, 0, 3, 2, 7].map(|speaker| named.name(speaker));
        assert_eq!(names, ["A", "Ann", "C", "A", "B", "D"]);
        assert_eq!(
            [25, 26, 27, 701, 702].map(letters),
            ["Z", "AA", "AB", "ZZ", "AAA"]
        );
    }

    #[test]
    fn only_a_data_url_in_base64_is_a_recording() {
        for url in [
            "https://a/b.wav",
            "data:audio/wav,RIFF",
            "data:audio/wav;base64,***",
            "",
        ] {
            assert!(
                decoded(url).unwrap_err().sentence.contains("no data URL"),
                "{url}"
            );
        }
    }
}
