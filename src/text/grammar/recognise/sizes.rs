//! Sizes: lengths with a sign between them, "2.3 x 1.8 cm", "12 cm × 5 cm", "4x100 m".

use super::{measures, numbers};
use crate::grammar::language::{Grammar, join};
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;
use crate::grammar::values::{CountedNoun, NumberForm, NumberSpan, WrittenNumber};

/// Most lengths of one size.
const LENGTHS_MAX: usize = 4;

/// Whether the sign of a size stands at `i`, with blanks on both sides or on none.
fn is_sign(line: &WrittenLine, i: usize) -> bool {
    let sign = matches!(line.text(i), "x" | "X" | "×" | "*");
    sign && line.gap(i) == line.gap(i + 1) && line.is_figure(i + 1)
}

/// Returns the number at `i` without groups, and the index after it.
fn length(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<(WrittenNumber, usize)> {
    let found = numbers::number(line, i, grammar.tables());
    found.filter(|(number, _)| line.is_figure(i) && !number.whole.is_empty())
}

/// Reads a size that starts at `i`. A unit stands after the last length at least.
pub fn read(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    if !line.is_figure(i) || line.glued_left(i) {
        return None;
    }
    let mut lengths: Vec<(WrittenNumber, Option<CountedNoun>)> = Vec::new();
    let mut at = i;
    let end = loop {
        let (number, after) = length(line, at, grammar)?;
        let unit = measures::unit(line, after, grammar);
        let end = unit.as_ref().map_or(after, |(_, end)| *end);
        lengths.push((number, unit.map(|(unit, _)| unit)));
        if lengths.len() == LENGTHS_MAX || !is_sign(line, end) {
            break end;
        }
        at = end + 1;
    };
    let (_, last) = lengths.last()?;
    let described = grammar.is_attributive(line, i, end);
    if lengths.len() < 2 || last.is_none() || line.glued_right(end) {
        return None;
    }
    let said: Vec<String> = lengths
        .into_iter()
        .map(|(number, unit)| {
            let span = NumberSpan {
                from: number,
                to: None,
            };
            match unit {
                Some(unit) => grammar.measure(&span, &unit, described),
                None => grammar.span(&span, NumberForm::default()),
            }
        })
        .collect();
    let words = said.join(&format!(" {} ", grammar.by()));
    Some(Expression::new(Semiotic::Measure, join(&[&words]), end))
}
