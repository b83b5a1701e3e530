//! Words → captions: the cheapest split of all that is said, by dynamic programming.

use super::lines::{Break, break_after, cost_of_lines, lines, lines_needed, width};
use super::units::{Unit, units};
use super::{Caption, SubtitleLayout, TimedText};

/// Bounds on the seconds that a caption is shown.
const SHOWN_S_MIN: f64 = 1.0;
const SHOWN_S_MAX: f64 = 7.0;
/// Most columns that are read in a second.
const COLUMNS_A_SECOND: f64 = 17.0;
/// A caption does not stand over a longer pause.
const PAUSE_S_MAX: f64 = 1.5;
/// A pause at which a text breaks as well as at a clause.
const PAUSE_S: f64 = 0.4;

/// Costs: of one caption more, of breaking where no sentence ends, of an end of sentence within a caption, of a caption that is
/// gone before it is read, and of standing over a long pause.
const CAPTION: f64 = 1.0;
const AFTER_CLAUSE: f64 = 0.5;
const WITHIN_CLAUSE: f64 = 2.5;
const AFTER_SHORT_WORD: f64 = 3.5;
const SENTENCE_WITHIN: f64 = 0.3;
const UNREAD: f64 = 6.0;
const OVER_PAUSE: f64 = 20.0;
/// How many times a break between lines costs what `lines` says.
const LINE_BREAK: f64 = 3.0;

/// Returns the captions of what is said: in order, not overlapping, each with a text.
pub fn captions(spoken: &[TimedText], layout: SubtitleLayout) -> Vec<Caption> {
    let layout = SubtitleLayout {
        // No character is wider than a line.
        line_chars_max: layout.line_chars_max.max(2),
        lines_max: layout.lines_max.max(1),
    };
    let units = units(spoken, layout);
    let mut found: Vec<Caption> = Vec::new();
    for (start, end) in split(&units, layout) {
        let shown = &units[start..end];
        let next_s = units.get(end).map_or(f64::INFINITY, |u| u.start_s);
        let (start_s, said_s) = (shown[0].start_s, shown[shown.len() - 1].end_s);
        let wanted_s = said_s.max(start_s + needed_s(shown));
        let end_s = wanted_s.min(next_s).min(start_s + SHOWN_S_MAX);
        let start_ms = millis(start_s).max(found.last().map_or(0, |before| before.end_ms));
        found.push(Caption {
            start_ms,
            // Players drop captions without duration.
            end_ms: millis(end_s).max(start_ms + 1),
            lines: lines(shown, layout),
        });
    }
    found
}

fn millis(seconds: f64) -> u64 {
    (seconds * 1_000.0).round() as u64
}

/// Returns the seconds in which the units can be read.
fn needed_s(units: &[Unit]) -> f64 {
    (width(units) as f64 / COLUMNS_A_SECOND).clamp(SHOWN_S_MIN, SHOWN_S_MAX)
}

/// Returns the ranges of units of the captions.
fn split(units: &[Unit], layout: SubtitleLayout) -> Vec<(usize, usize)> {
    let all = units.len();
    // The least cost of the units before `end`, and where the last caption of these starts.
    let mut best = vec![(f64::INFINITY, 0); all + 1];
    best[0].0 = 0.0;
    for end in 1..=all {
        let broken = match units.get(end) {
            None => 0.0,
            Some(next) => cost_of_break(&units[end - 1], next),
        };
        let mut within = 0.0;
        for start in (0..end).rev() {
            if start + 1 < end {
                within += cost_within(&units[start], &units[start + 1]);
                let shown = &units[start..end];
                let lasts_s = units[end - 1].end_s - units[start].start_s;
                if lasts_s > SHOWN_S_MAX
                    || lines_needed(shown, layout.line_chars_max) > layout.lines_max
                {
                    break;
                }
            }
            let needed_s = needed_s(&units[start..end]);
            let next_s = units.get(end).map_or(f64::INFINITY, |u| u.start_s);
            let left_s = (next_s - units[start].start_s).max(0.0);
            let unread = UNREAD * (1.0 - left_s / needed_s).max(0.0);
            let lines = LINE_BREAK * cost_of_lines(&units[start..end], layout.line_chars_max);
            let total = best[start].0 + CAPTION + broken + within + unread + lines;
            if total < best[end].0 {
                best[end] = (total, start);
            }
        }
    }
    let mut found = Vec::new();
    let mut end = all;
    while end > 0 {
        let start = best[end].1;
        found.push((start, end));
        end = start;
    }
    found.reverse();
    found
}

