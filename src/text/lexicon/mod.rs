//! Pronunciations that a user keeps: a lexicon.
//!
//! Owns which entry applies to which word of a text. `lines` and `pls` are the two formats of a file.

mod lines;
mod pls;

pub use lines::to_lines;

use crate::MarkedText;
use crate::phonemes::phonemes;
use std::collections::HashMap;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;
use vocabox_base::fault::Fault;
use vocabox_base::limits::{
    LANGUAGE_BYTES_MAX, LEXICON_ENTRIES_MAX, LEXICON_WORD_CHARS_MAX, PHONEMES_CHARS_MAX,
    RESPELLED_CHARS_MAX, SPELLING_CHARS_MAX,
};

/// How a word is said: at least one of phonemes and spelling is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pronunciation {
    /// A word, several, or a sign. In lower case it stands for its forms with capitals, too.
    pub word: String,
    /// Kokoro's vocabulary.
    pub phonemes: Option<String>,
    /// What is read in its place; where there are phonemes, only by voices that read letters.
    pub spelling: Option<String>,
    /// Code of the language whose voices say it so, with or without a region; none for all.
    pub language: Option<String>,
}

impl Pronunciation {
    /// Returns the entry with its parts checked and trimmed, its phonemes in Kokoro's vocabulary. Fault: `Invalid`; its
    /// sentence starts with the name of the part, and quotes nothing, because it may be logged.
    pub fn new(
        word: &str,
        phonemes: Option<&str>,
        spelling: Option<&str>,
        language: Option<&str>,
    ) -> Result<Self, Fault> {
        let part = |text: Option<&str>| text.map(single_spaced).filter(|t| !t.is_empty());
        let word = single_spaced(word);
        let (spelling, language) = (part(spelling), part(language));
        let phonemes = part(phonemes).map(|written| sounds(&written)).transpose()?;
        let lengths = [
            ("word", Some(&word), LEXICON_WORD_CHARS_MAX),
            ("phonemes", phonemes.as_ref(), PHONEMES_CHARS_MAX),
            ("spelling", spelling.as_ref(), SPELLING_CHARS_MAX),
            ("language", language.as_ref(), LANGUAGE_BYTES_MAX),
        ];
        for (name, text, most) in lengths {
            let chars = text.map_or(0, |t| t.chars().count());
            if chars > most {
                return Err(Fault::invalid(format!(
                    "{name} has {chars} characters; at most {most} are accepted"
                )));
            }
            if text.is_some_and(|t| t.contains(char::is_control)) {
                return Err(Fault::invalid(format!("{name} has a control character")));
            }
        }
        if word.is_empty() {
            return Err(Fault::invalid("word is missing"));
        }
        if phonemes.is_none() && spelling.is_none() {
            return Err(Fault::invalid(
                "phonemes and spelling are missing; one of them is needed",
            ));
        }
        Ok(Pronunciation {
            word,
            phonemes,
            spelling,
            language: language.map(|l| l.to_lowercase()),
        })
    }

    /// Whether voices of the language `code` say it so.
    fn applies(&self, code: &str) -> bool {
        let base = |code| match code {
            // Pidgin's voices read English, too.
            "pcm" => "en",
            code => str::split(code, ['-', '_']).next().unwrap_or(code),
        };
        let own = self.language.as_deref();
        own.is_none_or(|own| own == code || base(own) == base(code))
    }
}

/// Phonemes in Kokoro's vocabulary. Fault: `Invalid` for what stands for no sound.
fn sounds(written: &str) -> Result<String, Fault> {
    phonemes(written).map_err(|at| {
        Fault::invalid(match at {
            0 => "phonemes have no sound".to_owned(),
            at => format!(
                "phonemes have a sign at character {at} that stands for no sound of any voice; the International \
                 Phonetic Alphabet and Kokoro's notation are accepted"
            ),
        })
    })
}

/// Returns `fault` with the place of what is wrong before its sentence.
fn at(place: &str, mut fault: Fault) -> Fault {
    fault.sentence = format!("{place}: {}", fault.sentence);
    fault
}

/// Text with the letters composed and single spaces.
fn single_spaced(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").nfc().collect()
}

/// Returns the entries of a file: PLS when it starts with an angle bracket, else lines. Of several entries for one word and
/// language the last counts. Fault: `Invalid` for what is neither, and for more than `LEXICON_ENTRIES_MAX` entries.
pub fn parse(text: &str) -> Result<Vec<Pronunciation>, Fault> {
    let text = text.trim_start_matches('\u{FEFF}');
    let entries = match text.trim_start().starts_with('<') {
        true => pls::parse(text)?,
        false => lines::parse(text)?,
    };
    distinct(entries)
}

/// Returns `entries` with the last one of each word and language only, in their order. Fault: `Invalid` for more than
/// `LEXICON_ENTRIES_MAX`.
pub fn distinct(entries: Vec<Pronunciation>) -> Result<Vec<Pronunciation>, Fault> {
    let mut last = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        last.insert((entry.word.clone(), entry.language.clone()), at);
    }
    if last.len() > LEXICON_ENTRIES_MAX {
        return Err(Fault::invalid(format!(
            "the lexicon has {} entries; at most {LEXICON_ENTRIES_MAX} are accepted",
            last.len()
        )));
    }
    let mut kept: Vec<usize> = last.into_values().collect();
    kept.sort_unstable();
    let mut entries: Vec<Option<Pronunciation>> = entries.into_iter().map(Some).collect();
    Ok(kept
        .into_iter()
        .filter_map(|at| entries[at].take())
        .collect())
}

