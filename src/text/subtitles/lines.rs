//! A caption's words → lines of about one length, broken at clauses rather than within them.

use std::ops::Range;

use super::SubtitleLayout;
use super::units::Unit;

/// Marks at which a sentence ends, and at which a clause does.
const SENTENCE_ENDS: &str = ".?!…。！？؟۔।";
const CLAUSE_ENDS: &str = ",;:—–、，；：،؛";
/// Marks that may follow them.
const CLOSES: &str = "\"'”’»)]}」』）";

/// What it costs to break after a unit, beside what it costs to make lines of different lengths.
const WITHIN_CLAUSE: f64 = 0.5;
/// More, after a word that belongs to the next one: articles and prepositions are short.
const AFTER_SHORT_WORD: f64 = 0.3;
const SHORT_COLUMNS: usize = 3;
/// A longer line above a shorter one covers more of the picture.
const TOP_HEAVY: f64 = 0.1;

/// How well a text breaks after a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Break {
    Sentence,
    Clause,
    Word,
    ShortWord,
}

/// Whether a text ends where a sentence does.
pub fn ends_sentence(text: &str) -> bool {
    last_mark(text).is_some_and(|mark| SENTENCE_ENDS.contains(mark))
}

/// The last character before quotes and brackets that close.
fn last_mark(text: &str) -> Option<char> {
    text.trim_end_matches(|c| CLOSES.contains(c)).chars().last()
}

/// Returns how well a text breaks after `unit`.
pub fn break_after(unit: &Unit) -> Break {
    match last_mark(&unit.text) {
        Some(c) if SENTENCE_ENDS.contains(c) => Break::Sentence,
        Some(c) if CLAUSE_ENDS.contains(c) => Break::Clause,
        _ if unit.columns <= SHORT_COLUMNS && unit.text.is_ascii() => Break::ShortWord,
        _ => Break::Word,
    }
}

/// Returns the columns of units that are written in one line.
pub fn width(units: &[Unit]) -> usize {
    let spaces = units.iter().skip(1).filter(|u| u.is_spaced).count();
    units.iter().map(|u| u.columns).sum::<usize>() + spaces
}

/// Returns the least number of lines that hold the units.
pub fn lines_needed(units: &[Unit], columns_max: usize) -> usize {
    let (mut lines, mut filled) = (0, 0);
    for unit in units {
        let with = filled + usize::from(unit.is_spaced) + unit.columns;
        filled = match filled > 0 && with <= columns_max {
            true => with,
            false => {
                lines += 1;
                unit.columns
            }
        };
    }
    lines
}

/// Returns the units in as few lines as hold them.
pub fn lines(units: &[Unit], layout: SubtitleLayout) -> Vec<String> {
    let count = lines_needed(units, layout.line_chars_max);
    let split = split(units, count, layout.line_chars_max);
    split.into_iter().map(|r| written(&units[r])).collect()
}

/// Returns what the break between two lines costs where the units need two; 0 for any other number of lines.
pub fn cost_of_lines(units: &[Unit], columns_max: usize) -> f64 {
    if lines_needed(units, columns_max) != 2 {
        return 0.0;
    }
    let all = width(units);
    let (mut above, mut least) = (0, f64::INFINITY);
    for (n, unit) in units.iter().enumerate().skip(1) {
        let before = &units[n - 1];
        above += before.columns + usize::from(n > 1 && before.is_spaced);
        let below = all - above - usize::from(unit.is_spaced);
        if above <= columns_max && below <= columns_max {
            least = least.min(cost_of_break(before));
        }
    }
    least
}

fn cost_of_break(unit: &Unit) -> f64 {
    match break_after(unit) {
        Break::Sentence | Break::Clause => 0.0,
        Break::Word => WITHIN_CLAUSE,
        Break::ShortWord => WITHIN_CLAUSE + AFTER_SHORT_WORD,
    }
}

/// Returns the cheapest split into `count` lines, which is known to exist.
fn split(units: &[Unit], count: usize, columns_max: usize) -> Vec<Range<usize>> {
    let all = units.len();
    let ideal = width(units) as f64 / count.max(1) as f64;
    let cost = |line: Range<usize>| {
        let columns = width(&units[line.clone()]);
        if columns > columns_max {
            return f64::INFINITY;
        }
        let off = (columns as f64 - ideal) / columns_max as f64;
        let broken = match line.end == all {
            true => 0.0,
            false => cost_of_break(&units[line.end - 1]),
        };
        let heavy = if line.start == 0 && off > 0.0 {
            TOP_HEAVY
        } else {
            0.0
        };
        4.0 * off * off + broken + heavy
    };
    // The least cost of the units before `end` in so many lines, and where the last of these lines starts.
    let mut best = vec![vec![(f64::INFINITY, 0); all + 1]; count + 1];
    best[0][0].0 = 0.0;
    for made in 1..=count {
        for end in made..=all {
            for start in (made - 1..end).rev() {
                let own = cost(start..end);
                if own.is_infinite() {
                    break;
                }
                let total = best[made - 1][start].0 + own;
                if total < best[made][end].0 {
                    best[made][end] = (total, start);
                }
            }
        }
    }
    let mut found = Vec::with_capacity(count);
    let mut end = all;
    for made in (1..=count).rev() {
        let start = best[made][end].1;
        found.push(start..end);
        end = start;
    }
    found.reverse();
    found
}

fn written(units: &[Unit]) -> String {
    let mut line = String::new();
    for unit in units {
        if unit.is_spaced && !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&unit.text);
    }
    super::width::directed(&line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subtitles::TimedText;
    use crate::subtitles::units::units;

    fn set(text: &str) -> Vec<String> {
        let spoken = TimedText {
            end_s: 1.0,
            text: text.to_owned(),
            ..TimedText::default()
        };
        let layout = SubtitleLayout::default();
        lines(&units(&[spoken], layout), layout)
    }

    #[test]
    fn lines_break_at_clauses_and_are_about_equal() {
        assert_eq!(
            set("It was the best of times."),
            ["It was the best of times."]
        );
        assert_eq!(
            set("It was the age of wisdom, it was the age of foolishness."),
            [
                "It was the age of wisdom,",
                "it was the age of foolishness."
            ]
        );
        assert_eq!(
            set("The factory stopped its work when the power failed at night"),
            [
                "The factory stopped its work",
                "when the power failed at night"
            ]
        );
        assert_eq!(
            set("今日はとても天気がいいので、みんなで公園に行きました。").len(),
            2
        );
    }

    #[test]
    fn sentences_end_at_their_marks() {
        assert!(ends_sentence("He left.”") && ends_sentence("好。") && ends_sentence("Why?"));
        assert!(!ends_sentence("and then,") && !ends_sentence(""));
    }
}
