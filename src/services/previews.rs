//! A sample sentence of each voice, as a WAV file. That of a stock voice is made once; that of a clone is not kept, so that nothing of
//! it is left when the clone is deleted.

use sha2::{Digest, Sha256};

use super::file_cache::FileCache;
use super::speech::SpeechService;
use super::voices::{ResolvedVoice, VoiceCatalog, base};
use crate::audio::encode::{self, Format};
use crate::audio::mark::SyntheticMark;
use crate::engine::contract::{CancellationToken, Utterance};
use crate::engine::unknown_voice;
use crate::fault::{Fault, Kind};
use crate::scheduler::LaneShare;
use crate::store::{AccountId, VoiceId};

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

/// The preview of a voice: its text, and the name of its file; none for a clone's, which is made at each call.
pub struct Preview<'a> {
    voice: ResolvedVoice<'a>,
    text: &'static str,
    file: Option<String>,
}

impl Preview<'_> {
    /// The mark of a clone's sound.
    pub fn mark(&self) -> Option<SyntheticMark> {
        self.file.is_none().then_some(SyntheticMark::Speech)
    }
}

impl Previews {
    /// The previews in `cache`.
    pub fn new(cache: FileCache) -> Self {
        Previews { cache }
    }

    /// The preview of the stock voice or the clone of `account` with this `id`. Faults: `NotFound` for a voice that is neither or has
    /// no preview; `Missing` for a clone without the packs that cloning needs; and the store's.
    pub fn of<'a>(
        &self,
        catalog: &'a VoiceCatalog,
        account: AccountId,
        id: &str,
    ) -> Result<Preview<'a>, Fault> {
        let is_clone = VoiceId::is_like(id);
        // Not a blend.
        if !is_clone && catalog.find(id).is_none() {
            return Err(unknown_voice());
        }
        let none = || {
            Fault::not_found(
                "This voice has no preview: no sentence of its language is known here.",
            )
        };
        let voice = catalog.resolve(Some(account), id, None);
        let voice = voice.map_err(|fault| match fault.kind {
            Kind::Invalid => none(),
            _ => fault,
        })?;
        let text = sample_sentence(&voice.reader.language).ok_or_else(none)?;
        Ok(Preview {
            file: (!is_clone).then(|| name(&voice, text)),
            voice,
            text,
        })
    }

    /// The WAV file, if it was made.
    pub fn find(&self, preview: &Preview<'_>) -> Option<Vec<u8>> {
        self.cache.find(preview.file.as_ref()?)
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
        let make = || {
            let utterance = Utterance {
                text: preview.text.into(),
                ..preview.voice.utterance()
            };
            let clip = speech.synthesize(utterance, share, cancellation)?;
            encode::whole(Format::Wav, &clip.samples, clip.rate_hz, preview.mark())
        };
        match &preview.file {
            Some(file) => self.cache.find_or_make(file, cancellation, make),
            None => make(),
        }
    }
}

/// Whether voices of this language have a preview, that is, whether there is a sample sentence of it.
pub fn has_preview(language: &str) -> bool {
    sample_sentence(language).is_some()
}

/// The sample sentence of a language's code.
pub fn sample_sentence(language: &str) -> Option<&'static str> {
    let base = base(language);
    SENTENCES
        .iter()
        .find(|(code, _)| *code == base)
        .map(|(_, text)| *text)
}

/// The name of the file: a hash of everything that determines how the preview sounds.
fn name(voice: &ResolvedVoice<'_>, text: &str) -> String {
    let mut hash = Sha256::new();
    let version = env!("CARGO_PKG_VERSION");
    for part in [version, MAKING, &voice.identity, text] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    format!("{:x}.wav", hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::manifest::Voice;
    use crate::services::ModelName;
    use crate::services::voices::Origin;

    fn catalog(id: &str, fingerprint: &str) -> VoiceCatalog {
        let text = format!(
            "id = \"{id}\"\nname = \"\"\nlanguage = \"en-us\"\ngender = \"\"\ndescription = \"\"\nfile = \"m\"\n"
        );
        let voice: Voice = toml::from_str(&text).unwrap();
        let origin = Origin {
            name: ModelName::default(),
            rate_hz: 24_000,
            fingerprint: fingerprint.to_owned(),
            mixes: true,
        };
        VoiceCatalog::new(vec![(voice, origin)], None)
    }

    #[test]
    fn whatever_decides_the_sound_decides_the_name() {
        let name = |id: &str, fingerprint: &str, text: &str| {
            name(
                &catalog(id, fingerprint).resolve(None, id, None).unwrap(),
                text,
            )
        };
        let plain = name("a", "x", "Hello.");
        assert_eq!(plain, name("a", "x", "Hello."));
        for other in [
            name("b", "x", "Hello."),
            name("a", "y", "Hello."),
            name("a", "x", "Hello!"),
        ] {
            assert_ne!(plain, other);
        }
    }
}
