//! The part of a language's grammar that is a text file in `tables/`.
//!
//! Owns the file's notation and what all languages with such a file share: numbers by rules, letters by their names,
//! words in capitals. First come lines of a key and a value, then sections of one entry a line; `;` starts a comment.
//! The keys are the names of the fields of [`GrammarTables`] with hyphens, `␣` for a blank, and these:
//!
//! | key | value |
//! | --- | --- |
//! | `over` | said between the numbers of a fraction for which the language has no word |
//! | `whole` | said between a whole number and its fraction |
//! | `cents` | said between an amount and its hundredths |
//! | any other | words that one language's own rules look up |
//! | `list N` | words of the list `N`, which one language's own rules look up |
//!
//! | section | entry |
//! | --- | --- |
//! | `numbers` | as `number_rules` says; the sets `before`, `feminine`, `ordinal`, `ordinal-before`, `ordinal-feminine`, `fraction` and `fraction-many` are asked for |
//! | `currencies` | signs and codes, the unit and perhaps its hundredth: `€ EUR \| euro / euros / m \| cent / cents / m` |
//! | `magnitudes` | words in full, letters that touch the number, and the noun: `million \| M \| million / millions / m` |
//! | `units` | as written, with `+` when metric prefixes may stand before it and `!` when it touches the figure, and the noun |
//! | `prefixes` | a metric prefix as written and as said |
//! | `months` | the number of a month, its name, and its short names |
//! | `days` | a short name of a day and its name |
//! | `abbreviations` | where it is read (`.` before a full stop, `*` always, `1` before a figure, `_` after one, `N` before a name), as written, and its words |
//! | `signs`, `operators`, `addresses` | a sign and its words |
//! | `spelled` | a word of another language and how this one spells it |
//! | `names` | a letter and its name in the language's own spelling |

use super::number_rules::NumberRules;
use super::tables::GrammarTables;
use super::token::WrittenLine;
use super::values::{
    AbbreviationPlace, CountedNoun, Currency, Gender, Magnitude, MeasureUnit, NumberForm,
    WrittenAbbreviation,
};
use crate::normalization::unicode::fold;
use crate::segmentation::SentenceStops;
use std::collections::{HashMap, HashSet};

type Words = &'static [&'static str];

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
    names: HashMap<char, &'static str>,
    lists: HashMap<&'static str, HashSet<&'static str>>,
    values: HashMap<&'static str, &'static str>,
    spelled: HashMap<&'static str, &'static str>,
    /// Words in lower case that have sounds of their own.
    known: HashSet<String>,
    /// Whether words in Latin letters are English, and letters are said by the names of this file.
    latin_is_english: bool,
}

