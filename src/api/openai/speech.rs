//! `POST /v1/audio/speech`: a text → speech, sent while it is made, as bytes or as server-sent events.

use serde_json::json;

use crate::api::carried_sound::{self, SoundSending};
use crate::api::detail::ErrorShape;
use crate::api::timed_speech::WordsQuery;
use crate::api::tts::{self, Sending, SpeechRequest};
use crate::api::{Call, Context, Reply};
use crate::audio::encode::Format;
use crate::fault::{Fault, Kind};
use crate::request::json;
use crate::request::openai_speech::{OpenAiSpeech, OpenAiSpeechFields};

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
    let stream = speech.stream(script, &call.share()?, &call.cancellation)?;
    let done = move |seconds: f64| {
        let output_tokens = (seconds / TOKEN_S).ceil() as usize;
        json!({ "type": "speech.audio.done", "usage": {
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "total_tokens": input_tokens + output_tokens,
        } })
    };
    let sending = SoundSending {
        format,
        mark,
        carrier,
        words: word_timestamps,
        tempo,
        first_s: FIRST_S,
        shape: ErrorShape::OpenAi,
        id: SPEECH,
        done: Box::new(done),
    };
    carried_sound::reply(call, stream, sending, tts::headers(None, mark))
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
