//! What engines refuse in the same words.

use vocabox_base::fault::Fault;

/// The refusal of a voice that is nowhere.
pub fn unknown_voice() -> Fault {
    Fault::not_found("voice_id names no voice of this server; GET /voice/voices lists them")
}

/// The refusal of a voice whose language has no reader here.
pub(crate) fn unread(voice: &str, language: &str) -> Fault {
    Fault::missing(format!(
        "voice_id {voice} speaks {language}, which this server cannot read aloud yet"
    ))
}
