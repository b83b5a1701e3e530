//! `GET /voice/voices/{voice_id}/preview`: a voice's own sentence, as a WAV that is made once.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::speech::{Origin, Speaking};
use super::{Call, Context, Reply};
use crate::audio::encode;
use crate::engine::contract::Utterance;
use crate::engine::unknown_voice;
use crate::fault::{Fault, Kind};
use crate::pack::manifest::Voice;

/// Raised when a change of ours makes voices sound otherwise.
const MAKING: &str = "1";

/// What a voice of each language says, short and without gender; the part of a code before `-` decides.
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

/// What of an id stands in a path as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');

/// Where `voice`'s preview is; none in a language that has no sentence here.
pub fn url(voice: &Voice) -> Option<String> {
    sentence(voice)?;
    let id = utf8_percent_encode(&voice.id, ESCAPED);
    Some(format!("/voice/voices/{id}/preview"))
}

/// Gives the preview; the first who asks waits for it to be spoken. Faults: `NotFound` for a voice that is not listed or has
/// no preview, `Busy` while the queue is full or the box is stopping, and those of the engine.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let speaking = context.speaking.as_ref().ok_or_else(unknown_voice)?;
    let voice = speaking.voice(&call.param).ok_or_else(unknown_voice)?;
    let origin = speaking.origins.get(&voice.id).ok_or_else(unknown_voice)?;
    let text = sentence(voice).ok_or_else(|| {
        Fault::not_found("This voice has no preview: no sentence of its language is known here.")
    })?;
    let name = name(voice, origin, text);
    let wav = match context.previews.find(&name) {
        Some(wav) => wav,
        None => made(context, speaking, call, voice, text, &name)?,
    };
    Ok(Reply {
        content_type: encode::Format::Wav.content_type(),
        headers: vec![("Cache-Control", "private, max-age=3600".to_owned())],
        body: wav,
        rest: None,
        file: None,
    })
}

/// Speaks the preview and keeps it. It takes a place and a turn as any other speech does, but only now: what was made is
/// there even when the queue is full.
fn made(
    context: &Context,
    speaking: &Speaking,
    call: &mut Call,
    voice: &Voice,
    text: &str,
    name: &str,
) -> Result<Vec<u8>, Fault> {
    let busy = |sentence: &str| Fault::new(Kind::Busy { retry_after_s: 5 }, sentence);
    let turn = context.underway.begin();
    let _turn = turn.ok_or_else(|| busy("The box is stopping and takes no more work."))?;
    let place = speaking.places.take();
    let _place = place.ok_or_else(|| busy("The queue is full. Try again in 5 s."))?;
    let cancellation = call.cancellation.clone();
    context.previews.find_or_make(name, &cancellation, || {
        let utterance = Utterance {
            text: text.to_owned(),
            voice: voice.id.clone(),
            ..Utterance::default()
        };
        let mut saying = speaking.say(utterance, &cancellation)?;
        let clip = saying.whole()?;
        (call.queued, call.ran) = (saying.queued, saying.ran);
        encode::wav(&clip.samples, clip.rate_hz)
    })
}

fn sentence(voice: &Voice) -> Option<&'static str> {
    let base = voice.language.split('-').next()?;
    SENTENCES
        .iter()
        .find(|(code, _)| *code == base)
        .map(|(_, text)| *text)
}

/// The name of the file: a hash of all that decides how it sounds.
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

    fn voice(id: &str, language: &str) -> Voice {
        let text = format!(
            "id = \"{id}\"\nname = \"\"\nlanguage = \"{language}\"\ngender = \"\"\ndescription = \"\"\nfile = \"m\"\n"
        );
        toml::from_str(&text).unwrap()
    }

    fn origin(fingerprint: &str) -> Origin {
        Origin {
            engine: String::new(),
            model: String::new(),
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

    #[test]
    fn a_voice_has_a_preview_where_its_language_has_a_sentence() {
        assert_eq!(
            url(&voice("my voice/é", "pt-br")).unwrap(),
            "/voice/voices/my%20voice%2F%C3%A9/preview"
        );
        assert_eq!(url(&voice("a", "tlh")), None);
    }
}
