//! Codes of letters and figures: "A380", "mp3", "INV-2024-0098", "b-c-1-5".

use crate::grammar::language::Grammar;
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;

/// Most tokens of one code; a longer one is read in parts.
const TOKENS_MAX: usize = 24;

/// Reads a run of letters and figures that touch each other.
pub fn read(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let mut end = i;
    while end - i < TOKENS_MAX
        && (line.is_word(end) || line.is_figure(end))
        && (end == i || !line.gap(end))
    {
        end += 1;
    }
    let figures = (i..end).filter(|&k| line.is_figure(k)).count();
    if figures == 0 || (end < i + 2 && !line.glued_left(i)) {
        return None;
    }
    let said: Vec<String> = (i..end)
        .map(|k| match line.is_figure(k) {
            true => grammar.code(line.text(k)),
            false => grammar.letters(line.text(k)),
        })
        .collect();
    Some(Expression::new(Semiotic::Serial, said.join(" "), end))
}
