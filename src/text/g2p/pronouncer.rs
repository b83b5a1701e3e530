//! Turns words and marks into Misaki's sounds, by the parts that the crate misaki-rs 0.8.0 makes public: spaCy's tokenizer
//! and tagger, and Misaki's lexicon.
//!
//! Owns the order of the steps, which is that of `G2P.__call__` in Misaki's `en.py`: tokens, tags, parts of tokens, words of
//! adjacent parts, sounds from right to left, because "the" and "to" depend on what follows. The crate's own `G2P` does the
//! same, and the tests compare the two; but it also holds a second tagger and takes figures, amounts and links, which the
//! grammar never writes, and it parses its lexicons from 6 MB of JSON. Must not know the grammar.

use super::letter_to_sound::sounds;
use super::lexicon_table::lexicon;
use super::spoken_word::{SpokenPart, is_silent, merged_sounds, tag_of};
use super::subtokens::subtokens;
use crate::Accent;
use misaki_rs::abbrev::is_period_abbreviation;
use misaki_rs::lexicon::{Lexicon, TokenContext};
use misaki_rs::norms::norm_of;
use misaki_rs::spacy_tagger::{Tagger, hash_string};
use misaki_rs::spacy_tokenizer::SpacyTokenizer;
use std::ops::Range;
use std::sync::LazyLock;

/// The tags of marks.
const MARK_TAGS: [&str; 11] = [
    ".", ",", "-LRB-", "-RRB-", "``", "\"\"", "''", ":", "$", "#", "NFP",
];
/// The marks that are written as they are among sounds.
const MARKS: &str = ";:,.!?—…\"“”";
/// After these, nothing is known of the next sound.
const STOPS: &str = "!,.:;?—…";
const VOWELS: &str = "AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻ";
const CONSONANTS: &str = "bdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθ";
/// The stress of a word with a capital, and of one in capitals.
const CAPITAL_STRESS: f64 = 0.5;
const CAPITALS_STRESS: f64 = 2.0;

/// Both read constants of the crate, the same for all accents.
static TOKENIZER: LazyLock<SpacyTokenizer> = LazyLock::new(SpacyTokenizer::new);
static TAGGER: LazyLock<Tagger> = LazyLock::new(Tagger::load);

/// The lexicon of one accent, and letters for words that it lacks.
pub struct Pronouncer {
    pub lexicon: Lexicon,
    accent: Accent,
}

/// A word or mark with its sounds.
#[derive(Debug, PartialEq, Eq)]
pub struct PronouncedWord {
    pub text: String,
    /// The blanks that follow it in the text.
    pub whitespace: String,
    /// In Misaki's alphabet; empty for a mark without a sound.
    pub sounds: String,
}

impl Pronouncer {
    /// Reads the lexicon of `accent` from the program. Takes about 0.1 s.
    pub fn new(accent: Accent) -> Self {
        Pronouncer {
            lexicon: lexicon(accent, (CAPITAL_STRESS, CAPITALS_STRESS)),
            accent,
        }
    }

    /// Returns the words of `text`, which has what a grammar writes: letters, apostrophes and hyphens within words, marks,
    /// blanks. Together, `text` and `whitespace` of the words are `text`, but for blanks at its start and an apostrophe
    /// between signs. Never fails: letters that nothing can read have no sounds.
    pub fn read(&self, text: &str) -> Vec<PronouncedWord> {
        let mut parts = parts_of(text);
        for part in &mut parts {
            part.sounds = mark_sounds(&part.text, part.tag);
        }
        let words = adjacent(&parts);
        let mut follows = vec![TokenContext::default(); parts.len()];
        for range in words.iter().rev() {
            for i in range.clone().rev() {
                if parts[i].sounds.is_none() {
                    parts[i].sounds = self.part_sounds(&parts[i], &follows[i], range.len() == 1);
                }
                if i > 0 {
                    follows[i - 1] = before(&follows[i], &parts[i]);
                }
            }
        }
        let mut words: Vec<SpokenPart> = words
            .into_iter()
            .map(|range| match &mut parts[range.clone()] {
                [part] => std::mem::take(part),
                several => self.joined(several, &follows[range]),
            })
            .collect();
        self.settle(&mut words);
        let spoken = |word: SpokenPart| PronouncedWord {
            // The lexicon's signs of a flap and a glottal stop; the voices know others.
            sounds: word
                .sounds
                .unwrap_or_default()
                .replace('ɾ', "T")
                .replace('ʔ', "t"),
            text: word.text,
            whitespace: word.whitespace,
        };
        words.into_iter().map(spoken).collect()
    }

