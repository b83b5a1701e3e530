//! What only English writes.
//!
//! Owns the order of these recognisers, each of which is asked before the shared ones, and those for single signs; others
//! are in `calendar`, `calls`, `lengths` and `places`.

use super::{EnglishGrammar, amounts, calendar, calls, codes, lengths, places, scores};
use crate::grammar::language::{Grammar, join};
use crate::grammar::recognise::{fractions, measures, numbers};
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;
use crate::grammar::values::{CalendarDate, NumberForm, WrittenNumber};
use crate::normalization::numbers::{below_hundred, two, year};

/// Finds an expression that starts at a token.
type OwnRecogniser = fn(&EnglishGrammar, &WrittenLine, usize) -> Option<Expression>;

const OWN: [OwnRecogniser; 47] = [
    screen,
    world_war,
    hundreds,
    amounts::by_the_day,
    amounts::lettered,
    amounts::pence,
    calendar::noon,
    calendar::decade,
    calendar::years,
    calendar::era,
    lengths::height,
    lengths::primes,
    lengths::mixed,
    lengths::inches,
    lengths::temperature,
    calendar::duration,
    places::house,
    places::state,
    places::street,
    places::compass,
    calls::extension,
    calls::emergency,
    calls::vanity,
    calendar::quarter,
    padded_date,
    pair,
    counted_thousands,
    elision,
    repeated_plus,
    calls::telephone,
    scores::read,
    codes::clause,
    codes::dose,
    codes::grade,
    codes::countdown,
    codes::stage,
    codes::operator,
    codes::times,
    codes::rate,
    amounts::dash,
    lengths::square,
    numbered,
    lengths::bare_unit,
    lengths::rate,
    hash,
    possessive,
    lettered,
];

/// Returns what English alone reads at `i`.
pub fn read(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    OWN.iter().find_map(|own| own(grammar, line, i))
}

pub fn number_of(grammar: &EnglishGrammar, digits: &str) -> String {
    grammar.cardinal(digits, NumberForm::default())
}

/// Returns the count and its unit: "six feet".
pub fn counted(grammar: &EnglishGrammar, digits: &str, one: &str, many: &str) -> String {
    let noun = if digits.trim_start_matches('0') == "1" {
        one
    } else {
        many
    };
    join(&[&number_of(grammar, digits), noun])
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
        _ if a <= 12 && (1..=31).contains(&b) && b > 1 && dated(line, i) => {
            grammar.date(&CalendarDate {
                day: Some(b as u8),
                month: Some(a as u8),
                ..CalendarDate::default()
            })
        }
        _ if pressure => join(&[&said(over), "over", &said(under)]),
        _ => return None,
    };
    if pressure && let Some((unit, end)) = measures::unit(line, end, grammar) {
        let words = join(&[&words, &unit.many]);
        return Some(Expression::new(Semiotic::Measure, words, end));
    }
    Some(Expression::new(Semiotic::Fraction, words, end))
}

/// "09/30", "12/05": a month and a day with a zero before it.
fn padded_date(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let (first, second) = (line.text(i), line.text(i + 2));
    let two = |k: usize| line.is_figure(k) && line.text(k).len() == 2;
    let tight = line.joined(i + 1) == '/' && !line.gap(i + 2) && !line.glued_left(i);
    let zero = first.starts_with('0') || second.starts_with('0');
    let alone = !line.glued_right(i + 3) && !matches!(line.joined(i + 3), '/' | '-');
    if !two(i) || !two(i + 2) || !tight || !zero || !alone || i > 0 && line.joined(i) == '/' {
        return None;
    }
    let (a, b): (u8, u8) = (first.parse().ok()?, second.parse().ok()?);
    let day_first = grammar.tables().day_first || a > 12;
    let (month, day) = if day_first { (b, a) } else { (a, b) };
    let fits = (1..=12).contains(&month) && (1..=31).contains(&day);
    fits.then(|| {
        let words = grammar.date(&CalendarDate {
            day: Some(day),
            month: Some(month),
            figures: true,
            ..CalendarDate::default()
        });
        Expression::new(Semiotic::Date, words, i + 3)
    })
}

