//! A text in the form that `say-as` asks for: written so that the reader of a language says it in that way.

use crate::Accent;
use crate::grammar::english::numbers as english_numbers;
use crate::normalization::numbers;

/// What a text is to be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SayAs {
    /// Letter by letter, digit by digit.
    Characters,
    Cardinal,
    Ordinal,
    /// Each digit by itself; groups stay apart.
    Digits,
    Date(DateOrder),
    /// As the language reads a time of day.
    Time,
}

/// The order of a date's figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    DayMonthYear,
    MonthDayYear,
    YearMonthDay,
    /// As the language writes it.
    Own,
}

impl SayAs {
    /// Returns the form of this name (W3C, "SSML 1.0 say-as attribute values"); none for one that is not known.
    pub(super) fn parse(name: &str, format: Option<&str>) -> Option<SayAs> {
        Some(match name.trim() {
            "characters" | "spell-out" | "verbatim" => SayAs::Characters,
            "cardinal" | "number" => SayAs::Cardinal,
            "ordinal" => SayAs::Ordinal,
            "digits" | "telephone" => SayAs::Digits,
            "time" => SayAs::Time,
            "date" => SayAs::Date(match format.map(str::trim) {
                Some("dmy" | "dm") => DateOrder::DayMonthYear,
                Some("mdy" | "md") => DateOrder::MonthDayYear,
                Some("ymd") => DateOrder::YearMonthDay,
                _ => DateOrder::Own,
            }),
            _ => return None,
        })
    }

    /// Returns `text` as the reader of the language `code` says it in this form; unchanged where it is none of its kind.
    pub(super) fn written(self, text: &str, code: &str) -> String {
        let text = text.trim();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let is_number = !digits.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_digit() || ",.' \u{a0}".contains(c));
        let accent = english(code);
        let said = match self {
            SayAs::Characters => characters(text, code),
            SayAs::Digits => one_by_one(text, accent),
            SayAs::Cardinal if is_whole(text) => {
                let whole = digits.trim_start_matches('0');
                let whole = if whole.is_empty() { "0" } else { whole };
                match accent {
                    Some(accent) => english_numbers::whole(whole, accent),
                    None => whole.to_owned(),
                }
            }
            SayAs::Ordinal if is_number => ordinal(&digits, code, accent),
            SayAs::Date(order) => dated(text, order).unwrap_or_else(|| text.to_owned()),
            _ => text.to_owned(),
        };
        // Words around it stay apart.
        format!(" {said} ")
    }
}

/// The accent of the English that voices of `code` read; none for other languages.
fn english(code: &str) -> Option<Accent> {
    match code {
        "en" | "en-us" => Some(Accent::American),
        "en-gb" | "en_ng" | "pcm" => Some(Accent::British),
        _ => None,
    }
}

/// Whether `text` is a whole number, perhaps with groups of three digits.
fn is_whole(text: &str) -> bool {
    let groups: Vec<&str> = text.split([',', '.', ' ', '\u{a0}']).collect();
    let is_group = |g: &&str| !g.is_empty() && g.bytes().all(|b| b.is_ascii_digit());
    groups.iter().all(is_group) && groups[1..].iter().all(|g| g.len() == 3)
}

/// Each letter and digit by itself. Signs are left to the reader of the language, which has names for some.
fn characters(text: &str, code: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        match c.to_digit(10) {
            Some(_) => out.push(one_by_one(&c.to_string(), english(code))),
            None if c.is_alphabetic() => out.push(c.to_uppercase().collect()),
            None => out.push(sign(c, code)),
        }
    }
    out.join(" ")
}

/// The name of a sign that English leaves out, or the sign.
fn sign(c: char, code: &str) -> String {
    let name = match (c, english(code)) {
        ('-', Some(_)) => "dash",
        ('.', Some(_)) => "dot",
        ('_', Some(_)) => "underscore",
        ('/', Some(_)) => "slash",
        ('#', Some(_)) => "hash",
        (':', Some(_)) => "colon",
        ('*', Some(_)) => "star",
        _ => return c.to_string(),
    };
    name.to_owned()
}

/// Each digit by itself, with a comma between groups; what is no digit separates groups.
fn one_by_one(text: &str, accent: Option<Accent>) -> String {
    let plus = if text.starts_with('+') && accent.is_some() {
        "plus "
    } else {
        ""
    };
    let groups = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|g| !g.is_empty());
    let said = groups.map(|group| match accent {
        Some(_) => numbers::one_by_one(group),
        None => group
            .chars()
            .map(String::from)
            .collect::<Vec<_>>()
            .join(" "),
    });
    plus.to_owned() + &said.collect::<Vec<_>>().join(", ")
}

/// The number with the sign of an ordinal that the language writes.
fn ordinal(digits: &str, code: &str, accent: Option<Accent>) -> String {
    match (accent, code.split(['-', '_']).next()) {
        (Some(accent), _) => english_numbers::ordinal(digits, accent),
        (_, Some("es" | "it" | "pt")) => format!("{digits}º"),
        (_, Some("fr")) => format!("{digits}{}", if digits == "1" { "er" } else { "e" }),
        _ => digits.to_owned(),
    }
}

/// The date as ISO 8601 writes it, which every reader knows; none for what is no date of this order.
fn dated(text: &str, order: DateOrder) -> Option<String> {
    let figures: Vec<&str> = text.split(['/', '-', '.', ' ']).collect();
    let [a, b, c] = figures.as_slice() else {
        return None;
    };
    let (year, month, day) = match order {
        DateOrder::DayMonthYear => (c, b, a),
        DateOrder::MonthDayYear => (c, a, b),
        DateOrder::YearMonthDay => (a, b, c),
        DateOrder::Own => return None,
    };
    let (month, day): (u32, u32) = (month.parse().ok()?, day.parse().ok()?);
    let is_year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
    let is_date = is_year && (1..=12).contains(&month) && (1..=31).contains(&day);
    is_date.then(|| format!("{year}-{month:02}-{day:02}"))
}
