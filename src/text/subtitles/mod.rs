//! What was said → subtitles as people read them.
//!
//! At most two lines of 42 characters at a time, for 1 to 7 s, and no more than 17 characters a second where the speech
//! allows: the bounds of broadcasters and streaming services (Netflix, "Timed Text Style Guide"; BBC, "Subtitle
//! Guidelines"). A character of Chinese, Japanese or Korean counts as two.
//!
//! | file | one idea |
//! | --- | --- |
//! | `units` | speech → words with times, of which captions are built |
//! | `captions` | words → captions, broken at clauses and pauses |
//! | `lines` | a caption's words → balanced lines |
//! | `width` | how wide a text is, and in which direction it is read |
//! | `files` | captions → SubRip and WebVTT |

mod captions;
mod files;
mod lines;
#[cfg(test)]
mod rules_tests;
mod units;
mod width;

pub use captions::captions;
pub use files::{srt, vtt};
pub use lines::ends_sentence;

/// A text, and the seconds from the start between which it is said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimedText {
    pub start_s: f64,
    pub end_s: f64,
    pub text: String,
    /// Its words in their order, with their own times; empty if they are not known.
    pub words: Vec<SpokenWord>,
}

/// A word with its punctuation.
#[derive(Debug, Clone, PartialEq)]
pub struct SpokenWord {
    pub start_s: f64,
    pub end_s: f64,
    pub text: String,
}

/// How much is shown at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubtitleLayout {
    /// Most characters of a line; a character of Chinese, Japanese or Korean counts as two.
    pub line_chars_max: usize,
    pub lines_max: usize,
}

impl Default for SubtitleLayout {
    fn default() -> Self {
        SubtitleLayout {
            line_chars_max: 42,
            lines_max: 2,
        }
    }
}

/// A format of subtitles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubtitleFormat {
    Srt,
    Vtt,
}

impl SubtitleFormat {
    /// The content types of all formats, in their order.
    pub const CONTENT_TYPES: [&str; 2] = [
        "application/x-subrip; charset=utf-8",
        "text/vtt; charset=utf-8",
    ];

    /// The content type (RFC 8081's registry has `text/vtt`; SubRip's is the usual one).
    pub fn content_type(self) -> &'static str {
        Self::CONTENT_TYPES[self as usize]
    }

    /// Returns a file of the captions.
    pub fn file(self, captions: &[Caption]) -> String {
        match self {
            SubtitleFormat::Srt => srt(captions),
            SubtitleFormat::Vtt => vtt(captions),
        }
    }
}

/// A text that is shown at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caption {
    pub start_ms: u64,
    pub end_ms: u64,
    /// From top to bottom.
    pub lines: Vec<String>,
}