    /// Returns the lexicon's sounds of `word`.
    fn listed(&self, word: &str, tag: &str, follows: &TokenContext) -> Option<String> {
        let stress = if word == word.to_lowercase() {
            None
        } else if word == word.to_uppercase() {
            Some(self.lexicon.cap_stresses.1)
        } else {
            Some(self.lexicon.cap_stresses.0)
        };
        let found = self.lexicon.get_word(word, tag, stress, Some(follows));
        found.map(|(sounds, _)| sounds)
    }

    /// Returns the sounds of a part; none for a sign, and for a part that the lexicon lacks, unless it is a word `alone`.
    fn part_sounds(
        &self,
        part: &SpokenPart,
        follows: &TokenContext,
        alone: bool,
    ) -> Option<String> {
        let (word, tag) = (&*part.text, part.tag);
        if let Some(found) = self.listed(word, tag, follows) {
            return Some(found);
        }
        if word.len() > 1 && word.contains('-') {
            return Some(String::new());
        }
        let lexicon = &self.lexicon;
        let stemmed = lexicon
            .stem_s(word, tag, None, None)
            .or_else(|| lexicon.stem_ed(word, tag, None, None))
            .or_else(|| lexicon.stem_ing(word, tag, None, None));
        match stemmed {
            Some((found, _)) => Some(found),
            None => (alone && word.chars().nth(1).is_some()).then(|| sounds(word, self.accent)),
        }
    }

    /// Returns the word of several adjacent parts. Its runs of parts that the lexicon has are found from the right, the
    /// longest first; when a part remains, letters tell the sounds of the whole word.
    fn joined(&self, parts: &[SpokenPart], follows: &[TokenContext]) -> SpokenPart {
        let text: String = parts.iter().map(|part| &*part.text).collect();
        let mut found: Vec<Option<String>> = vec![None; parts.len()];
        let (mut left, mut right) = (0, parts.len());
        while left < right {
            let run = left..right;
            let free = found[run.clone()].iter().all(Option::is_none);
            let listed = free.then(|| {
                let word: String = parts[run.clone()].iter().map(|part| &*part.text).collect();
                self.listed(&word, tag_of(&parts[run.clone()]), &follows[left])
            });
            if let Some(sounds) = listed.flatten() {
                found[run].fill(Some(String::new()));
                found[left] = Some(sounds);
                (left, right) = (0, left);
            } else if left + 1 < right {
                left += 1;
            } else {
                (left, right) = (0, right - 1);
            }
        }
        let lacks = |(part, sounds): (&SpokenPart, &Option<String>)| {
            sounds.is_none() && !is_silent(&part.text)
        };
        let sounds = if parts.iter().zip(&found).any(lacks) {
            sounds(&text, self.accent)
        } else {
            let found = found.into_iter().map(Option::unwrap_or_default).collect();
            merged_sounds(&self.lexicon, parts, found)
        };
        SpokenPart {
            tag: tag_of(parts),
            whitespace: parts
                .last()
                .map_or_else(String::new, |last| last.whitespace.clone()),
            text,
            sounds: Some(sounds),
        }
    }

