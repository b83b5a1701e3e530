//! Language codes: reading them, and naming the languages.

use isolang::Language;

use vocabox_base::limits;

/// Codes of the languages that the API dubs into.
pub const TARGETS: [&str; 6] = ["en", "yo", "ig", "ha", "sw", "zu"];

/// A language code of a client, trimmed and in lower case; none if the language is to be detected: for `auto`, for an
/// empty text, and for a text that is longer than any code.
fn language(text: &str) -> Option<String> {
    let code = text.trim();
    let is_code = !code.is_empty() && code.len() <= limits::LANGUAGE_BYTES_MAX;
    (is_code && !code.eq_ignore_ascii_case("auto")).then(|| code.to_ascii_lowercase())
}

/// The code without its region, `pt` for ` PT-br `; none for `auto` and for an empty text.
pub fn code(text: &str) -> Option<String> {
    let code = language(text)?;
    let base = code.split(['-', '_']).next().unwrap_or_default();
    (!base.is_empty()).then(|| base.to_owned())
}

/// A language's English name (ISO 639), or the code itself if that standard has no such code.
pub fn name(code: &str) -> String {
    let known = match code.len() {
        2 => Language::from_639_1(code),
        _ => Language::from_639_3(code),
    };
    known.map_or_else(|| code.to_owned(), |language| language.to_name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_lower_case_and_auto_is_none() {
        assert_eq!(language(" AUTO "), None);
        assert_eq!(language(""), None);
        assert_eq!(language("EN_ng").as_deref(), Some("en_ng"));
        assert_eq!(language(&"a".repeat(36)), None);
    }

    #[test]
    fn codes_lose_their_region_and_auto_is_none() {
        assert_eq!(code(" PT-br ").as_deref(), Some("pt"));
        assert_eq!(code("en_ng").as_deref(), Some("en"));
        assert_eq!(code("AUTO"), None);
        assert_eq!(code(" "), None);
    }
}
