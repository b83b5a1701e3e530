//! Roman numerals, where the words around them say that they are none else.

use crate::grammar::language::Grammar;
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;

/// Returns the value of a Roman numeral in capitals, written in the usual way; 1 to 3999.
pub fn value(numeral: &str) -> Option<u32> {
    const SIGNS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if numeral.len() > 15 {
        return None;
    }
    let (mut rest, mut n) = (numeral, 0);
    for (value, sign) in SIGNS {
        let most = if matches!(sign, "M" | "C" | "X" | "I") {
            3
        } else {
            1
        };
        for _ in 0..most {
            if let Some(after) = rest.strip_prefix(sign) {
                (rest, n) = (after, n + value);
            }
        }
    }
    (rest.is_empty() && n > 0).then_some(n)
}

/// Reads a numeral where the language says that it is one.
pub fn read(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    if !line.is_word(i) || line.glued_left(i) || line.glued_right(i + 1) {
        return None;
    }
    // "Louis XVI's"
    let (numeral, possessive) = match line.text(i).strip_suffix("'s") {
        Some(numeral) => (numeral, "'s"),
        None => (line.text(i), ""),
    };
    let n = value(numeral)?;
    let ordered = grammar.is_roman(line, i, n)?;
    let words = grammar.roman(line, i, n, ordered) + possessive;
    Some(Expression::new(Semiotic::Roman, words, i + 1))
}
