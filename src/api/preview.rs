//! `GET /voice/voices/{voice_id}/preview`: a sample of a stock voice or of a clone of the account, as a WAV file.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::tts;
use super::{Call, Context, Reply};
use crate::audio::encode;
use crate::audio::mark::SyntheticMark;
use crate::capability::Capability;
use crate::engine::unknown_voice;
use crate::fault::{Fault, Kind};
use crate::services::previews::has_preview;

/// Characters of a voice id that a URL path needs escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');

/// URL path of the preview of the voice `id` of `language`; none if that has no sample sentence.
pub fn url(id: &str, language: &str) -> Option<String> {
    let id = utf8_percent_encode(id, ESCAPED);
    has_preview(language).then(|| format!("/voice/voices/{id}/preview"))
}

/// Answers with the preview; the first request for it, and each for that of a clone, waits until it is spoken. Faults: `NotFound` for a voice that is
/// not listed or has no preview; if it has to be made, also `Busy` while the queue is full or the server is stopping,
/// and those of the engine.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let speech = context.services.speech.as_ref().ok_or_else(unknown_voice)?;
    let previews = &context.previews;
    let account = call.identity()?.account.id;
    let preview = previews.of(&context.voices, account, &call.param)?;
    let mut wav = match previews.find(&preview) {
        Some(wav) => wav,
        None => {
            // The place is taken only if the preview has to be made: existing previews are sent even when the queue is
            // full.
            let busy = |sentence: &str| Fault::new(Kind::Busy { retry_after_s: 5 }, sentence);
            let guard = context.drain.enter();
            let _guard =
                guard.ok_or_else(|| busy("The server is stopping and takes no more work."))?;
            let share = call.share()?;
            let _place = context.services.take_place(Capability::Speak, account)?;
            previews.find_or_make(&preview, speech, &share, &call.cancellation)?
        }
    };
    let mark = match preview.mark() {
        None if context.policy.get().mark_synthetic => {
            encode::mark_wav(&mut wav, SyntheticMark::Speech);
            Some(SyntheticMark::Speech)
        }
        mark => mark,
    };
    let wav = context.signed(encode::Format::Wav, wav, mark)?;
    let mut headers = tts::headers(None, mark);
    if preview.mark().is_none() {
        headers.push(("Cache-Control", "private, max-age=3600".to_owned()));
    }
    Ok(Reply {
        content_type: encode::Format::Wav.content_type(),
        headers,
        body: wav,
        rest: None,
        file: None,
        is_unchanged: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_has_a_preview_where_its_language_has_a_sentence() {
        assert_eq!(
            url("my voice/é", "pt-br").unwrap(),
            "/voice/voices/my%20voice%2F%C3%A9/preview"
        );
        assert_eq!(url("a", "tlh"), None);
    }
}
