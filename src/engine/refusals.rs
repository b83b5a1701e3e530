//! Refusals that several engines share.

use vocabox_base::fault::Fault;

/// Returns the refusal of an unknown voice.
pub fn unknown_voice() -> Fault {
    Fault::not_found("voice_id names no voice of this server; GET /voice/voices lists them")
}

/// Returns the refusal of a voice whose language has no reader.
pub(crate) fn unread(voice: &str, language: &str) -> Fault {
    Fault::missing(format!(
        "voice_id {voice} speaks {language}, which this server cannot read aloud yet"
    ))
}
