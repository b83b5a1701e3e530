//! Text for voices that read letters: the text's letters in lower case, with figures and signs as words where a reader
//! knows the language.

use crate::language::Language;
use crate::languages::language;
use crate::normalization::markup::bare;
use crate::normalization::spoken::SpokenText;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use vocabox_base::fault::Fault;

/// The spelling of a language, unchanged.
pub struct Graphemes {
    known: Option<&'static dyn Language>,
}

impl Graphemes {
    /// Returns the graphemes of the language that a pack calls `code`; no reader has to know it.
    pub fn of(code: &str) -> Self {
        Graphemes {
            known: language(code),
        }
    }

    /// Returns `c` as plain letters without diacritics; nothing for a combining mark alone.
    pub fn folded(c: char) -> impl Iterator<Item = char> {
        [c].into_iter().nfkd().filter(|d| !is_combining_mark(*d))
    }
}

impl Language for Graphemes {
    /// Checks the letters by the language's reader; without a reader, every letter is accepted.
    fn readable(&self, text: &str) -> Result<(), Fault> {
        self.known.map_or(Ok(()), |known| known.readable(text))
    }

    fn words(&self, text: &str) -> String {
        if let Some(known) = self.known {
            return known.words(text);
        }
        let mut line = SpokenText::default();
        for part in bare(text).nfc().collect::<String>().split_whitespace() {
            let is_wordly =
                |c: char| c.is_alphanumeric() || is_combining_mark(c) || "'’-".contains(c);
            let word: String = part.chars().filter(|&c| is_wordly(c)).collect();
            if word.contains(char::is_alphanumeric) {
                line.say(&word, &word);
            }
            if let Some(mark) = part.chars().last().filter(|c| ",;:.!?…—".contains(*c)) {
                line.mark(mark);
            }
        }
        line.finish()
    }

    fn takes_phonemes(&self) -> bool {
        false
    }

    /// Returns the words in lower case.
    fn sounds(&self, words: &str) -> Result<String, Fault> {
        let words = self
            .known
            .map_or_else(|| words.to_string(), |known| known.spelled(words));
        Ok(words.to_lowercase().trim().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stay_and_figures_are_said_where_the_language_is_known() {
        for (code, text, said) in [
            (
                "sw",
                "Watoto 25, Ng'ombe!",
                "watoto ishirini na tano, ng'ombe!",
            ),
            ("sw", "BBC, saa 3.", "be be che, saa tatu."),
            ("yo", "Ẹ káàárọ̀ <b>o</b>.", "ẹ káàárọ̀ o."),
            ("mos", "A  Yʋʋr, ☺ yaa!", "a yʋʋr, yaa!"),
        ] {
            let spelling = Graphemes::of(code);
            let said: String = said.nfc().collect();
            assert_eq!(spelling.sounds(&spelling.words(text)).unwrap(), said);
        }
    }
}
