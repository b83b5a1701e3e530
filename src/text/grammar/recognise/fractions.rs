//! Fractions: "1/2", "3 3/5", "1 1/2 cups".

use super::{measures, numbers};
use crate::grammar::language::{Grammar, join};
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;
use crate::grammar::values::NumberForm;

const DIGITS_MAX: usize = 6;

/// Returns the two numbers of the fraction at `i` and the index after it.
pub fn parts(line: &WrittenLine, i: usize) -> Option<(&str, &str, usize)> {
    let fits = |i: usize| {
        let text = line.text(i);
        line.is_figure(i) && text.len() <= DIGITS_MAX && !text.starts_with('0')
    };
    let whole = fits(i) && line.joined(i + 1) == '/' && !line.gap(i + 2) && fits(i + 2);
    let more = line.joined(i + 3) == '/' && line.is_figure(i + 4);
    (whole && !more).then(|| (line.text(i), line.text(i + 2), i + 3))
}

/// Whether `over`/`under` is a blood pressure.
pub fn is_pressure(over: &str, under: &str) -> bool {
    let (a, b): (u32, u32) = (over.parse().unwrap_or(0), under.parse().unwrap_or(0));
    (60..=260).contains(&a) && (30..=160).contains(&b) && a > b
}

/// Whether `under` is a year, so that the two numbers name a paper: "39/2015".
pub fn is_reference(under: &str) -> bool {
    under.len() == 4 && ("1900".."2100").contains(&under)
}

/// Whether the two numbers that end before `end` are divided: "10/2=5".
pub fn is_division(line: &WrittenLine, over: &str, under: &str, end: usize) -> bool {
    let value = |digits: &str| digits.parse::<u64>().unwrap_or(0);
    line.sign(end) == '=' && value(over) > value(under)
}

/// Reads a fraction, with a whole number before it or without.
pub fn read(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let minus = line.sign(i) == '-' && line.gap(i) && !line.gap(i + 1);
    let at = i + usize::from(minus);
    let sign = if minus { grammar.tables().minus } else { "" };
    if line.glued_left(at) {
        return None;
    }
    let whole = (line.is_figure(at) && line.gap(at + 1))
        .then(|| parts(line, at + 1))
        .flatten();
    let (over, under, end) = whole.or_else(|| parts(line, at))?;
    if is_division(line, over, under, end) {
        return None;
    }
    if whole.is_none()
        && is_reference(under)
        && (at > 0 || over.len() > 1)
        && !line.glued_right(end)
    {
        let slash = grammar.tables().sign('/').unwrap_or_default();
        let said = grammar.cardinal(over, NumberForm::default());
        let words = join(&[&said, slash, &grammar.year(under)]);
        return Some(Expression::new(Semiotic::Serial, words, end));
    }
    let whole = whole.map(|_| grammar.cardinal(line.text(at), NumberForm::default()));
    let fraction = grammar.fraction(over, under);
    // "1/4th": the mark of an ordinal says nothing more.
    let mark = line.low(end);
    let mark = mark
        .strip_suffix('s')
        .filter(|m| m.len() > 1)
        .unwrap_or(&mark);
    let marked = !line.gap(end) && grammar.tables().ordinal_marks.contains(&mark);
    let end = end + usize::from(marked);
    if let Some((unit, end)) = measures::unit(line, end, grammar) {
        if whole.is_none() && is_pressure(over, under) {
            let words = join(&[&fraction, &unit.many]);
            return Some(Expression::new(Semiotic::Measure, words, end));
        }
        let words = grammar.fraction_measure(whole.as_deref(), &fraction, &unit);
        return Some(Expression::new(
            Semiotic::Measure,
            join(&[sign, &words]),
            end,
        ));
    }
    if line.glued_right(end) {
        return None;
    }
    let dash = numbers::DASHES.contains(&line.joined(end)) && !line.gap(end + 1);
    if dash && let Some((over, under, end)) = parts(line, end + 1) {
        let words = grammar.range(&fraction, &grammar.fraction(over, under));
        return Some(Expression::new(Semiotic::Range, words, end));
    }
    let (whole, and) = match &whole {
        Some(whole) => (whole.as_str(), grammar.tables().and),
        None => ("", ""),
    };
    let words = join(&[sign, whole, and, &fraction]);
    Some(Expression::new(Semiotic::Fraction, words, end))
}
