//! The language of a recording, as clients write it: BCP 47 tags, codes of ISO 639-1, 639-2 and 639-3, English names.

use isolang::Language;

use crate::languages;
use vocabox_base::fault::Fault;
use vocabox_base::language_codes::terminological;
use vocabox_base::limits;

/// Codes that the API takes whether a model knows them or not: without one, the language is detected.
const OF_THE_API: [&str; 7] = ["en", "en_ng", "pcm", "yo", "ig", "ha", "sw"];

/// Other codes and names of languages, and the code that models have for them: withdrawn and individual codes, and names that the standard has under another one (the last are those of openai/whisper's
/// `tokenizer.py`).
const OTHER_NAMES: &[(&str, &str)] = &[
    ("cmn", "zh"),
    ("fil", "tl"),
    ("in", "id"),
    ("iw", "he"),
    ("ji", "yi"),
    ("jv", "jw"),
    ("jav", "jw"),
    ("mo", "ro"),
    ("nb", "no"),
    ("nob", "no"),
    ("arb", "ar"),
    ("pes", "fa"),
    ("swh", "sw"),
    ("zsm", "ms"),
    ("lvs", "lv"),
    ("ekk", "et"),
    ("npi", "ne"),
    ("uzn", "uz"),
    ("khk", "mn"),
    ("azj", "az"),
    ("als", "sq"),
    ("javanese", "jw"),
    ("filipino", "tl"),
    ("persian", "fa"),
    ("farsi", "fa"),
    ("greek", "el"),
    ("burmese", "my"),
    ("valencian", "ca"),
    ("flemish", "nl"),
    ("haitian creole", "ht"),
    ("letzeburgesch", "lb"),
    ("pushto", "ps"),
    ("panjabi", "pa"),
    ("moldavian", "ro"),
    ("moldovan", "ro"),
    ("sinhalese", "si"),
    ("castilian", "es"),
    ("mandarin", "zh"),
    ("nigerian pidgin", "pcm"),
    ("nigerian english", "en_ng"),
    ("bokmål", "no"),
];

/// Returns the code among `known` and the API's own that `text` names, none where the language is to be detected: for
/// `auto` and for an empty text. The tag's region and script count only where a code has one (`en-NG` is `en_ng`).
///
/// Faults: `Invalid` for any other language; the sentence lists the known ones.
pub fn spoken_language(text: &str, known: &[&str]) -> Result<Option<String>, Fault> {
    let asked = text.trim().to_lowercase();
    if asked.is_empty() || asked == "auto" {
        return Ok(None);
    }
    let codes = || known.iter().copied().chain(OF_THE_API);
    let find = |code: &str| codes().find(|known| known.eq_ignore_ascii_case(code));
    let other = |name: &str| {
        let found = OTHER_NAMES.iter().find(|(other, _)| *other == name);
        found.and_then(|(_, code)| find(code))
    };
    let tag = asked.replace('-', "_");
    let primary = terminological(tag.split('_').next().unwrap_or_default());
    let by_code = || {
        let standard = match primary.len() {
            2 => Language::from_639_1(primary),
            3 => Language::from_639_3(primary),
            _ => None,
        };
        let either = standard.and_then(|l| {
            let short = l.to_639_1().and_then(find);
            short.or_else(|| find(l.to_639_3()))
        });
        find(primary).or_else(|| other(primary)).or(either)
    };
    let by_name = || {
        other(&asked)
            .or_else(|| codes().find(|code| languages::plain_name(code).to_lowercase() == asked))
    };
    let found = match asked.len() <= limits::LANGUAGE_BYTES_MAX {
        true => find(&tag).or_else(by_code).or_else(by_name),
        false => None,
    };
    match found {
        Some(code) => Ok(Some(code.to_owned())),
        None => Err(unknown(codes().collect())),
    }
}

fn unknown(mut codes: Vec<&str>) -> Fault {
    codes.sort_unstable();
    codes.dedup();
    Fault::invalid(format!(
        "language is not known here; auto, a code or an English name of one of these is accepted: {}",
        codes.join(" ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 12] = [
        "en", "pt", "de", "zh", "he", "no", "sw", "jw", "yue", "el", "fa", "haw",
    ];

    fn told(text: &str) -> Option<String> {
        spoken_language(text, &KNOWN).unwrap()
    }

    #[test]
    fn languages_are_told_by_tag_by_code_and_by_name() {
        for (text, code) in [
            ("en-US", "en"),
            ("en-us", "en"),
            ("EN_gb", "en"),
            ("eng", "en"),
            ("English", "en"),
            ("en-NG", "en_ng"),
            ("en_ng", "en_ng"),
            ("pcm", "pcm"),
            ("Nigerian Pidgin", "pcm"),
            ("pt-BR", "pt"),
            ("por", "pt"),
            ("portuguese", "pt"),
            (" de ", "de"),
            ("deu", "de"),
            ("ger", "de"),
            ("zh-Hant-TW", "zh"),
            ("cmn", "zh"),
            ("Mandarin", "zh"),
            ("chi", "zh"),
            ("Chinese", "zh"),
            ("iw", "he"),
            ("heb", "he"),
            ("nb-NO", "no"),
            ("swa", "sw"),
            ("Swahili", "sw"),
            ("jv", "jw"),
            ("yue", "yue"),
            ("Modern Greek", "el"),
            ("Greek", "el"),
            ("per", "fa"),
            ("Hawaiian", "haw"),
            ("ig", "ig"),
            ("ibo", "ig"),
            ("Igbo", "ig"),
        ] {
            assert_eq!(told(text).as_deref(), Some(code), "{text}");
        }
        assert_eq!((told(" AUTO "), told("")), (None, None));
    }

    #[test]
    fn an_unknown_language_is_refused_with_a_list_of_the_known() {
        for text in ["xx", "klingon", "fr", "e", "-", &"a".repeat(200)] {
            let fault = spoken_language(text, &KNOWN).unwrap_err().to_string();
            assert!(fault.contains("language is not known here"), "{fault}");
            assert!(fault.contains(" de el en en_ng fa ha haw he "), "{fault}");
        }
    }
}
