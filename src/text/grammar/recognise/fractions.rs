//! Fractions: "1/2", "3 3/5", "1 1/2 cups".

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
    (whole && !more && !line.glued_right(i + 3)).then(|| (line.text(i), line.text(i + 2), i + 3))
}

/// Reads a fraction, with a whole number before it or without.
pub fn read(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let minus = line.sign(i) == '-' && line.gap(i) && !line.gap(i + 1);
    let at = i + usize::from(minus);
    let sign = if minus { grammar.tables().minus } else { "" };
    if line.glued_left(at) {
        return None;
    }
    if line.is_figure(at)
        && line.gap(at + 1)
        && let Some((over, under, end)) = parts(line, at + 1)
    {
        let whole = grammar.cardinal(line.text(at), NumberForm::default());
        let words = join(&[
            sign,
            &whole,
            grammar.tables().and,
            &grammar.fraction(over, under),
        ]);
        return Some(Expression::new(Semiotic::Fraction, words, end));
    }
    let (over, under, end) = parts(line, at)?;
    let words = join(&[sign, &grammar.fraction(over, under)]);
    Some(Expression::new(Semiotic::Fraction, words, end))
}
