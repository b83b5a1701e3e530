//! Abbreviations of the tables, initials with stops ("U.S.A.", "J. R."), short names of days.

use super::romans;
use crate::grammar::language::Grammar;
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;
use crate::grammar::values::{AbbreviationPlace, WrittenAbbreviation};

/// Most letters of initials: "U.S.S.R."
const INITIALS_MAX: usize = 8;

/// Whether `text` is `written`, with its first letter raised or not.
fn matches(text: &str, written: &str, shouted: bool) -> bool {
    if shouted {
        return text.to_lowercase() == written.to_lowercase();
    }
    if text == written {
        return true;
    }
    let mut chars = written.chars();
    chars.next().is_some_and(|first| {
        first.is_lowercase()
            && text.strip_prefix(|c: char| first.to_uppercase().eq([c])) == Some(chars.as_str())
            || first.is_uppercase()
                && written.chars().count() > 1
                && text.strip_prefix(|c: char| first.to_lowercase().eq([c])) == Some(chars.as_str())
    })
}

/// Returns the index after `written` at `i`, without a last stop.
fn written_end(line: &WrittenLine, i: usize, abbreviation: &WrittenAbbreviation) -> Option<usize> {
    if matches(line.text(i), abbreviation.written, line.shouted) {
        return Some(i + 1);
    }
    // "e.g", "c/o": of several tokens.
    let parts = abbreviation.written.contains(['.', '/']);
    let starts = |text: &str| abbreviation.written.starts_with(text);
    if !parts || !starts(line.text(i)) && !starts(&line.low(i)) {
        return None;
    }
    let tokens = abbreviation.written.chars().count();
    let end = (i + 1..=i + tokens)
        .find(|&end| matches(&line.joint(i, end), abbreviation.written, line.shouted))?;
    // "p. ej.": blanks may stand after its stops.
    let tight = (i + 1..end).all(|k| !line.gap(k) || line.sign(k - 1) == '.');
    tight.then_some(end)
}

/// Reads an abbreviation whose place fits. Its stop is consumed unless the text ends there.
pub fn read(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    if !line.is_word(i)
        || line.glued_left(i)
        || matches!(line.joined(i), '\'')
        || i > 0 && !line.gap(i) && line.sign(i - 1) == '-' && line.gap(i - 1) // "-p 80"
        || i > 0 && !line.gap(i) && matches!(line.sign(i - 1), '/' | '.' | '\\' | '&')
    {
        return None;
    }
    let tables = grammar.tables();
    tables.abbreviations.iter().find_map(|abbreviation| {
        let end = written_end(line, i, abbreviation)?;
        let stop = line.joined(end) == '.';
        let next = end + usize::from(stop);
        if line.glued_right(end) && !abbreviation.written.ends_with('/')
            || stop && line.glued_right(next) && !line.is_figure(next)
        {
            return None;
        }
        // "no. A12345", "Reg. no. KA-01": a code.
        let code = || {
            let at = next + 1 + usize::from(line.joined(next + 1) == '-');
            line.is_word(next) && line.is_figure(at) && !line.gap(at) && !line.gap(next + 1)
        };
        let figure = || {
            line.is_figure(next)
                || line.gap(next) && code()
                || line.gap(next)
                    && (line.text(i).len() > 1 || line.text(next).len() > 1)
                    && romans::value(line.text(next)).is_some()
        };
        let before = i.checked_sub(1);
        let name = |k: usize| line.capital(k) && line.text(k).chars().nth(1).is_some();
        let ordinal = |k: usize| tables.ordinal_marks.contains(&line.low(k).as_str());
        let fits = match abbreviation.place {
            AbbreviationPlace::Stop => stop,
            AbbreviationPlace::LowStop => stop && (!line.capital(i) || line.shouted),
            AbbreviationPlace::Always => true,
            AbbreviationPlace::BeforeFigure => figure(),
            AbbreviationPlace::AfterFigure => {
                before.is_some_and(|k| line.is_figure(k) || ordinal(k))
            }
            AbbreviationPlace::BeforeName => line.capital(next) && line.gap(next),
            AbbreviationPlace::AfterName => {
                before.is_some_and(|k| name(k) || ordinal(k)) && !line.shouted
            }
        };
        let last = stop && next >= line.len();
        fits.then(|| {
            Expression::new(
                Semiotic::Abbreviation,
                abbreviation.said,
                if last { end } else { next },
            )
        })
    })
}

