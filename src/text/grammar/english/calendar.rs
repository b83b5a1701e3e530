//! Decades, spans of years, eras, quarters and durations as English writes them.

use super::EnglishGrammar;
use super::own::{counted, number_of};
use crate::grammar::language::{Grammar, join};
use crate::grammar::recognise::{numbers, times};
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;
use crate::grammar::values::NumberForm;
use crate::normalization::numbers::{plural, two, year};

/// Returns the words of the decade at `i` ("1980s", "'90s", "80's", "1980 s") and the index after it.
fn decade_at(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<(String, usize)> {
    let digits = line.text(i);
    if !line.is_figure(i) || !matches!(digits.len(), 2 | 4) || !digits.ends_with('0') {
        return None;
    }
    const TIMED: [&str; 16] = [
        "after", "for", "every", "within", "than", "under", "about", "takes", "took", "lasts",
        "lasted", "timeout", "wait", "waits", "only", "least",
    ];
    let apostrophe = usize::from(line.joined(i + 1) == '\'');
    let quoted = apostrophe > 0 || i > 0 && line.sign(i - 1) == '\'';
    // "after 30s" is a time.
    if digits.len() == 2 && !quoted && TIMED.contains(&line.before(i).to_lowercase().as_str()) {
        return None;
    }
    let s = i + 1 + apostrophe;
    let tight = !line.gap(s) || digits.len() == 4 && s + 1 >= line.len();
    if line.text(s) != "s" || !tight || line.glued_right(s + 1) {
        return None;
    }
    let words = match digits.len() {
        2 => two(digits),
        _ => year(digits, grammar.accent),
    };
    Some((plural(&words), s + 1))
}

/// "noon-3pm", "9am-midnight".
pub fn noon(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let word = |k: usize| matches!(line.low(k).as_str(), "noon" | "midnight");
    let dash = |k: usize| numbers::DASHES.contains(&line.joined(k)) && !line.gap(k + 1);
    if word(i) && dash(i + 1) && !line.glued_left(i) {
        let (to, end) = times::time(line, i + 2, grammar)?;
        let words = grammar.range(&line.low(i), &grammar.time(&to));
        return Some(Expression::new(Semiotic::Time, words, end));
    }
    let (from, end) = times::time(line, i, grammar).filter(|_| line.is_figure(i))?;
    (dash(end) && word(end + 1)).then(|| {
        let words = grammar.range(&grammar.time(&from), &line.low(end + 1));
        Expression::new(Semiotic::Time, words, end + 2)
    })
}

pub fn decade(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let quote = usize::from(line.sign(i) == '\'' && !line.gap(i + 1));
    let (from, end) = decade_at(grammar, line, i + quote)?;
    if line.glued_left(i) {
        return None;
    }
    let dash = numbers::DASHES.contains(&line.joined(end));
    let quote = usize::from(dash && line.sign(end + 1) == '\'');
    if dash && let Some((to, end)) = decade_at(grammar, line, end + 1 + quote) {
        let words = grammar.range(&from, &to);
        return Some(Expression::new(Semiotic::Range, words, end));
    }
    Some(Expression::new(Semiotic::Date, from, end))
}

/// "1960-80", "2024/25", "1939–1945": a year, and the end of its span.
pub fn years(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let (from, to) = (line.text(i), line.text(i + 2));
    let sign = line.joined(i + 1);
    let plausible = line.is_figure(i) && from.len() == 4 && ("1100".."2100").contains(&from);
    let tight = line.is_figure(i + 2) && !line.gap(i + 2) && !line.glued_left(i);
    if !plausible || !tight || line.glued_right(i + 3) {
        return None;
    }
    if line.joined(i + 3) == sign && line.is_figure(i + 4) {
        return None;
    }
    let first = year(from, grammar.accent);
    let later = to.len() == 2 && &from[2..] < to;
    let words = match sign {
        '-' | '–' if later => grammar.range(&first, &two(to)),
        '/' if later => join(&[&first, &two(to)]),
        '/' if to.len() == 4 && from < to && to < "2100" => {
            join(&[&first, &year(to, grammar.accent)])
        }
        _ => return None,
    };
    Some(Expression::new(Semiotic::Range, words, i + 3))
}

/// "340 A.D", "44 BC": a year of three digits or two.
pub fn era(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let digits = line.text(i);
    if !line.is_figure(i) || !(3..=4).contains(&digits.len()) || line.glued_left(i) {
        return None;
    }
    let letters = match line.text(i + 1) {
        "A" | "B" => line.joint(i + 1, (i + 4).min(line.len())).replace('.', ""),
        word => word.to_string(),
    };
    let known = ["AD", "BC", "BCE", "CE"].contains(&letters.as_str());
    let words = match digits.len() {
        _ if !known => return None,
        3 if !digits.ends_with("00") => {
            join(&[&number_of(grammar, &digits[..1]), &two(&digits[1..])])
        }
        3 => number_of(grammar, digits),
        _ => year(digits, grammar.accent),
    };
    Some(Expression::new(Semiotic::Date, words, i + 1))
}

/// "2Q22", "Q3 2024".
pub fn quarter(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let n = line.text(i);
    let fits = matches!(n, "1" | "2" | "3" | "4")
        && line.text(i + 1) == "Q"
        && !line.gap(i + 1)
        && !line.glued_left(i);
    if !fits {
        return None;
    }
    let ordinal = grammar.ordinal(n, NumberForm::default());
    let with_year =
        line.is_figure(i + 2) && !line.gap(i + 2) && matches!(line.text(i + 2).len(), 2 | 4);
    if !with_year && line.glued_right(i + 2) {
        return None;
    }
    let when = match line.text(i + 2).len() {
        4 => year(line.text(i + 2), grammar.accent),
        _ => two(line.text(i + 2)),
    };
    let words = match with_year {
        true => format!("the {ordinal} quarter of {when}"),
        false => format!("the {ordinal} quarter"),
    };
    Some(Expression::new(
        Semiotic::Date,
        words,
        i + if with_year { 3 } else { 2 },
    ))
}

/// "2h 30m", "1h30", "45s", "5m 20s".
pub fn duration(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    const UNITS: [(&str, &str, &str); 4] = [
        ("d", "day", "days"),
        ("h", "hour", "hours"),
        ("m", "minute", "minutes"),
        ("s", "second", "seconds"),
    ];
    if line.glued_left(i) {
        return None;
    }
    let mut said = Vec::new();
    let (mut at, mut last) = (i, 0);
    while line.is_figure(at) && line.text(at).len() <= 3 && !line.gap(at + 1) {
        let unit = UNITS.iter().position(|u| u.0 == line.text(at + 1));
        let Some(unit) = unit.filter(|&u| said.is_empty() || u > last) else {
            break;
        };
        said.push(counted(
            grammar,
            line.text(at),
            UNITS[unit].1,
            UNITS[unit].2,
        ));
        (at, last) = (at + 2, unit);
    }
    // "1h30"
    let minutes = said.len() == 1 && last == 1 && line.is_figure(at) && line.text(at).len() == 2;
    if minutes && !line.gap(at) && !line.glued_right(at + 1) {
        said.push(counted(grammar, line.text(at), "minute", "minutes"));
        at += 1;
    }
    let alone = said.len() == 1 && UNITS[last].0 != "m";
    (said.len() > 1 || alone && !line.glued_right(at))
        .then(|| Expression::new(Semiotic::Time, said.join(" "), at))
}