/// Returns the cost of a break between two units.
fn cost_of_break(unit: &Unit, next: &Unit) -> f64 {
    let pause_s = next.start_s - unit.end_s;
    match break_after(unit) {
        Break::Sentence => 0.0,
        _ if pause_s >= PAUSE_S_MAX => 0.0,
        Break::Clause => AFTER_CLAUSE,
        _ if pause_s >= PAUSE_S || unit.ends_text => AFTER_CLAUSE,
        Break::Word => WITHIN_CLAUSE,
        Break::ShortWord => AFTER_SHORT_WORD,
    }
}

/// Returns the cost of no break between two units.
fn cost_within(unit: &Unit, next: &Unit) -> f64 {
    let over = match next.start_s - unit.end_s > PAUSE_S_MAX {
        true => OVER_PAUSE,
        false => 0.0,
    };
    match break_after(unit) {
        Break::Sentence => over + SENTENCE_WITHIN,
        _ => over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subtitles::SpokenWord;

    /// A text whose words each last `word_s`, from `start_s` on.
    fn said(text: &str, start_s: f64, word_s: f64) -> TimedText {
        let words: Vec<SpokenWord> = text
            .split_whitespace()
            .enumerate()
            .map(|(n, word)| SpokenWord {
                start_s: start_s + n as f64 * word_s,
                end_s: start_s + (n + 1) as f64 * word_s,
                text: word.to_owned(),
            })
            .collect();
        TimedText {
            start_s,
            end_s: start_s + words.len() as f64 * word_s,
            text: text.to_owned(),
            words,
        }
    }

    #[test]
    fn captions_break_at_clauses_and_start_with_their_first_word() {
        let text = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of \
                    foolishness, it was the epoch of belief";
        let made = captions(&[said(text, 10.0, 0.3)], SubtitleLayout::default());
        assert_eq!(
            made[0].lines,
            ["It was the best of times,", "it was the worst of times,"]
        );
        assert_eq!((made[0].start_ms, made[0].end_ms), (10_000, 13_600));
        assert_eq!(made[1].start_ms, 13_600);
        let shown: Vec<String> = made.iter().flat_map(|c| c.lines.clone()).collect();
        assert_eq!(shown.join(" "), text, "nothing is lost");
    }

    #[test]
    fn short_lines_stay_long_enough_and_no_caption_stands_over_a_pause() {
        let spoken = [said("Yes.", 1.0, 0.2), said("I think so.", 9.0, 0.2)];
        let made = captions(&spoken, SubtitleLayout::default());
        assert_eq!((made[0].start_ms, made[0].end_ms), (1_000, 2_000));
        assert_eq!((made[1].start_ms, made[1].end_ms), (9_000, 10_000));
        // Where others follow at once, short ones are shown together.
        let spoken = [said("Yes.", 1.0, 0.2), said("I think so.", 1.2, 0.2)];
        let made = captions(&spoken, SubtitleLayout::default());
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].lines, ["Yes. I think so."]);
    }

    #[test]
    fn what_is_asked_for_bounds_each_line() {
        let text = "The market was crowded, and nobody noticed the dog. 今日はとても天気がいいので、みんなで公園に行きました。";
        for (line_chars_max, lines_max) in [(42, 2), (20, 1), (10, 3), (1, 0)] {
            let layout = SubtitleLayout {
                line_chars_max,
                lines_max,
            };
            let made = captions(&[said(text, 0.0, 0.4)], layout);
            for caption in &made {
                assert!(caption.lines.len() <= lines_max.max(1), "{caption:?}");
                let widths = caption
                    .lines
                    .iter()
                    .map(|l| super::super::width::columns(l));
                assert!(widths.max() <= Some(line_chars_max.max(2)), "{caption:?}");
                assert!(caption.end_ms - caption.start_ms <= 7_000);
            }
            let shown: String = made.iter().flat_map(|c| c.lines.clone()).collect();
            let bare = |t: &str| t.replace(char::is_whitespace, "");
            assert_eq!(bare(&shown), bare(text));
        }
    }

    #[test]
    fn times_that_are_none_show_for_a_moment() {
        for end_s in [1.0, 2.0, f64::NAN, f64::INFINITY] {
            let spoken = TimedText {
                start_s: 2.0,
                end_s,
                text: "Yes.".to_owned(),
                words: Vec::new(),
            };
            let made = captions(&[spoken], SubtitleLayout::default());
            assert_eq!(
                (made[0].start_ms, made[0].end_ms),
                (2_000, 3_000),
                "{end_s}"
            );
        }
        assert_eq!(
            captions(&[said("Yes.", -1.0, 0.2)], SubtitleLayout::default())[0].start_ms,
            0
        );
        assert!(captions(&[said(" \n\t", 0.0, 1.0)], SubtitleLayout::default()).is_empty());
    }
}
