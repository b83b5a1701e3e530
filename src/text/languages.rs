//! The languages that can be read aloud.
//!
//! Owns the map from language codes to readers. The voices of a language that is not here are not listed.

use crate::g2p::nigerian::{Nigerian, Speech};
use crate::g2p::rules::TableLanguage;
use crate::language::Language;
use crate::{Accent, English};

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

/// Whether [`language`] knows `code`; builds nothing.
pub fn is_read(code: &str) -> bool {
    matches!(code, "en" | "en-us" | "en-gb" | "en_ng" | "pcm") || TableLanguage::is_known(code)
}