/// Reads "U.S.A.", "Ph.D.", "J." before a name.
pub fn initials(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let short = |k: usize| line.is_word(k) && line.text(k).chars().count() <= 2;
    if !short(i) || line.glued_left(i) {
        return None;
    }
    let mut letters = line.text(i).to_string();
    let mut end = i + 1;
    while line.joined(end) == '.'
        && short(end + 1)
        && !line.gap(end + 1)
        && letters.chars().count() < INITIALS_MAX
    {
        letters.push_str(line.text(end + 1));
        end += 2;
    }
    let many = end > i + 1;
    let one = letters.chars().count() == 1 && letters.chars().all(char::is_uppercase);
    let stop = line.joined(end) == '.';
    let name =
        line.gap(end + 1) && line.capital(end + 1) && !grammar.starts_sentence(line.text(end + 1));
    let before_name = one && stop && name;
    if !(many || before_name) || line.glued_right(end) {
        return None;
    }
    // A word such as "to.do" is no row of initials: each part has one letter, or the last stop is there.
    let singles = (i..end)
        .step_by(2)
        .all(|k| line.text(k).chars().count() == 1);
    if many && !singles && !stop {
        return None;
    }
    let after = end + usize::from(stop && end + 1 < line.len() && !line.glued_right(end + 1));
    let sentence =
        stop && many && line.capital(end + 1) && grammar.starts_sentence(line.text(end + 1));
    let words = grammar.letters(&letters);
    Some(Expression::new(
        Semiotic::Letters,
        words,
        if sentence { end } else { after },
    ))
}

/// Reads the short name of a day of the week.
pub fn day(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let days = grammar.tables().days;
    let of = |k: usize| {
        let low = line.low(k);
        let found = days.iter().find(|(short, _)| *short == low);
        let written = line.capital(k) || grammar.small_days();
        found.filter(|_| written).map(|(_, name)| *name)
    };
    let dashed = |k: usize| matches!(line.joined(k), '-' | '–') && !line.gap(k + 1);
    // "Monday-Friday": the names in full.
    let full = |k: usize| {
        let low = line.low(k);
        let named =
            |name: &str| name.to_lowercase() == low || name.split('-').next() == Some(&*low);
        days.iter().map(|(_, name)| *name).find(|name| named(name))
    };
    if dashed(i + 1)
        && !line.glued_left(i)
        && let (Some(from), Some(to)) = (full(i), full(i + 2))
        && from != to
    {
        let words = grammar.range(from, to);
        return Some(Expression::new(Semiotic::Range, words, i + 3));
    }
    let name = of(i)?;
    let stop = line.joined(i + 1) == '.';
    let next = i + 1 + usize::from(stop);
    // Where days are written in small letters, a short one may be a word or a name: "mer", "Sam".
    let other = || {
        let listed = |sign: usize, k: usize| ",-–/".contains(line.sign(sign)) && of(k).is_some();
        listed(i.wrapping_sub(1), i.wrapping_sub(2)) || listed(next, next + 1)
    };
    if grammar.small_days() && !stop && !line.is_figure(next) && !other() {
        return None;
    }
    // A short name that is a word too needs a neighbour.
    let near = || {
        let sides = [i.wrapping_sub(2), i.wrapping_sub(1), next, next + 1];
        sides.into_iter().any(|k| {
            k < line.len()
                && (of(k).is_some()
                    || line.is_figure(k)
                    || grammar.tables().month(&line.low(k)).is_some())
        })
    };
    let word = grammar.is_common_word(&line.low(i));
    if line.glued_left(i) || line.glued_right(next) || word && !near() && !(stop && line.gap(next))
    {
        return None;
    }
    let dash = line.sign(next);
    if matches!(dash, '-' | '–')
        && !line.gap(next)
        && !line.gap(next + 1)
        && let Some(to) = of(next + 1)
    {
        // "Mon.-Thurs.": the stop of the second one too, but at the end.
        let stop = line.joined(next + 2) == '.' && next + 3 < line.len();
        let words = grammar.range(name, to);
        let end = next + 2 + usize::from(stop);
        return Some(Expression::new(Semiotic::Range, words, end));
    }
    let last = stop && next >= line.len();
    Some(Expression::new(
        Semiotic::Date,
        name,
        if last { i + 1 } else { next },
    ))
}
