//! Telephone numbers of North America, and services of three digits.

use super::EnglishGrammar;
use super::own::number_of;
use crate::grammar::language::Grammar;
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;

/// "911", and other services where they stand alone.
pub fn emergency(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let digits = line.text(i);
    let always = matches!(digits, "911" | "988");
    let alone = ["988", "999", "112", "311", "211", "411", "111", "000"].contains(&digits)
        && line.len() <= i + 2
        && i == 0
        && digits != "111";
    let service = [
        "call",
        "calls",
        "caller",
        "hotline",
        "helpline",
        "operator",
        "emergency",
    ]
    .contains(&line.low(i + 1).as_str());
    let porsche = matches!(line.before(i), "Porsche" | "Carrera")
        || line.joined(i + 1) == '.' && line.is_figure(i + 2);
    let counted = line.is_word(i + 1) && line.low(i + 1).ends_with('s') && !service;
    if !line.is_figure(i)
        || line.glued_left(i)
        || !line.gap(i)
        || line.glued_right(i + 1)
        || matches!(line.joined(i + 1), '-' | '%' | '/' | ',')
    {
        return None;
    }
    let found = (always && !porsche && !counted)
        || alone
        || service && digits.len() == 3 && !digits.ends_with("00");
    found.then(|| Expression::new(Semiotic::Telephone, grammar.one_by_one(digits), i + 1))
}

/// "1-800-GO-2-HAUL".
pub fn vanity(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let free = ["800", "888", "877", "866", "855", "844", "833", "900"];
    let one = usize::from(line.text(i) == "1" && line.joined(i + 1) == '-') * 2;
    if !free.contains(&line.text(i + one)) || line.glued_left(i) || line.joined(i + one + 1) != '-'
    {
        return None;
    }
    let mut groups = vec![];
    if one > 0 {
        groups.push(number_of(grammar, "1"));
    }
    groups.push(number_of(grammar, line.text(i + one)));
    let (mut k, mut letters) = (i + one + 2, false);
    let mut run = Vec::new();
    while k < line.len() && !line.gap(k) && k < i + 12 {
        if line.is_word(k) {
            letters = true;
            run.push(grammar.code_word(line.text(k)));
        } else if line.is_figure(k) {
            run.push(grammar.one_by_one(line.text(k)));
        } else if line.sign(k) != '-' || line.gap(k + 1) {
            break;
        }
        k += 1;
    }
    groups.push(run.join(" "));
    letters.then(|| Expression::new(Semiotic::Telephone, groups.join(", "), k))
}

/// A telephone number of North America without marks: ten digits, or eleven with the country's.
pub fn telephone(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let digits = line.text(i);
    if !line.is_figure(i)
        || line.glued_left(i)
        || line.glued_right(i + 1)
        || matches!(line.joined(i + 1), '%' | ',')
    {
        return None;
    }
    let area = match digits.len() {
        11 => digits.strip_prefix('1')?,
        10 => digits,
        _ => return None,
    };
    let code = |d: &str| d.starts_with(|c: char| ('2'..='9').contains(&c));
    let round = digits.ends_with("0000");
    (code(area) && code(&area[3..]) && !round)
        .then(|| Expression::new(Semiotic::Telephone, grammar.telephone(&[digits]), i + 1))
}

/// "x4321": an extension after a telephone number.
pub fn extension(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let sign = line.text(i) == "x" && line.gap(i) && line.is_figure(i + 1) && !line.gap(i + 1);
    let digits = line.text(i + 1);
    let after =
        i > 0 && (line.is_figure(i - 1) && line.text(i - 1).len() > 2 || line.sign(i - 1) == ',');
    let fits = (3..=5).contains(&digits.len()) && !line.glued_right(i + 2);
    let power = line.joined(i + 2) == '^';
    (sign && after && fits && !power).then(|| {
        let words = format!("extension {}", grammar.one_by_one(digits));
        Expression::new(Semiotic::Telephone, words, i + 2)
    })
}
