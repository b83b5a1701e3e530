//! Numbers that name a thing and count nothing: of accounts ("GB29 NWBK 6016 …"), cards ("4111 1111 1111 1111"), papers
//! ("123/261788/2021").

use super::numbers::DASHES;
use crate::grammar::language::{Grammar, join};
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;
use crate::grammar::values::NumberForm;

/// Characters of an international bank account number (ISO 13616), and of each group but the last.
const ACCOUNT_CHARS: std::ops::RangeInclusive<usize> = 15..=34;
const ACCOUNT_GROUP: usize = 4;
/// More digits than these are read one by one.
const COUNTED_MAX: usize = 4;

/// Reads an international bank account number: each group's letters and digits one by one.
pub fn account(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let country = line.text(i);
    let check = line.is_figure(i + 1) && !line.gap(i + 1) && line.text(i + 1).len() >= 2;
    let capitals = |text: &str| text.bytes().all(|b| b.is_ascii_uppercase());
    if !check || country.len() != 2 || !capitals(country) || !line.is_word(i) || line.glued_left(i)
    {
        return None;
    }
    let part = |k: usize| line.is_figure(k) || line.is_word(k) && capitals(line.text(k));
    let (mut said, mut group) = (Vec::new(), Vec::new());
    let (mut chars, mut in_group, mut at) = (0, 0, i);
    while part(at) && chars < *ACCOUNT_CHARS.end() {
        if at > i && line.gap(at) {
            if in_group != ACCOUNT_GROUP {
                break;
            }
            said.push(std::mem::take(&mut group).join(" "));
            in_group = 0;
        }
        let text = line.text(at);
        if in_group + text.len() > ACCOUNT_GROUP && !said.is_empty() {
            break;
        }
        in_group += text.len();
        chars += text.len();
        group.push(match line.is_figure(at) {
            true => grammar.one_by_one(text).replace(',', ""),
            false => grammar.letters(text),
        });
        at += 1;
    }
    if group.is_empty() {
        return None;
    }
    said.push(group.join(" "));
    let fits = ACCOUNT_CHARS.contains(&chars) && !line.glued_right(at);
    fits.then(|| Expression::new(Semiotic::Serial, said.join(", "), at))
}

/// Reads the number of a card, or a postal code of nine digits: groups of the lengths that only these have.
pub fn card(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    if !line.is_figure(i) || line.glued_left(i) {
        return None;
    }
    let hyphens = line.joined(i + 1) == '-';
    let step = 1 + usize::from(hyphens);
    let mut groups = vec![line.text(i)];
    let mut end = i + 1;
    loop {
        let next = match hyphens {
            true if line.joined(end) == '-' && !line.gap(end + 1) => end + 1,
            false if line.gap(end) => end,
            _ => break,
        };
        if !line.is_figure(next) || groups.len() > 4 {
            break;
        }
        groups.push(line.text(next));
        end += step;
    }
    let lengths: Vec<usize> = groups.iter().map(|g| g.len()).collect();
    let known = match lengths[..] {
        [4, 4, 4, 4] | [4, 6, 5] => true,
        [5, 4] => hyphens,
        _ => false,
    };
    let years = groups.iter().all(|g| ("1100".."2200").contains(g));
    if !known || years || line.glued_right(end) {
        return None;
    }
    let said: Vec<String> = groups
        .iter()
        .map(|g| grammar.one_by_one(g).replace(',', ""))
        .collect();
    Some(Expression::new(Semiotic::Serial, said.join(", "), end))
}

/// Reads three figures and more with slashes between them that are no date.
pub fn paper(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let mut end = i + 1;
    while line.joined(end) == '/' && line.is_figure(end + 1) && !line.gap(end + 1) {
        end += 2;
    }
    if !line.is_figure(i) || end < i + 5 || line.glued_left(i) || line.glued_right(end) {
        return None;
    }
    let said: Vec<String> = (i..end)
        .step_by(2)
        .map(|k| match line.text(k).len() {
            0..=COUNTED_MAX => grammar.cardinal(line.text(k), NumberForm::default()),
            _ => grammar.one_by_one(line.text(k)).replace(',', ""),
        })
        .collect();
    Some(Expression::new(Semiotic::Serial, said.join(", "), end))
}

/// Reads a short number and a year after the word or the sign for a number: "No. 45-2024".
pub fn numbered(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let (number, year) = (line.text(i), line.text(i + 2));
    let tight = DASHES.contains(&line.joined(i + 1)) && line.is_figure(i + 2) && !line.gap(i + 2);
    let is_year = year.len() == 4 && ("1900".."2100").contains(&year);
    if !tight || !is_year || number.len() >= COUNTED_MAX || !line.is_figure(i) {
        return None;
    }
    if line.glued_left(i) || line.glued_right(i + 3) || DASHES.contains(&line.joined(i + 3)) {
        return None;
    }
    let said = grammar.cardinal(number, NumberForm::default());
    let words = join(&[&said, &grammar.year(year)]);
    Some(Expression::new(Semiotic::Serial, words, i + 3))
}
