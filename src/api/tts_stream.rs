//! `POST /voice/tts/stream`: a text → speech in the requested format, sent while it is made; with `?word_timestamps=true` in
//! server-sent events, with the words of each part.

use serde_json::json;

use super::carried_sound::{self, SoundSending};
use super::detail::ErrorShape;
use super::timed_speech::WordsQuery;
use super::tts::{self, Sending, SpeechRequest};
use super::{Call, Context, Reply};
use crate::engine::contract::millis;
use crate::fault::Fault;
use crate::request::openai_speech::SoundCarrier;

/// The name of the endpoint.
pub const TTS_STREAM: &str = "tts_stream";

/// Speaks a text; the answer begins once the first piece is made. Faults: those of [`tts::handle`] until then.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let (parameters, format) = tts::read(call)?;
    let WordsQuery { word_timestamps } = WordsQuery::read(&call.head)?;
    let SpeechRequest {
        speech,
        script,
        metadata,
        mark,
        ..
    } = tts::begin(context, call, parameters, format, Sending::WhileMade)?;
    let stream = speech.stream(script, &call.share()?, &call.cancellation)?;
    let sending = SoundSending {
        format,
        mark,
        carrier: match word_timestamps {
            true => SoundCarrier::Events,
            false => SoundCarrier::Bytes,
        },
        words: word_timestamps,
        tempo: 1.0,
        // The whole first piece: it is a short clause.
        first_s: f64::INFINITY,
        shape: ErrorShape::Detail,
        id: TTS_STREAM,
        done: Box::new(
            |seconds| json!({ "type": "speech.audio.done", "duration_seconds": millis(seconds) }),
        ),
    };
    let headers = tts::headers(Some(metadata.header(None)?), mark);
    carried_sound::reply(call, stream, sending, headers)
}
