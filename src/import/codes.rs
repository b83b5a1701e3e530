//! Codes of languages as models write them → those of this server.

use isolang::Language;

use vocabox_base::language_codes::terminological;

/// Codes of individual languages that models use, and of the language that they stand for (ISO 639-3, macrolanguages).
const INDIVIDUAL: &[(&str, &str)] = &[
    ("als", "sq"),
    ("arb", "ar"),
    ("ayr", "ay"),
    ("azj", "az"),
    ("cmn", "zh"),
    ("ekk", "et"),
    ("fuv", "ff"),
    ("gaz", "om"),
    ("khk", "mn"),
    ("kmr", "ku"),
    ("lvs", "lv"),
    ("nob", "no"),
    ("npi", "ne"),
    ("ory", "or"),
    ("pbt", "ps"),
    ("pes", "fa"),
    ("plt", "mg"),
    ("quy", "qu"),
    ("swh", "sw"),
    ("uzn", "uz"),
    ("ydd", "yi"),
    ("zsm", "ms"),
];

/// Returns the code of this server for a code of two or three letters, which may have a region or a script after it: the code of
/// two letters, where there is one. None for what is no language's code.
pub fn short_code(code: &str) -> Option<String> {
    let base = code.split(['-', '_']).next().unwrap_or_default();
    let base = base.to_ascii_lowercase();
    if let Some((_, short)) = INDIVIDUAL.iter().find(|(own, _)| *own == base) {
        return Some((*short).to_owned());
    }
    let language = match base.len() {
        2 => Language::from_639_1(&base),
        3 => Language::from_639_3(terminological(&base)),
        _ => None,
    }?;
    let short = language.to_639_1().map(str::to_owned);
    Some(short.unwrap_or(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_three_letters_and_with_scripts_become_short() {
        for (code, short) in [
            ("yor", Some("yo")),
            ("swh_Latn", Some("sw")),
            ("en-US", Some("en")),
            ("deu", Some("de")),
            ("ger", Some("de")),
            ("pcm", Some("pcm")),
            ("xx", None),
            ("english", None),
        ] {
            assert_eq!(short_code(code).as_deref(), short, "{code}");
        }
    }
}
