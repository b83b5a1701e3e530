//! What all languages with a text file answer from it: numbers by rules, letters by their names, words in capitals.
//!
//! Owns these answers; `text_file` has the file's notation.

use super::number_rules::NumberRules;
use super::recognise::fractions::is_pressure;
use super::tables::GrammarTables;
use super::token::WrittenLine;
use super::values::{Gender, NumberForm, WrittenAbbreviation};
use crate::normalization::unicode::fold;
use crate::segmentation::SentenceStops;
use std::collections::{HashMap, HashSet};

/// Most letters of a word in capitals that may be spelled.
const SHOUT_CHARS_MAX: usize = 5;

/// A parsed file.
#[derive(Debug)]
pub struct TextGrammar {
    pub tables: GrammarTables,
    pub numbers: NumberRules,
    pub over: &'static str,
    pub whole: &'static str,
    pub cents: &'static str,
    pub(super) names: HashMap<char, &'static str>,
    pub(super) lists: HashMap<&'static str, HashSet<&'static str>>,
    pub(super) values: HashMap<&'static str, &'static str>,
    pub(super) spelled: HashMap<&'static str, &'static str>,
    /// Words in lower case that have sounds of their own.
    pub(super) known: HashSet<String>,
    /// Whether words in Latin letters are English, and letters are said by the names of this file.
    pub(super) latin_is_english: bool,
}

