//! A transcript → a file of one of the formats in which it can be had.

use crate::engine::contract::{Segment, Transcript, Word};
use crate::text::subtitles::{SpokenText, SpokenWord, SubtitleLayout, captions, srt, vtt};

/// A format of subtitles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubtitleFormat {
    Srt,
    Vtt,
}

impl SubtitleFormat {
    /// The media type (RFC 8081's registry has `text/vtt`; SubRip's is the usual one).
    pub fn content_type(self) -> &'static str {
        match self {
            SubtitleFormat::Srt => "application/x-subrip; charset=utf-8",
            SubtitleFormat::Vtt => "text/vtt; charset=utf-8",
        }
    }

    /// Returns the subtitles of a transcript; they are timed by its words, where it has them.
    pub fn render(self, transcript: &Transcript, layout: SubtitleLayout) -> String {
        let spoken: Vec<SpokenText> = transcript.segments.iter().map(spoken).collect();
        let captions = captions(&spoken, layout);
        match self {
            SubtitleFormat::Srt => srt(&captions),
            SubtitleFormat::Vtt => vtt(&captions),
        }
    }
}

fn spoken(segment: &Segment) -> SpokenText {
    let word = |word: &Word| SpokenWord {
        start_s: word.start_s,
        end_s: word.end_s,
        text: word.text.clone(),
    };
    SpokenText {
        start_s: segment.start_s,
        end_s: segment.end_s,
        text: segment.text.clone(),
        words: segment.words.iter().map(word).collect(),
    }
}
