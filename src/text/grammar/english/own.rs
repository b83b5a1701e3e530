//! What only English writes: decades, heights, streets, pairs of figures, quarters, grades.
//!
//! Owns these recognisers; each is asked before the shared ones.

use super::EnglishGrammar;
use super::abbreviations::{STATES, STREETS};
use crate::grammar::language::{Grammar, join};
use crate::grammar::recognise::{fractions, measures, numbers};
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;
use crate::grammar::values::{CountedNoun, NumberForm, WrittenNumber};
use crate::normalization::numbers::{below_hundred, plural, two, year};

/// Most words of a street's name.
const STREET_WORDS_MAX: usize = 5;

const OWN: [fn(&EnglishGrammar, &WrittenLine, usize) -> Option<Expression>; 18] = [
    decade,
    years,
    era,
    height,
    inches,
    duration,
    house,
    state,
    street,
    compass,
    emergency,
    vanity,
    quarter,
    pair,
    counted_thousands,
    elision,
    repeated_plus,
    telephone,
];

/// Returns what English alone reads at `i`.
pub fn read(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    OWN.iter().find_map(|own| own(grammar, line, i))
}

fn number_of(grammar: &EnglishGrammar, digits: &str) -> String {
    grammar.cardinal(digits, NumberForm::default())
}

