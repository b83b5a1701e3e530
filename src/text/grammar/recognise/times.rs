//! Times of day: "3:30 pm", "15h30", "9 a.m.", "10:00:00", "9am-5pm".

use super::numbers::DASHES;
use crate::grammar::language::Grammar;
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;
use crate::grammar::values::{ClockTime, DayHalf};

/// Zones that are written after a time, in lower case without stops.
const ZONES: [&str; 14] = [
    "est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt", "gmt", "utc", "bst", "cet", "wat",
    "ist",
];

/// Returns the half of the day that is written at `i` and the index after it: "am", "p.m.", "PM".
pub fn half(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<(DayHalf, usize)> {
    let tables = grammar.tables();
    let (letters, end) = initials(line, i, 2)?;
    let half = if tables.morning.contains(&letters.as_str()) {
        DayHalf::Morning
    } else if tables.afternoon.contains(&letters.as_str()) {
        DayHalf::Afternoon
    } else {
        return None;
    };
    let sentence = line.capital(end) && grammar.starts_sentence(line.text(end));
    let stop = line.joined(end - 1) == '.' && sentence;
    Some((half, if stop { end - 1 } else { end }))
}

/// Returns the letters, in lower case, of "pm" or "p.m." at `i`, at most `most`, and the index after them. The last
/// stop belongs to them unless the text ends there.
fn initials(line: &WrittenLine, i: usize, most: usize) -> Option<(String, usize)> {
    if !line.is_word(i) {
        return None;
    }
    let mut letters = line.low(i);
    let mut end = i + 1;
    let single = |k: usize| line.is_word(k) && line.text(k).chars().nth(1).is_none();
    while single(i)
        && letters.chars().count() < most
        && line.joined(end) == '.'
        && single(end + 1)
        && !line.gap(end + 1)
    {
        letters.push_str(&line.low(end + 1));
        end += 2;
    }
    let dotted = end > i + 1;
    let more = end + 1 < line.len();
    if dotted && line.joined(end) == '.' && more {
        end += 1;
    }
    Some((letters, end))
}

/// Returns the time at `i` and the index after it. Without a colon, a half of the day or a letter for the hour has to
/// follow.
pub fn time(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<(ClockTime, usize)> {
    let tables = grammar.tables();
    let value = |i: usize, most: u8| {
        let text = line.text(i);
        let fits = line.is_figure(i) && text.len() <= 2;
        text.parse::<u8>().ok().filter(|&n| fits && n <= most)
    };
    let two = |i: usize| value(i, 59).filter(|_| line.text(i).len() == 2);
    if line.glued_left(i) {
        return None;
    }
    let mut time = ClockTime {
        hour: value(i, 24)?,
        zero: line.text(i).starts_with('0'),
        ..ClockTime::default()
    };
    let mut end = i + 1;
    let sign = line.joined(end);
    let touching = |at: usize| !line.gap(at);
    if sign == ':' && touching(end + 1) {
        time.minute = Some(two(end + 1)?);
        end += 2;
        if line.joined(end) == ':'
            && touching(end + 1)
            && let Some(second) = two(end + 1)
        {
            time.second = Some(second);
            end += 2;
        }
    } else if tables.hour_marks.contains(&line.low(end).as_str()) {
        let minute = two(end + 1).filter(|_| touching(end + 1) && touching(end));
        time.minute = minute;
        end += 1 + usize::from(minute.is_some());
        if minute.is_none() && line.glued_right(end) {
            return None;
        }
        return Some((time, end));
    } else if sign == '.'
        && touching(end + 1)
        && let Some(minute) = two(end + 1)
    {
        // "7.30 p.m."
        half(line, end + 2, grammar)?;
        time.minute = Some(minute);
        end += 2;
    }
    if let Some((half, after)) = half(line, end, grammar) {
        time.half = Some(half).filter(|_| time.hour <= 12);
        time.half?;
        end = after;
    } else if time.minute.is_none() {
        return None;
    } else if tables.hour_marks.contains(&line.low(end).as_str()) && !line.glued_right(end + 1) {
        end += 1; // "15:30 h"
    }
    if let Some((zone, after)) = initials(line, end, 3)
        && ZONES.contains(&zone.as_str())
    {
        time.zone = zone.to_uppercase();
        end = after;
    }
    let glued = line.glued_right(end) && line.sign(end - 1) != '.';
    (!glued && !matches!(line.joined(end), ':' | '%')).then_some((time, end))
}

/// Reads a time, or two with a dash between them.
pub fn clock(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let first = time(line, i, grammar);
    // "9-5 pm": the half of the day is written once.
    let end = first.as_ref().map_or(i + 1, |(_, end)| *end);
    if DASHES.contains(&line.sign(end))
        && line.gap(end) == line.gap(end + 1)
        && let Some((to, after)) = time(line, end + 1, grammar)
    {
        let from = match first {
            Some((from, _)) => Some(from),
            None if to.half.is_some() && line.is_figure(i) && !line.glued_left(i) => {
                let hour = line.text(i).parse().ok().filter(|h| *h <= 12);
                hour.map(|hour| ClockTime {
                    hour,
                    ..ClockTime::default()
                })
            }
            None => None,
        }?;
        let from = match (from.minute, from.half) {
            (None, None) => grammar.cardinal(&from.hour.to_string(), Default::default()),
            _ => grammar.time(&from),
        };
        let words = grammar.range(&from, &grammar.time(&to));
        return Some(Expression::new(Semiotic::Time, words, after));
    }
    let (time, end) = first?;
    Some(Expression::new(Semiotic::Time, grammar.time(&time), end))
}