/// The pronunciations of one user, by the first part of each word.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    /// Of entries with the same first part the longest goes first.
    by_first: HashMap<String, Vec<LexiconWord>>,
}

/// An entry with the forms of its word that are compared with a text.
#[derive(Debug, Clone)]
struct LexiconWord {
    parts: Vec<String>,
    lower: String,
    upper: String,
    entry: Pronunciation,
}

impl LexiconWord {
    fn of(entry: Pronunciation) -> Self {
        LexiconWord {
            parts: parts(&entry.word).map(|(_, part)| low(part)).collect(),
            lower: entry.word.to_lowercase(),
            upper: entry.word.to_uppercase(),
            entry,
        }
    }

    /// Whether its word stands for `form`, which is `low` in lower case.
    fn covers(&self, form: &str, low: &str) -> bool {
        let word = &self.entry.word;
        word == form || (*word == self.lower || form == self.upper) && self.lower == low
    }
}

impl From<Vec<Pronunciation>> for Lexicon {
    fn from(entries: Vec<Pronunciation>) -> Self {
        let mut by_first: HashMap<String, Vec<LexiconWord>> = HashMap::new();
        for word in entries.into_iter().map(LexiconWord::of) {
            if let Some(first) = word.parts.first() {
                by_first.entry(first.clone()).or_default().push(word);
            }
        }
        for words in by_first.values_mut() {
            // Then the exact form before another, and one of the language before one of all.
            words.sort_by_key(|word| {
                let is_lower = word.entry.word == word.lower;
                let is_general = word.entry.language.is_none();
                (usize::MAX - word.parts.len(), is_lower, is_general)
            });
        }
        Lexicon { by_first }
    }
}

impl Lexicon {
    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.by_first.is_empty()
    }

    /// Appends `text` to `marked` with the words said as this lexicon has them for the language `code`. Fault: `Invalid`
    /// when that makes more than `RESPELLED_CHARS_MAX` characters of a shorter text.
    pub(crate) fn apply(
        &self,
        text: &str,
        code: &str,
        marked: &mut MarkedText,
    ) -> Result<(), Fault> {
        if self.is_empty() {
            marked.push(text);
            return Ok(());
        }
        let segments: Vec<(usize, &str)> = parts(text).collect();
        let folded: Vec<String> = segments.iter().map(|(_, part)| low(part)).collect();
        let end_of = |at: usize| segments.get(at).map_or(text.len(), |(start, _)| *start);
        let mut respelled = text.chars().count();
        let (mut done, mut at) = (0, 0);
        while at < segments.len() {
            let found = self.entry(text, &segments, &folded, at, code);
            let Some((length, entry)) = found else {
                at += 1;
                continue;
            };
            let (start, end) = (segments[at].0, end_of(at + length));
            marked.push(&text[done..start]);
            let written = &text[start..end];
            let spelling = entry.spelling.as_deref().unwrap_or(written);
            match &entry.phonemes {
                Some(sounds) => marked.push_fixed(written, sounds, spelling, code),
                None => marked.push(spelling),
            }
            respelled += spelling.chars().count();
            if respelled > RESPELLED_CHARS_MAX.max(2 * text.chars().count()) {
                return Err(Fault::invalid(format!(
                    "text has more than {RESPELLED_CHARS_MAX} characters with the spellings of the lexicon: send it in parts"
                )));
            }
            (done, at) = (end, at + length);
        }
        marked.push(&text[done..]);
        Ok(())
    }

    /// The entry for the words from segment `at` on, and the number of segments that it covers.
    fn entry(
        &self,
        text: &str,
        segments: &[(usize, &str)],
        folded: &[String],
        at: usize,
        code: &str,
    ) -> Option<(usize, &Pronunciation)> {
        let is_apostrophe =
            |at: Option<usize>| at.and_then(|at| folded.get(at)).is_some_and(|p| p == "'");
        // The text from here on, in the length of the words that are compared with it.
        let (mut end, mut form, mut lower) = (at, String::new(), String::new());
        for word in self.by_first.get(&folded[at])? {
            if folded.get(at..at + word.parts.len()) != Some(&word.parts) {
                continue;
            }
            if end != at + word.parts.len() {
                end = at + word.parts.len();
                let stop = segments.get(end).map_or(text.len(), |(start, _)| *start);
                form = single_spaced(&text[segments[at].0..stop]);
                lower = form.to_lowercase();
            }
            // Of "l'eau" and "Ada's" the short parts are endings, not words.
            let is_ending = (is_apostrophe(at.checked_sub(1)) || is_apostrophe(Some(end)))
                && form.chars().count() < 3;
            if word.covers(&form, &lower) && word.entry.applies(code) && !is_ending {
                return Some((end - at, &word.entry));
            }
        }
        None
    }
}

/// The parts of `text` that words and entries consist of, each with its position: those of Unicode's annex 29, cut at
/// apostrophes; a run of white space is one part.
fn parts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_word_bound_indices().flat_map(|(start, word)| {
        let mut out = Vec::new();
        let mut from = 0;
        for (at, mark) in word.match_indices(['\'', '’']) {
            if at > from {
                out.push((start + from, &word[from..at]));
            }
            from = at + mark.len();
            out.push((start + at, mark));
        }
        if from < word.len() {
            out.push((start + from, &word[from..]));
        }
        out
    })
}

/// The part in lower case, with letters composed and one kind of apostrophe and of space.
fn low(part: &str) -> String {
    match part {
        "’" => "'".to_owned(),
        part if part.chars().all(char::is_whitespace) => " ".to_owned(),
        part => part.to_lowercase().nfc().collect(),
    }
}

#[cfg(test)]
mod tests;
