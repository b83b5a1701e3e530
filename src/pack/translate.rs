//! The section `[translate]` of a `pack.toml`: which languages a translator knows, and the inputs of its graphs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Hypotheses that a translator may follow at once.
pub const BEAMS_MAX: usize = 4;

/// The settings of a translator.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Translate {
    /// Codes of the languages that it translates from, and of those that it translates to, in every combination.
    pub from: Vec<String>,
    pub to: Vec<String>,
    pub tell: Tell,
    /// The model's names of the languages: code → token of the tokenizer, as `yo = "yor_Latn"`.
    #[serde(default)]
    pub tokens: BTreeMap<String, String>,
    /// Id of the token that the decoder is fed first.
    pub start: u32,
    /// Id of the token that ends a text, in both languages.
    pub end: u32,
    /// Ids of tokens that are never generated: padding, unknown words.
    #[serde(default)]
    pub never: Vec<u32>,
    /// Hypotheses that are followed at once, 1 to [`BEAMS_MAX`]. Where a translation does not fit its space,
    /// `BEAMS_MAX` are.
    pub beams: usize,
}

/// How the languages are passed to a translator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tell {
    /// Not at all: it knows one pair.
    Nothing,
    /// The source's token before the text, the target's as the first token of the translation (M2M100, NLLB).
    Both,
    /// As `Both`, with the source's token after the end of the text (the first exports of NLLB).
    BothBehind,
    /// The target's token before the text, none in the translation (OPUS-MT for several languages).
    Target,
}

impl Translate {
    /// Whether it translates from `source` into `target`.
    pub fn knows(&self, source: &str, target: &str) -> bool {
        let has = |codes: &[String], code: &str| codes.iter().any(|c| c == code);
        source != target && has(&self.from, source) && has(&self.to, target)
    }

    /// Checks the settings. The error says what is wrong.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.from.is_empty() || self.to.is_empty() {
            return Err("translate: from and to each need a language".to_owned());
        }
        if !(1..=BEAMS_MAX).contains(&self.beams) {
            return Err(format!(
                "translate: beams is {}; 1 to {BEAMS_MAX} is accepted",
                self.beams
            ));
        }
        let told: &[&Vec<String>] = match self.tell {
            Tell::Nothing => &[],
            Tell::Target => &[&self.to],
            Tell::Both | Tell::BothBehind => &[&self.from, &self.to],
        };
        let mut codes = told.iter().copied().flatten();
        match codes.find(|code| !self.tokens.contains_key(*code)) {
            Some(code) => Err(format!("translate: tokens lacks the language {code}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Translate, String> {
        let read: Translate = toml::from_str(text).map_err(|e| e.message().to_owned())?;
        read.check().map(|()| read)
    }

    const MANY: &str = r#"
        from = ["en", "yo"]
        to = ["en", "yo"]
        tell = "both-behind"
        tokens = { en = "eng_Latn", yo = "yor_Latn" }
        start = 2
        end = 2
        never = [0, 1, 3]
        beams = 4
    "#;

    #[test]
    fn a_translator_knows_each_pair_of_two_languages() {
        let many = parse(MANY).unwrap();
        assert_eq!(many.tell, Tell::BothBehind);
        assert!(many.knows("en", "yo") && many.knows("yo", "en"));
        assert!(!many.knows("en", "en") && !many.knows("en", "ha") && !many.knows("ha", "en"));
    }

    #[test]
    fn wrong_settings_are_refused_with_the_reason() {
        for (from, to, reason) in [
            ("beams = 4", "beams = 5", "beams is 5; 1 to 4"),
            ("beams = 4", "beams = 0", "beams is 0; 1 to 4"),
            (
                "from = [\"en\", \"yo\"]",
                "from = []",
                "from and to each need",
            ),
            (
                "yo = \"yor_Latn\"",
                "ha = \"hau_Latn\"",
                "lacks the language yo",
            ),
            ("both-behind", "somehow", "somehow"),
            ("start = 2", "begin = 2", "begin"),
        ] {
            assert!(MANY.contains(from), "{from}");
            let error = parse(&MANY.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }
}
