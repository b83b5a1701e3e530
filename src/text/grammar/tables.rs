//! The tables of a language that the recognisers look things up in.
//!
//! Owns their shape. Each language has one value of it.

use crate::grammar::values::{Currency, Magnitude, MeasureUnit, WrittenAbbreviation};

/// The words of one language that carry no rule of grammar.
#[derive(Debug)]
pub struct GrammarTables {
    /// Signs between the whole and the part of a number, the usual one first.
    pub points: &'static [char],
    /// Signs between groups of three digits; a blank may be one of them.
    pub groups: &'static [char],
    /// Whether groups of two digits are written too (lakh and crore).
    pub pairs: bool,
    pub point: &'static str,
    pub minus: &'static str,
    pub plus: &'static str,
    /// Between the ends of a range.
    pub to: &'static str,
    /// Between an amount and its hundredths, and between a whole and its fraction; may be empty.
    pub and: &'static str,
    /// Between two units: "per".
    pub per: &'static str,
    /// Between a magnitude and what it counts: Spanish "millones de"; may be empty.
    pub of: &'static str,
    /// "squared" and "cubed" as said with a unit of length; `{}` stands for the unit.
    pub square: &'static str,
    pub cubic: &'static str,
    pub currencies: &'static [Currency],
    pub magnitudes: &'static [Magnitude],
    pub units: &'static [MeasureUnit],
    /// Prefixes of the metric system: as written and as said.
    pub prefixes: &'static [(&'static str, &'static str)],
    /// Names of the months.
    pub months: [&'static str; 12],
    /// Other ways to write a month, in lower case without a full stop, and the month (1 to 12).
    pub short_months: &'static [(&'static str, u8)],
    /// Short names of the days of the week, in lower case without a full stop, and their words.
    pub days: &'static [(&'static str, &'static str)],
    /// Whether 1/2/2024 is the first of February.
    pub day_first: bool,
    /// Written forms of the halves of the day without stops, in lower case ("am", "pm"); empty where the language does not write
    /// them.
    pub morning: &'static [&'static str],
    pub afternoon: &'static [&'static str],
    /// Letters between hour and minute besides the colon: French and Portuguese "h".
    pub hour_marks: &'static [&'static str],
    /// Words, in lower case, before a figure that is read digit by digit: "dial", "code".
    pub digit_words: &'static [&'static str],
    /// Words, in lower case, before a Roman numeral that counts: "chapter", "war".
    pub roman_before: &'static [&'static str],
    /// Words, in lower case, after a Roman numeral that orders: "century".
    pub roman_after: &'static [&'static str],
    /// Words, in lower case, before a Roman numeral that orders: "siècle" stands after, Spanish "siglo" before.
    pub roman_ordered: &'static [&'static str],
    /// First names and titles, in lower case, of rulers whose Roman numeral is an ordinal.
    pub rulers: &'static [&'static str],
    pub abbreviations: &'static [WrittenAbbreviation],
    /// Signs and their names.
    pub signs: &'static [(char, &'static str)],
    /// Signs between two figures with blanks or letters around them, and their names as operators.
    pub operators: &'static [(char, &'static str)],
    /// Names of the signs in addresses of the web and of e-mail, where they differ.
    pub address_signs: &'static [(char, &'static str)],
    /// Marks after the digits of an ordinal, in lower case: "st", "º".
    pub ordinal_marks: &'static [&'static str],
}

impl GrammarTables {
    /// Returns the month (1 to 12) that `word`, in lower case, names.
    pub fn month(&self, word: &str) -> Option<u8> {
        let full = self.months.iter().position(|m| m.to_lowercase() == word);
        let short = || self.short_months.iter().find(|(short, _)| *short == word);
        full.map(|m| m as u8 + 1)
            .or_else(|| short().map(|(_, m)| *m))
    }

    /// Returns the name of a sign.
    pub fn sign(&self, c: char) -> Option<&'static str> {
        let found = self.signs.iter().find(|(sign, _)| *sign == c);
        found.map(|(_, name)| *name)
    }

    /// Returns the name of a sign as an operator.
    pub fn operator(&self, c: char) -> Option<&'static str> {
        let found = self.operators.iter().find(|(sign, _)| *sign == c);
        found.map(|(_, name)| *name)
    }
}
