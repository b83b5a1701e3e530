//! Reads web and e-mail addresses aloud.
//!
//! Owns the recognition of addresses and the names of their signs.

use crate::normalization::english::{EnglishReader, WORD_CHARS_MAX, name, untangle};
use crate::normalization::numbers::{cardinal, one_by_one};

impl EnglishReader<'_> {
    /// Reads the current token when it is an e-mail or web address: signs by their names, digits one by one after a
    /// part of four or more characters without letters.
    pub(crate) fn address(&mut self) -> bool {
        let end = self.i + self.c[self.i..].iter().take_while(|&&c| c != ' ').count();
        let token: String = self.c[self.i..end].iter().collect();
        let token = token.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '/');
        let mail = token
            .split_once('@')
            .is_some_and(|(a, b)| !a.is_empty() && b.contains('.') && !b.contains('@'));
        let web = token.contains("://") || token.starts_with("www.");
        if !mail && !web {
            return false;
        }
        let (scheme, rest) = token.split_once("://").unwrap_or(("", token));
        self.i += token.chars().count();
        let mut part = String::new();
        let rest = if scheme.is_empty() { token } else { rest };
        for c in rest.trim_end_matches('/').chars().chain([' ']) {
            if c.is_ascii_alphabetic() && !part.ends_with(|p: char| p.is_ascii_digit())
                || c.is_ascii_digit() && part.chars().all(|p| p.is_ascii_digit())
            {
                part.push(c);
                continue;
            }
            self.part(&std::mem::take(&mut part));
            match c {
                'a'..='z' | 'A'..='Z' | '0'..='9' => part.push(c),
                '.' => self.say("dot", ""),
                '/' => self.say("slash", ""),
                ':' => self.say("colon", ""),
                '-' => self.say("dash", ""),
                '_' => self.say("underscore", ""),
                '?' => self.say("question mark", ""),
                '#' => self.say("hash", ""),
                _ => {
                    if let Some(name) = name(c) {
                        self.say(name, "");
                    }
                }
            }
        }
        true
    }

    fn part(&mut self, part: &str) {
        if part.starts_with(|c: char| c.is_ascii_digit()) {
            let words = if part.len() > 3 {
                one_by_one(part)
            } else {
                cardinal(part, self.accent)
            };
            self.say(&words, "");
        } else if part == "www" {
            self.say("W W W", "");
        } else {
            for piece in part.as_bytes().chunks(WORD_CHARS_MAX) {
                self.say(&untangle(&String::from_utf8_lossy(piece)), "");
            }
        }
    }
}
