//! Codes of letters and figures: "A380", "mp3", "INV-2024-0098", "b-c-1-5", and figures with hyphens that are no
//! range: "737-800", "50-50", "9-1-1".

use super::numbers::DASHES;
use crate::grammar::language::{Grammar, join};
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;
use crate::grammar::values::NumberForm;

/// Most tokens of one code; a longer one is read in parts.
const TOKENS_MAX: usize = 24;
/// How many times greater than the first the second number of a range may be.
const RANGE_TIMES_MAX: u64 = 500;
/// Three groups with more digits together are read digit by digit.
const GROUPED_DIGITS_MAX: usize = 8;
/// A longer figure at the start of a code is read digit by digit.
const COUNTED_DIGITS_MAX: usize = 4;

/// Reads figures with hyphens between them that are no range.
pub fn joined(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    if !line.is_figure(i)
        || line.glued_left(i)
        || line.sign(i.wrapping_sub(1)) == '-' && !line.gap(i)
    {
        return None;
    }
    let mut end = i + 1;
    while end - i < TOKENS_MAX
        && DASHES.contains(&line.joined(end))
        && line.is_figure(end + 1)
        && !line.gap(end + 1)
    {
        end += 2;
    }
    let groups: Vec<&str> = (i..end).step_by(2).map(|k| line.text(k)).collect();
    let sum = line.sign(end) == '=' || i > 0 && line.sign(i - 1) == '=';
    if groups.len() < 2
        || sum
        || line.glued_right(end)
        || line.joined(end) == '.' && line.is_figure(end + 1) && !line.gap(end + 1)
    {
        return None;
    }
    let single = groups.iter().all(|g| g.len() == 1);
    let zero = groups.iter().any(|g| g.len() > 1 && g.starts_with('0'));
    let total: usize = groups.iter().map(|g| g.len()).sum();
    if single && groups.len() > 2 || zero || groups.len() > 2 && total > GROUPED_DIGITS_MAX {
        let said: Vec<String> = groups.iter().map(|g| grammar.one_by_one(g)).collect();
        let link = if single { " " } else { ", " };
        return Some(Expression::new(Semiotic::Serial, said.join(link), end));
    }
    let plain = |g: &&str| grammar.cardinal(g, NumberForm::default());
    if let [from, to] = groups[..] {
        // An en dash stands between the ends of a range.
        if line.sign(i + 1) == '–' && from != to {
            return None;
        }
        let (a, b): (u64, u64) = (from.parse().ok()?, to.parse().ok()?);
        let described = line.is_word(end) && line.gap(end) && !line.capital(end);
        let model = from.len() == 3
            && to.len() == 3
            && a % 10 != 0
            && !described
            && line.low(i.wrapping_sub(1)) != "pages";
        if model {
            let said: Vec<String> = groups.iter().map(|g| grammar.code(g)).collect();
            return Some(Expression::new(Semiotic::Serial, said.join(" "), end));
        }
        if a < b && b / a.max(1) < RANGE_TIMES_MAX {
            return None;
        }
    }
    let said: Vec<String> = groups.iter().map(plain).collect();
    Some(Expression::new(Semiotic::Serial, said.join(" "), end))
}

/// Reads a run of letters and figures that touch each other, or have hyphens between them where the letters are
/// capitals or stand alone.
pub fn read(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let part = |k: usize| line.is_word(k) || line.is_figure(k);
    if !part(i) || line.glued_left(i) {
        return None;
    }
    let code = |k: usize| {
        let text = line.text(k);
        line.is_figure(k) || text.chars().nth(1).is_none() || !text.contains(char::is_lowercase)
    };
    let mut end = i + 1;
    let mut hyphens = 0;
    while end - i < TOKENS_MAX {
        if part(end) && !line.gap(end) {
            end += 1;
        } else if line.joined(end) == '-'
            && part(end + 1)
            && !line.gap(end + 1)
            && code(end + 1)
            && code(end - 1)
        {
            hyphens += 1;
            end += 2;
        } else {
            break;
        }
    }
    let figures: Vec<&str> = (i..end)
        .filter(|&k| line.is_figure(k))
        .map(|k| line.text(k))
        .collect();
    if figures.is_empty() || end == i + 1 || (hyphens > 0 && figures.len() * 2 - 1 == end - i) {
        return None;
    }
    // "x-1" is a sum.
    let variable =
        line.text(i).chars().nth(1).is_none() && line.text(i).chars().all(char::is_lowercase);
    if hyphens == 1 && end == i + 3 && line.is_word(i) && variable {
        return None;
    }
    let long = figures.len() > 1 && figures.iter().any(|f| f.len() > 2);
    let digits = hyphens > 0 && (long || figures.iter().any(|f| f.len() > 1 && f.starts_with('0')));
    let said: Vec<String> = (i..end)
        .filter(|&k| part(k))
        .map(|k| match line.is_figure(k) {
            true if digits => grammar.one_by_one(line.text(k)).replace(',', ""),
            true if line.text(k).len() > COUNTED_DIGITS_MAX => {
                grammar.one_by_one(line.text(k)).replace(',', "")
            }
            true if hyphens > 0 && k == i && line.text(k).len() == COUNTED_DIGITS_MAX => {
                grammar.code(line.text(k))
            }
            true if hyphens > 0 || k == i => grammar.cardinal(line.text(k), NumberForm::default()),
            true => grammar.code(line.text(k)),
            false => grammar.code_word(line.text(k)),
        })
        .collect();
    let parts: Vec<&str> = said.iter().map(String::as_str).collect();
    Some(Expression::new(Semiotic::Serial, join(&parts), end))
}