impl TextGrammar {
    /// Returns the abbreviations after which no sentence ends: those of the file that are written with a stop, without the
    /// lists `may-end`; those of the list `before-figure` only before a figure.
    pub fn stops(&self) -> SentenceStops {
        let written = |a: &WrittenAbbreviation| a.written;
        let leading = self.tables.abbreviations.iter().map(written);
        let leading =
            leading.filter(|w| !self.list("may-end", w) && !self.list("before-figure", w));
        let leading = leading.chain(self.lists.get("leading").into_iter().flatten().copied());
        let list = |name: &str| -> &'static [&'static str] {
            let words = self.lists.get(name).into_iter().flatten().copied();
            Vec::leak(words.collect())
        };
        // A year may follow a short month.
        let months = self.tables.short_months.iter().map(|(month, _)| *month);
        let before_figure = list("before-figure").iter().copied().chain(months);
        SentenceStops {
            leading: Vec::leak(leading.collect()),
            before_figure: Vec::leak(before_figure.collect()),
            either: &[],
            starters: list("starters"),
            any_case: true,
        }
    }

    /// Returns the words of a whole number in `form`; digit by digit where it is too long or starts with a zero.
    pub fn cardinal(&self, digits: &str, form: NumberForm) -> String {
        let set = match (form.gender, form.before_noun) {
            (Gender::Feminine, _) => "feminine",
            (Gender::Masculine, true) => "before",
            _ => "",
        };
        let zero = digits.len() > 1 && digits.starts_with('0');
        let words = || self.numbers.words(set, digits);
        match zero {
            true => None,
            false => words(),
        }
        .unwrap_or_else(|| self.one_by_one(digits))
    }

    /// Returns the words of a small number by itself.
    pub fn plain(&self, n: u8) -> String {
        self.cardinal(&n.to_string(), NumberForm::default())
    }

    /// Returns what a word of an address or a path is said as: as the language spells it, as it is where it names a kind of
    /// server, else by its letters.
    pub fn code_word(&self, word: &str) -> String {
        // "COVID" of "COVID-19" is said as a word.
        let capitals = word.chars().all(char::is_uppercase) && !self.latin_is_english;
        let vowels = word.to_lowercase().chars().filter(|&c| is_vowel(c)).count();
        if capitals && word.chars().count() > 4 && vowels > 1 {
            return word.to_lowercase();
        }
        let word = &*word.to_lowercase();
        match self.said_word(word) {
            Some(spelled) => spelled.to_string(),
            None if self.list("servers", word) && !capitals => word.to_string(),
            None => self.letters(word),
        }
    }

    /// Returns the names of the digits.
    pub fn one_by_one(&self, digits: &str) -> String {
        let name = |d: char| self.numbers.words("", d.encode_utf8(&mut [0; 4]));
        let names: Vec<String> = digits.chars().filter_map(name).collect();
        let most = if names.len() > 5 { 3 } else { 5 };
        let groups: Vec<String> = names.chunks(most).map(|g| g.join(" ")).collect();
        groups.join(", ")
    }

    /// Returns the ordinal of a number in `form`; its cardinal where the language has none.
    pub fn ordinal(&self, digits: &str, form: NumberForm) -> String {
        let set = match (form.gender, form.before_noun) {
            (Gender::Feminine, _) => "ordinal-feminine",
            (Gender::Masculine, true) if self.numbers.has("ordinal-before") => "ordinal-before",
            _ => "ordinal",
        };
        let set = if self.numbers.has(set) {
            set
        } else {
            "ordinal"
        };
        let digits = digits.trim_start_matches('0');
        let words = match self.numbers.has(set) {
            true => self.numbers.words(set, digits),
            false => None,
        };
        words.unwrap_or_else(|| self.cardinal(digits, NumberForm::default()))
    }

    /// Returns the words of `over`/`under`.
    pub fn fraction(&self, over: &str, under: &str) -> String {
        let said = |digits| self.cardinal(digits, NumberForm::default());
        if (over, under) == ("24", "7") {
            return format!("{} {}", said(over), said(under));
        }
        if over == under && over != "1" || is_pressure(over, under) {
            return format!("{} {} {}", said(over), self.over, said(under));
        }
        let one = over == "1";
        let set = match one || !self.numbers.has("fraction-many") {
            true => "fraction",
            false => "fraction-many",
        };
        let named = match self.numbers.has(set) {
            true => self.numbers.words(set, under),
            false => None,
        };
        match named.filter(|part| !part.starts_with('/')) {
            Some(part) => {
                let over = self.cardinal(over, NumberForm::before(Gender::Masculine));
                format!("{over} {part}")
            }
            None => format!("{} {} {}", said(over), self.over, said(under)),
        }
    }

    /// Returns digits after a point as numbers are read after it: zeros one by one, the rest as one number of up to three
    /// digits, or digit by digit.
    pub fn part_as_number(&self, digits: &str) -> String {
        let rest = digits.trim_start_matches('0');
        let zeros = &digits[..digits.len() - rest.len()];
        let number = match rest.len() {
            0..=3 => self.numbers.words("", rest).unwrap_or_default(),
            _ => self.one_by_one(rest).replace(',', ""),
        };
        let zeros = self.one_by_one(zeros).replace(',', "");
        format!("{zeros} {number}").trim().to_string()
    }

    /// Returns the value of a key of the file; empty where it has none.
    pub fn said(&self, key: &str) -> &'static str {
        self.values.get(key).copied().unwrap_or("")
    }

    /// Returns how the language spells a word of another one.
    pub fn said_word(&self, word: &str) -> Option<&'static str> {
        self.spelled.get(word).copied()
    }

    /// Whether the list `name` has `word`.
    pub fn list(&self, name: &str, word: &str) -> bool {
        self.lists.get(name).is_some_and(|list| list.contains(word))
    }

    /// Returns the letters of `word`: each by itself in a capital, which the reader of sounds names; by the names of
    /// this file where Latin letters are English.
    pub fn letters(&self, word: &str) -> String {
        let mut said = Vec::new();
        for c in word.chars().flat_map(char::to_lowercase) {
            if self.latin_is_english {
                said.extend(self.names.get(&c).map(|name| (*name).to_string()));
                if !c.is_ascii() {
                    said.push(c.to_string());
                }
            } else if c != '\'' {
                said.push(c.to_uppercase().collect());
            }
        }
        said.join(" ")
    }

    /// Returns the name of the letter `c`, in lower case, in the language's own spelling.
    pub fn letter_name(&self, c: char) -> Option<&'static str> {
        self.names.get(&c).copied()
    }

    /// Returns what the word at `i` is said as: itself in lower case, or its letters.
    pub fn word(&self, line: &WrittenLine, i: usize) -> String {
        let written = line.text(i);
        let low = written.to_lowercase();
        let count = written.chars().count();
        let vowels = low.chars().filter(|&c| is_vowel(c)).count();
        let shout = (2..=SHOUT_CHARS_MAX).contains(&count)
            && written.chars().all(char::is_uppercase)
            && vowels < 2
            && count > 2 * vowels
            && !line.shouted;
        // Letters next to a figure and words without a vowel are read by the letters' names.
        let glued = line.glued_left(i) && line.is_figure(i.saturating_sub(1));
        let letters = || {
            low.chars()
                .all(|c| self.names.contains_key(&fold_one(c)) || c == '\'')
        };
        let capitals = written.chars().all(char::is_uppercase);
        // "12/A": the letter of a house.
        let house = count == 1 && i > 0 && !line.gap(i) && line.sign(i - 1) == '/';
        let listed = capitals && (self.list("letters", &low) || house);
        // "a-t-il"
        let between = count == 1 && line.joined(i + 1) == '-' && i > 0 && line.sign(i - 1) == '-';
        if listed {
            return self.letters(&low);
        }
        if !self.known.contains(&low)
            && !between
            && (shout || vowels == 0 || (count == 1 && glued))
            && letters()
        {
            return self.letters(&low);
        }
        match self.latin_is_english && low.is_ascii() {
            true => written.to_string(),
            false => low,
        }
    }
}

/// Whether `c` is a vowel letter; every letter of a script without capitals may be one.
fn is_vowel(c: char) -> bool {
    let plain = fold_one(c);
    !plain.is_ascii() || "aeiouy".contains(plain)
}

fn fold_one(c: char) -> char {
    fold(c.encode_utf8(&mut [0; 4]))
        .first()
        .copied()
        .unwrap_or(c)
}
