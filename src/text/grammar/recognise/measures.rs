//! Numbers with a unit: "5 kg", "80 km/h", "10-20 °C", "50%".

use super::numbers::{number, span};
use crate::grammar::language::{Grammar, join};
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::{TokenKind, WrittenLine};
use crate::grammar::values::{CountedNoun, NumberForm, NumberSpan};

/// Most tokens of a written unit: "mm3/cm2".
const UNIT_TOKENS_MAX: usize = 5;

/// Returns the unit that is written at `i` and the index after it; the longest one.
pub fn unit(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<(CountedNoun, usize)> {
    let spaced = line.gap(i);
    let most = line.run_end(i, UNIT_TOKENS_MAX);
    (i + 1..=most).rev().find_map(|end| {
        let written = line.joint(i, end);
        if line.is_figure(i)
            || i >= line.len()
            || line.glued_right(end) && line.kind(end - 1) != Some(TokenKind::Sign)
        {
            return None;
        }
        let touching = || {
            let units = &grammar.tables().units;
            units
                .iter()
                .any(|u| u.touching && u.written.contains(&written.as_str()))
        };
        if spaced && touching() {
            return None;
        }
        Some((grammar.unit(&written)?, end))
    })
}

/// Reads a number or a range with its unit; "3 3/5 m" and "5/kg" too.
pub fn read(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let tables = grammar.tables();
    if line.glued_left(i) {
        return None;
    }
    let (mut found, mut end) = span(line, i, tables)?;
    // "5%-7%": the unit is written twice.
    if found.to.is_none()
        && let Some((first, after)) = unit(line, end, grammar)
    {
        let dash = after;
        let spaced = line.gap(dash) && line.sign(dash) == '–' && line.gap(dash + 1);
        let tight = !line.gap(dash) && !line.gap(dash + 1);
        if super::numbers::DASHES.contains(&line.sign(dash))
            && (spaced || tight)
            && let Some((to, at)) = number(line, dash + 1, tables)
            && let Some((second, _)) = unit(line, at, grammar)
            && first == second
        {
            found = NumberSpan {
                from: found.from,
                to: Some(to),
            };
            end = at;
        }
    }
    if line.joined(end) == '/' && line.is_word(end + 1) && !line.gap(end + 1) {
        let named = || {
            grammar
                .is_per(&line.low(end + 1))
                .then(|| line.text(end + 1).to_string())
        };
        // "12/A": a capital is the letter of a house.
        let letter = line.capital(end + 1) && line.text(end + 1).chars().nth(1).is_none();
        let unit = unit(line, end + 1, grammar)
            .filter(|_| !letter || line.text(end + 1) == "L")
            .map(|(unit, after)| (unit.one.to_string(), after));
        let (under, after) = unit.or_else(|| named().map(|name| (name, end + 2)))?;
        let count = grammar.span(&found, NumberForm::default());
        let words = join(&[&count, tables.per, &under]);
        return Some(Expression::new(Semiotic::Measure, words, after));
    }
    let hyphen = line.joined(end) == '-' && !line.gap(end + 1) && line.is_word(end + 1);
    let at = end + usize::from(hyphen);
    // "0815-A" is a code, not a current.
    let letter = line.capital(at) && line.text(at).chars().nth(1).is_none();
    let (noun, mut after) = unit(line, at, grammar).filter(|_| !(hyphen && letter))?;
    // "2 tbsp. sugar": the stop of an abbreviation within a sentence.
    let low = line.text(after + 1).starts_with(char::is_lowercase);
    if line.is_word(after - 1) && line.joined(after) == '.' && line.gap(after + 1) && low {
        after += 1;
    }
    let mut words = grammar.measure(
        &found,
        &noun,
        hyphen || grammar.is_attributive(line, i, after),
    );
    while let Some((under, end)) = under(line, after, grammar) {
        words = join(&[&words, tables.per, &under]);
        after = end;
    }
    Some(Expression::new(Semiotic::Measure, words, after))
}

/// Returns what a measure that ends before `end` is counted by, and the index after it: "4 g/24 h", "0.2 mm/rev".
fn under(line: &WrittenLine, end: usize, grammar: &dyn Grammar) -> Option<(String, usize)> {
    if line.joined(end) != '/' || line.gap(end + 1) {
        return None;
    }
    if line.is_figure(end + 1) {
        let (number, at) = number(line, end + 1, grammar.tables())?;
        let (noun, after) = unit(line, at, grammar)?;
        let span = NumberSpan {
            from: number,
            to: None,
        };
        return Some((grammar.measure(&span, &noun, false), after));
    }
    let word = line.text(end + 1);
    let small = word.chars().all(char::is_lowercase) && word.chars().nth(1).is_some();
    let more = line.glued_right(end + 2) || line.joined(end + 2) == '/';
    (line.is_word(end + 1) && small && !more).then(|| (word.to_string(), end + 2))
}
