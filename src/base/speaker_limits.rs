//! The bounds of speakers whom clients name and tell. [`limits`](crate::limits) has them, too.

/// Known speakers that a request may tell, and seconds of speech of each, as at OpenAI.
pub const KNOWN_SPEAKERS_MAX: usize = 4;
pub const KNOWN_SPEAKER_SECONDS_MIN: f64 = 2.0;
pub const KNOWN_SPEAKER_SECONDS_MAX: f64 = 10.0;
/// Speakers whom an account may name: each is some 2 KB, and is compared with those of every recording.
pub const NAMED_SPEAKERS_MAX: usize = 100;
/// Speakers of a film that a request may assign voices to.
pub const SPEAKERS_MAX: usize = 256;
/// Speakers that diarization finds in a recording, and that a request may say there are.
pub const SPEAKERS_TOLD_MAX: usize = 64;