    /// Looks words up again: what follows them is known only now that the parts of words are joined.
    fn settle(&self, words: &mut [SpokenPart]) {
        let mut follows = TokenContext::default();
        for word in words.iter_mut().rev() {
            let next = before(&follows, word);
            let sounded = word
                .sounds
                .as_ref()
                .is_some_and(|sounds| !sounds.is_empty());
            if sounded && word.text.chars().all(char::is_alphabetic) {
                let again = self.listed(&word.text, word.tag, &follows);
                word.sounds = again.or(word.sounds.take());
            }
            follows = next;
        }
    }
}

/// Returns the parts of the tokens of `text`, without sounds. All parts of a token have its tag.
fn parts_of(text: &str) -> Vec<SpokenPart> {
    let tokens = TOKENIZER.tokenize(text);
    let tagged: Vec<(String, String, bool)> = tokens
        .iter()
        .map(|token| {
            let norm = token.norm.clone();
            let norm = norm.unwrap_or_else(|| norm_of(&token.text, hash_string));
            (token.text.clone(), norm, !token.whitespace.is_empty())
        })
        .collect();
    let mut parts = Vec::with_capacity(tokens.len());
    for (token, tag) in tokens.into_iter().zip(TAGGER.tag(&tagged)) {
        parts.extend(subtokens(&token.text).into_iter().map(|text| SpokenPart {
            text: text.to_owned(),
            tag,
            whitespace: String::new(),
            sounds: None,
        }));
        if let Some(last) = parts.last_mut() {
            last.whitespace = token.whitespace;
        }
    }
    parts
}

/// Whether the tag of `text` is that of a mark, and `text` is not all letters of ASCII.
fn is_mark(text: &str, tag: &str) -> bool {
    let letter = |c: char| {
        c.to_lowercase()
            .next()
            .is_some_and(|c| c.is_ascii_lowercase())
    };
    MARK_TAGS.contains(&tag) && !text.chars().all(letter)
}

/// Returns the sounds of a mark; none for a word. The tag tells an opening quote from a closing one.
fn mark_sounds(text: &str, tag: &str) -> Option<String> {
    let sounds = match tag {
        _ if !is_mark(text, tag) => return None,
        ":" if matches!(text, "-" | "–") => "—",
        "-LRB-" => "(",
        "-RRB-" => ")",
        "``" => "“",
        "''" | "\"\"" => "”",
        _ => return Some(text.chars().filter(|&c| MARKS.contains(c)).collect()),
    };
    Some(sounds.to_owned())
}

/// Returns the ranges of parts that are one word each: parts without a blank between them. A mark is a word of its own, but
/// for the stop of an abbreviation.
fn adjacent(parts: &[SpokenPart]) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut open = false; // whether the next part may belong to the last word
    for (i, part) in parts.iter().enumerate() {
        let mark = is_mark(&part.text, part.tag);
        let joins = open
            && (!mark
                || part.text == "." && {
                    let last = words.last().cloned().unwrap_or_default();
                    let word = parts[last].iter().map(|part| &*part.text);
                    is_period_abbreviation(&word.chain(["."]).collect::<String>())
                });
        match words.last_mut().filter(|_| joins) {
            Some(last) => last.end = i + 1,
            None => words.push(i..i + 1),
        }
        open = (joins || !mark) && part.whitespace.is_empty();
    }
    words
}

/// Returns what the part before `part` is followed by, when `part` is followed by `follows`.
fn before(follows: &TokenContext, part: &SpokenPart) -> TokenContext {
    let sounds = part.sounds.as_deref().unwrap_or_default();
    let tells = sounds.chars().find_map(|c| match c {
        _ if STOPS.contains(c) => Some(None),
        _ if VOWELS.contains(c) => Some(Some(true)),
        _ if CONSONANTS.contains(c) => Some(Some(false)),
        _ => None,
    });
    TokenContext {
        future_vowel: tells.unwrap_or(follows.future_vowel),
        future_to: match &*part.text {
            "to" | "To" => true,
            "TO" => matches!(part.tag, "TO" | "IN"),
            _ => false,
        },
    }
}

#[cfg(test)]
#[path = "pronouncer_tests.rs"]
mod tests;
