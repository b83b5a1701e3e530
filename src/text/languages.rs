//! The languages that can be read aloud.
//!
//! Owns the map from language codes to readers. The voices of a language that is not here are not listed.

use crate::g2p::nigerian::{Nigerian, Speech};
use crate::g2p::rules::TableLanguage;
use crate::grammar::Grammar;
use crate::language::Language;
use crate::{Accent, English};

/// Codes of the languages that can be read, each once.
pub const CODES: [&str; 14] = [
    "en-us", "en-gb", "en_ng", "pcm", "es", "fr", "ha", "hi", "ig", "it", "pt-br", "sw", "yo", "zu",
];

/// Returns the code of [`CODES`] that `asked` means: that code in any case, else the first of its language, so that `fr-CA`
/// is `fr` and `pt` is `pt-br`.
pub fn code_read(asked: &str) -> Option<&'static str> {
    let asked = asked.trim().to_lowercase();
    let base = |code: &str| code.split(['-', '_']).next().unwrap_or("").to_owned();
    let find = |fits: &dyn Fn(&str) -> bool| CODES.into_iter().find(|code| fits(code));
    find(&|code| code.replace('_', "-") == asked.replace('_', "-"))
        .or_else(|| find(&|code| base(code) == base(&asked)))
}

/// English names (ISO 15924) of the scripts that voices of the language `code` read: letters of others are left out.
pub fn scripts(code: &str) -> &'static [&'static str] {
    match code {
        "hi" => &["Devanagari", "Latin", "Greek", "Cyrillic"],
        _ => &["Latin", "Greek", "Cyrillic"],
    }
}

/// Returns the language that a pack's voice calls `code`; none when it cannot be read. Its data is built at the first
/// call and kept.
pub fn language(code: &str) -> Option<&'static dyn Language> {
    Some(match code {
        "en" | "en-us" => English::shared(Accent::American),
        "en-gb" => English::shared(Accent::British),
        "en_ng" => Nigerian::shared(Speech::English),
        "pcm" => Nigerian::shared(Speech::Pidgin),
        _ => TableLanguage::of(code)?,
    })
}

/// Returns the grammar of the language that a pack's voice calls `code`; none for English, whose grammar needs its lexicon,
/// and when the language cannot be read.
pub(crate) fn grammar(code: &str) -> Option<&'static dyn Grammar> {
    TableLanguage::of(code).map(TableLanguage::grammar)
}

/// Whether [`language`] knows `code`; builds nothing.
pub fn is_read(code: &str) -> bool {
    matches!(code, "en" | "en-us" | "en-gb" | "en_ng" | "pcm") || TableLanguage::is_known(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_those_whose_letters_are_read() {
        let letters = [
            ("Latin", "ẹ"),
            ("Greek", "λ"),
            ("Cyrillic", "ж"),
            ("Devanagari", "न"),
            ("Han", "字"),
            ("Arabic", "ب"),
        ];
        for code in CODES {
            assert!(is_read(code));
            let reader = language(code).unwrap();
            for (script, letter) in letters {
                let is_listed = scripts(code).contains(&script);
                assert_eq!(
                    reader.readable(letter).is_ok(),
                    is_listed,
                    "{code} {script}"
                );
            }
        }
    }

    #[test]
    fn a_code_means_the_language_that_is_read() {
        for (asked, code) in [
            ("EN", Some("en-us")),
            ("en-GB", Some("en-gb")),
            ("en-NG", Some("en_ng")),
            ("pt", Some("pt-br")),
            ("fr-CA", Some("fr")),
            (" yo ", Some("yo")),
            ("ja", None),
            ("", None),
        ] {
            assert_eq!(code_read(asked), code, "{asked}");
        }
    }
}