/// Whether the word before `i` stands before dates.
fn dated(line: &WrittenLine, i: usize) -> bool {
    const BEFORE: [&str; 9] = [
        "by", "on", "until", "till", "from", "since", "before", "after", "due",
    ];
    let weekday = |k: usize| line.low(k).ends_with("day") && line.capital(k);
    let comma = usize::from(line.sign(i.wrapping_sub(1)) == ',');
    let named = i > comma && weekday(i - 1 - comma);
    let word = BEFORE.contains(&line.before(i).to_lowercase().as_str()) && !line.is_word(i + 3);
    line.gap(i) && (word || named)
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
        "k" if counted || next != "run" && next != "race" => "thousand",
        "K" if counted => "thousand",
        "m" | "M" if counted => "million",
        "b" | "B" | "bn" if counted => "billion",
        "M" | "bn" | "mn"
            if end + 1 >= line.len() || matches!(line.joined(end + 1), '.' | ',' | ';' | ')') =>
        {
            match line.text(end) {
                "bn" => "billion",
                _ => "million",
            }
        }
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

/// "Room 101", "Boeing 747", "Unit 12B": a name with a figure that is read in pairs.
fn numbered(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    #[rustfmt::skip]
    const NAMES: [&str; 22] = [
        "room", "flight", "suite", "highway", "route", "interstate", "boeing", "airbus", "unit", "apartment", "apt",
        "gate", "seat", "bus", "hwy", "ste", "rm", "extension", "channel", "model", "locker", "exit",
    ];
    let digits = line.text(i);
    let stop = usize::from(i > 1 && line.sign(i - 1) == '.');
    let named = i > stop && NAMES.contains(&line.low(i - 1 - stop).as_str());
    if !named
        || !line.is_figure(i)
        || !line.gap(i)
        || matches!(line.joined(i + 1), ',' | '.' | '-' | '%') && line.is_figure(i + 2)
    {
        return None;
    }
    let letter = !line.gap(i + 1)
        && line.is_word(i + 1)
        && line.text(i + 1).len() == 1
        && !line.glued_right(i + 2);
    if line.glued_right(i + 1) && !letter || digits.len() > 4 {
        return None;
    }
    let figure = grammar.code(digits);
    let words = match letter {
        true => join(&[&figure, &grammar.letters(line.text(i + 1))]),
        false => figure,
    };
    Some(Expression::new(
        Semiotic::Serial,
        words,
        i + 1 + usize::from(letter),
    ))
}

/// "2022's".
fn possessive(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let digits = line.text(i);
    let s = line.joined(i + 1) == '\'' && line.text(i + 2) == "s" && !line.gap(i + 2);
    if !line.is_figure(i)
        || !s
        || line.glued_left(i)
        || line.glued_right(i + 3)
        || line.joined(i) == ','
    {
        return None;
    }
    let words = match digits.len() == 4 && ("1100".."2100").contains(&digits) {
        true => year(digits, grammar.accent),
        false => number_of(grammar, digits),
    };
    Some(Expression::new(Semiotic::Cardinal, words + "'s", i + 3))
}

/// "221B", "12A": a figure and a capital that is no unit there.
fn lettered(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let letter = matches!(line.text(i + 1), "A" | "B" | "F" | "N" | "J") && !line.gap(i + 1);
    let plain = line.is_figure(i) && !line.glued_left(i) && line.joined(i) == ' ';
    if !letter || !plain || line.glued_right(i + 2) || matches!(line.joined(i + 2), '/' | '·') {
        return None;
    }
    let point = i > 0 && !line.gap(i) && line.sign(i - 1) == '.';
    let scale = line.text(i + 1) == "B" && grammar.is_plural(&line.low(i + 2));
    let words = join(&[&grammar.code(line.text(i)), line.text(i + 1)]);
    (!point && !scale).then(|| Expression::new(Semiotic::Serial, words, i + 2))
}

/// "1920x1080": the points of a picture.
fn screen(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let sign = line.text(i + 1) == "x" || line.sign(i + 1) == '×';
    let size = |k: usize| line.is_figure(k) && (3..=4).contains(&line.text(k).len());
    let tight =
        !line.gap(i + 1) && !line.gap(i + 2) && !line.glued_left(i) && !line.glued_right(i + 3);
    (sign && tight && size(i) && size(i + 2)).then(|| {
        let words = join(&[
            &grammar.code(line.text(i)),
            "by",
            &grammar.code(line.text(i + 2)),
        ]);
        Expression::new(Semiotic::Measure, words, i + 3)
    })
}

/// "WW2".
fn world_war(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let which = line.text(i) == "WW" && matches!(line.text(i + 1), "1" | "2") && !line.gap(i + 1);
    (which && !line.glued_right(i + 2)).then(|| {
        let words = join(&["World War", &number_of(grammar, line.text(i + 1))]);
        Expression::new(Semiotic::Serial, words, i + 2)
    })
}

/// "100s", "1000s": how many, roughly.
fn hundreds(_grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let words = match line.text(i) {
        "100" => "hundreds",
        "1000" => "thousands",
        "10" => "tens",
        _ => return None,
    };
    let s = line.text(i + 1) == "s"
        && !line.gap(i + 1)
        && !line.glued_right(i + 2)
        && line.low(i + 2) == "of";
    (s && !line.glued_left(i)).then(|| Expression::new(Semiotic::Cardinal, words, i + 2))
}

/// "#1", "#AI".
fn hash(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let alone = line.sign(i) == '#' && line.gap(i) && !line.gap(i + 1);
    // "#4500012345", "#A1234", "#BLD-2024"
    let digits = line.text(i + 1);
    let long = digits.len() > 4 || digits.starts_with('0');
    let ends = !line.glued_right(i + 2) && !matches!(line.joined(i + 2), ',' | '-');
    if alone && line.is_figure(i + 1) && long && ends {
        let words = join(&["number", &grammar.one_by_one(digits)]);
        return Some(Expression::new(Semiotic::Serial, words, i + 2));
    }
    let code = i + 2 + usize::from(line.joined(i + 2) == '-');
    if alone && line.is_word(i + 1) && line.is_figure(code) && !line.gap(code) {
        return Some(Expression::new(Semiotic::Serial, "number", i + 1));
    }
    let words = if alone && line.is_figure(i + 1) {
        "number"
    } else if alone && line.is_word(i + 1) && line.joined(i + 2) != '#' {
        "hashtag"
    } else {
        return None;
    };
    Some(Expression::new(Semiotic::Electronic, words, i + 1))
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
        if !number.is_plain() || digits.len() != 4 {
            return false;
        }
        const BEFORE: [&str; 22] = [
            "in", "since", "by", "from", "until", "till", "of", "year", "circa", "before", "after",
            "during", "between", "early", "late", "mid", "summer", "winter", "spring", "autumn",
            "fall", "and",
        ];
        let dated = BEFORE.contains(&line.before(i).to_lowercase().as_str());
        let old = ("1001".."1100").contains(&digits) && dated && line.before(i) != "of";
        if !old && !("1100".."2100").contains(&digits) {
            return false;
        }
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
        !counted || dated && !digits.ends_with('0')
    }
}
