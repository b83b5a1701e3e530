//! `POST /v1/audio/speech`: a text → speech, sent while it is made, as bytes or as server-sent events.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::events::{EVENT_STREAM, event, fault_event};
use crate::api::timed_speech::{TimedSpeechWord, WordsQuery};
use crate::api::tts::{self, Sending, SpeechRequest};
use crate::api::{Call, Context, Reply};
use crate::audio::dsp::resample::resample_clip;
use crate::audio::dsp::time_stretch::stretch;
use crate::audio::encode::{self, Format, Stream};
use crate::audio::pcm::Clip;
use crate::fault::{Fault, Kind};
use crate::request::json;
use crate::request::openai_speech::{OpenAiSpeech, OpenAiSpeechFields, SoundCarrier};
use crate::services::speech::no_sound;
use crate::services::word_times::PlacedWord;

/// Seconds of the first piece that are encoded before the first byte is sent, so that no format waits long for it; the rest of
/// the piece follows at once.
const FIRST_S: f64 = 0.25;
/// Seconds of sound that OpenAI counts as one token.
const TOKEN_S: f64 = 0.05;

/// The name of the endpoint.
pub const SPEECH: &str = "openai_speech";

/// Speaks a text. Faults: `Invalid` for a field out of its bounds or an unknown voice, and those of [`tts::begin`] and of the
/// service until the first sound is made.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let body = call.take_body();
    let OpenAiSpeech {
        parameters,
        format,
        carrier,
    } = json::object::<OpenAiSpeechFields>(&call.head, body)?.checked()?;
    let format = Format::parse(&format).map_err(renamed)?;
    let WordsQuery { word_timestamps } = WordsQuery::read(&call.head)?;
    let (input_tokens, tempo) = (parameters.text.chars().count(), parameters.tempo);
    let asked = tts::begin(context, call, parameters, format, Sending::WhileMade);
    let SpeechRequest {
        speech,
        script,
        mark,
        ..
    } = asked.map_err(renamed)?;
    let mut stream = speech.stream(script, &call.share()?, &call.cancellation)?;
    let first = faster(stream.piece()?.ok_or_else(no_sound)?, tempo)?;
    let mut sound = CarriedSound {
        encoder: Some(encode::stream(format, first.rate_hz, mark)?),
        carrier,
        input_tokens,
        seconds: 0.0,
        words: word_timestamps.then(VecDeque::new),
    };
    sound.expect(stream.words(), tempo);
    let (first, rest) = divided(first, FIRST_S);
    let mut waiting = Some(rest);
    let body = sound.part(&first)?;
    call.item()?.duration_seconds = Some(sound.seconds);
    let mut next = move |call: &mut Call| {
        if sound.encoder.is_none() {
            return Ok(None);
        }
        let piece = match waiting.take() {
            Some(rest) => rest,
            None => match stream.piece()? {
                Some(piece) => faster(piece, tempo)?,
                None => return sound.end().map(Some),
            },
        };
        sound.expect(stream.words(), tempo);
        let part = sound.part(&piece)?;
        call.item()?.duration_seconds = Some(sound.seconds);
        Ok(Some(part))
    };
    let source = move |call: &mut Call| {
        if call.told.is_some() {
            return Ok(None);
        }
        next(call).or_else(|fault| match carrier {
            SoundCarrier::Bytes => Err(fault),
            SoundCarrier::Events => {
                let told = fault_event(&fault, Some(SPEECH))?;
                call.told = Some(fault);
                Ok(Some(told))
            }
        })
    };
    Ok(Reply {
        content_type: match carrier {
            SoundCarrier::Bytes => format.content_type(),
            SoundCarrier::Events => EVENT_STREAM,
        },
        headers: tts::headers(None, mark),
        body,
        rest: Some(Box::new(source)),
        file: None,
        is_unchanged: false,
    })
}

/// Sound on its way into the answer.
struct CarriedSound {
    /// None once it is finished.
    encoder: Option<Box<dyn Stream>>,
    carrier: SoundCarrier,
    input_tokens: usize,
    /// Seconds of sound so far.
    seconds: f64,
    /// Words of it that are still to be told, if they are asked for.
    words: Option<VecDeque<TimedSpeechWord>>,
}

impl CarriedSound {
    /// Keeps words until the part is sent in which they start.
    fn expect(&mut self, words: Vec<PlacedWord>, tempo: f64) {
        if let Some(waiting) = &mut self.words {
            waiting.extend(
                words
                    .into_iter()
                    .map(|word| TimedSpeechWord::of(word, tempo)),
            );
        }
    }

