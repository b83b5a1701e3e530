//! A text in which some words have a pronunciation of the user's.
//!
//! Owns how such words pass through a language: each is replaced by a made-up word, which the reader of a language takes
//! for a name and leaves as it is, so that the words around it are read as if nothing had happened; its phonemes take the
//! place of that word's sounds. Knows no notation.

use crate::g2p::english::{VOCABULARY, tidy};
use crate::language::Language;
use crate::phonemes::{for_language, possessive};
use crate::segmentation::{Sentence, sentences_of};
use crate::skipped::{readable_part, skipped};
use crate::{CHARS_PER_S, Pieces, pieces_of, seconds};
use std::borrow::Cow;
use vocabox_base::fault::{Fault, Kind};

/// Syllables that made-up words consist of.
const CONSONANTS: &[u8] = b"bdfgklmnprstvz";
const VOWELS: &[u8] = b"aeiou";
/// Syllables that tell one made-up word of a text from the others, and how many words that makes.
const NUMBER_SYLLABLES: usize = 3;
const SYLLABLES: usize = CONSONANTS.len() * VOWELS.len();
const WORDS_MAX: usize = SYLLABLES.pow(NUMBER_SYLLABLES as u32);
/// What all made-up words of a text start with; longer where a text happens to have it.
const STEM: &str = "zilomu";

/// A text to speak, with the pronunciations that a user gave for some of its words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarkedText {
    /// The text, with a made-up word in place of each word with a pronunciation.
    text: String,
    stem: String,
    readings: Vec<FixedReading>,
}

/// A word with a pronunciation.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FixedReading {
    /// The word as the user wrote it.
    written: String,
    phonemes: String,
    /// What a voice reads that takes letters.
    spelling: String,
}

impl From<&str> for MarkedText {
    /// A text without a pronunciation.
    fn from(text: &str) -> Self {
        MarkedText {
            text: text.to_owned(),
            ..MarkedText::default()
        }
    }
}

impl From<String> for MarkedText {
    fn from(text: String) -> Self {
        MarkedText {
            text,
            ..MarkedText::default()
        }
    }
}

impl MarkedText {
    /// An empty text, to which words are added that must not contain the made-up ones: those of `source`.
    pub(crate) fn for_words_of(source: &str) -> Self {
        let source = source.to_lowercase();
        let mut stem = STEM.to_owned();
        while source.contains(&stem) {
            stem.push_str("lo");
        }
        MarkedText {
            stem,
            ..MarkedText::default()
        }
    }

    /// Appends text that is read as it is written.
    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends a word with a pronunciation. `phonemes` are those of `phonemes::phonemes`; a voice that takes letters reads
    /// `spelling`.
    pub(crate) fn push_fixed(&mut self, written: &str, phonemes: &str, spelling: &str, code: &str) {
        if self.readings.len() == WORDS_MAX || self.stem.is_empty() {
            return self.push(written);
        }
        if self.text.ends_with(char::is_alphanumeric) {
            self.text.push(' ');
        }
        let number = self.readings.len();
        let word = self.word(number);
        // Whether a sentence ends before a word depends on its first letter.
        match written.starts_with(char::is_lowercase) {
            true => self.text.push_str(&word),
            false => {
                self.text.push_str(&word[..1].to_uppercase());
                self.text.push_str(&word[1..]);
            }
        }
        self.readings.push(FixedReading {
            written: written.to_owned(),
            phonemes: for_language(phonemes, code),
            spelling: spelling.to_owned(),
        });
    }

    /// Ends the text so that a voice does not fall: what is spoken next belongs to the same sentence.
    pub(crate) fn go_on(&mut self) {
        self.text.truncate(self.text.trim_end().len());
        if self.text.ends_with(char::is_alphanumeric) {
            self.text.push(',');
        }
    }

    /// The made-up word with this number, in lower case.
    fn word(&self, mut number: usize) -> String {
        let mut word = self.stem.clone();
        for _ in 0..NUMBER_SYLLABLES {
            let syllable = number % SYLLABLES;
            number /= SYLLABLES;
            word.push(CONSONANTS[syllable / VOWELS.len()] as char);
            word.push(VOWELS[syllable % VOWELS.len()] as char);
        }
        word
    }

