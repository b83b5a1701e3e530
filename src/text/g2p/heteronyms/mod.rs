//! Words of one spelling and two pronunciations, where misaki's tagger often fails and the neighbours decide.
//!
//! Owns rules for single words, by the words beside them and in their sentence. A word without a matching rule is left to
//! the tagger. `cases.tsv` has the pairs that they are measured on.

mod nouns;
mod verbs;

use crate::Accent;
use crate::g2p::letter_to_sound::localise;

/// A word in its sentence.
struct Neighbours<'a> {
    words: &'a [&'a str],
    i: usize,
}

/// Words further than this from the word say nothing about it.
const REACH: usize = 12;

#[rustfmt::skip]
const ARTICLES: [&str; 14] = [
    "a", "an", "the", "this", "my", "your", "his", "her", "its", "our", "their", "another", "some", "no",
];
#[rustfmt::skip]
const AUXILIARIES: [&str; 34] = [
    "to", "will", "would", "can", "could", "should", "must", "may", "might", "shall", "don't", "didn't", "doesn't",
    "won't", "can't", "couldn't", "wouldn't", "shouldn't", "let's", "please", "i'll", "you'll", "we'll", "they'll",
    "he'll", "she'll", "it'll", "do", "does", "did", "cannot", "never", "i'd", "we'd",
];
const PRONOUNS: [&str; 7] = ["i", "you", "we", "they", "he", "she", "it"];
const OBJECTS: [&str; 8] = ["it", "them", "him", "her", "me", "us", "this", "that"];
const HAVE: [&str; 12] = [
    "have", "has", "had", "having", "haven't", "hasn't", "hadn't", "i've", "you've", "we've",
    "they've", "ever",
];
const BE: [&str; 8] = ["is", "are", "was", "were", "be", "been", "being", "get"];

impl Neighbours<'_> {
    /// The word `offset` places on, in lower case without marks; empty beyond the sentence.
    fn at(&self, offset: isize) -> String {
        let word = self
            .i
            .checked_add_signed(offset)
            .and_then(|k| self.words.get(k));
        let between = match offset {
            ..0 => self.i.saturating_add_signed(offset)..self.i,
            _ => self.i..self.i.saturating_add_signed(offset).min(self.words.len()),
        };
        let ended = self.words[between]
            .iter()
            .any(|w| w.ends_with(['.', '!', '?', ';', ':']));
        let bare = |w: &&str| {
            w.trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase()
        };
        word.filter(|_| !ended).map(bare).unwrap_or_default()
    }

    fn before(&self, words: &[&str]) -> bool {
        words.contains(&self.at(-1).as_str())
    }

    fn after(&self, words: &[&str]) -> bool {
        words.contains(&self.at(1).as_str())
    }

    /// Whether one of the `n` words before is in `words`.
    fn lately(&self, n: isize, words: &[&str]) -> bool {
        (1..=n).any(|k| words.contains(&self.at(-k).as_str()))
    }

    /// Whether one of `words` is near in the text.
    fn near(&self, words: &[&str]) -> bool {
        let from = self.i.saturating_sub(REACH);
        let to = (self.i + REACH).min(self.words.len());
        self.words[from..to].iter().any(|w| {
            let w = w
                .trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase();
            words.contains(&w.as_str())
        })
    }

    fn is_first(&self) -> bool {
        self.at(-1).is_empty()
    }

    /// Whether a mark follows the word.
    fn is_last(&self) -> bool {
        self.at(1).is_empty() || self.words[self.i].ends_with([',', '.', '!', '?', ';', ':'])
    }

    /// Whether the word stands where a verb does: after an auxiliary, or first before an object.
    fn is_verb(&self) -> bool {
        self.before(&AUXILIARIES)
            || self.is_first() && (self.after(&ARTICLES) || self.after(&OBJECTS))
            || self.lately(2, &AUXILIARIES) && self.at(-1).ends_with("ly")
    }
}

/// Returns the sounds of the word at `i` where a rule decides.
pub fn sounds(words: &[&str], i: usize, accent: Accent) -> Option<String> {
    let here = Neighbours { words, i };
    let sounds = nouns::choose(&here).or_else(|| verbs::choose(&here))?;
    Some(match accent {
        Accent::American => sounds.replace('ɒ', "ɑ"),
        Accent::British => localise(sounds, accent),
    })
}
