//! A sample sentence of each stock voice, as a WAV file that is made once.

use sha2::{Digest, Sha256};

use super::file_cache::FileCache;
use super::speech::SpeechService;
use super::voices::{Origin, VoiceCatalog};
use crate::audio::encode;
use crate::engine::contract::{CancellationToken, Utterance};
use crate::engine::unknown_voice;
use crate::fault::Fault;
use crate::pack::manifest::Voice;
use crate::scheduler::LaneShare;

/// Version of the code that speaks previews; a change that alters their sound raises it.
const MAKING: &str = "1";

/// The sample sentence of each language, short and without grammatical gender, by the part of the code before `-`.
const SENTENCES: &[(&str, &str)] = &[
    ("en", "Hello. This is my voice, reading your words aloud."),
    (
        "en_ng",
        "Good day. This is my voice, reading your words aloud.",
    ),
    (
        "pcm",
        "How you dey? Na my voice be this, e dey read wetin you write.",
    ),
    (
        "es",
        "Hola. Esta es mi voz, leyendo sus palabras en voz alta.",
    ),
    (
        "fr",
        "Bonjour. Voici ma voix, qui lit vos mots à haute voix.",
    ),
    (
        "it",
        "Buongiorno. Questa è la mia voce, che legge le vostre parole.",
    ),
    ("pt", "Olá. Esta é a minha voz, lendo as suas palavras."),
    ("hi", "नमस्ते। यह मेरी आवाज़ है। आपसे बात करके अच्छा लगा।"),
    ("ha", "Sannu. Wannan ita ce muryata. Ina fatan kana lafiya."),
    ("sw", "Habari. Hii ni sauti yangu, inasoma maneno yako."),
    ("yo", "Ẹ káàbọ̀. Ohùn mi nìyí. Inú mi dùn láti bá yín sọ̀rọ̀."),
    ("ig", "Nnọọ. Nke a bụ olu m. Obi dị m ụtọ ịgwa gị okwu."),
    (
        "zu",
        "Sawubona. Leli yizwi lami. Ngiyajabula ukukhuluma nawe.",
    ),
];

/// The previews that were made.
pub struct Previews {
    cache: FileCache,
}

/// The preview of a voice: its text, and the name of its file.
pub struct Preview<'a> {
    voice: &'a Voice,
    text: &'static str,
    file: String,
}

impl Previews {
    /// The previews in `cache`.
    pub fn new(cache: FileCache) -> Self {
        Previews { cache }
    }

    /// The preview of the stock voice `id`. Faults: `NotFound` for a voice that is not in `catalog` or has no preview.
    pub fn of<'a>(&self, catalog: &'a VoiceCatalog, id: &str) -> Result<Preview<'a>, Fault> {
        let voice = catalog.find(id).ok_or_else(unknown_voice)?;
        let origin = catalog.origin(voice).ok_or_else(unknown_voice)?;
        let text = sentence(voice).ok_or_else(|| {
            Fault::not_found(
                "This voice has no preview: no sentence of its language is known here.",
            )
        })?;
        Ok(Preview {
            voice,
            text,
            file: name(voice, origin, text),
        })
    }

    /// The WAV file, if it was made.
    pub fn find(&self, preview: &Preview<'_>) -> Option<Vec<u8>> {
        self.cache.find(&preview.file)
    }

    /// Returns the WAV file; the first caller waits until `speech` has made it. Faults: those of
    /// [`SpeechService::synthesize`].
    pub fn find_or_make(
        &self,
        preview: &Preview<'_>,
        speech: &SpeechService,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<Vec<u8>, Fault> {
        self.cache.find_or_make(&preview.file, cancellation, || {
            let utterance = Utterance {
                text: preview.text.into(),
                voice: preview.voice.id.clone(),
                ..Utterance::default()
            };
            let clip = speech.synthesize(utterance, share, cancellation)?;
            encode::wav(&clip.samples, clip.rate_hz)
        })
    }
}

/// Whether `voice` has a preview, that is, whether there is a sample sentence of its language.
pub fn has_preview(voice: &Voice) -> bool {
    sentence(voice).is_some()
}

fn sentence(voice: &Voice) -> Option<&'static str> {
    sample_sentence(&voice.language)
}

/// The sample sentence of a language's code.
pub fn sample_sentence(language: &str) -> Option<&'static str> {
    let base = language.split('-').next()?;
    SENTENCES
        .iter()
        .find(|(code, _)| *code == base)
        .map(|(_, text)| *text)
}

/// The name of the file: a hash of everything that determines how the preview sounds.
fn name(voice: &Voice, origin: &Origin, text: &str) -> String {
    let mut hash = Sha256::new();
    let version = env!("CARGO_PKG_VERSION");
    for part in [version, MAKING, &origin.fingerprint, &voice.id, text] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    format!("{:x}.wav", hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::ModelName;

    fn voice(id: &str, language: &str) -> Voice {
        let text = format!(
            "id = \"{id}\"\nname = \"\"\nlanguage = \"{language}\"\ngender = \"\"\ndescription = \"\"\nfile = \"m\"\n"
        );
        toml::from_str(&text).unwrap()
    }

    fn origin(fingerprint: &str) -> Origin {
        Origin {
            name: ModelName::default(),
            rate_hz: 24_000,
            fingerprint: fingerprint.to_owned(),
            mixes: true,
        }
    }

    #[test]
    fn whatever_decides_the_sound_decides_the_name() {
        let (a, b) = (voice("a", "en-us"), voice("b", "en-us"));
        let plain = name(&a, &origin("x"), "Hello.");
        assert_eq!(plain, name(&a, &origin("x"), "Hello."));
        for other in [
            name(&b, &origin("x"), "Hello."),
            name(&a, &origin("y"), "Hello."),
            name(&a, &origin("x"), "Hello!"),
        ] {
            assert_ne!(plain, other);
        }
    }
}
