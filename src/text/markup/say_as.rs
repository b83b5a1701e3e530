//! A text in the form that `say-as` asks for: written so that the reader of a language says it in that way.

use crate::Accent;
use crate::grammar::Grammar;
use crate::grammar::english::numbers as english_numbers;
use crate::grammar::values::NumberForm;
use crate::languages;
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
        let Some(reader) = FormReader::of(code) else {
            return format!(" {text} ");
        };
        let said = match self {
            SayAs::Characters => reader.characters(text),
            SayAs::Digits => reader.groups(text),
            SayAs::Cardinal if is_whole(text) => {
                let whole = digits.trim_start_matches('0');
                reader.cardinal(if whole.is_empty() { "0" } else { whole })
            }
            SayAs::Ordinal if is_number => reader.ordinal(&digits),
            SayAs::Date(order) => dated(text, order).unwrap_or_else(|| text.to_owned()),
            _ => text.to_owned(),
        };
        // Words around it stay apart.
        format!(" {said} ")
    }
}

/// What says numbers, letters and signs in a form that was asked for.
enum FormReader {
    English(Accent),
    Other(&'static dyn Grammar),
}

impl FormReader {
    /// Returns that of the language that voices of `code` read; none when no voice reads it.
    fn of(code: &str) -> Option<FormReader> {
        Some(match code {
            "en" | "en-us" => FormReader::English(Accent::American),
            "en-gb" | "en_ng" | "pcm" => FormReader::English(Accent::British),
            _ => FormReader::Other(languages::grammar(code)?),
        })
    }

    fn cardinal(&self, digits: &str) -> String {
        match self {
            FormReader::English(accent) => english_numbers::whole(digits, *accent),
            FormReader::Other(grammar) => grammar.cardinal(digits, NumberForm::default()),
        }
    }

    fn ordinal(&self, digits: &str) -> String {
        match self {
            FormReader::English(accent) => english_numbers::ordinal(digits, *accent),
            FormReader::Other(grammar) => grammar.ordinal(digits, NumberForm::default()),
        }
    }

    fn one_by_one(&self, digits: &str) -> String {
        match self {
            FormReader::English(_) => numbers::one_by_one(digits),
            FormReader::Other(grammar) => grammar.one_by_one(digits),
        }
    }

    /// Each digit by itself, with a comma between groups; what is no digit separates groups.
    fn groups(&self, text: &str) -> String {
        let plus = match (text.starts_with('+'), self) {
            (false, _) => "",
            (true, FormReader::English(_)) => "plus",
            (true, FormReader::Other(grammar)) => grammar.tables().plus,
        };
        let groups = text.split(|c: char| !c.is_ascii_digit());
        let groups = groups.filter(|g| !g.is_empty());
        let said: Vec<String> = groups.map(|group| self.one_by_one(group)).collect();
        format!("{plus} {}", said.join(", "))
    }

    /// Each letter and digit by itself, and the names of signs.
    fn characters(&self, text: &str) -> String {
        let mut out: Vec<String> = Vec::new();
        for c in text.chars().filter(|c| !c.is_whitespace()) {
            out.push(match c.to_digit(10) {
                Some(_) => self.one_by_one(c.encode_utf8(&mut [0; 4])),
                None if c.is_alphabetic() => self.letter(c),
                None => self.sign(c).map_or_else(|| c.to_string(), str::to_owned),
            });
        }
        out.join(" ")
    }

    /// A letter, or its name where the language's reader knows no letters.
    fn letter(&self, c: char) -> String {
        match self {
            FormReader::English(_) => c.to_uppercase().collect(),
            FormReader::Other(grammar) => grammar.letters(c.encode_utf8(&mut [0; 4])),
        }
    }

    /// The name of a sign; none where the reader of the language names it.
    fn sign(&self, c: char) -> Option<&'static str> {
        match self {
            FormReader::English(_) => match c {
                '-' => Some("dash"),
                '.' => Some("dot"),
                '_' => Some("underscore"),
                '/' => Some("slash"),
                '#' => Some("hash"),
                ':' => Some("colon"),
                '*' => Some("star"),
                _ => None,
            },
            FormReader::Other(grammar) => {
                let tables = grammar.tables();
                let own = tables.address_signs.iter().find(|(sign, _)| *sign == c);
                own.map(|(_, name)| *name).or_else(|| tables.sign(c))
            }
        }
    }
}

/// Whether `text` is a whole number, perhaps with groups of three digits.
fn is_whole(text: &str) -> bool {
    let groups: Vec<&str> = text.split([',', '.', ' ', '\u{a0}']).collect();
    let is_group = |g: &&str| !g.is_empty() && g.bytes().all(|b| b.is_ascii_digit());
    groups.iter().all(is_group) && groups[1..].iter().all(|g| g.len() == 3)
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
