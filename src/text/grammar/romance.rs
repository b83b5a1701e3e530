//! What Spanish, French, Italian and Portuguese write alike: dates with "de" between their parts, times with a point or
//! an "h", fractions with a whole number and a unit, Roman numerals by themselves.
//!
//! Owns how these are recognised; each language says them.

use super::language::{Grammar, join};
use super::recognise::{dates, fractions, measures, numbers, romans, times};
use super::semiotic::{Expression, Semiotic};
use super::tables::GrammarTables;
use super::token::WrittenLine;
use super::values::{CalendarDate, ClockTime, CountedNoun, NumberForm, NumberSpan};

/// Zones that are written after a time, in lower case.
const ZONES: [&str; 18] = [
    "est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt", "gmt", "utc", "bst", "cet", "cest",
    "wet", "pyt", "art", "brt", "clt",
];

/// Returns the number at `i` when it has as many digits as `digits` allows and is at most `most`.
pub fn figure(
    line: &WrittenLine,
    i: usize,
    digits: std::ops::RangeInclusive<usize>,
    most: u16,
) -> Option<u16> {
    let text = line.text(i);
    let fits = line.is_figure(i) && digits.contains(&text.len());
    let value = text.parse().ok().filter(|_| fits)?;
    (value <= most).then_some(value)
}

/// A date as it was written with words between its parts.
pub struct WrittenDate<'a> {
    pub date: CalendarDate,
    /// The word before the year: "de", "del"; empty where there was none.
    pub of: &'a str,
    pub end: usize,
}

/// Returns the date at `i`: a day, a month's name and perhaps a year, with one of `ofs` between them or without.
pub fn date_in_words<'a>(
    line: &WrittenLine,
    i: usize,
    grammar: &dyn Grammar,
    ofs: &[&'a str],
) -> Option<WrittenDate<'a>> {
    let tables = grammar.tables();
    if line.glued_left(i) {
        return None;
    }
    let of = |at: usize| {
        let low = line.low(at);
        ofs.iter().copied().find(|of| line.gap(at) && *of == low)
    };
    let day = figure(line, i, 1..=2, 31).filter(|d| *d > 0)?;
    let mut at = i + 1;
    let stop = usize::from(line.joined(at) == '.' && !line.gap(at + 1));
    if !line.gap(at) && tables.ordinal_marks.contains(&line.low(at + stop).as_str()) {
        at += stop + 1;
    }
    at += usize::from(line.joined(at) == '°');
    at += usize::from(of(at).is_some());
    if !line.gap(at) {
        return None;
    }
    let month = tables.month(&line.low(at))?;
    at += 1;
    let short = line.text(at - 1).chars().count() < 5;
    if short && line.joined(at) == '.' && at + 1 < line.len() {
        at += 1;
    }
    let word = of(at);
    let year_at = at + usize::from(word.is_some());
    let year = figure(line, year_at, 3..=4, 2200)
        .filter(|y| *y >= 100 && line.gap(year_at) && !line.glued_right(year_at + 1));
    let end = match year {
        Some(_) => year_at + 1,
        None => at,
    };
    Some(WrittenDate {
        date: CalendarDate {
            day: Some(day as u8),
            month: Some(month),
            year: year.map(|_| line.text(year_at).to_string()),
            day_first: true,
            figures: false,
        },
        of: word.filter(|_| year.is_some()).unwrap_or(""),
        end,
    })
}