/// Returns the words of the decade at `i` ("1980s", "'90s", "80's", "1980 s") and the index after it.
fn decade_at(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<(String, usize)> {
    let digits = line.text(i);
    if !line.is_figure(i) || !matches!(digits.len(), 2 | 4) || !digits.ends_with('0') {
        return None;
    }
    let apostrophe = usize::from(line.joined(i + 1) == '\'');
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

fn decade(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
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
fn years(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
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
        _ => return None,
    };
    Some(Expression::new(Semiotic::Range, words, i + 3))
}

/// "340 A.D", "44 BC": a year of three digits or two.
fn era(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
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

/// Returns the count and its unit: "six feet".
fn counted(grammar: &EnglishGrammar, digits: &str, one: &str, many: &str) -> String {
    let noun = if digits.trim_start_matches('0') == "1" {
        one
    } else {
        many
    };
    join(&[&number_of(grammar, digits), noun])
}

/// "6'2\"", "5'10", "6 ft. 2 in.", "5 ft 3".
fn height(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let feet = line.text(i);
    if !line.is_figure(i) || line.glued_left(i) {
        return None;
    }
    let (at, short) = if line.joined(i + 1) == '\'' {
        (i + 2, true)
    } else if line.text(i + 1) == "ft" {
        (i + 2 + usize::from(line.joined(i + 2) == '.'), false)
    } else {
        return None;
    };
    let inches = line.text(at);
    let fits = line.is_figure(at) && inches.len() < 3 && inches.parse().is_ok_and(|n: u8| n < 12);
    if !fits || short && (feet.len() > 1 || line.gap(at)) {
        return None;
    }
    let mut end = at + 1;
    if line.joined(end) == '"' {
        end += 1;
    } else if line.text(end) == "in" {
        let stop = line.joined(end + 1) == '.' && end + 2 < line.len();
        end += 1 + usize::from(stop);
    } else if !short || line.glued_right(end) {
        return None;
    }
    let words = join(&[
        &counted(grammar, feet, "foot", "feet"),
        &counted(grammar, inches, "inch", "inches"),
    ]);
    Some(Expression::new(Semiotic::Measure, words, end))
}

/// "a 10 in. pipe", "6 ft. tall", "10\"".
fn inches(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let (number, end) = numbers::number(line, i, grammar.tables())?;
    if line.glued_left(i) {
        return None;
    }
    let noun =
        |one: &'static str, many: &'static str| CountedNoun::of(one, many, Default::default());
    let stop = line.joined(end + 1) == '.';
    let (noun, after) = match line.text(end) {
        "in" if stop && line.gap(end) => (noun("inch", "inches"), end + 2),
        "ft" if stop => (noun("foot", "feet"), end + 2),
        "\"" if !line.gap(end) && !quoted(line, i) => (noun("inch", "inches"), end + 1),
        _ => return None,
    };
    let sentence = stop && (after >= line.len() || grammar.starts_sentence(line.text(after)));
    let described = line.is_word(after)
        && line.gap(after)
        && !sentence
        && !grammar.is_function(&line.low(after))
        && grammar.is_determiner(line.before(i));
    let unit = if number.is_one() || described {
        noun.one
    } else {
        noun.many
    };
    let words = join(&[&grammar.number(&number, NumberForm::default()), &unit]);
    Some(Expression::new(
        Semiotic::Measure,
        words,
        if sentence { after - 1 } else { after },
    ))
}

/// Whether a quotation is open before `i`.
fn quoted(line: &WrittenLine, i: usize) -> bool {
    let from = i.saturating_sub(40);
    (from..i).filter(|&k| line.sign(k) == '"').count() % 2 == 1
}

/// "2h 30m", "1h30", "45s", "5m 20s".
fn duration(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
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
    let alone = said.len() == 1 && UNITS[last].0 != "m";
    (said.len() > 1 || alone && !line.glued_right(at))
        .then(|| Expression::new(Semiotic::Time, said.join(" "), at))
}

/// The number of a house before the name of a street, in pairs: "1428 Elm St".
fn house(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
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
fn state(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let name = STATES.iter().find(|(code, _)| *code == line.text(i))?.1;
    let zip = line.is_figure(i + 1) && line.text(i + 1).len() == 5;
    let city = i > 1 && line.sign(i - 1) == ',' && line.capital(i - 2) && !line.shouted;
    let word = matches!(line.text(i), "OK" | "HI" | "ME" | "IN" | "OR");
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
fn street(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
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
fn compass(_grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
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

/// "911", and other services where they stand alone.
fn emergency(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
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
fn vanity(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
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

/// "2Q22", "Q3 2024".
fn quarter(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
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

/// "24/7", "9/11", "50/50", "120/80": two numbers that are no fraction.
fn pair(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let (over, under, end) = fractions::parts(line, i)?;
    if line.glued_left(i) || line.glued_right(end) {
        return None;
    }
    let (a, b): (u32, u32) = (over.parse().ok()?, under.parse().ok()?);
    let said = |digits: &str| match digits.len() {
        3 => grammar.in_pairs(digits),
        _ => number_of(grammar, digits),
    };
    let pressure = (60..=260).contains(&a) && (30..=160).contains(&b) && a > b;
    let words = match (over, under) {
        ("24", "7") | ("9", "11") => join(&[&number_of(grammar, over), &number_of(grammar, under)]),
        _ if a == b => join(&[&said(over), &said(under)]),
        _ if pressure => join(&[&said(over), "over", &said(under)]),
        _ => return None,
    };
    if pressure && let Some((unit, end)) = measures::unit(line, end, grammar) {
        let words = join(&[&words, &unit.many]);
        return Some(Expression::new(Semiotic::Measure, words, end));
    }
    Some(Expression::new(Semiotic::Fraction, words, end))
}

/// "2m users", "10k users", "1.2M views": a letter for a power of ten before what is counted.
fn counted_thousands(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let (number, end) = numbers::number(line, i, grammar.tables())?;
    if line.glued_left(i) || line.gap(end) || line.glued_right(end + 1) || number.grouped {
        return None;
    }
    let next = line.low(end + 1);
    let counted = line.gap(end + 1)
        && line.is_word(end + 1)
        && (grammar.is_plural(&next)
            || matches!(
                next.as_str(),
                "people" | "more" | "other" | "new" | "active" | "monthly" | "daily"
            ));
    let scale = match line.text(end) {
        "k" | "K" if counted || next != "run" && next != "race" => "thousand",
        "m" | "M" if counted => "million",
        "b" | "B" | "bn" if counted => "billion",
        "M" | "bn" | "mn" if end + 1 >= line.len() => match line.text(end) {
            "bn" => "billion",
            _ => "million",
        },
        _ => return None,
    };
    let words = join(&[&grammar.number(&number, NumberForm::default()), scale]);
    Some(Expression::new(Semiotic::Cardinal, words, end + 1))
}

/// "movin'", "ol' man", "get 'em", "'til": words that an apostrophe shortens.
fn elision(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    const HEADLESS: [&str; 9] = [
        "tis", "twas", "em", "n", "til", "cause", "bout", "round", "s",
    ];
    const TAILLESS: [&str; 6] = ["ol", "th", "an", "o", "em", "wi"];
    if line.sign(i) == '\'' && line.gap(i) && !line.gap(i + 1) {
        let word = line.low(i + 1);
        let both = usize::from(line.joined(i + 2) == '\'');
        let fits = HEADLESS.contains(&word.as_str())
            && (both == 0 || word == "n")
            && !line.glued_right(i + 2);
        let words = format!("'{word}{}", &"'"[..both]);
        return fits.then(|| Expression::new(Semiotic::Abbreviation, words, i + 2 + both));
    }
    let tail = line.is_word(i) && line.joined(i + 1) == '\'' && !line.glued_right(i + 2);
    if !tail || line.sign(i.wrapping_sub(1)) == '\'' || line.glued_left(i) {
        return None;
    }
    let word = line.low(i);
    let verb =
        word.len() > 3 && word.ends_with("in") && grammar.words.is_known(&format!("{word}g"));
    let known = TAILLESS.contains(&word.as_str()) && line.is_word(i + 2);
    (verb || known).then(|| {
        let said = if line.shouted {
            word
        } else {
            line.text(i).to_string()
        };
        Expression::new(Semiotic::Abbreviation, said + "'", i + 2)
    })
}

/// "C++", "A++".
fn repeated_plus(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let twice = line.sign(i) == '+' && line.joined(i + 1) == '+';
    let after = i > 0 && line.is_word(i - 1) && !line.gap(i);
    let plus = grammar.tables().plus;
    (twice && after).then(|| Expression::new(Semiotic::Serial, format!("{plus} {plus}"), i + 2))
}

/// A telephone number of North America without marks: ten digits, or eleven with the country's.
fn telephone(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
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

impl EnglishGrammar<'_> {
    /// Returns a number in pairs of digits, as houses and years are read: "fourteen twenty eight", "one twenty three".
    pub(super) fn in_pairs(&self, digits: &str) -> String {
        let n = |d: &str| below_hundred(d.parse().unwrap_or(0));
        match digits.len() {
            3 if !digits.starts_with('0') && !digits.ends_with("00") => {
                join(&[&n(&digits[..1]), &two(&digits[1..])])
            }
            4 if !digits.starts_with('0') => year(digits, self.accent),
            5 if !digits.starts_with('0') && !digits.ends_with("000") => {
                let rest = match &digits[3..] {
                    "00" => "hundred".to_string(),
                    rest => two(rest),
                };
                join(&[&n(&digits[..1]), &two(&digits[1..3]), &rest])
            }
            _ => self.cardinal(digits, NumberForm::default()),
        }
    }

    /// Whether `number` without a neighbour that explains it is a year.
    pub(super) fn plausible_year(
        &self,
        line: &WrittenLine,
        i: usize,
        number: &WrittenNumber,
    ) -> bool {
        let digits = number.whole.as_str();
        if !number.is_plain() || digits.len() != 4 || !("1100".."2100").contains(&digits) {
            return false;
        }
        const BEFORE: [&str; 22] = [
            "in", "since", "by", "from", "until", "till", "of", "year", "circa", "before", "after",
            "during", "between", "early", "late", "mid", "summer", "winter", "spring", "autumn",
            "fall", "and",
        ];
        let end = i + 1;
        let next = line.low(end);
        let counted = line.is_word(end)
            && line.gap(end)
            && !line.capital(end)
            && (self.is_plural(&next)
                || matches!(
                    next.as_str(),
                    "people" | "men" | "women" | "children" | "more" | "other" | "different"
                ));
        !counted
            || BEFORE.contains(&line.before(i).to_lowercase().as_str()) && !digits.ends_with('0')
    }
}
