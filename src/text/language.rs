//! The reader of a language: what a language needs to be read aloud.

use crate::segmentation::{self, SentenceStops};
use vocabox_base::fault::Fault;

/// A language that can be read aloud: written text to words, words to sounds.
pub trait Language: Sync + Send {
    /// Checks that every letter of `text` can be read. Fault: `Invalid`; its sentence gives the position of the first
    /// letter that cannot, and not the letter, because the sentence may be logged.
    fn readable(&self, text: &str) -> Result<(), Fault>;

    /// Returns the abbreviations that tell where the language's sentences end.
    fn stops(&self) -> &SentenceStops {
        &segmentation::ENGLISH
    }

    /// Returns the spoken form of `text`, a sentence or a few: words separated by spaces, and marks; empty when nothing
    /// is spoken. A capital by itself may be a letter that is said by its name. Cheap.
    fn words(&self, text: &str) -> String;

    /// Whether [`Language::sounds`] returns phonemes; else it returns letters, and a pronunciation has no use.
    fn takes_phonemes(&self) -> bool {
        true
    }

    /// Returns the words that [`Language::words`] returned with letters that are said one by one as their names, for
    /// voices that read letters.
    fn spelled(&self, words: &str) -> String {
        words.to_string()
    }

    /// Returns the phonemes of the words that [`Language::words`] returned, all of Kokoro's vocabulary; empty when
    /// nothing has a sound. Fault: `Internal` when a lexicon fails, which is not expected.
    fn sounds(&self, words: &str) -> Result<String, Fault>;
}

/// Returns the refusal of a text whose letter after `before` others cannot be read in `language`.
pub(crate) fn unreadable(before: usize, language: &str, accepted: &str) -> Fault {
    let article = match language.starts_with(['A', 'E', 'I', 'O']) {
        true => "an",
        false => "a",
    };
    Fault::invalid(format!(
        "text has letters that {article} {language} voice cannot read, the first at character {}; \
         {accepted} letters are accepted",
        before + 1
    ))
}
