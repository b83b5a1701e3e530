//! English as it is spoken in Nigeria, and Nigerian Pidgin.
//!
//! Owns the lexicon (`nigerian.txt`): words that the English lexicon lacks or pronounces in another way. Other words
//! are read as British English, which schools in Nigeria teach.

use crate::g2p::english::tidy;
use crate::language::Language;
use crate::{ALPHABET, Accent, English};
use std::collections::HashMap;
use std::sync::OnceLock;
use vocabox_base::fault::Fault;

/// Which of the two is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    English,
    Pidgin,
}

/// British English with the lexicon's words in place of the British ones.
pub struct Nigerian {
    english: &'static English,
    words: HashMap<&'static str, &'static str>,
}

impl Nigerian {
    /// Returns the process's only instance of `speech`, built at the first call.
    pub fn shared(speech: Speech) -> &'static Nigerian {
        static ENGLISH: OnceLock<Nigerian> = OnceLock::new();
        static PIDGIN: OnceLock<Nigerian> = OnceLock::new();
        let cell = match speech {
            Speech::English => &ENGLISH,
            Speech::Pidgin => &PIDGIN,
        };
        cell.get_or_init(|| Nigerian {
            english: English::shared(Accent::British),
            words: lexicon(speech).collect(),
        })
    }
}

/// Returns the lexicon's words that apply to `speech`, and their sounds.
fn lexicon(speech: Speech) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = include_str!("nigerian.txt").lines();
    let mut pidgin = false;
    lines.filter_map(move |line| {
        pidgin |= line == "[pidgin]";
        let entry = line.split_once(' ').filter(|_| !line.starts_with(';'));
        entry.filter(|_| !pidgin || speech == Speech::Pidgin)
    })
}

impl Language for Nigerian {
    fn readable(&self, text: &str) -> Result<(), Fault> {
        self.english.readable(text)
    }

    fn words(&self, text: &str) -> String {
        self.english.words(text)
    }

    fn sounds(&self, words: &str) -> Result<String, Fault> {
        let (mut out, mut run) = (String::new(), Vec::new());
        for word in words.split(' ').map(Some).chain([None]) {
            let is_letter = |c: char| c.is_ascii_alphabetic();
            let core = word.unwrap_or("").trim_matches(|c| !is_letter(c));
            let sounds = self.words.get(core.to_ascii_lowercase().as_str());
            if let (Some(word), None) = (word, sounds) {
                run.push(word);
                continue;
            }
            // The words between two words of the lexicon are read together: the English tagger uses their neighbours.
            out.push_str(&self.english.sounds(&std::mem::take(&mut run).join(" "))?);
            if let (Some(word), Some(sounds)) = (word, sounds) {
                out.push_str(&format!(" {} ", word.replace(core, sounds)));
            }
        }
        Ok(tidy(&out, ALPHABET))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lexicon_is_written_in_the_alphabet_of_english() {
        let mut count = 0;
        for (word, sounds) in lexicon(Speech::Pidgin) {
            assert!(word.bytes().all(|b| b.is_ascii_lowercase()), "{word}");
            assert!(
                sounds.chars().all(|c| ALPHABET.contains(c)),
                "{word} {sounds}"
            );
            count += 1;
        }
        assert!(count > 100 && lexicon(Speech::English).count() < count);
    }

    #[test]
    fn pidgin_words_are_said_by_the_lexicon_and_the_rest_as_english() {
        let pidgin = Nigerian::shared(Speech::Pidgin);
        let english = Nigerian::shared(Speech::English);
        let say = |language: &Nigerian, text: &str| language.sounds(&language.words(text)).unwrap();
        let (p, e) = (say(pidgin, "How you dey?"), say(english, "How you dey?"));
        assert!(p.ends_with("dˈA?"), "{p}");
        assert_eq!(p.split(' ').next(), e.split(' ').next());
        let done = say(pidgin, "I don come.");
        assert!(done.contains("dˈɔn"), "{done}");
        assert!(!say(english, "Don came.").contains("dˈɔn"));
        for language in [pidgin, english] {
            let said = say(language, "Oga, abeg!");
            assert!(said.starts_with("ˈɔɡa") && said.contains("abˈɛɡ"), "{said}");
        }
    }
}