    /// Where the next made-up word of `text` starts and ends, in bytes, and its number.
    fn find(&self, text: &str) -> Option<(usize, usize, usize)> {
        if self.readings.is_empty() {
            return None;
        }
        let width = self.stem.len() + 2 * NUMBER_SYLLABLES;
        let bytes = text.as_bytes();
        let starts = 0..bytes.len().saturating_sub(width - 1);
        let mut starts = starts.filter(|&at| bytes[at] | 0x20 == b'z');
        starts.find_map(|at| {
            let word = bytes[at..at + width].to_ascii_lowercase();
            let number = number_of(word.strip_prefix(self.stem.as_bytes())?)?;
            (number < self.readings.len()).then_some((at, at + width, number))
        })
    }

    /// The text with `replaced` in place of each made-up word.
    fn with<'t>(&self, text: &'t str, replaced: impl Fn(&FixedReading) -> &str) -> Cow<'t, str> {
        let Some(_) = self.find(text) else {
            return Cow::Borrowed(text);
        };
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((start, end, number)) = self.find(rest) {
            out.push_str(&rest[..start]);
            out.push_str(replaced(&self.readings[number]));
            rest = &rest[end..];
        }
        Cow::Owned(out + rest)
    }

    /// The letters that voices of `language` cannot read, each once: they are left out.
    pub fn skipped(&self, language: &dyn Language) -> String {
        let read = match language.takes_phonemes() {
            true => Cow::Borrowed(self.text.as_str()),
            false => self.with(&self.text, |reading| &reading.spelling),
        };
        skipped(&read, language)
    }

    /// Unicode scalar values, those of the pronunciations included.
    pub fn chars(&self) -> usize {
        let sounds = self.readings.iter().map(|r| r.phonemes.chars().count());
        self.text.chars().count() + sounds.sum::<usize>()
    }

    /// Identifies how the text is read: two texts with the same value sound alike.
    pub fn identity(&self) -> String {
        let mut out = self.text.clone();
        for reading in &self.readings {
            out.push_str(&format!("\n{}\t{}", reading.phonemes, reading.spelling));
        }
        out
    }

    /// About how many seconds it takes to say at a voice's own speed.
    pub fn seconds(&self, language: &dyn Language) -> f64 {
        let sounds: usize = self
            .readings
            .iter()
            .map(|r| r.phonemes.chars().count())
            .sum();
        let words = self.readings.len() * (self.stem.len() + 2 * NUMBER_SYLLABLES);
        let rest = seconds(&self.text, language) + (sounds as f64 - words as f64) / CHARS_PER_S;
        rest.max(sounds as f64 / CHARS_PER_S)
    }

    /// Whether a voice of `language` can say anything of it. Cheap.
    pub fn is_spoken(&self, language: &dyn Language) -> bool {
        !self.reader(language).words(&self.text).is_empty()
    }

    /// The pieces of the text in `language`. Faults: those of [`crate::pieces`].
    pub fn pieces<'a>(&'a self, language: &'a dyn Language) -> Result<Pieces<'a>, Fault> {
        pieces_of(&self.text, self.reader(language))
    }

    /// The sentences of the text as `language` reads them.
    pub fn sentences<'a>(
        &'a self,
        language: &'a dyn Language,
    ) -> impl Iterator<Item = SentenceRead<'a>> {
        let reader = self.reader(language);
        reader
            .sentences(&self.text)
            .into_iter()
            .map(move |sentence| {
                let marked = &self.text[sentence.range];
                SentenceRead {
                    text: reader.written(marked),
                    words: reader.written(&reader.words(marked)),
                    skipped: skipped(marked, language),
                    marked,
                    reader,
                }
            })
    }

    /// The text as it is written, with the words of the user in their places.
    pub fn written(&self) -> Cow<'_, str> {
        self.with(&self.text, |reading| &reading.written)
    }

    /// The text, with a made-up word in place of each word with a pronunciation.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn reader<'a>(&'a self, language: &'a dyn Language) -> MarkedReader<'a> {
        MarkedReader {
            language,
            marked: Some(self),
        }
    }
}

/// A sentence, read.
pub struct SentenceRead<'a> {
    /// As the user wrote it.
    pub text: String,
    /// Its words: figures, signs and abbreviations are spelled out. Empty when nothing of it is spoken.
    pub words: String,
    /// The letters that the language cannot read, each once.
    pub skipped: String,
    marked: &'a str,
    reader: MarkedReader<'a>,
}

