//! Kinds of bodies, and the sizes that the options allow for each.

use crate::limits;

/// The kind of an endpoint's body, which decides how large it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    None,
    Json,
    /// A pronunciation lexicon: JSON, XML or text.
    Lexicon,
    /// A form with a recording.
    Audio,
    /// A form with a recording or a video.
    Video,
}

/// Bytes that a body of each kind may have, as the options set them.
#[derive(Debug, Clone, Copy)]
pub struct BodyCaps {
    pub json_bytes_max: u64,
    pub audio_bytes_max: u64,
    pub video_bytes_max: u64,
}

impl BodyCaps {
    /// Bytes that a body of this kind may have; 0 for endpoints without a body.
    pub fn bytes_max(&self, kind: BodyKind) -> u64 {
        match kind {
            BodyKind::None => 0,
            BodyKind::Json => self.json_bytes_max,
            BodyKind::Lexicon => limits::LEXICON_BYTES_MAX,
            BodyKind::Audio => self.audio_bytes_max,
            BodyKind::Video => self.video_bytes_max,
        }
    }
}
