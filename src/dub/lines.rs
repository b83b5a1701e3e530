//! Words → lines, the passages that a dubbing voice speaks. A line has one speaker, ends at a pause or the end of a
//! sentence if possible, and lasts at most 15 s; lines under 1 s are joined to a neighbour where possible.

use crate::engine::contract::{Segment, Word};
use crate::engine::diarization::Spoken;

/// Greatest and least length of a line in seconds.
const LINE_S_MAX: f64 = 15.0;
const LINE_S_MIN: f64 = 1.0;
/// Longest pause (seconds) over which a short line is joined to the one before, and longest pause within a line.
const PAUSE_S_JOINED: f64 = 0.6;
const PAUSE_S_ENDS: f64 = 1.5;
/// Marks that end a sentence.
const ENDS: [char; 6] = ['.', '!', '?', '…', '。', '؟'];

/// One line; times in seconds from the start of the recording.
#[derive(Debug, Clone, PartialEq)]
pub struct TranscriptLine {
    pub segment: Segment,
    /// Number of the speaker, as in the turns.
    pub speaker: usize,
    /// The line in English, if the recognizer translated it; none if English is spoken.
    pub english: Option<String>,
}

/// The lines of what was `said`, in order. Phrases without words become lines unchanged.
pub fn lines(said: &[Spoken]) -> Vec<TranscriptLine> {
    let mut all: Vec<TranscriptLine> = Vec::new();
    let mut open: Vec<Word> = Vec::new();
    let mut speaker = 0;
    for spoken in said {
        if spoken.segment.words.is_empty() {
            close(&mut open, speaker, &mut all);
            all.push(TranscriptLine {
                segment: spoken.segment.clone(),
                speaker: spoken.speaker,
                english: None,
            });
            continue;
        }
        for word in &spoken.segment.words {
            if let (Some(first), Some(last)) = (open.first(), open.last()) {
                let pause_s = word.start_s - last.end_s;
                let is_sentence = last.text.trim_end().ends_with(ENDS);
                let is_over = spoken.speaker != speaker
                    || pause_s > PAUSE_S_ENDS
                    || (is_sentence && last.end_s - first.start_s >= LINE_S_MIN);
                if is_over {
                    close(&mut open, speaker, &mut all);
                } else if word.end_s - first.start_s > LINE_S_MAX {
                    let rest = part(&mut open);
                    close(&mut open, speaker, &mut all);
                    open = rest;
                }
            }
            speaker = spoken.speaker;
            open.push(word.clone());
        }
    }
    close(&mut open, speaker, &mut all);
    all
}

/// Cuts `words`, at least two, at the longest pause in the latter two thirds; returns the words after it.
fn part(words: &mut Vec<Word>) -> Vec<Word> {
    let pause = |at: &usize| words[*at].start_s - words[*at - 1].end_s;
    let from = (words.len() / 3).max(1);
    let longest = (from..words.len()).max_by(|a, b| f64::total_cmp(&pause(a), &pause(b)));
    words.split_off(longest.unwrap_or(words.len()))
}

/// Makes a line of the open words, or joins them to the line before if they are too short for a line.
fn close(open: &mut Vec<Word>, speaker: usize, all: &mut Vec<TranscriptLine>) {
    let words = std::mem::take(open);
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return;
    };
    let (start_s, end_s) = (first.start_s, last.end_s);
    if let Some(before) = all.last_mut()
        && before.speaker == speaker
        && !before.segment.words.is_empty()
        && (end_s - start_s < LINE_S_MIN
            || before.segment.end_s - before.segment.start_s < LINE_S_MIN)
        && start_s - before.segment.end_s <= PAUSE_S_JOINED
        && end_s - before.segment.start_s <= LINE_S_MAX
    {
        before.segment.end_s = end_s;
        before.segment.words.extend(words);
        before.segment.text = text(&before.segment.words);
        return;
    }
    all.push(TranscriptLine {
        segment: Segment {
            start_s,
            end_s,
            text: text(&words),
            words,
            ..Segment::default()
        },
        speaker,
        english: None,
    });
}

/// The words as one text; words of scripts without spaces are joined without spaces.
fn text(words: &[Word]) -> String {
    let mut text = String::new();
    for word in words {
        let is_spaced = |c: Option<char>| c.is_some_and(|c| !is_unspaced(c));
        if is_spaced(text.chars().last()) && is_spaced(word.text.chars().next()) {
            text.push(' ');
        }
        text.push_str(word.text.trim());
    }
    text
}

/// Whether `c` belongs to a script without spaces between words: Chinese, Japanese, Thai, Lao, Burmese, Khmer.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of half a second, each with the pause before it.
    fn said(speaker: usize, start_s: f64, words: &[(f64, &str)]) -> Spoken {
        let mut at = start_s;
        let word = |(pause_s, text): &(f64, &str)| {
            let start_s = at + pause_s;
            at = start_s + 0.5;
            Word {
                start_s,
                end_s: at,
                text: (*text).to_owned(),
            }
        };
        let words: Vec<Word> = words.iter().map(word).collect();
        Spoken {
            segment: Segment {
                start_s,
                end_s: at,
                text: String::new(),
                words,
                ..Segment::default()
            },
            speaker,
        }
    }

    fn texts(lines: &[TranscriptLine]) -> Vec<(&str, usize)> {
        lines
            .iter()
            .map(|l| (l.segment.text.as_str(), l.speaker))
            .collect()
    }

    #[test]
    fn lines_end_with_sentences_speakers_and_long_pauses() {
        let all = [
            said(
                0,
                0.0,
                &[
                    (0.0, "One"),
                    (0.0, "two"),
                    (0.0, "three."),
                    (0.2, "Four"),
                    (0.0, "five"),
                    (0.0, "six,"),
                ],
            ),
            said(0, 3.5, &[(0.0, "seven"), (2.0, "eight"), (0.0, "nine")]),
            said(1, 9.0, &[(0.0, "Ten"), (0.0, "eleven"), (0.0, "twelve.")]),
        ];
        assert_eq!(
            texts(&lines(&all)),
            [
                ("One two three.", 0),
                ("Four five six, seven", 0),
                ("eight nine", 0),
                ("Ten eleven twelve.", 1)
            ]
        );
    }

    #[test]
    fn what_is_too_short_joins_and_what_is_too_long_is_parted_at_a_pause() {
        let all = [said(
            0,
            0.0,
            &[(0.0, "Yes."), (0.1, "It"), (0.0, "is"), (0.0, "so.")],
        )];
        assert_eq!(texts(&lines(&all)), [("Yes. It is so.", 0)]);

        let mut words = vec![(0.0, "and"); 50];
        words[20].0 = 0.7;
        let found = lines(&[said(0, 0.0, &words)]);
        assert!(
            found
                .iter()
                .all(|l| l.segment.end_s - l.segment.start_s <= LINE_S_MAX)
        );
        assert_eq!(found[0].segment.words.len(), 20);
        let words: usize = found.iter().map(|l| l.segment.words.len()).sum();
        assert_eq!(words, 50, "nothing is lost");
    }

    #[test]
    fn scripts_without_spaces_stay_without() {
        let all = [said(
            0,
            0.0,
            &[(0.0, "今日"), (0.0, "は"), (0.0, "OK"), (0.0, "yes")],
        )];
        assert_eq!(texts(&lines(&all)), [("今日はOK yes", 0)]);
    }
}