impl SentenceRead<'_> {
    /// Its phonemes; empty when nothing of it is spoken. Faults: those of [`Language::sounds`].
    pub fn phonemes(&self) -> Result<String, Fault> {
        if self.words.is_empty() {
            return Ok(String::new());
        }
        let pieces: Vec<String> = match pieces_of(self.marked, self.reader) {
            Ok(pieces) => pieces
                .map(|p| Ok(p?.phonemes))
                .collect::<Result<_, Fault>>()?,
            Err(fault) if fault.kind == Kind::Invalid => Vec::new(),
            Err(fault) => return Err(fault),
        };
        Ok(pieces.join(" "))
    }
}

/// The number that the syllables at the end of a made-up word stand for; none for other letters.
fn number_of(syllables: &[u8]) -> Option<usize> {
    syllables.chunks(2).rev().try_fold(0, |number, pair| {
        let (consonant, vowel) = (pair.first()?, pair.get(1)?);
        let consonant = CONSONANTS.iter().position(|c| c == consonant)?;
        let vowel = VOWELS.iter().position(|v| v == vowel)?;
        Some(number * SYLLABLES + consonant * VOWELS.len() + vowel)
    })
}

/// A language that reads a text with pronunciations.
#[derive(Clone, Copy)]
pub(crate) struct MarkedReader<'a> {
    language: &'a dyn Language,
    /// None for a text without pronunciations.
    marked: Option<&'a MarkedText>,
}

impl<'a> MarkedReader<'a> {
    /// The reader of a text without pronunciations.
    pub(crate) fn plain(language: &'a dyn Language) -> Self {
        MarkedReader {
            language,
            marked: None,
        }
    }

    /// The sentences of `text`.
    pub(crate) fn sentences(&self, text: &str) -> Vec<Sentence> {
        sentences_of(text, self.language.stops())
    }

    /// Faults: those of [`Language::readable`].
    pub(crate) fn check(&self, text: &str) -> Result<(), Fault> {
        self.language.readable(text)
    }

    /// The words of `text` as [`Language::words`] returns them, without the letters that the language cannot read.
    pub(crate) fn words(&self, text: &str) -> String {
        let spelled = match self.marked {
            Some(marked) if !self.language.takes_phonemes() => {
                marked.with(text, |reading| &reading.spelling)
            }
            _ => Cow::Borrowed(text),
        };
        self.language.words(&readable_part(&spelled, self.language))
    }

    /// `text` as the user wrote it.
    pub(crate) fn written(&self, text: &str) -> String {
        match self.marked {
            Some(marked) => marked.with(text, |reading| &reading.written).into_owned(),
            None => text.to_owned(),
        }
    }

    /// The phonemes of the words that [`MarkedReader::words`] returned. Faults: those of [`Language::sounds`].
    pub(crate) fn sounds(&self, words: &str) -> Result<String, Fault> {
        let Some(marked) = self.marked.filter(|marked| marked.find(words).is_some()) else {
            return self.language.sounds(words);
        };
        let mut out = String::new();
        let mut run = String::new();
        for token in words.split(' ') {
            let mut rest = token;
            while let Some((start, end, number)) = marked.find(rest) {
                run.push_str(rest[..start].trim_end_matches('-'));
                self.say(&mut run, &mut out)?;
                let phonemes = &marked.readings[number].phonemes;
                rest = &rest[end..];
                let owns = rest.strip_prefix("'s");
                match owns.filter(|after| !after.starts_with(char::is_alphabetic)) {
                    Some(after) => {
                        out.push_str(&possessive(phonemes));
                        rest = after;
                    }
                    None => out.push_str(phonemes),
                }
                // A mark belongs to the word before it; letters are a word of their own.
                let marks = rest.len() - rest.trim_start_matches(is_mark).len();
                out.push_str(&rest[..marks]);
                rest = rest[marks..].trim_start_matches(['-', '\'']);
            }
            run.push_str(rest);
            run.push(' ');
        }
        self.say(&mut run, &mut out)?;
        Ok(tidy(&out, VOCABULARY))
    }

    /// Appends the sounds of `run` to `out`, and empties it. Marks alone stay as they are: to the language they are
    /// nothing.
    fn say(&self, run: &mut String, out: &mut String) -> Result<(), Fault> {
        let words = std::mem::take(run);
        let words = words.trim();
        if words.is_empty() {
            out.push(' ');
        } else if words.contains(char::is_alphanumeric) {
            let sounds = self.language.sounds(words)?;
            out.push_str(&format!(" {} ", sounds.trim()));
        } else {
            out.push_str(&format!(" {words}"));
        }
        Ok(())
    }
}

fn is_mark(c: char) -> bool {
    !c.is_alphanumeric() && !"-'".contains(c)
}

#[cfg(test)]
#[path = "marked_tests.rs"]
mod tests;
