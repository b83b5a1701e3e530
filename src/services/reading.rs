//! From a client's text to what is spoken: its markup, the lexicon of the account, and the voices that the text names.

use std::collections::HashMap;

use super::speech_script::SpeechScript;
use super::voices::{ResolvedVoice, VoiceCatalog, base, speaks};
use crate::engine::contract::Utterance;
use crate::engine::tts::joiner::pause_s;
use crate::fault::Fault;
use crate::pack::manifest::Voice;
use crate::store::{AccountId, VoiceId};
use crate::text;
use crate::text::lexicon::Lexicon;
use crate::text::markup::{Manner, MarkupPart, MarkupSpeech, Notation, parse};

/// How a text is read.
pub struct TextReading<'a> {
    pub catalog: &'a VoiceCatalog,
    /// Whose clones the text may name; none for commands.
    pub account: Option<AccountId>,
    pub lexicon: &'a Lexicon,
    pub notation: Notation,
    /// Id of the voice of what names no other.
    pub voice: &'a str,
    /// The language that it reads, if it is a clone; by default its own.
    pub language: Option<&'a str>,
    /// Settings of an utterance of a voice at this factor of the text's speaking rate.
    pub utterance: &'a dyn Fn(&ResolvedVoice<'_>, f32) -> Utterance,
}

/// A text that was read.
pub struct TextRead {
    pub script: SpeechScript,
    /// The letters that no voice of the text can read, each once: they are left out.
    pub skipped: String,
    /// About how many seconds it lasts at speaking rate 1, pauses included.
    pub seconds: f64,
    /// Samples a second of the voice that speaks first.
    pub rate_hz: u32,
}

type Resolved<'a> = HashMap<(Option<String>, Option<String>), ResolvedVoice<'a>>;

impl<'a> TextReading<'a> {
    /// Reads `text`. Faults: `Invalid` for markup that is wrong, and for a language that no voice reads; those of
    /// [`VoiceCatalog::resolve`] for a voice that the text names. What has nothing to say is left for the engine to refuse.
    pub fn read(&self, text: &str) -> Result<TextRead, Fault> {
        let parts = parse(text, self.notation)?;
        let mut resolved: Resolved<'a> = HashMap::new();
        let mut read = TextRead {
            script: SpeechScript::default(),
            skipped: String::new(),
            seconds: 0.0,
            rate_hz: 0,
        };
        let speeches = parts.iter().filter(|p| matches!(p, MarkupPart::Speech(_)));
        let is_alone = speeches.count() == 1;
        // The part before, if no pause has come since: its own is due.
        let mut before: Option<(&MarkupSpeech, f32)> = None;
        for part in &parts {
            let speech = match part {
                MarkupPart::Pause { ms } => {
                    let seconds = *ms as f64 / 1000.0;
                    read.script.rest(seconds);
                    read.seconds += seconds;
                    before = None;
                    continue;
                }
                MarkupPart::Speech(speech) => speech,
            };
            let manner = &speech.manner;
            let key = (manner.voice.clone(), manner.language.clone());
            if !resolved.contains_key(&key) {
                resolved.insert(key.clone(), self.voice(manner)?);
            }
            let voice = &resolved[&key];
            let code = &voice.reader.language;
            let marked = speech.marked(code, self.lexicon)?;
            if let Some(language) = text::language(code) {
                let skipped = marked.skipped(language);
                let new = |c: &char| !read.skipped.contains(*c);
                let new: String = skipped.chars().filter(new).collect();
                read.skipped.push_str(&new);
                read.seconds += marked.seconds(language) / f64::from(manner.rate);
                if !is_alone && !marked.is_spoken(language) {
                    continue;
                }
            }
            let mut utterance = (self.utterance)(voice, manner.rate);
            utterance.text = marked;
            if let Some((before, speed)) = before {
                read.script.rest(f64::from(pause_s(before.pause()) / speed));
            }
            before = Some((speech, utterance.speed));
            if read.rate_hz == 0 {
                read.rate_hz = voice.origin.rate_hz;
            }
            read.script.say(utterance);
        }
        Ok(read)
    }

    /// The voice that speaks in this manner.
    fn voice(&self, manner: &Manner) -> Result<ResolvedVoice<'a>, Fault> {
        let id = manner.voice.as_deref().unwrap_or(self.voice);
        let Some(asked) = manner.language.as_deref() else {
            let language = self.language.filter(|_| manner.voice.is_none());
            return self.catalog.resolve(self.account, id, language);
        };
        if VoiceId::is_like(id) {
            let is_read = self.catalog.reader(asked).is_ok();
            let language = if is_read { asked } else { base(asked) };
            return self.catalog.resolve(self.account, id, Some(language));
        }
        let own = self.catalog.resolve(self.account, id, None)?;
        let reads = |voice: &Voice, asked: &str| speaks(&voice.language, asked);
        if reads(own.reader, asked) {
            return Ok(own);
        }
        let is_near = base(&own.reader.language).eq_ignore_ascii_case(base(asked));
        let other = match self.other(asked, own.reader) {
            None if is_near => return Ok(own),
            None => self.other(base(asked), own.reader),
            other => other,
        };
        let other = other.ok_or_else(|| {
            Fault::invalid(format!(
                "text asks for language {asked:.35?}, which no voice of this server reads; GET /voice/voices lists them"
            ))
        })?;
        self.catalog.resolve(self.account, &other.id, None)
    }

    /// A stock voice that reads `language`, of the gender of `like` if there is one.
    fn other(&self, language: &str, like: &Voice) -> Option<&'a Voice> {
        let mut voices = self.catalog.reading(language);
        let first = voices.next()?;
        let is_alike = |v: &&Voice| v.gender.eq_ignore_ascii_case(&like.gender);
        std::iter::once(first)
            .chain(voices)
            .find(is_alike)
            .or(Some(first))
    }
}
