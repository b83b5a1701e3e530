//! Turns English words into Kokoro's phonemes.
//!
//! Owns the alphabet, and `pronunciations.txt` for words that Misaki's lexicon lacks; `pronouncer` has that lexicon and a
//! part-of-speech tagger. Its input are the words that the grammar makes of a text; it does not know how text is cut into
//! pieces.

use crate::g2p::heteronyms;
use crate::g2p::letter_to_sound::{localise, spelled};
use crate::g2p::pronouncer::{PronouncedWord, Pronouncer};
use crate::grammar::english::{EnglishGrammar, WordList};
use crate::language::{Language, unreadable};
use crate::normalization::unicode::{fold, is_unread};
use crate::{Accent, NOTHING};
use misaki_rs::lexicon::PhonemeEntry;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};
use vocabox_base::fault::Fault;

/// Every character that the phonemes of any language may have: Kokoro's vocabulary (`vocabulary.json` of its pack)
/// without the arrows of Mandarin's tones.
pub const VOCABULARY: &str = " !\"(),.:;?—…“”AIOQSTWYabcdefhijklmnopqrstuvwxyzæçðøŋœɐɑɒɔɕɖəɚɛɜɟɡɣɤɥɨɪɯɰɲɳɴɸɹɻɽɾʁʂʃʈʊʋʌʎʒʔʝʣʤʥʦʧʨʰʲˈˌː\u{303}βθχᵊᵝᵻꭧ";
/// The characters that English phonemes may have.
pub const ALPHABET: &str = " !\"(),.:;?—…“”AIOQTWYabdfhijklmnpstuvwzæðŋɑɒɔəɛɜɡɪɹʃʊʌʒʤʧˈˌːθᵊᵻɐ";
/// Characters without a sound.
pub(crate) const SILENT: &str = " !\"(),.:;?—…“”ˈˌː\u{303}";
/// Smallest number of letters of each half of a compound.
const HALF_MIN: usize = 3;

/// English of one accent. Building one takes about 0.1 s and 40 MB; it is `Sync`, so that all workers share it.
pub struct English {
    pronouncer: Pronouncer,
    accent: Accent,
}

impl English {
    /// Reads the lexicon from the binary.
    pub fn new(accent: Accent) -> Self {
        English {
            pronouncer: Pronouncer::new(accent),
            accent,
        }
    }

