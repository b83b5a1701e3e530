//! The part of a language's grammar that is a text file in `tables/`.
//!
//! Owns the file's notation. First come lines of a key and a value, then sections of one entry a line; `;` starts a comment.
//! The keys are the names of the fields of [`GrammarTables`] with hyphens, `␣` for a blank (`_` within the phrases of
//! `digit-words`), and these:
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
use super::text_grammar::TextGrammar;
use super::values::{
    AbbreviationPlace, CountedNoun, Currency, Gender, Magnitude, MeasureUnit, WrittenAbbreviation,
};
use std::collections::{HashMap, HashSet};

type Words = &'static [&'static str];

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
            digit_words: phrases(value("digit-words")),
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

/// The words of a list, with a blank for each `_`.
fn phrases(text: &'static str) -> Words {
    let phrases = words(text).iter().map(|word| match word.contains('_') {
        true => &*word.replace('_', " ").leak(),
        false => word,
    });
    Vec::leak(phrases.collect())
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