/// Returns the time at `i` and the index after it: "15:30", "15h30", "15:30 h", "3:02:32 pst", "12h02m00s"; with
/// `points` also "12.15". At least a minute or a letter for the hour has to follow the hour.
pub fn time(
    line: &WrittenLine,
    i: usize,
    grammar: &dyn Grammar,
    points: bool,
) -> Option<(ClockTime, usize)> {
    let tables = grammar.tables();
    if line.glued_left(i)
        || line.joined(i + 1) == ' '
            && !tables.hour_marks.contains(&line.text(i + 1))
            && i > 0
            && ".,:/-".contains(line.joined(i.wrapping_sub(1)))
    {
        return None;
    }
    let hour = figure(line, i, 1..=2, 24)? as u8;
    let two = |at: usize| {
        figure(line, at, 2..=2, 59)
            .map(|n| n as u8)
            .filter(|_| !line.gap(at))
    };
    let mark = |at: usize| tables.hour_marks.contains(&line.text(at));
    let mut time = ClockTime {
        hour,
        zero: line.text(i).starts_with('0'),
        ..ClockTime::default()
    };
    let mut end = i + 1;
    let sign = line.joined(end);
    let mut marked = false;
    // "10.30 h"
    let pointed = sign == '.' && (points || mark(end + 2) && line.gap(end + 2));
    if (sign == ':' || pointed)
        && let Some(minute) = two(end + 1)
    {
        time.minute = Some(minute);
        end += 2;
        if line.joined(end) == sign
            && let Some(second) = two(end + 1)
        {
            time.second = Some(second);
            end += 2;
        }
        if line.is_figure(end + 1) && (line.joined(end) == sign || line.joined(end) == '/') {
            return None;
        }
    } else if mark(end) {
        marked = true;
        end += 1;
        if let Some(minute) = two(end) {
            time.minute = Some(minute);
            end += 1;
            let minutes = matches!(line.low(end).as_str(), "m" | "min" | "mn") && !line.gap(end);
            let after = end + usize::from(minutes);
            if let Some(second) = two(after) {
                time.second = Some(second);
                end = after + 1 + usize::from(line.low(after + 1) == "s" && !line.gap(after + 1));
            } else if minutes {
                end = after;
            }
        }
    }
    if time.minute.is_some() && !marked && mark(end) {
        end += 1;
    }
    if let Some((half, after)) = times::half(line, end, grammar).filter(|_| time.hour <= 12) {
        time.half = Some(half);
        end = after;
    }
    if time.minute.is_none() && time.half.is_none() && !marked {
        return None;
    }
    if ZONES.contains(&line.low(end).as_str()) {
        time.zone = grammar.letters(line.text(end));
        end += 1;
        let sign = line.sign(end);
        if matches!(sign, '+' | '-') && line.is_figure(end + 1) && !line.gap(end + 1) {
            let word = if sign == '+' {
                tables.plus
            } else {
                tables.minus
            };
            let minutes = line.joined(end + 2) == ':' && line.is_figure(end + 3);
            let form = NumberForm {
                gender: grammar.hour_gender(),
                before_noun: minutes,
                oblique: false,
            };
            let plain = NumberForm::default();
            let hours = grammar.cardinal(line.text(end + 1), if minutes { form } else { plain });
            let rest = match minutes {
                true => grammar.cardinal(line.text(end + 3), plain),
                false => String::new(),
            };
            time.zone = join(&[&time.zone, word, &hours, &rest]);
            end += if minutes { 4 } else { 2 };
        }
    }
    (!line.glued_right(end) && line.joined(end) != '%').then_some((time, end))
}

/// Reads a time, or two with a dash between them: "9:00-14:00".
pub fn clock(
    line: &WrittenLine,
    i: usize,
    grammar: &dyn Grammar,
    points: bool,
) -> Option<Expression> {
    let (from, mut end) = time(line, i, grammar, points)?;
    let mut words = grammar.time(&from);
    if numbers::DASHES.contains(&line.joined(end))
        && !line.gap(end + 1)
        && let Some((to, after)) = time(line, end + 1, grammar, points)
    {
        words = grammar.range(&words, &grammar.time(&to));
        end = after;
    }
    Some(Expression::new(Semiotic::Time, words, end))
}

/// Returns the index after "nº", "n°", "n.º" before a figure at `i`.
pub fn number_sign(line: &WrittenLine, i: usize) -> Option<usize> {
    let word = line.low(i);
    let mut end = i + 1;
    if matches!(word.as_str(), "n" | "no") {
        end += usize::from(line.joined(end) == '.');
        let degree = line.joined(end) == '°';
        let ordinal = !line.gap(end) && line.text(end) == "º";
        if !degree && !ordinal && (word == "n" || end == i + 1) {
            return None;
        }
        end += usize::from(degree || ordinal);
    } else if !matches!(word.as_str(), "nº" | "nos") || word == "nos" {
        return None;
    }
    end += usize::from(line.joined(end) == '.');
    (line.is_word(i) && line.is_figure(end) && !line.glued_left(i)).then_some(end)
}

/// Returns the two numbers of the fraction at `i`, without the signs between groups, and the index after it.
fn fraction_parts(
    line: &WrittenLine,
    i: usize,
    grammar: &dyn Grammar,
) -> Option<(String, String, usize)> {
    let whole = |text: &str| !text.starts_with('0') && text.len() <= 9;
    if !line.is_figure(i) || line.joined(i + 1) != '/' || line.gap(i + 2) || !line.is_figure(i + 2)
    {
        return None;
    }
    let (under, end) = numbers::number(line, i + 2, grammar.tables())?;
    let more =
        matches!(line.joined(end), '/' | '-') && line.is_figure(end + 1) && !line.gap(end + 1);
    let fits = under.part.is_none()
        && !fractions::is_reference(&under.whole)
        && !dates::is_day_and_month(line, i, grammar)
        && !fractions::is_division(line, line.text(i), &under.whole, end)
        && whole(line.text(i))
        && whole(&under.whole)
        && !more
        && !line.glued_right(end);
    fits.then(|| (line.text(i).to_string(), under.whole, end))
}

/// A whole number with a fraction, or a fraction by itself, and the unit after it.
pub struct MixedFraction<'a> {
    pub negative: bool,
    pub whole: Option<&'a str>,
    pub over: String,
    pub under: String,
    pub unit: Option<CountedNoun>,
    pub end: usize,
}