    /// Returns the process's only instance of `accent`, built at the first call.
    pub fn shared(accent: Accent) -> &'static English {
        static AMERICAN: OnceLock<English> = OnceLock::new();
        static BRITISH: OnceLock<English> = OnceLock::new();
        let cell = match accent {
            Accent::American => &AMERICAN,
            Accent::British => &BRITISH,
        };
        cell.get_or_init(|| English::new(accent))
    }

    /// Returns the phonemes of `text`, all of [`ALPHABET`]; `text` should be a sentence or a few. Faults: `Invalid`
    /// when nothing in it can be spoken, or it has letters that English cannot read.
    pub fn phonemes(&self, text: &str) -> Result<String, Fault> {
        self.readable(text)?;
        let phonemes = self.sounds(&self.words(text))?;
        if phonemes.is_empty() {
            return Err(Fault::invalid(NOTHING));
        }
        Ok(phonemes)
    }

    #[cfg(test)]
    pub(crate) fn pronouncer(&self) -> &Pronouncer {
        &self.pronouncer
    }

    /// Returns the grammar that reads figures and signs.
    pub(crate) fn grammar(&self) -> EnglishGrammar<'_> {
        EnglishGrammar {
            accent: self.accent,
            words: self,
        }
    }

    /// Returns the text that is read for `words`, and the sounds that ranges of its bytes have, in order.
    pub(crate) fn known_forms(&self, words: &str) -> (String, Vec<(Range<usize>, String)>) {
        let words: Vec<&str> = words.split(' ').collect();
        let (mut text, mut own) = (String::new(), Vec::new());
        for i in 0..words.len() {
            let form = self.known_form(&words, i);
            if !text.is_empty() {
                text.push(' ');
            }
            let start = text.len();
            own.extend(
                form.own
                    .map(|(r, sounds)| (start + r.start..start + r.end, sounds)),
            );
            text.push_str(&form.text);
        }
        (text, own)
    }

    /// Returns the form of the word at `i` that misaki reads as it should be: a compound of two known words with a
    /// hyphen, a hyphenated word in parts when one of them is unknown; and the sounds of its letters where the lexicon
    /// has others.
    fn known_form(&self, words: &[&str], i: usize) -> WordForm {
        let word = words[i];
        let core = word.trim_matches(|c: char| !c.is_alphabetic());
        let plain = |text: String| WordForm { text, own: None };
        if core.is_empty() {
            return plain(word.to_string());
        }
        let with_marks = word.trim_matches(|c: char| !c.is_alphabetic() && c != '\'');
        let own = [with_marks, core]
            .into_iter()
            .find_map(|w| Some((w, self.pronounced(w)?)));
        let own = own.or_else(|| Some((core, self.capitals(core)?)));
        let own = own.or_else(|| Some((with_marks, self.elided(with_marks)?)));
        let own = own.or_else(|| Some((core, heteronyms::sounds(words, i, self.accent)?)));
        if let Some((written, sounds)) = own {
            let (before, after) = word.split_once(written).unwrap_or_default();
            let stand_in: String = fold(written).into_iter().collect();
            return WordForm {
                own: Some((before.len()..before.len() + stand_in.len(), sounds)),
                text: format!("{before}{stand_in}{after}"),
            };
        }
        let known = |w: &str| {
            self.pronouncer
                .lexicon
                .get_word(w, "NN", None, None)
                .is_some()
        };
        if core.contains('-') {
            let letters = core.split('-').filter(|part| part.len() == 1).count();
            let unknown = letters > 1 || core.split('-').any(|part| !known(part));
            return plain(match unknown {
                true => word.replace('-', " "),
                false => word.to_string(),
            });
        }
        let lower = core.to_ascii_lowercase();
        if core.bytes().all(|b| b.is_ascii_alphabetic())
            && !known(core)
            && let Some(at) = (HALF_MIN..(lower.len() + 1).saturating_sub(HALF_MIN))
                .rev()
                .find(|&at| known(&lower[..at]) && known(&lower[at..]))
        {
            return plain(word.replace(core, &format!("{}-{}", &lower[..at], &lower[at..])));
        }
        plain(word.to_string())
    }

    /// Returns the sounds of `word` in `pronunciations.txt`.
    fn pronounced(&self, word: &str) -> Option<String> {
        let low = word.to_lowercase();
        let (stem, s) = match low.strip_suffix("'s") {
            Some(stem) if !PRONUNCIATIONS.contains_key(low.as_str()) => (stem, "z"),
            _ => (low.as_str(), ""),
        };
        let sounds = PRONUNCIATIONS.get(stem)?;
        let sounds = match self.accent {
            Accent::American => (*sounds).to_string(),
            Accent::British => localise(sounds, self.accent),
        };
        Some(sounds + s)
    }

    /// Returns the names of the letters of a word in capitals that is no acronym of the lexicon, or of a single letter.
    fn capitals(&self, core: &str) -> Option<String> {
        let (stem, s) = match core.strip_suffix("'s").or_else(|| core.strip_suffix('s')) {
            Some(stem) => (stem, "z"),
            None => (core, ""),
        };
        let capitals = !stem.is_empty() && stem.bytes().all(|b| b.is_ascii_uppercase());
        if !capitals || stem == "I" || self.is_acronym(stem) {
            return None;
        }
        Some(spelled(stem, self.accent) + s)
    }

    /// Returns the sounds of "movin'": those of "moving" with another last sound.
    fn elided(&self, word: &str) -> Option<String> {
        let stem = word.strip_suffix("in'")?;
        let full = format!("{}ing", stem.to_lowercase());
        let (sounds, _) = self.pronouncer.lexicon.get_word(&full, "VBG", None, None)?;
        sounds.strip_suffix('ŋ').map(|s| format!("{s}n"))
    }
}

/// What misaki is given for a word.
struct WordForm {
    text: String,
    /// The bytes of `text` whose sounds are given, and these.
    own: Option<(Range<usize>, String)>,
}

/// The entries of `pronunciations.txt`.
static PRONUNCIATIONS: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let lines = include_str!("pronunciations.txt").lines();
    let entries = lines.filter(|line| !line.starts_with(';'));
    entries.filter_map(|line| line.split_once(' ')).collect()
});

