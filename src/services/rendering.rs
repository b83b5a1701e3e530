//! A transcript → subtitles.

use crate::engine::contract::{Segment, Transcript, Word};
use crate::text::subtitles::{SpokenWord, SubtitleFormat, SubtitleLayout, TimedText, captions};

/// Returns the subtitles of a transcript; they are timed by its words, where it has them.
pub fn subtitles(
    transcript: &Transcript,
    format: SubtitleFormat,
    layout: SubtitleLayout,
) -> String {
    let spoken: Vec<TimedText> = transcript.segments.iter().map(spoken).collect();
    format.file(&captions(&spoken, layout))
}

fn spoken(segment: &Segment) -> TimedText {
    let word = |word: &Word| SpokenWord {
        start_s: word.start_s,
        end_s: word.end_s,
        text: word.text.clone(),
    };
    TimedText {
        start_s: segment.start_s,
        end_s: segment.end_s,
        text: segment.text.clone(),
        words: segment.words.iter().map(word).collect(),
    }
}
