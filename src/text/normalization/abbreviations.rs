//! Abbreviations that end in a full stop, initials and Roman numerals.
//!
//! Owns their readings; `segmentation` has its own list of abbreviations that do not end a sentence.

use crate::normalization::dates::SHORT_MONTHS;
use crate::normalization::english::{EnglishReader, dotted};
use crate::normalization::numbers::{cardinal, ordinal};

/// Abbreviations that end in a full stop, and their reading; those of months are [`SHORT_MONTHS`].
#[rustfmt::skip]
const ABBREVIATIONS: [(&str, &str); 42] = [
    ("Dr", "Doctor"), ("Mr", "Mister"), ("Mrs", "Missus"), ("Ms", "Miz"), ("Prof", "Professor"),
    ("Rev", "Reverend"), ("Hon", "Honorable"), ("Gen", "General"), ("Col", "Colonel"),
    ("Capt", "Captain"), ("Lt", "Lieutenant"), ("Sgt", "Sergeant"), ("Gov", "Governor"),
    ("Sen", "Senator"), ("Pres", "President"), ("Engr", "Engineer"), ("Alh", "Alhaji"),
    ("Barr", "Barrister"), ("Mt", "Mount"), ("Ft", "Fort"), ("Jr", "Junior"), ("Sr", "Senior"),
    ("Ave", "Avenue"), ("Blvd", "Boulevard"), ("Rd", "Road"), ("Ltd", "Limited"),
    ("Inc", "Incorporated"), ("Corp", "Corporation"), ("Co", "Company"), ("Bros", "Brothers"),
    ("etc", "etcetera"), ("vs", "versus"), ("approx", "approximately"), ("dept", "department"),
    ("Dept", "Department"), ("govt", "government"), ("Govt", "Government"), ("est", "established"),
    ("cf", "compare"), ("al", "al"), ("Mon", "Monday"), ("Fri", "Friday"),
];
/// Abbreviations before a figure.
#[rustfmt::skip]
const BEFORE_FIGURE: [(&str, &str); 14] = [
    ("No", "number"), ("no", "number"), ("Nos", "numbers"), ("Vol", "volume"), ("vol", "volume"),
    ("Fig", "figure"), ("fig", "figure"), ("p", "page"), ("pp", "pages"), ("Ch", "chapter"),
    ("ch", "chapter"), ("Sec", "section"), ("Art", "article"), ("Eq", "equation"),
];
#[rustfmt::skip]
const ROMAN: [&str; 20] = [
    "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV",
    "XVI", "XVII", "XVIII", "XIX", "XX",
];
/// Names whose Roman numeral is read as an ordinal.
#[rustfmt::skip]
const REIGNED: [&str; 14] = [
    "Henry", "Elizabeth", "Charles", "George", "Edward", "James", "William", "Richard", "Louis",
    "Philip", "Paul", "Benedict", "Pius", "Catherine",
];

impl EnglishReader<'_> {
    /// Returns the reading of a Roman numeral up to twenty after a name or a title: "World War two", "Henry the
    /// eighth".
    pub(crate) fn roman(&self, word: &str) -> Option<String> {
        let n = ROMAN.iter().position(|r| *r == word)?;
        let after: String = (self.i..).skip(1).map(|k| self.at(k)).take(7).collect();
        if after.eq_ignore_ascii_case("century") || after.eq_ignore_ascii_case("centuri") {
            return Some(ordinal(&(n + 1).to_string(), self.accent));
        }
        if word.len() < 2 || !self.line.last.starts_with(|c: char| c.is_ascii_uppercase()) {
            return None;
        }
        let digits = (n + 1).to_string();
        Some(if REIGNED.contains(&self.line.last.as_str()) {
            format!("the {}", ordinal(&digits, self.accent))
        } else {
            cardinal(&digits, self.accent)
        })
    }

    /// Reads "U.S.A.", "Ph.D.", "e.g.", "J." before a name.
    pub(crate) fn initials(&mut self, word: &str, start: usize) -> bool {
        let mut letters = String::new();
        let mut end = start;
        loop {
            let n = self.c[end..]
                .iter()
                .take(3)
                .take_while(|c| c.is_ascii_alphabetic())
                .count();
            if n == 0 || n > 2 || self.at(end + n) != '.' || letters.len() > 8 {
                break;
            }
            letters.extend(&self.c[end..end + n]);
            end += n + 1;
        }
        // "U.S" and "p.m": the last letter without its full stop.
        if letters.len() == 1
            && self.at(end).is_ascii_alphabetic()
            && !self.at(end + 1).is_ascii_alphanumeric()
        {
            letters.push(self.at(end));
            end += 1;
        }
        let reading = match letters.as_str() {
            "eg" | "Eg" | "EG" => "for example".to_string(),
            "ie" | "Ie" | "IE" => "that is".to_string(),
            l if l.len() > word.len() => dotted(l),
            l if l.len() == 1
                && l.starts_with(|c: char| c.is_ascii_uppercase())
                && self.at(end) == ' ' =>
            {
                l.to_string()
            }
            _ => return false,
        };
        self.i = end;
        self.say(&reading, &letters);
        true
    }

    /// Reads a word with its full stop that is in the tables, and consumes the stop.
    pub(crate) fn abbreviation(&mut self, word: &str, stop: usize) -> bool {
        let mut after = stop + 1;
        while self.at(after) == ' ' && after < self.c.len() {
            after += 1;
        }
        let next = self.at(after);
        let figure = BEFORE_FIGURE.iter().find(|a| {
            a.0 == word && (next.is_ascii_digit() || (a.0.len() > 2 && "IVX".contains(next)))
        });
        let reading = match (word, figure) {
            (_, Some((_, reading))) => reading,
            ("St", _) => {
                let saint = next.is_ascii_uppercase()
                    && !self.line.last.starts_with(|c: char| c.is_ascii_uppercase());
                if saint { "Saint" } else { "Street" }
            }
            ("Dr", _)
                if !next.is_ascii_uppercase()
                    && self.line.last.starts_with(|c: char| c.is_ascii_uppercase()) =>
            {
                "Drive"
            }
            _ => match ABBREVIATIONS
                .iter()
                .chain(&SHORT_MONTHS)
                .find(|a| a.0 == word)
            {
                Some((_, reading)) if !self.at(stop + 1).is_ascii_alphanumeric() => reading,
                _ => return false,
            },
        };
        self.i = stop + 1;
        self.say(reading, word);
        true
    }
}