impl WordList for English {
    fn is_known(&self, word: &str) -> bool {
        const SHORT: usize = 3;
        let lexicon = &self.pronouncer.lexicon;
        match word.len() {
            _ if PRONUNCIATIONS.contains_key(word) => true,
            0..=SHORT => lexicon.golds.contains_key(word) || lexicon.silvers.contains_key(word),
            _ => lexicon.get_word(word, "NN", None, None).is_some(),
        }
    }

    fn is_acronym(&self, word: &str) -> bool {
        let entry = self.pronouncer.lexicon.golds.get(word);
        word.len() > 1
            && (matches!(entry, Some(PhonemeEntry::Simple(_)))
                || PRONUNCIATIONS.contains_key(word.to_lowercase().as_str()))
    }

    fn has_accents(&self, word: &str) -> bool {
        PRONUNCIATIONS.contains_key(word.to_lowercase().as_str())
    }
}

impl Language for English {
    fn readable(&self, text: &str) -> Result<(), Fault> {
        match text.chars().position(is_unread) {
            None => Ok(()),
            Some(before) => Err(unreadable(before, "English", "Latin, Greek and Cyrillic")),
        }
    }

    fn words(&self, text: &str) -> String {
        self.grammar().read(text).0
    }

    fn sounds(&self, words: &str) -> Result<String, Fault> {
        if words.is_empty() {
            return Ok(String::new());
        }
        let (text, own) = self.known_forms(words);
        let raw = with_own(&self.pronouncer.read(&text), &own);
        Ok(tidy(&raw, ALPHABET))
    }
}

/// Returns the sounds of `spoken`, which has the text in order, with the sounds that `own` gives for ranges of bytes of
/// the text, in order. "the" before such sounds fits them.
fn with_own(spoken: &[PronouncedWord], own: &[(Range<usize>, String)]) -> String {
    let (mut out, mut at, mut next) = (String::new(), 0, 0);
    let mut article = None; // where the sounds of "the" right before stand in `out`
    for token in spoken {
        let end = at + token.text.len();
        while own.get(next).is_some_and(|(range, _)| range.end <= at) {
            next += 1;
        }
        let start = out.len();
        match own.get(next).filter(|(range, _)| range.start < end) {
            None => {
                let sounds = &token.sounds;
                out.push_str(sounds);
                // misaki loses a mark that its tagger takes for a part of the word: "No! Sit."
                let word = token.text.trim_end_matches(['.', ',', ';', ':', '!', '?']);
                if !word.is_empty()
                    && !sounds.is_empty()
                    && !sounds.ends_with(['.', ',', ';', ':', '!', '?'])
                {
                    out.push_str(&token.text[word.len()..]);
                }
            }
            Some((range, sounds)) => {
                if at <= range.start {
                    let vowel = sounds.trim_start_matches(['ˈ', 'ˌ']).starts_with(is_vowel);
                    if let Some(the) = article.filter(|_| vowel) {
                        out.replace_range(the.., "ði ");
                    }
                    out.push_str(sounds);
                }
                // A mark that misaki joins to the word.
                let marks = token
                    .text
                    .get(range.end.saturating_sub(at).min(token.text.len())..);
                out.push_str(marks.unwrap_or_default());
            }
        }
        article = token.text.eq_ignore_ascii_case("the").then_some(start);
        out.push_str(&token.whitespace);
        at = end + token.whitespace.len();
    }
    out
}

/// Whether a sound of misaki's alphabet is a vowel.
fn is_vowel(sound: char) -> bool {
    "AIOQWYaiuæɑɒɔəɛɜɪʊʌᵊᵻɐ".contains(sound)
}

/// Returns `raw` without characters outside `alphabet`, with single spaces, and none before a mark; empty when it has
/// no sound.
pub(crate) fn tidy(raw: &str, alphabet: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars().filter(|&c| alphabet.contains(c)) {
        let closing = ",.:;?!…”)".contains(c);
        if (closing || c == ' ') && out.ends_with(' ') {
            out.pop();
        }
        if !(c == ' ' && (out.is_empty() || out.ends_with(['(', '“']))) {
            out.push(c);
        }
    }
    if out.chars().all(|c| SILENT.contains(c)) {
        return String::new();
    }
    out.trim().to_string()
}
