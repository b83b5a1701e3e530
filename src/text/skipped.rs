//! Letters that a language cannot read: a text is spoken without them, and the user is told which they are.

use crate::language::Language;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use unicode_normalization::char::is_combining_mark;

/// Returns the letters of `text` that `language` cannot read, each once, in the order in which they appear.
pub fn skipped(text: &str, language: &dyn Language) -> String {
    let mut out = String::new();
    if language.readable(text).is_err() {
        let mut unread = Unread::of(language);
        let mut seen = HashSet::new();
        out.extend((text.chars()).filter(|&c| unread.has(c) && seen.insert(c)));
    }
    out
}

/// Returns `text` with a space in place of each run of letters that `language` cannot read.
pub(crate) fn readable_part<'t>(text: &'t str, language: &dyn Language) -> Cow<'t, str> {
    if language.readable(text).is_ok() {
        return Cow::Borrowed(text);
    }
    let mut unread = Unread::of(language);
    let mut out = String::with_capacity(text.len());
    let mut within = false;
    for c in text.chars() {
        // A mark belongs to the letter before it.
        within = unread.has(c) || within && is_combining_mark(c);
        match within {
            false => out.push(c),
            true if !out.ends_with(' ') => out.push(' '),
            true => {}
        }
    }
    Cow::Owned(out)
}

/// What a language said of each character that it was asked about.
struct Unread<'a> {
    language: &'a dyn Language,
    known: HashMap<char, bool>,
}

impl<'a> Unread<'a> {
    fn of(language: &'a dyn Language) -> Self {
        Unread {
            language,
            known: HashMap::new(),
        }
    }

    fn has(&mut self, c: char) -> bool {
        let (language, mut buffer) = (self.language, [0; 4]);
        !c.is_ascii()
            && *(self.known.entry(c))
                .or_insert_with(|| language.readable(c.encode_utf8(&mut buffer)).is_err())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{language, speakable};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use vocabox_base::fault::Fault;

    #[test]
    fn letters_that_no_voice_reads_are_named_once_and_the_rest_is_read() {
        let english = language("en-us").unwrap();
        let text = "Meet 田中 at the 駅 of สวัสดี, or 田.";
        assert_eq!(skipped(text, english), "田中駅สวด");
        let pieces = speakable(text, english).unwrap();
        let plain = speakable("Meet at the of, or.", english).unwrap();
        assert_eq!(pieces[0].phonemes, plain[0].phonemes);
        assert_eq!(pieces[0].text, text, "a piece's text is the client's own");
        assert_eq!(skipped("naïve Привет λόγος ٤٢ 😀", english), "");
        let hindi = language("hi").unwrap();
        assert_eq!(skipped("नमस्ते hello 你", hindi), "你");
    }

    #[test]
    fn each_letter_is_asked_about_once() {
        /// English that counts the characters that it is asked about.
        struct CountingReader(AtomicUsize);
        impl Language for CountingReader {
            fn readable(&self, text: &str) -> Result<(), Fault> {
                self.0.fetch_add(text.chars().count(), Ordering::Relaxed);
                language("en-us").unwrap().readable(text)
            }

            fn words(&self, text: &str) -> String {
                text.to_owned()
            }

            fn sounds(&self, words: &str) -> Result<String, Fault> {
                Ok(words.to_owned())
            }
        }
        let reader = CountingReader(AtomicUsize::new(0));
        let all: String = ('\u{4e00}'..'\u{9fff}').take(5000).collect();
        let twice = all.repeat(2);
        assert_eq!(skipped(&twice, &reader).chars().count(), 5000);
        assert_eq!(readable_part(&twice, &reader), " ");
        // The whole text and each of its letters, by both.
        assert_eq!(reader.0.into_inner(), 2 * (10_000 + 5000));
    }
}
