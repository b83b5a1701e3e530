//! Turns English words into Kokoro's phonemes.
//!
//! Owns the alphabet and the lexicon (crate misaki-rs 0.8.0: Misaki's US or GB lexicon and a part-of-speech tagger,
//! both inside the binary). Its input are the words that `normalize` makes of a text; it does not know how text is cut
//! into pieces.

use crate::g2p::letter_to_sound::{LetterToSound, pronounceable};
use crate::language::Language;
use crate::normalization::english::{normalize, readable};
use crate::{Accent, NOTHING};
use misaki_rs::G2P;
use std::sync::OnceLock;
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

/// English of one accent. Building one takes about 0.3 s and 95 MB; it is `Sync`, so that all workers share it.
pub struct English {
    g2p: G2P,
    accent: Accent,
}

impl English {
    /// Reads the lexicon and the tagger from the binary.
    pub fn new(accent: Accent) -> Self {
        let language = match accent {
            Accent::American => misaki_rs::Language::EnglishUS,
            Accent::British => misaki_rs::Language::EnglishGB,
        };
        English {
            g2p: G2P::with_fallback(language, Some(Box::new(LetterToSound(accent)))),
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
        readable(text)?;
        let phonemes = self.sounds(&self.words(text))?;
        if phonemes.is_empty() {
            return Err(Fault::invalid(NOTHING));
        }
        Ok(phonemes)
    }

    #[cfg(test)]
    pub(crate) fn misaki(&self) -> &G2P {
        &self.g2p
    }

    /// Returns the form of `word` that the lexicon knows: a word in capitals in lower case when it can be pronounced, a
    /// compound of two known words with a hyphen, a hyphenated word in parts when one of them is unknown.
    fn known_form(&self, word: &str) -> String {
        let core = word.trim_matches(|c: char| !c.is_ascii_alphabetic());
        let known = |w: &str| self.g2p.lexicon.get_word(w, "NN", None, None).is_some();
        if core.len() < 2 {
            return word.to_string();
        }
        if core.contains('-') {
            let letters = core.split('-').filter(|part| part.len() == 1).count();
            let unknown = letters > 1 || core.split('-').any(|part| !known(part));
            return if unknown {
                word.replace('-', " ")
            } else {
                word.to_string()
            };
        }
        if !core.bytes().all(|b| b.is_ascii_alphabetic()) {
            return word.to_string();
        }
        let lower = core.to_ascii_lowercase();
        let shouted = core.len() > 5 && core == core.to_ascii_uppercase();
        if shouted && !known(&lower) && pronounceable(core) {
            return word.replace(core, &lower);
        }
        if !known(core)
            && let Some(at) = (HALF_MIN..(lower.len() + 1).saturating_sub(HALF_MIN))
                .rev()
                .find(|&at| known(&lower[..at]) && known(&lower[at..]))
        {
            return word.replace(core, &format!("{}-{}", &lower[..at], &lower[at..]));
        }
        word.to_string()
    }
}

impl Language for English {
    fn readable(&self, text: &str) -> Result<(), Fault> {
        readable(text)
    }

    fn words(&self, text: &str) -> String {
        normalize(text, self.accent)
    }

    fn sounds(&self, words: &str) -> Result<String, Fault> {
        if words.is_empty() {
            return Ok(String::new());
        }
        let words: Vec<String> = words.split(' ').map(|word| self.known_form(word)).collect();
        let (raw, _) = self.g2p.g2p(&words.join(" ")).map_err(Fault::internal)?;
        Ok(tidy(&raw, ALPHABET))
    }
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
