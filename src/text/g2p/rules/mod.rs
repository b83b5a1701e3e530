//! Languages whose spelling determines their sounds: each is one table of rules.
//!
//! Owns the tables and the conversion from their words to sounds. `table` has the notation, `rewrite` its rules,
//! `reading` turns written text into words by the language's grammar. The sounds are those that Kokoro's voices of a
//! language were trained with (International Phonetic Alphabet, some pairs in one character: A=eɪ I=aɪ W=aʊ ʤ ʧ ʣ ʦ),
//! or the nearest ones that its vocabulary has.

mod reading;
mod rewrite;
mod table;

use crate::g2p::english::{SILENT, VOCABULARY, tidy};
use crate::grammar::{Grammar, languages};
use crate::language::{Language, unreadable};
use crate::normalization::unicode::{fold, is_unread};
use crate::segmentation::{self, SentenceStops};
use crate::{Accent, English};
use std::sync::OnceLock;
use table::{LanguageTable, SecondStress, apart};
use vocabox_base::fault::Fault;

/// Every table, by the language code that packs use.
#[rustfmt::skip]
const TABLES: [(&str, &str); 10] = [
    ("es", include_str!("../tables/es.txt")), ("fr", include_str!("../tables/fr.txt")), ("ha", include_str!("../tables/ha.txt")),
    ("hi", include_str!("../tables/hi.txt")), ("ig", include_str!("../tables/ig.txt")), ("it", include_str!("../tables/it.txt")),
    ("pt-br", include_str!("../tables/pt.txt")), ("sw", include_str!("../tables/sw.txt")), ("yo", include_str!("../tables/yo.txt")),
    ("zu", include_str!("../tables/zu.txt")),
];

/// Stands in the output of `joins` between a word and the sounds that the next word makes it end with.
const LINK: char = '‿';

/// A language with a table.
pub struct TableLanguage {
    table: LanguageTable,
    grammar: Box<dyn Grammar>,
    stops: Option<SentenceStops>,
}

impl TableLanguage {
    /// Whether there is a table for `code`.
    pub fn is_known(code: &str) -> bool {
        TABLES.iter().any(|(known, _)| *known == code)
    }

    /// Returns the process's only instance of `code`, built at the first call.
    pub fn of(code: &str) -> Option<&'static TableLanguage> {
        static MADE: [OnceLock<TableLanguage>; TABLES.len()] =
            [const { OnceLock::new() }; TABLES.len()];
        let at = TABLES.iter().position(|(known, _)| *known == code)?;
        Some(MADE[at].get_or_init(|| {
            let wrong = |why| panic!("the table of {code} is not well-formed: {why}");
            let table = LanguageTable::parse(TABLES[at].1).unwrap_or_else(wrong);
            let known = table.words.keys().chain(&table.weak).cloned().collect();
            let grammar = languages::of(code, known)
                .unwrap_or_else(|why| panic!("the grammar of {code} is not well-formed: {why}"));
            let stops = grammar.stops();
            TableLanguage {
                table,
                grammar,
                stops,
            }
        }))
    }

    /// Returns the grammar that reads figures and signs.
    pub fn grammar(&self) -> &dyn Grammar {
        &*self.grammar
    }

    /// Returns the name of `word` when it is one capital: a letter that is said by its name.
    fn letter(&self, word: &str) -> Option<&'static str> {
        let mut chars = word.chars();
        let letter = chars.next().filter(|c| c.is_uppercase())?;
        if chars.next().is_some() {
            return None;
        }
        let low = letter.to_lowercase().next()?;
        self.grammar.letter_name(low).or_else(|| {
            let plain = fold(low.encode_utf8(&mut [0; 4])).first().copied()?;
            self.grammar.letter_name(plain)
        })
    }

    /// Returns the sounds of one word without marks, or of a letter's name.
    fn said(&self, word: &str) -> String {
        match self.letter(word) {
            Some(name) => {
                let words: Vec<String> = name.split(' ').map(|w| self.word(w)).collect();
                words.join(" ")
            }
            None => self.word(&word.to_lowercase()),
        }
    }

    /// Returns the sounds of one word in lower case, without marks.
    fn word(&self, word: &str) -> String {
        let table = &self.table;
        if let Some(sounds) = table.words.get(word) {
            return match sounds.strip_prefix('=') {
                Some(words) => words
                    .split(' ')
                    .map(|w| self.word(w))
                    .collect::<Vec<_>>()
                    .join(" "),
                None => sounds.clone(),
            };
        }
        if table.elide
            && let Some((before, after)) = word.split_once('\'')
            && !after.is_empty()
        {
            return self.word(&format!("{before}'")) + &self.word(after);
        }
        let mut sounds = table.elisions.apply(&apart(&table.letters.apply(word)));
        if !table.weak.contains(word) {
            sounds = self.stressed(&sounds, word);
        }
        apart(&table.sounds.apply(&sounds))
    }

    /// Returns the sounds of `words` read as English, and empties `words`; nothing when they are empty.
    fn english(&self, words: &mut String) -> Result<String, Fault> {
        let words = std::mem::take(words);
        if words.is_empty() {
            return Ok(String::new());
        }
        let english = English::shared(Accent::American);
        Ok(english.sounds(&english.words(&words))? + " ")
    }

    /// Returns `sounds` with `ˈ` before the vowel that the ending of `word` stresses, unless it has one.
    fn stressed(&self, sounds: &str, word: &str) -> String {
        let vowels: Vec<usize> = sounds
            .char_indices()
            .filter(|(_, c)| self.table.vowels.contains(*c))
            .map(|(at, _)| at)
            .collect();
        let Some(last) = vowels.len().checked_sub(1) else {
            return sounds.to_owned();
        };
        let letters: Vec<char> = word.chars().collect();
        let ending = self.table.stress.iter().find(|(e, _)| e.ends(&letters));
        let mut out = sounds.to_owned();
        let main = match (sounds.find('ˈ'), ending) {
            (Some(at), _) => at,
            (None, Some((_, from_end))) => {
                let at = vowels[last - last.min(from_end - 1)];
                out.insert(at, 'ˈ');
                at
            }
            (None, None) => return out,
        };
        let before = vowels.iter().filter(|&&at| at < main).count();
        let second = match self.table.second {
            SecondStress::Nowhere => false,
            SecondStress::Apart => before > 1,
            SecondStress::LongWords => before > 0 && vowels.len() > 2,
        };
        if second {
            out.insert(vowels[0], 'ˌ');
        }
        out
    }
}