/// Returns the fraction at `i` with what belongs to it.
pub fn mixed<'a>(
    line: &'a WrittenLine,
    i: usize,
    grammar: &dyn Grammar,
) -> Option<MixedFraction<'a>> {
    let negative = line.sign(i) == '-' && line.gap(i) && !line.gap(i + 1);
    let at = i + usize::from(negative);
    if line.glued_left(at) || !line.is_figure(at) {
        return None;
    }
    let with_whole = line
        .gap(at + 1)
        .then(|| fraction_parts(line, at + 1, grammar))
        .flatten();
    let (whole, (over, under, end)) = match with_whole {
        Some(parts) => (Some(line.text(at)), parts),
        None => (None, fraction_parts(line, at, grammar)?),
    };
    let unit = measures::unit(line, end, grammar);
    if unit.is_some() && whole.is_none() && fractions::is_pressure(&over, &under) {
        return None;
    }
    let end = unit.as_ref().map_or(end, |(_, end)| *end);
    Some(MixedFraction {
        negative,
        whole,
        over,
        under,
        unit: unit.map(|(unit, _)| unit),
        end,
    })
}

/// Returns the value of the word at `i` as a Roman numeral in lower case of two letters and more, or of one after
/// `named`.
pub fn low_roman(line: &WrittenLine, i: usize, named: bool) -> Option<u32> {
    let text = line.text(i);
    let low = text.chars().all(|c| c.is_ascii_lowercase());
    let long = named || text.len() > 1;
    (line.is_word(i) && low && long)
        .then(|| romans::value(&text.to_uppercase()))
        .flatten()
}

/// Returns the Roman numeral in capitals that is the whole text.
pub fn lonely_roman(line: &WrittenLine, i: usize) -> Option<u32> {
    let whole = i == 0 && (line.len() == 1 || line.len() == 2 && line.sign(1) == '.');
    (whole && line.is_word(0))
        .then(|| romans::value(line.text(0)))
        .flatten()
}

/// Returns the index after "a.C.", "a. C.", "d.C.", "J.-C." at `i` and whether it is before our era; `J.-C.` has the word
/// for that before it.
pub fn era(line: &WrittenLine, i: usize) -> Option<(bool, usize)> {
    let first = line.text(i);
    let mut end = i + 1;
    let stop = |at: usize| usize::from(line.joined(at) == '.');
    end += stop(end);
    let french = first == "J";
    if french {
        end += usize::from(line.joined(end) == '-');
    }
    let second = line.text(end);
    let alike = line.is_word(i)
        && matches!(first, "a" | "d" | "A" | "D" | "J")
        && matches!(second, "C" | "c");
    let stops = line.joined(i + 1) == '.' || french;
    if !alike || !stops || line.glued_left(i) {
        return None;
    }
    end += 1;
    let last = stop(end) == 1 && (end + 1 >= line.len() || line.capital(end + 1));
    end += if last { 0 } else { stop(end) };
    (!line.glued_right(end)).then_some((matches!(first, "a" | "A"), end))
}

/// Whether the Roman numeral at `i` counts (`Some(false)`) or orders (`Some(true)`): by the words of the tables, or after
/// any name.
pub fn is_roman(line: &WrittenLine, i: usize, tables: &GrammarTables) -> Option<bool> {
    // "sec. XX": the stop belongs to the word before.
    let stop = usize::from(i > 1 && line.sign(i - 1) == '.');
    let before = line.before(i - stop).to_lowercase();
    let is = |words: &[&str], word: &str| words.contains(&word);
    let ruler = is(tables.rulers, &before) && i > 0 && line.capital(i - 1);
    if is(tables.roman_ordered, &before) || is(tables.roman_after, &line.low(i + 1)) || ruler {
        return Some(true);
    }
    if is(tables.roman_before, &before) {
        return Some(false);
    }
    named_roman(line, i).then_some(true)
}

/// Whether the numeral at `i`, of two letters and more, belongs to the name before it: "Ramsés II".
fn named_roman(line: &WrittenLine, i: usize) -> bool {
    let name = i > 0 && line.capital(i - 1) && line.before(i).chars().count() > 3;
    let spelled = line.before(i).chars().any(char::is_lowercase);
    name && spelled && line.gap(i) && line.text(i).len() > 1
}

/// Reads "2° C" and "20 °F" with a blank before the scale.
pub fn degrees(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let (number, end) = numbers::signed(line, i, grammar.tables())?;
    let scale = match line.text(end + 1) {
        "C" => "°C",
        "F" => "°F",
        _ => return None,
    };
    if line.sign(end) != '°' || line.glued_left(i) || line.glued_right(end + 2) {
        return None;
    }
    let span = NumberSpan {
        from: number,
        to: None,
    };
    let words = grammar.measure(&span, &grammar.unit(scale)?, false);
    found(Semiotic::Measure, &[&words], end + 2)
}

/// Returns a class and its words as an expression.
pub fn found(class: Semiotic, parts: &[&str], end: usize) -> Option<Expression> {
    Some(Expression::new(class, join(parts), end))
}