    /// The part of the answer for a piece.
    fn part(&mut self, piece: &Clip) -> Result<Vec<u8>, Fault> {
        self.seconds += piece.seconds();
        let encoder = self.encoder.as_mut().ok_or_else(no_sound)?;
        let bytes = encoder.push(&piece.samples)?;
        self.carried(bytes)
    }

    /// The last part.
    fn end(&mut self) -> Result<Vec<u8>, Fault> {
        let encoder = self.encoder.take().ok_or_else(no_sound)?;
        let bytes = encoder.finish()?;
        let mut part = self.carried(bytes)?;
        if self.carrier == SoundCarrier::Events {
            let output_tokens = (self.seconds / TOKEN_S).ceil() as usize;
            part.extend(event(&json!({ "type": "speech.audio.done", "usage": {
                "input_tokens": self.input_tokens,
                "output_tokens": output_tokens,
                "total_tokens": self.input_tokens + output_tokens,
            } }))?);
        }
        Ok(part)
    }

    fn carried(&mut self, bytes: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let begun = |word: &TimedSpeechWord| word.start <= self.seconds;
        let words = self.words.as_mut().map(|waiting| {
            let count = waiting.iter().take_while(|word| begun(word)).count();
            waiting.drain(..count).collect::<Vec<_>>()
        });
        match self.carrier {
            SoundCarrier::Bytes => Ok(bytes),
            SoundCarrier::Events if bytes.is_empty() && words.iter().flatten().next().is_none() => {
                Ok(Vec::new())
            }
            SoundCarrier::Events => {
                let mut delta = json!({
                    "type": "speech.audio.delta",
                    "audio": STANDARD.encode(bytes),
                });
                if let Some(words) = words {
                    delta["words"] = json!(words);
                }
                event(&delta)
            }
        }
    }
}

/// The first `seconds` of a piece, and what follows.
fn divided(mut piece: Clip, seconds: f64) -> (Clip, Clip) {
    let at = (seconds * f64::from(piece.rate_hz)) as usize;
    let rest = Clip {
        samples: piece.samples.split_off(at.min(piece.samples.len())),
        rate_hz: piece.rate_hz,
    };
    (piece, rest)
}

/// A piece, `tempo` times as fast at its own pitch and rate, and never louder than full scale.
fn faster(piece: Clip, tempo: f64) -> Result<Clip, Fault> {
    if tempo == 1.0 {
        return Ok(piece);
    }
    let mut made = resample_clip(&stretch(&piece, tempo)?, piece.rate_hz)?;
    let peak = made
        .samples
        .iter()
        .fold(1.0_f32, |peak, x| peak.max(x.abs()));
    made.samples.iter_mut().for_each(|x| *x /= peak);
    Ok(made)
}

/// A fault of a request of `/voice/tts` with the names that its fields have here. An unknown voice is a wrong field, as at
/// OpenAI.
fn renamed(fault: Fault) -> Fault {
    const FIELDS: [(&str, &str); 3] = [
        ("text", "input"),
        ("voice_id", "voice"),
        ("format", "response_format"),
    ];
    let first = fault.sentence.split(' ').next().unwrap_or_default();
    let known = FIELDS.iter().find(|(own, _)| *own == first);
    let Some((own, theirs)) = known else {
        return fault;
    };
    Fault {
        kind: match fault.kind {
            Kind::NotFound => Kind::Invalid,
            kind => kind,
        },
        sentence: format!("{theirs}{}", &fault.sentence[own.len()..]),
        ..fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_another_tempo_has_its_own_rate_and_stays_within_full_scale() {
        let samples = (0..24_000).map(|n| (n as f32 * 0.05).sin()).collect();
        let piece = Clip {
            samples,
            rate_hz: 24_000,
        };
        for (tempo, seconds) in [(0.5, 2.0), (2.0, 0.5)] {
            let made = faster(piece.clone(), tempo).unwrap();
            assert_eq!(made.rate_hz, 24_000);
            assert!(
                (made.seconds() - seconds).abs() < 0.001,
                "{}",
                made.seconds()
            );
            assert!(made.samples.iter().all(|x| x.abs() <= 1.0));
        }
    }

    #[test]
    fn sentences_name_the_fields_that_the_client_sent() {
        let told = renamed(Fault::not_found("voice_id names no voice"));
        assert_eq!(
            (told.kind, &*told.sentence),
            (Kind::Invalid, "voice names no voice")
        );
        let other = renamed(Fault::missing(
            "No engine for speech is installed on this server.",
        ));
        assert_eq!(other.kind, Kind::Missing);
    }
}
