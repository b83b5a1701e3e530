//! `POST /voice/tts/stream`: a text → speech in the requested format, sent while it is made.

use super::tts::{self, Sending, SpeechRequest};
use super::{Call, Context, Reply};
use crate::audio::encode;
use crate::fault::Fault;
use crate::services::speech::no_sound;

/// Speaks a text; the answer begins once the first piece is made. Faults: those of [`tts::handle`] until then.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let (parameters, format) = tts::read(call)?;
    let SpeechRequest {
        speech,
        script,
        metadata,
        mark,
        ..
    } = tts::begin(context, call, parameters, format, Sending::WhileMade)?;
    let mut stream = speech.stream(script, &call.share()?, &call.cancellation)?;
    let first = stream.piece()?.ok_or_else(no_sound)?;
    let mut encoder = encode::stream(format, first.rate_hz, mark)?;
    let mut sent_s = first.seconds();
    call.item()?.duration_seconds = Some(sent_s);
    let body = encoder.push(&first.samples)?;

    let mut encoder = Some(encoder);
    let source = move |call: &mut Call| {
        let Some(mut writing) = encoder.take() else {
            return Ok(None);
        };
        let Some(piece) = stream.piece()? else {
            return writing.finish().map(Some);
        };
        sent_s += piece.seconds();
        call.item()?.duration_seconds = Some(sent_s);
        let part = writing.push(&piece.samples)?;
        encoder = Some(writing);
        Ok(Some(part))
    };
    Ok(Reply {
        content_type: format.content_type(),
        headers: tts::headers(Some(metadata.header(None)?), mark),
        body,
        rest: Some(Box::new(source)),
        file: None,
        is_unchanged: false,
    })
}
