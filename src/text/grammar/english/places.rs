//! Streets, houses and states of an English address.

use super::EnglishGrammar;
use super::abbreviations::{STATES, STREETS};
use crate::grammar::language::{Grammar, join};
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;

/// Most words of a street's name.
const STREET_WORDS_MAX: usize = 5;

/// The number of a house before the name of a street, in pairs: "1428 Elm St".
pub fn house(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let digits = line.text(i);
    if !line.is_figure(i) || digits.len() > 5 || !line.gap(i) || !line.gap(i + 1) {
        return None;
    }
    let name = |k: usize| {
        let ordinal = line.is_figure(k)
            && grammar
                .tables()
                .ordinal_marks
                .contains(&line.low(k + 1).as_str());
        line.capital(k) || ordinal || k > i + 1 && line.glued_left(k)
    };
    let mut k = i + 1;
    while k <= i + STREET_WORDS_MAX
        && (name(k) || matches!(line.sign(k), '.' | '\''))
        && k < line.len()
    {
        k += 1;
    }
    let street = |k: usize| STREETS.contains(&line.low(k).as_str());
    let found = (i + 2..=k).find(|&k| street(k))?;
    let _ = found;
    Some(Expression::new(
        Semiotic::Address,
        grammar.in_pairs(digits),
        i + 1,
    ))
}

/// ", CA 95051" and ", NY": a state, and its postal code digit by digit.
pub fn state(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let name = STATES.iter().find(|(code, _)| *code == line.text(i))?.1;
    let zip = line.is_figure(i + 1) && line.text(i + 1).len() == 5;
    let city = i > 1 && line.sign(i - 1) == ',' && line.capital(i - 2) && !line.shouted;
    let word = matches!(line.text(i), "OK" | "HI" | "ME" | "IN" | "OR");
    // "Dr. A. Patel, MD": a degree.
    let titled = |k: usize| {
        let initial = line.capital(k) && line.text(k).len() == 1;
        initial || ["dr", "prof", "doctor", "mr", "mrs", "ms"].contains(&line.low(k).as_str())
    };
    let city = city && (zip || !(i.saturating_sub(6)..i).any(titled));
    let closed = i + 1 >= line.len() || matches!(line.sign(i + 1), '.' | ',' | ';' | ')');
    if !(zip && (city || i > 0 && line.capital(i - 1)) || city && closed && !word) {
        return None;
    }
    if !zip {
        return Some(Expression::new(Semiotic::Address, name, i + 1));
    }
    let more = line.joined(i + 2) == '-' && line.text(i + 3).len() == 4 && line.is_figure(i + 3);
    let mut words = join(&[name, &grammar.one_by_one(line.text(i + 1)).replace(',', "")]);
    if more {
        words = join(&[&words, &grammar.one_by_one(line.text(i + 3))]);
    }
    Some(Expression::new(
        Semiotic::Address,
        words,
        i + if more { 4 } else { 2 },
    ))
}

/// "St": a saint before a name, a street after one.
pub fn street(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    if line.low(i) != "st" || !line.gap(i) || !line.is_word(i) {
        return None;
    }
    let stop = line.joined(i + 1) == '.';
    let next = i + 1 + usize::from(stop);
    if line.glued_right(next) {
        return None;
    }
    let marks = grammar.tables().ordinal_marks;
    let after_name = i > 0
        && (line.capital(i - 1) && !grammar.is_function(&line.low(i - 1))
            || marks.contains(&line.low(i - 1).as_str()) && line.glued_left(i - 1));
    let before_name = line.capital(next) && !grammar.starts_sentence(line.text(next));
    let saint = before_name && !after_name && line.capital(i);
    if !saint && !after_name && !stop {
        return None;
    }
    let last = stop
        && (next >= line.len() || line.capital(next) && grammar.starts_sentence(line.text(next)));
    let words = if saint { "Saint" } else { "Street" };
    Some(Expression::new(
        Semiotic::Address,
        words,
        if last { i + 1 } else { next },
    ))
}

/// "N 1st St", "1211 E Arques Ave": a point of the compass within an address.
pub fn compass(_grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    const POINTS: [(&str, &str); 8] = [
        ("N", "North"),
        ("S", "South"),
        ("E", "East"),
        ("W", "West"),
        ("NE", "Northeast"),
        ("NW", "Northwest"),
        ("SE", "Southeast"),
        ("SW", "Southwest"),
    ];
    let name = POINTS.iter().find(|(short, _)| *short == line.text(i))?.1;
    let stop = usize::from(line.joined(i + 1) == '.');
    let from = i + 1 + stop;
    if line.glued_left(i) || line.glued_right(i + 1) {
        return None;
    }
    let street = |k: usize| STREETS.contains(&line.low(k).as_str());
    let ahead = (from + 1..from + 4).any(street) && (line.capital(from) || line.is_figure(from));
    let behind = i > 1 && street(i - 1) && (from >= line.len() || line.sign(from) == ',');
    (ahead || behind).then(|| Expression::new(Semiotic::Address, name, from))
}