impl TextGrammar {
    /// Reads a file; `known` are words in lower case that are never spelled. The error says what is wrong and in which
    /// line.
    pub fn parse(
        text: &'static str,
        known: HashSet<String>,
        latin_is_english: bool,
    ) -> Result<Self, String> {
        let mut parser = Parser::default();
        let mut section = "";
        for (number, line) in text.lines().enumerate() {
            let line = line.split(';').next().unwrap_or("").trim_end();
            if line.is_empty() {
                continue;
            }
            let done = if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']'))
            {
                section = name;
                Ok(())
            } else if section.is_empty() {
                parser.key(line)
            } else {
                parser.entry(section, line)
            };
            done.map_err(|why| format!("line {}: {why}", number + 1))?;
        }
        Ok(parser.finish(known, latin_is_english))
    }

    /// Returns the abbreviations after which no sentence ends: those of the file that are written with a stop, without the
    /// lists `may-end`; those of the list `before-figure` only before a figure.
    pub fn stops(&self) -> SentenceStops {
        let written = |a: &WrittenAbbreviation| a.written;
        let leading = self.tables.abbreviations.iter().map(written);
        let leading =
            leading.filter(|w| !self.list("may-end", w) && !self.list("before-figure", w));
        let list = |name: &str| -> Words {
            let words = self.lists.get(name).into_iter().flatten().copied();
            Vec::leak(words.collect())
        };
        SentenceStops {
            leading: Vec::leak(leading.collect()),
            before_figure: list("before-figure"),
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
            None => {
                let said = |digits| self.cardinal(digits, NumberForm::default());
                format!("{} {} {}", said(over), self.over, said(under))
            }
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
        let listed = capitals && self.list("letters", &low);
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

/// The entries read so far.
#[derive(Default)]
struct Parser {
    values: HashMap<&'static str, &'static str>,
    lists: HashMap<&'static str, HashSet<&'static str>>,
    numbers: NumberRules,
    currencies: Vec<Currency>,
    magnitudes: Vec<Magnitude>,
    units: Vec<MeasureUnit>,
    prefixes: Vec<(&'static str, &'static str)>,
    months: [&'static str; 12],
    short_months: Vec<(&'static str, u8)>,
    days: Vec<(&'static str, &'static str)>,
    abbreviations: Vec<WrittenAbbreviation>,
    signs: HashMap<&'static str, Vec<(char, &'static str)>>,
    names: HashMap<char, &'static str>,
    spelled: HashMap<&'static str, &'static str>,
}

impl Parser {
    fn key(&mut self, line: &'static str) -> Result<(), String> {
        let (key, value) = line.split_once(' ').ok_or("a key without a value")?;
        if key == "list" {
            let (name, words) = value.split_once(' ').ok_or("a list without words")?;
            self.lists.entry(name).or_default().extend(words.split(' '));
        } else {
            self.values.insert(key, value.trim());
        }
        Ok(())
    }

    fn entry(&mut self, section: &'static str, line: &'static str) -> Result<(), String> {
        if section == "numbers" {
            return self.numbers.add(line);
        }
        let (first, rest) = line.split_once(' ').ok_or("an entry of one word")?;
        let rest = rest.trim();
        let parts: Vec<&'static str> = line.split('|').map(str::trim).collect();
        let letter = first.chars().next().unwrap_or(' ');
        match section {
            "currencies" => self.currencies.push(Currency {
                written: words(parts[0]),
                unit: noun(parts.get(1).ok_or("no unit")?)?,
                hundredth: parts.get(2).map(|n| noun(n)).transpose()?,
            }),
            "magnitudes" => self.magnitudes.push(Magnitude {
                written: words(parts[0]),
                letters: words(parts.get(1).ok_or("no letters")?),
                noun: noun(parts.get(2).ok_or("no noun")?)?,
            }),
            "units" => {
                let marks = |c: char| {
                    parts[0]
                        .split(' ')
                        .any(|w| w.len() == 1 && w.starts_with(c))
                };
                let written = parts[0]
                    .split(' ')
                    .filter(|w| !matches!(*w, "+" | "!" | ""));
                self.units.push(MeasureUnit {
                    written: Vec::leak(written.collect()),
                    noun: noun(parts.get(1).ok_or("no noun")?)?,
                    prefixed: marks('+'),
                    touching: marks('!'),
                });
            }
            "prefixes" => self.prefixes.push((first, rest)),
            "months" => {
                let month: u8 = first.parse().map_err(|_| "no number of a month")?;
                let mut names = rest.split(' ');
                let at = self.months.get_mut(usize::from(month).wrapping_sub(1));
                *at.ok_or("no such month")? = names.next().unwrap_or("");
                self.short_months.extend(names.map(|name| (name, month)));
            }
            "days" => self.days.push((first, rest)),
            "abbreviations" => {
                let place = match first {
                    "." => AbbreviationPlace::Stop,
                    "*" => AbbreviationPlace::Always,
                    "1" => AbbreviationPlace::BeforeFigure,
                    "_" => AbbreviationPlace::AfterFigure,
                    "N" => AbbreviationPlace::BeforeName,
                    _ => return Err(format!("no place {first}")),
                };
                let (written, said) = rest
                    .split_once(' ')
                    .ok_or("an abbreviation without words")?;
                self.abbreviations.push(WrittenAbbreviation {
                    written,
                    said,
                    place,
                });
            }
            "signs" | "operators" | "addresses" => {
                self.signs.entry(section).or_default().push((letter, rest));
            }
            "spelled" => drop(self.spelled.insert(first, rest)),
            "names" => drop(self.names.insert(letter, rest)),
            _ => return Err(format!("no section {section}")),
        }
        Ok(())
    }

    fn finish(mut self, known: HashSet<String>, latin_is_english: bool) -> TextGrammar {
        let values = std::mem::take(&mut self.values);
        let value = |key: &str| values.get(key).copied().unwrap_or("");
        let signs = |key: &str| -> &'static [char] {
            let blank = |c| if c == '␣' { ' ' } else { c };
            Vec::leak(
                value(key)
                    .chars()
                    .filter(|c| *c != ' ')
                    .map(blank)
                    .collect(),
            )
        };
        let mut named = |key: &str| -> &'static [(char, &'static str)] {
            Vec::leak(self.signs.remove(key).unwrap_or_default())
        };
        let tables = GrammarTables {
            points: signs("points"),
            groups: signs("groups"),
            pairs: value("pairs") == "yes",
            point: value("point"),
            minus: value("minus"),
            plus: value("plus"),
            to: value("to"),
            and: value("cents"),
            per: value("per"),
            of: value("of"),
            square: value("square"),
            cubic: value("cubic"),
            currencies: Vec::leak(self.currencies),
            magnitudes: Vec::leak(self.magnitudes),
            units: Vec::leak(self.units),
            prefixes: Vec::leak(self.prefixes),
            months: self.months,
            short_months: Vec::leak(self.short_months),
            days: Vec::leak(self.days),
            day_first: value("day-first") != "no",
            morning: words(value("morning")),
            afternoon: words(value("afternoon")),
            hour_marks: words(value("hour-marks")),
            digit_words: words(value("digit-words")),
            roman_before: words(value("roman-before")),
            roman_after: words(value("roman-after")),
            roman_ordered: words(value("roman-ordered")),
            rulers: words(value("rulers")),
            abbreviations: Vec::leak(self.abbreviations),
            signs: named("signs"),
            operators: named("operators"),
            address_signs: named("addresses"),
            ordinal_marks: words(value("ordinal-marks")),
        };
        TextGrammar {
            over: value("over"),
            whole: value("whole"),
            cents: value("cents"),
            values,
            tables,
            numbers: self.numbers,
            names: self.names,
            lists: self.lists,
            spelled: self.spelled,
            known,
            latin_is_english,
        }
    }
}

/// The words of a list.
fn words(text: &'static str) -> Words {
    Vec::leak(text.split(' ').filter(|w| !w.is_empty()).collect())
}

/// Reads `one / many / gender`.
fn noun(text: &'static str) -> Result<CountedNoun, String> {
    let parts: Vec<&'static str> = text.split('/').map(str::trim).collect();
    let [one, many, gender] = parts[..] else {
        return Err(format!("{text:?} is not one / many / gender"));
    };
    let gender = match gender {
        "m" => Gender::Masculine,
        "f" => Gender::Feminine,
        "n" => Gender::Neuter,
        _ => return Err(format!("no gender {gender}")),
    };
    Ok(CountedNoun::of(one, many, gender))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_files_are_refused_with_the_line() {
        for (text, why) in [
            ("point", "line 1: a key without a value"),
            ("point x\n[units]\nkg | kilo", "line 3: \"kilo\" is not one"),
            ("point x\n[months]\n13 smarch", "line 3: no such month"),
            ("point x\n[song]\na b", "line 3: no section song"),
            ("point x\n[abbreviations]\n? a b", "line 3: no place ?"),
        ] {
            let error = TextGrammar::parse(text, HashSet::new(), false).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
