//! The table of a language: the text file with everything specific to it.
//!
//! Owns the file's notation. First come lines of a key and a value, then sections of one entry a line; `;` starts a
//! comment.
//!
//! | key | value |
//! | --- | --- |
//! | `name` | English name |
//! | `latin` | `own`: written in Latin letters; `english`: Latin letters in it are read as English |
//! | `elide` | `yes`: what stands before an apostrophe is a word of its own, said without a pause |
//! | `second` | `yes`: the first syllable has a second stress (`ˌ`) when the stressed one is not the next; `three`: when the word has three syllables or more and the first is not the stressed one |
//! | `class N` | characters of class `N` |
//! | `vowels` | sounds that make a syllable |
//!
//! | section | entry |
//! | --- | --- |
//! | `respell` | rewrite rules from words to words, over the whole sentence, for their sounds only (silent h) |
//! | `joins` | the same after `respell`: what a word sounds like next to another; sounds after `‿` end the word before |
//! | `words` | a word and its sounds, or `=` and other words |
//! | `letters` | rewrite rules from letters to sounds, word by word; `ˈ` before a vowel stresses it |
//! | `elisions` | rewrite rules from sounds to sounds, before the stress |
//! | `stress` | an ending (context as in a rule, after `-`) and which syllable from the end it stresses; longer first |
//! | `weak` | words without a stress, several a line |
//! | `sounds` | rewrite rules from sounds to sounds, after the stress |
//! | `phrase` | rewrite rules from sounds to sounds over the whole sentence: sounds that change at the next word |

use super::rewrite::{Classes, Rewrite, RuleContext};
use std::collections::{HashMap, HashSet};
use unicode_normalization::UnicodeNormalization;

/// Where a word's first syllable has a second stress.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum SecondStress {
    #[default]
    Nowhere,
    /// Where the stressed syllable is not the next.
    Apart,
    /// In words of three syllables and more whose first is not the stressed one.
    LongWords,
}

/// A language's parsed table.
#[derive(Debug, Default)]
pub struct LanguageTable {
    pub name: String,
    pub latin_is_english: bool,
    pub elide: bool,
    pub second: SecondStress,
    pub vowels: String,
    pub respell: Rewrite,
    pub joins: Rewrite,
    pub words: HashMap<String, String>,
    pub letters: Rewrite,
    pub elisions: Rewrite,
    /// Longest ending first.
    pub stress: Vec<(RuleContext, usize)>,
    pub weak: HashSet<String>,
    pub sounds: Rewrite,
    pub phrase: Rewrite,
    /// Letters that are read without folding.
    pub own: HashSet<char>,
}

impl LanguageTable {
    /// Reads a table. The error says what is wrong and in which line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut table = LanguageTable::default();
        let mut classes = Classes::new();
        let mut section = String::new();
        let text: String = text.nfc().collect();
        for (number, line) in text.lines().enumerate() {
            let line = line.split(';').next().unwrap_or("").trim_end();
            if line.is_empty() {
                continue;
            }
            let done = if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']'))
                && name.len() > 3
                && name.bytes().all(|b| b.is_ascii_lowercase())
            {
                section = name.into();
                Ok(())
            } else if section.is_empty() {
                table.key(line, &mut classes)
            } else {
                table.entry(&section, line, &classes)
            };
            done.map_err(|why| format!("line {}: {why}", number + 1))?;
        }
        table
            .stress
            .sort_by_key(|(ending, _)| std::cmp::Reverse(ending.len()));
        table.own = table.letters.covered().collect();
        Ok(table)
    }

    fn key(&mut self, line: &str, classes: &mut Classes) -> Result<(), String> {
        let (key, value) = line.split_once(' ').ok_or("a key without a value")?;
        let value = value.trim();
        match key {
            "name" => self.name = value.into(),
            "second" => {
                self.second = match value {
                    "yes" => SecondStress::Apart,
                    "three" => SecondStress::LongWords,
                    _ => return Err(format!("no second stress {value}")),
                }
            }
            "elide" => self.elide = value == "yes",
            "latin" => self.latin_is_english = value == "english",
            "vowels" => self.vowels = value.into(),
            "class" => {
                let (name, set) = value.split_once(' ').ok_or("a class without characters")?;
                classes.insert(name.into(), set.into());
            }
            _ => return Err(format!("no key {key}")),
        }
        Ok(())
    }

    fn entry(&mut self, section: &str, line: &str, classes: &Classes) -> Result<(), String> {
        match section {
            "respell" => return self.respell.add(line, classes),
            "joins" => return self.joins.add(line, classes),
            "phrase" => return self.phrase.add(line, classes),
            "letters" => return self.letters.add(line, classes),
            "elisions" => return self.elisions.add(line, classes),
            "sounds" => return self.sounds.add(line, classes),
            "weak" => {
                self.weak.extend(line.split(' ').map(str::to_owned));
                return Ok(());
            }
            _ => {}
        }
        let (written, said) = line.split_once(' ').ok_or("an entry of one word")?;
        let said = said.trim().to_owned();
        match section {
            "words" => {
                // Other words stay as they are spelled.
                let sounds = match said.starts_with('=') {
                    true => said,
                    false => apart(&said),
                };
                self.words.insert(written.into(), sounds);
            }
            "stress" => {
                let syllable = said.parse().map_err(|_| "a syllable is a number")?;
                let ending = RuleContext::before(written.trim_start_matches('-'), classes)?;
                self.stress.push((ending, syllable));
            }
            _ => return Err(format!("no section {section}")),
        }
        Ok(())
    }
}

/// Returns `sounds` with every nasal vowel as its vowel and the tilde, as Kokoro's vocabulary has them; ç is one sound.
pub fn apart(sounds: &str) -> String {
    let mut out = String::with_capacity(sounds.len());
    for c in sounds.chars() {
        match c {
            'ç' => out.push(c),
            c => out.extend(c.nfd()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_tables_are_refused_with_the_line() {
        for (text, why) in [
            ("nome X", "line 1: no key nome"),
            ("name X\n[letters]\n[a b", "line 3: no ]"),
            ("[song]\na b", "line 2: no section song"),
            ("[stress]\n-a x", "line 2: a syllable is a number"),
        ] {
            let error = LanguageTable::parse(text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
