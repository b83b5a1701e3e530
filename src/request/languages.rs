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

/// Names of codes that ISO 639 does not have: one of the API's own, and one that it has withdrawn and models have kept.
const OWN_NAMES: [(&str, &str); 2] = [("en_ng", "Nigerian English"), ("jw", "Javanese")];

/// A language's English name (ISO 639), or the code itself if it is unknown.
pub fn name(code: &str) -> String {
    if let Some((_, name)) = OWN_NAMES.iter().find(|(own, _)| *own == code) {
        return (*name).to_owned();
    }
    let known = match code.len() {
        2 => Language::from_639_1(code),
        _ => Language::from_639_3(code),
    };
    known.map_or_else(|| code.to_owned(), |language| language.to_name().to_owned())
}

/// Names that Whisper has for languages where the standard's is another one (openai/whisper, `whisper/tokenizer.py`), and those
/// of the API's own codes.
const WHISPER_NAMES: [(&str, &str); 8] = [
    ("el", "greek"),
    ("en_ng", "english"),
    ("ht", "haitian creole"),
    ("my", "myanmar"),
    ("nn", "nynorsk"),
    ("pa", "punjabi"),
    ("ps", "pashto"),
    ("yue", "cantonese"),
];

/// A language's English name as OpenAI's API has it: that of Whisper, in lower case.
pub fn whisper_name(code: &str) -> String {
    let own = WHISPER_NAMES.iter().find(|(known, _)| *known == code);
    match own {
        Some((_, name)) => (*name).to_owned(),
        None => plain_name(code).to_lowercase(),
    }
}

/// A language's English name without what the standard says of it in parentheses, or the code itself.
pub fn plain_name(code: &str) -> String {
    let told = name(code);
    told.split(" (").next().unwrap_or(&told).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whisper's languages, in the order of `whisper/tokenizer.py`.
    const OF_WHISPER: &str = "en english zh chinese de german es spanish ru russian ko korean fr french ja japanese pt portuguese \
        tr turkish pl polish ca catalan nl dutch ar arabic sv swedish it italian id indonesian hi hindi fi finnish vi vietnamese \
        he hebrew uk ukrainian el greek ms malay cs czech ro romanian da danish hu hungarian ta tamil no norwegian th thai \
        ur urdu hr croatian bg bulgarian lt lithuanian la latin mi maori ml malayalam cy welsh sk slovak te telugu fa persian \
        lv latvian bn bengali sr serbian az azerbaijani sl slovenian kn kannada et estonian mk macedonian br breton eu basque \
        is icelandic hy armenian ne nepali mn mongolian bs bosnian kk kazakh sq albanian sw swahili gl galician mr marathi \
        pa punjabi si sinhala km khmer sn shona yo yoruba so somali af afrikaans oc occitan ka georgian be belarusian \
        tg tajik sd sindhi gu gujarati am amharic yi yiddish lo lao uz uzbek fo faroese ht haitian_creole ps pashto tk turkmen \
        nn nynorsk mt maltese sa sanskrit lb luxembourgish my myanmar bo tibetan tl tagalog mg malagasy as assamese tt tatar \
        haw hawaiian ln lingala ha hausa ba bashkir jw javanese su sundanese yue cantonese";

    #[test]
    fn languages_have_whispers_names() {
        let words: Vec<&str> = OF_WHISPER.split_whitespace().collect();
        let (pairs, _) = words.as_chunks::<2>();
        assert_eq!(pairs.len(), 100);
        let told = |[code, name]: &[&str; 2]| {
            let own = whisper_name(code);
            (own != name.replace('_', " ")).then(|| format!("{code}: {own}, not {name}"))
        };
        let wrong: Vec<String> = pairs.iter().filter_map(told).collect();
        assert_eq!(wrong, [""; 0]);
        assert_eq!(
            (&*whisper_name("ig"), &*whisper_name("pcm")),
            ("igbo", "nigerian pidgin")
        );
        let is_plain = |(code, name): &(&str, &str)| plain_name(code).to_lowercase() == *name;
        let needless: Vec<_> = WHISPER_NAMES.into_iter().filter(is_plain).collect();
        assert_eq!(needless, []);
    }

    #[test]
    fn every_language_that_is_heard_or_spoken_has_an_english_name() {
        let heard = OF_WHISPER.split_whitespace().step_by(2);
        let spoken = (vocabox_text::CODES.iter()).map(|code| code.split('-').next().unwrap());
        let mut nameless = heard.chain(spoken).chain(TARGETS).filter(|code| {
            let told = name(code);
            told == *code || !told.starts_with(char::is_uppercase)
        });
        assert_eq!(nameless.next(), None);
        assert_eq!(name("en_ng"), "Nigerian English");
        assert_eq!(name("tlh_x"), "tlh_x");
    }

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
