//! Figures with their context: money by its code, feet and inches, rates, sums.
//!
//! Owns these readings; `number_expressions` reads the figures themselves.

use crate::normalization::dates::month_of;
use crate::normalization::english::EnglishReader;
use crate::normalization::number_expressions::{MONEY, Money, NumberReader, UNITS};
use crate::normalization::numbers::{cardinal, ordinal};

/// Codes of money (ISO 4217, and spellings with a sign), the sign with the same words, and the words before the unit.
#[rustfmt::skip]
const CODES: [(&str, char, &str); 12] = [
    ("USD", '$', "US "), ("US$", '$', "US "), ("CAD", '$', "Canadian "), ("AUD", '$', "Australian "), ("EUR", '€', ""),
    ("GBP", '£', "British "), ("NGN", '₦', ""), ("GHS", '₵', "Ghanaian "), ("INR", '₹', "Indian "), ("JPY", '¥', "Japanese "),
    ("KRW", '₩', "Korean "), ("GH₵", '₵', "Ghanaian "),
];

/// Returns the money that `code` names, and the words before its unit.
fn coded(code: &str) -> Option<(&'static Money, &'static str)> {
    let (_, sign, before) = CODES.iter().find(|(written, ..)| *written == code)?;
    Some((MONEY.iter().find(|m| m.0 == *sign)?, before))
}

impl NumberReader<'_> {
    /// Reads "6'2\"" and "5'10": feet below ten and inches below twelve. None when it is no height.
    pub(crate) fn height(&self, i: usize) -> Option<(String, usize)> {
        let (feet, at) = self.digits(i);
        let (inches, end) = (self.at(at) == '\'').then(|| self.digits(at + 1))?;
        let fits = feet.len() == 1 && inches.parse().is_ok_and(|n: u8| n < 12);
        let end = end + usize::from(self.at(end) == '"');
        let unit = |n: &str, one, many| if n == "1" { one } else { many };
        (fits && !self.at(end).is_alphanumeric()).then(|| {
            let (foot, inch) = (unit(&feet, "foot", "feet"), unit(&inches, "inch", "inches"));
            let (feet, inches) = (cardinal(&feet, self.accent), cardinal(&inches, self.accent));
            (format!("{feet} {foot} {inches} {inch}"), end)
        })
    }

    /// Reads the amount at `i` followed by the code of its money, "20 USD". None without a code.
    pub(crate) fn coded_after(&self, i: usize, end: usize) -> Option<(String, usize)> {
        let at = end + usize::from(self.at(end) == ' ');
        let code: String = (at..at + 3).map(|k| self.at(k)).collect();
        let after = self.follows(at, &code)?;
        let (money, before) = coded(&code)?;
        Some((self.named(money, before, i).0, after))
    }

    /// Reads [`NumberReader::money`] with `before` in front of the unit.
    fn named(&self, money: &Money, before: &str, i: usize) -> (String, usize) {
        let (words, end) = self.money(money, i);
        let unit = words.rfind(money.1).filter(|_| !before.is_empty());
        match unit {
            Some(at) => (format!("{}{before}{}", &words[..at], &words[at..]), end),
            None => (words, end),
        }
    }
}

impl EnglishReader<'_> {
    /// Reads `word` and the amount after it when it is a code of money: "NGN 400", "US$20".
    pub(crate) fn coded_before(&mut self, word: &str, end: usize) -> bool {
        let sign = self.at(end);
        let with_sign = format!("{word}{sign}");
        let (found, at) = match coded(&with_sign) {
            Some(found) => (found, end + 1),
            None => match coded(word) {
                Some(found) => (found, end + usize::from(sign == ' ')),
                None => return false,
            },
        };
        if !self.at(at).is_ascii_digit() {
            return false;
        }
        let (words, end) = self.figures().named(found.0, found.1, at);
        self.i = end;
        self.say(&words, word);
        true
    }

    /// Reads "5/kg" after a figure: "per kilogram". The slash was consumed already.
    pub(crate) fn per(&mut self) {
        self.say("per", "");
        let figures = self.figures();
        let unit = UNITS
            .iter()
            .find_map(|(written, one, _)| Some((*one, figures.follows(self.i, written)?)));
        if let Some((one, end)) = unit {
            self.i = end;
            self.say(one, "");
        }
    }

    /// Returns the spoken form of the sign between two separate figures: "10 - 4", "6 / 2", "2 x 3". The sign was
    /// consumed already. None when it is no sum.
    pub(crate) fn operator(&self, sign: char) -> Option<&'static str> {
        let before = self.i.checked_sub(3).map(|i| self.at(i))?;
        let sum = before.is_ascii_digit() && self.at(self.i - 2) == ' ' && self.at(self.i) == ' ';
        let name = match sign {
            '-' | '–' => "minus",
            '/' => "divided by",
            'x' => "times",
            _ => return None,
        };
        (sum && self.at(self.i + 1).is_ascii_digit()).then_some(name)
    }

    /// Returns the full name of the month that `word` abbreviates, next to a figure: "25 Dec 2024", "Feb 3".
    pub(crate) fn month_beside_figure(&self, word: &str, end: usize) -> Option<&'static str> {
        let after = self.at(end) == ' ' && self.at(end + 1).is_ascii_digit();
        let before = self.line.last.ends_with(|c: char| c.is_ascii_digit());
        month_of(word).filter(|_| after || before)
    }

    /// Returns the ordinal of a day before its month: "3 March" or "25 Dec".
    pub(crate) fn day(&self, written: &str, end: usize) -> Option<String> {
        let word: String = (end + 1..)
            .map(|k| self.at(k))
            .take_while(|c| c.is_ascii_alphabetic())
            .take(10)
            .collect();
        let day = written.len() <= 2 && written.parse().is_ok_and(|d: u8| (1..=31).contains(&d));
        (day && self.at(end) == ' ' && month_of(&word).is_some())
            .then(|| ordinal(written, self.accent))
    }
}
