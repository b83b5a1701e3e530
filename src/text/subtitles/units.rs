//! Speech → words with times, of which captions are built.

use unicode_segmentation::UnicodeSegmentation;

use super::width::{columns, columns_of, is_spaceless};
use super::{SubtitleLayout, TimedText};

/// A run of text that no line breaks, with its times in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    pub text: String,
    pub columns: usize,
    /// Whether a space is written between it and the unit before it.
    pub is_spaced: bool,
    pub start_s: f64,
    pub end_s: f64,
    /// Whether it is the last of its text.
    pub ends_text: bool,
}

/// Marks that start no line: they belong to the text before them.
const CLOSING: &str = "、。，．！？）」』】〕：；・ー々…!?,.:;)]}»”’";
/// Marks that end no line: they belong to the text after them.
const OPENING: &str = "（「『【〔([{«“‘¿¡";

/// Returns the units of all texts, in their order, with times that never fall.
pub fn units(spoken: &[TimedText], layout: SubtitleLayout) -> Vec<Unit> {
    let mut found: Vec<Unit> = Vec::new();
    for text in spoken {
        let first = found.len();
        let start_s = finite(text.start_s).max(found.last().map_or(0.0, |u| u.end_s));
        let end_s = finite(text.end_s).max(start_s);
        let pieces = pieces(&text.text, layout.line_chars_max);
        match timed(text, &pieces) {
            Some(times) => {
                for (piece, (from, to)) in pieces.into_iter().zip(times) {
                    push(&mut found, piece, from, to);
                }
            }
            None => {
                let all: usize = pieces.iter().map(|p| p.columns).sum();
                let mut shown = 0;
                for piece in pieces {
                    let at = |n: usize| start_s + (end_s - start_s) * n as f64 / all.max(1) as f64;
                    let (from, to) = (at(shown), at(shown + piece.columns));
                    shown += piece.columns;
                    push(&mut found, piece, from, to);
                }
            }
        }
        if let Some(last) = found[first..].last_mut() {
            last.ends_text = true;
        }
        if let Some(first) = found.get_mut(first) {
            first.is_spaced = !first.text.starts_with(is_spaceless);
        }
    }
    found
}

fn finite(seconds: f64) -> f64 {
    if seconds.is_finite() { seconds } else { 0.0 }
}

fn push(found: &mut Vec<Unit>, piece: Unit, start_s: f64, end_s: f64) {
    let start_s = finite(start_s).max(found.last().map_or(0.0, |u| u.start_s));
    found.push(Unit {
        start_s,
        end_s: finite(end_s).max(start_s),
        ..piece
    });
}

/// Returns the text in the smallest pieces between which a line may break: words, and the characters of scripts without
/// spaces. A piece that is wider than a line is cut where the line is full.
fn pieces(text: &str, columns_max: usize) -> Vec<Unit> {
    let cleaned = text.replace(|c: char| c.is_control(), " ");
    let mut found: Vec<Unit> = Vec::new();
    for word in cleaned.split_whitespace() {
        let mut is_first = true;
        let mut piece = String::new();
        let mut close = |piece: &mut String| {
            if !piece.is_empty() {
                found.push(Unit {
                    columns: columns(piece),
                    text: std::mem::take(piece),
                    is_spaced: std::mem::take(&mut is_first),
                    start_s: 0.0,
                    end_s: 0.0,
                    ends_text: false,
                });
            }
        };
        let mut wide = 0;
        let mut breaks_next = false;
        for cluster in word.graphemes(true) {
            let first = cluster.chars().next().unwrap_or(' ');
            let breaks = (is_spaceless(first) || breaks_next)
                && !CLOSING.contains(first)
                && !piece.ends_with(|c| OPENING.contains(c));
            if breaks || wide + columns_of(cluster) > columns_max {
                close(&mut piece);
                wide = 0;
            }
            piece.push_str(cluster);
            wide += columns_of(cluster);
            breaks_next = is_spaceless(first);
        }
        close(&mut piece);
    }
    found
}

/// Returns the times of the pieces by those of the words; none where the words are unknown or do not spell the text.
fn timed(text: &TimedText, pieces: &[Unit]) -> Option<Vec<(f64, f64)>> {
    // The time of each character of the text, spaces left out.
    let mut times = Vec::new();
    for word in &text.words {
        let letters: Vec<char> = letters(&word.text).collect();
        let lasts_s = (word.end_s - word.start_s).max(0.0);
        let share = |n: usize| word.start_s + lasts_s * n as f64 / letters.len().max(1) as f64;
        times.extend((0..letters.len()).map(|n| (share(n), share(n + 1))));
    }
    if times.is_empty() || times.len() != letters(&text.text).count() {
        return None;
    }
    let mut at = 0;
    let mut found = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let count = letters(&piece.text).count();
        let own = times.get(at..at + count)?;
        found.push((own.first()?.0, own.last()?.1));
        at += count;
    }
    Some(found)
}

fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subtitles::SpokenWord;

    fn texts(text: &str, most: usize) -> Vec<String> {
        pieces(text, most).into_iter().map(|u| u.text).collect()
    }

    #[test]
    fn lines_may_break_between_words_and_between_characters_of_scripts_without_spaces() {
        assert_eq!(texts("It was, you know", 42), ["It", "was,", "you", "know"]);
        assert_eq!(
            texts("今日は、Wi-Fiの話。", 42),
            ["今", "日", "は、", "Wi-Fi", "の", "話。"]
        );
        assert_eq!(texts("「はい」と", 42), ["「は", "い」", "と"]);
        assert_eq!(texts("안녕 하세요", 42), ["안녕", "하세요"]);
        assert_eq!(texts("abcdefgh", 3), ["abc", "def", "gh"]);
    }

    #[test]
    fn times_are_those_of_the_words_or_shares_of_the_text() {
        let word = |text: &str, start_s, end_s| SpokenWord {
            start_s,
            end_s,
            text: text.to_owned(),
        };
        let mut spoken = TimedText {
            start_s: 1.0,
            end_s: 5.0,
            text: "Good morning.".to_owned(),
            words: vec![word("Good", 1.0, 1.5), word("morning.", 4.0, 5.0)],
        };
        let layout = SubtitleLayout::default();
        let found = units(std::slice::from_ref(&spoken), layout);
        assert_eq!((found[0].end_s, found[1].start_s), (1.5, 4.0));
        assert!(found[1].ends_text && !found[0].ends_text);
        spoken.words.pop();
        let found = units(&[spoken], layout);
        assert!((found[1].start_s - 2.333).abs() < 0.01, "4 of 12 letters");
    }
}