impl Language for TableLanguage {
    fn readable(&self, text: &str) -> Result<(), Fault> {
        let unread = |c: char| !self.table.own.contains(&c) && is_unread(c);
        let lower = |c: char| c.to_lowercase().next().unwrap_or(c);
        match text.chars().position(|c| unread(lower(c))) {
            None => Ok(()),
            Some(before) => {
                let scripts = match self.table.latin_is_english {
                    true => format!("{} and Latin", self.table.name),
                    false => "Latin, Greek and Cyrillic".to_owned(),
                };
                Err(unreadable(before, &self.table.name, &scripts))
            }
        }
    }

    fn stops(&self) -> &SentenceStops {
        self.stops.as_ref().unwrap_or(&segmentation::ENGLISH)
    }

    fn words(&self, text: &str) -> String {
        reading::words(text, &self.table, &*self.grammar)
    }

    fn spelled(&self, words: &str) -> String {
        let is_mark = |c: char| SILENT.contains(c);
        let named = |token: &str| {
            let core = token.trim_matches(is_mark);
            match self.letter(core) {
                Some(name) if !self.table.latin_is_english => token.replacen(core, name, 1),
                _ => token.to_string(),
            }
        };
        words.split(' ').map(named).collect::<Vec<_>>().join(" ")
    }

    fn sounds(&self, words: &str) -> Result<String, Fault> {
        let mut out = String::new();
        let mut english = String::new();
        let words = words.replace('-', " ");
        let words = self.table.joins.apply(&self.table.respell.apply(&words));
        for token in words.split(' ').filter(|t| !t.is_empty()) {
            // Read a run of words at once: a call costs more than a word.
            let latin = token.is_ascii() && token.contains(|c: char| c.is_ascii_alphabetic());
            if self.table.latin_is_english && latin {
                english.push_str(token);
                english.push(' ');
                continue;
            }
            out.push_str(&self.english(&mut english)?);
            let is_mark = |c: char| SILENT.contains(c);
            let core = token.trim_matches(is_mark);
            let start = token.len() - token.trim_start_matches(is_mark).len();
            out.push_str(&token[..start]);
            if !core.is_empty() {
                let (core_word, link) = core.split_once(LINK).unwrap_or((core, ""));
                out.push_str(&self.said(core_word));
                out.push_str(link);
                out.push_str(&token[start + core.len()..]);
            }
            out.push(' ');
        }
        out.push_str(&self.english(&mut english)?);
        Ok(self.table.phrase.apply(&tidy(&out, VOCABULARY)))
    }
}

#[cfg(test)]
mod tests;
