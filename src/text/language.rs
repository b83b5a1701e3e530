//! What a language must be able to do to be read aloud.

use vocabox_base::fault::Fault;

/// A language read aloud: writing to words, words to sounds.
pub trait Language: Sync + Send {
    /// `Invalid` when `text` has letters that this language cannot read; the sentence says where the first one
    /// stands, not what it is: it may end in a log.
    fn readable(&self, text: &str) -> Result<(), Fault>;

    /// What is said for `text`, a sentence or a few: words parted by blanks, and marks; empty when nothing is. Cheap.
    fn words(&self, text: &str) -> String;

    /// The phonemes of what [`Language::words`] gave, all of Kokoro's vocabulary; empty when nothing has a sound.
    /// `Internal` when a lexicon fails, which it has no reason to.
    fn sounds(&self, words: &str) -> Result<String, Fault>;
}

/// The refusal of `text` whose letter after `before` others cannot be read in `language`.
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
