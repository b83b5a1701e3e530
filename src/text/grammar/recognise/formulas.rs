//! Sums, powers, ratios and versions: "10 - 4", "1-2=5", "10^-3", "1.5e-3", "16:9", "1.2.3".

use super::measures;
use super::numbers::{number, signed};
use crate::grammar::language::{Grammar, join};
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;
use crate::grammar::values::NumberForm;

/// Tokens on each side in which an equals sign makes a sum.
const SUM_TOKENS: usize = 12;

/// Reads the sign between two figures, or between letters of a sum, by its name as an operator.
pub fn operator(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let written = line.text(i).chars().next()?;
    let sign = match line.is_word(i) {
        true if line.text(i) == "x" => '×',
        true => return None,
        false => written,
    };
    let tables = grammar.tables();
    let divided_by = || tables.operator('÷').filter(|_| sign == '/');
    let name = tables.operator(sign).or_else(divided_by)?;
    let variable = |k: usize| line.is_word(k) && line.text(k).chars().nth(1).is_none();
    let before = i.checked_sub(1)?;
    let operand = |k: usize| line.is_figure(k) || variable(k);
    let spaced = line.gap(i) && line.gap(i + 1);
    let figures = line.is_figure(before) && line.is_figure(i + 1);
    let sum = || {
        let near = before.saturating_sub(SUM_TOKENS)..(i + SUM_TOKENS).min(line.len());
        near.into_iter().any(|k| matches!(line.sign(k), '=' | '^'))
    };
    let closed = operand(before) || matches!(line.sign(before), ')' | '²' | '³');
    let opened = operand(i + 1) || matches!(line.sign(i + 1), '(' | '√' | '-');
    let power_of_ten = line.text(i + 1) == "10" && line.joined(i + 2) == '^';
    let padded = line.text(i + 1).len() > 1 && line.text(i + 1).starts_with('0');
    // "10/2=5" is a division, "1/2=0.5" a half.
    let divided = || {
        let value = |k: usize| line.text(k).parse::<u64>().unwrap_or(0);
        figures && line.sign(i + 2) == '=' && value(before) > value(i + 1)
    };
    let fits = match sign {
        '×' if line.is_word(i) => figures && (spaced || line.gap(i) && power_of_ten),
        '-' | '–' => {
            spaced && figures && !padded
                || closed
                    && opened
                    && (sum()
                        || variable(before)
                            && line.is_figure(i + 1)
                            && line.text(before).chars().all(char::is_lowercase))
        }
        '/' => spaced && figures || closed && opened && sum() && (!figures || divided()),
        '*' => closed && opened && (figures || sum()),
        _ => closed && opened,
    };
    fits.then(|| Expression::new(Semiotic::Formula, name, i + 1))
}

/// Reads a power after its base: "^2", "^-3".
pub fn power(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    if line.sign(i) != '^' || line.gap(i) {
        return None;
    }
    let minus = line.joined(i + 1) == '-';
    let at = i + 1 + usize::from(minus);
    let plain = (line.is_figure(at) || line.is_word(at)) && !line.gap(at);
    if !plain {
        return None;
    }
    let mut words = grammar.power(minus, line.text(at));
    let mut end = at + 1;
    // "10^8 m/s", "10^9/L": a unit after a power of ten.
    let slash = line.joined(end) == '/' && line.is_word(end + 1) && !line.gap(end + 1);
    let wide = || line.text(end).chars().nth(1).is_some() || line.joined(end + 1) == '/';
    if i > 0 && line.text(i - 1) == "10" && (slash || line.is_word(end) && wide()) {
        let unit = measures::unit(line, end + usize::from(slash), grammar);
        if let Some((unit, after)) = unit {
            let (per, noun) = match slash {
                true => (grammar.tables().per, unit.one),
                false => ("", unit.many),
            };
            words = join(&[&words, per, &noun]);
            end = after;
        }
    }
    Some(Expression::new(Semiotic::Formula, words, end))
}

/// Reads a number with a power of ten: "1.5e-3", "6E23".
pub fn scientific(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let (number, end) = signed(line, i, grammar.tables())?;
    if !matches!(line.text(end), "e" | "E") || line.gap(end) || line.glued_left(i) {
        return None;
    }
    let minus = matches!(line.joined(end + 1), '-');
    let at = end + 1 + usize::from(matches!(line.joined(end + 1), '-' | '+'));
    if !line.is_figure(at) || line.gap(at) || line.text(at).len() > 3 || line.glued_right(at + 1) {
        return None;
    }
    let times = grammar.tables().operator('×').unwrap_or_default();
    let ten = grammar.cardinal("10", NumberForm::default());
    let words = join(&[
        &grammar.number(&number, NumberForm::default()),
        times,
        &ten,
        &grammar.power(minus, line.text(at)),
    ]);
    Some(Expression::new(Semiotic::Formula, words, at + 1))
}

/// Reads two numbers with a colon that are no time.
pub fn ratio(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let plain = |end: usize| end == i + 1;
    let (from, colon) = number(line, i, grammar.tables())?;
    if line.joined(colon) != ':' || line.gap(colon + 1) || line.glued_left(i) {
        return None;
    }
    let (to, end) = number(line, colon + 1, grammar.tables())?;
    if line.joined(end) == ':' || line.glued_right(end) || !line.is_figure(i) {
        return None;
    }
    let words = match plain(colon) && to.part.is_none() {
        true => grammar.ratio(line.text(i), line.text(colon + 1)),
        false => {
            let said = |n| grammar.number(n, NumberForm::default());
            grammar.range(&said(&from), &said(&to))
        }
    };
    Some(Expression::new(Semiotic::Formula, words, end))
}

/// Reads three or more numbers with points: a version, or an internet address of four.
pub fn dotted(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let mut end = i + 1;
    while line.joined(end) == '.' && line.is_figure(end + 1) && !line.gap(end + 1) {
        end += 2;
    }
    let count = (end - i).div_ceil(2);
    if !line.is_figure(i) || count < 3 || line.glued_left(i) {
        return None;
    }
    let tables = grammar.tables();
    // Groups of three digits with points between them are one number where the point stands between groups.
    let thousands = line.text(i).len() <= 3
        && !line.text(i).starts_with('0')
        && (i + 2..end).step_by(2).all(|k| line.text(k).len() == 3);
    if thousands && tables.groups.contains(&'.') {
        return None;
    }
    if thousands && (i + 2..end).step_by(2).all(|k| line.text(k) == "000") {
        let digits: String = (i..end).step_by(2).map(|k| line.text(k)).collect();
        let words = grammar.cardinal(&digits, NumberForm::default());
        return Some(Expression::new(Semiotic::Cardinal, words, end));
    }
    let address = count == 4;
    let dot = tables
        .address_signs
        .iter()
        .find(|(c, _)| *c == '.')
        .map_or(tables.point, |(_, n)| n);
    let link = if address { dot } else { tables.point };
    let said: Vec<String> = (i..end)
        .step_by(2)
        .map(|k| {
            let digits = line.text(k);
            match address || digits.len() > 2 {
                true => grammar.one_by_one(digits).replace(',', ""),
                false => grammar.cardinal(digits, NumberForm::default()),
            }
        })
        .collect();
    Some(Expression::new(
        Semiotic::Serial,
        said.join(&format!(" {link} ")),
        end,
    ))
}
