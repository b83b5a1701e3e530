//! The settings of a session of realtime transcription, and their changes: the fields of the interface and of its beta.

use serde_json::{Map, Value};
use vocabox_base::limits;

use crate::realtime::EventRefusal;
use crate::spoken_language::spoken_language;
use crate::turn_end::TurnEnd;

/// How a session's sound comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundFormat {
    /// 16 bits, the lower byte first, 24 kHz.
    Pcm,
    /// G.711, 8 kHz.
    MuLaw,
    ALaw,
}

impl SoundFormat {
    /// The formats by their names, and by those of the beta.
    pub const NAMES: [(SoundFormat, &str, &str); 3] = [
        (SoundFormat::Pcm, "audio/pcm", "pcm16"),
        (SoundFormat::MuLaw, "audio/pcmu", "g711_ulaw"),
        (SoundFormat::ALaw, "audio/pcma", "g711_alaw"),
    ];

    /// Returns the samples a second.
    pub fn rate_hz(self) -> u32 {
        match self {
            SoundFormat::Pcm => 24_000,
            SoundFormat::MuLaw | SoundFormat::ALaw => 8_000,
        }
    }
}

/// The settings of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct RealtimeSettings {
    pub format: SoundFormat,
    /// Any name; the server transcribes with the packs that it has.
    pub model: Option<String>,
    /// What the client has chosen as the end of utterances; see `turn_end`.
    pub chosen_turn_end: Option<TurnEnd>,
    /// As the client wrote it, and the code of it, if it is not to be detected.
    pub language: Option<String>,
    pub language_code: Option<String>,
    pub prompt: Option<String>,
    pub keywords: Vec<String>,
    /// The kind of noise that the client asked to be reduced. Has no effect.
    pub noise_reduction: Option<String>,
}

impl Default for RealtimeSettings {
    fn default() -> Self {
        RealtimeSettings {
            format: SoundFormat::Pcm,
            model: None,
            chosen_turn_end: None,
            language: None,
            language_code: None,
            prompt: None,
            keywords: Vec::new(),
            noise_reduction: None,
        }
    }
}

/// A field of a session with the name by which refusals tell of it.
pub(crate) struct SessionField<'a> {
    pub(crate) name: String,
    pub(crate) value: &'a Value,
}

impl<'a> SessionField<'a> {
    /// The field `name` of `object`, whose own name is `path`; none when it is absent.
    pub(crate) fn of(object: &'a Map<String, Value>, path: &str, name: &str) -> Option<Self> {
        let value = object.get(name)?;
        let name = format!("{path}.{name}");
        Some(SessionField { name, value })
    }

    pub(crate) fn refused(&self, accepted: &str) -> EventRefusal {
        let shown: String = self.value.to_string().chars().take(40).collect();
        let message = format!("{} is {shown}; {accepted}", self.name);
        EventRefusal::of(&self.name, message)
    }

    pub(crate) fn is_null(&self) -> bool {
        self.value.is_null()
    }

    pub(crate) fn object(&self) -> Result<&'a Map<String, Value>, EventRefusal> {
        let object = self.value.as_object();
        object.ok_or_else(|| self.refused("an object is accepted"))
    }

    /// The text, none for null and for what is blank.
    fn text(&self, chars_max: usize) -> Result<Option<String>, EventRefusal> {
        if self.is_null() {
            return Ok(None);
        }
        let text = self.value.as_str();
        let text = text
            .ok_or_else(|| self.refused("a string is accepted"))?
            .trim();
        let chars = text.chars().count();
        if chars > chars_max {
            let message = format!(
                "{} has {chars} characters; at most {chars_max} are accepted",
                self.name
            );
            return Err(EventRefusal::of(&self.name, message));
        }
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    pub(crate) fn number(&self, min: f64, max: f64) -> Result<f64, EventRefusal> {
        let number = self.value.as_f64();
        let number = number.filter(|n| (min..=max).contains(n));
        number.ok_or_else(|| self.refused(&format!("{min} to {max} is accepted")))
    }
}

impl RealtimeSettings {
    /// Returns what ends an utterance.
    pub fn turn_end(&self) -> TurnEnd {
        let chosen = self.chosen_turn_end.clone();
        chosen.unwrap_or_else(|| TurnEnd::of(self.model.as_deref()))
    }

    /// Returns these settings with the changes of `session`, which has only the fields that change. `known` are the codes of the
    /// languages that the server transcribes. Errors: the refusal of the first field that is wrong; nothing has changed then.
    pub fn updated(&self, session: &Value, known: &[&str]) -> Result<Self, EventRefusal> {
        let mut new = self.clone();
        let whole = SessionField {
            name: "session".to_owned(),
            value: session,
        };
        let session = whole.object()?;
        if let Some(kind) = SessionField::of(session, "session", "type")
            && kind.value != "transcription"
        {
            return Err(kind.refused("transcription is accepted"));
        }
        if let Some(audio) = SessionField::of(session, "session", "audio").filter(|a| !a.is_null())
            && let Some(input) = SessionField::of(audio.object()?, &audio.name, "input")
                .filter(|input| !input.is_null())
        {
            let (fields, path) = (input.object()?, input.name.as_str());
            let field = |name| SessionField::of(fields, path, name);
            new.set_format(field("format"))?;
            new.set_transcription(field("transcription"), known)?;
            new.set_turn_end(field("turn_detection"))?;
            new.set_noise_reduction(field("noise_reduction"))?;
        }
        let field = |name| SessionField::of(session, "session", name);
        new.set_format(field("input_audio_format"))?;
        new.set_transcription(field("input_audio_transcription"), known)?;
        new.set_turn_end(field("turn_detection"))?;
        new.set_noise_reduction(field("input_audio_noise_reduction"))?;
        Ok(new)
    }

    fn set_format(&mut self, field: Option<SessionField<'_>>) -> Result<(), EventRefusal> {
        let Some(field) = field.filter(|field| !field.is_null()) else {
            return Ok(());
        };
        let name = match field.value {
            Value::Object(format) => format.get("type").and_then(Value::as_str),
            other => other.as_str(),
        };
        let named = SoundFormat::NAMES
            .iter()
            .find(|(_, ours, beta)| name.is_some_and(|name| name == *ours || name == *beta));
        let accepted = "audio/pcm (24 kHz), audio/pcmu and audio/pcma are accepted";
        let (format, ..) = named.ok_or_else(|| field.refused(accepted))?;
        if let Some(rate) = field.value.get("rate").filter(|rate| !rate.is_null())
            && rate.as_u64() != Some(u64::from(format.rate_hz()))
        {
            return Err(field.refused(accepted));
        }
        self.format = *format;
        Ok(())
    }

    fn set_transcription(
        &mut self,
        field: Option<SessionField<'_>>,
        known: &[&str],
    ) -> Result<(), EventRefusal> {
        let Some(whole) = field.filter(|field| !field.is_null()) else {
            return Ok(());
        };
        let fields = whole.object()?;
        let field = |name| SessionField::of(fields, &whole.name, name);
        if let Some(model) = field("model") {
            self.model = model.text(limits::NAME_CHARS_MAX)?;
        }
        if let Some(prompt) = field("prompt") {
            self.prompt = prompt.text(limits::PROMPT_CHARS_MAX)?;
        }
        if let Some(keywords) = field("keywords") {
            self.keywords = texts(&keywords, limits::KEYWORDS_MAX, limits::KEYWORD_CHARS_MAX)?;
        }
        if let Some(languages) = field("languages") {
            // Of several, the one that is spoken is detected.
            let mut told = texts(&languages, limits::NAME_CHARS_MAX, limits::NAME_CHARS_MAX)?;
            let one = if told.len() == 1 { told.pop() } else { None };
            self.set_language(one, &languages.name, known)?;
        }
        if let Some(language) = field("language") {
            let told = language.text(limits::NAME_CHARS_MAX)?;
            self.set_language(told, &language.name, known)?;
        }
        Ok(())
    }

    fn set_language(
        &mut self,
        told: Option<String>,
        name: &str,
        known: &[&str],
    ) -> Result<(), EventRefusal> {
        let code = spoken_language(told.as_deref().unwrap_or("auto"), known);
        self.language_code = code.map_err(|fault| EventRefusal::of(name, fault.sentence))?;
        self.language = told;
        Ok(())
    }

    fn set_turn_end(&mut self, field: Option<SessionField<'_>>) -> Result<(), EventRefusal> {
        if let Some(field) = field {
            self.chosen_turn_end = Some(TurnEnd::read(&field, self.chosen_turn_end.as_ref())?);
        }
        Ok(())
    }

    fn set_noise_reduction(&mut self, field: Option<SessionField<'_>>) -> Result<(), EventRefusal> {
        let Some(whole) = field else {
            return Ok(());
        };
        self.noise_reduction = match whole.is_null() {
            true => None,
            false => match SessionField::of(whole.object()?, &whole.name, "type") {
                Some(kind) => kind.text(limits::NAME_CHARS_MAX)?,
                None => None,
            },
        };
        Ok(())
    }
}

/// The texts of a list, without blank ones; none for null.
fn texts(
    field: &SessionField<'_>,
    count_max: usize,
    chars_max: usize,
) -> Result<Vec<String>, EventRefusal> {
    if field.is_null() {
        return Ok(Vec::new());
    }
    let list = field.value.as_array();
    let list = list.ok_or_else(|| field.refused("a list is accepted"))?;
    if list.len() > count_max {
        let message = format!(
            "{} has {} items; at most {count_max} are accepted",
            field.name,
            list.len()
        );
        return Err(EventRefusal::of(&field.name, message));
    }
    let text = |value| {
        let name = field.name.clone();
        SessionField { name, value }.text(chars_max)
    };
    let texts: Vec<Option<String>> = list.iter().map(text).collect::<Result<_, _>>()?;
    Ok(texts.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn updated(from: &RealtimeSettings, session: Value) -> Result<RealtimeSettings, EventRefusal> {
        from.updated(&session, &["en", "pt"])
    }

    #[test]
    fn only_the_fields_that_are_present_change_in_either_shape() {
        let first = RealtimeSettings::default();
        let ga = json!({ "type": "transcription", "include": null, "audio": { "input": {
            "format": { "type": "audio/pcmu" },
            "transcription": { "model": "whisper-1", "language": "pt-BR", "keywords": ["Ada", " "], "delay": "low" },
            "turn_detection": { "type": "server_vad", "silence_duration_ms": 350, "create_response": true },
        } } });
        let second = updated(&first, ga).unwrap();
        assert_eq!(second.format, SoundFormat::MuLaw);
        assert_eq!(second.language_code.as_deref(), Some("pt"));
        assert_eq!(second.keywords, ["Ada"]);
        let silence = |settings: &RealtimeSettings| match settings.turn_end() {
            TurnEnd::ServerVad { silence_ms, .. } => Some(silence_ms),
            _ => None,
        };
        assert_eq!(silence(&second), Some(350));
        let beta = json!({ "input_audio_transcription": { "prompt": "Ada." }, "turn_detection": { "threshold": 0.9 } });
        let third = updated(&second, beta).unwrap();
        assert_eq!(
            (silence(&third), third.format),
            (Some(350), SoundFormat::MuLaw)
        );
        assert_eq!(third.language_code.as_deref(), Some("pt"));
        assert_eq!(third.prompt.as_deref(), Some("Ada."));
        let manual = json!({ "audio": { "input": { "turn_detection": null, "format": { "type": "audio/pcm", "rate": 24000 } } } });
        let fourth = updated(&third, manual).unwrap();
        assert_eq!(
            (fourth.turn_end(), fourth.format),
            (TurnEnd::Manual, SoundFormat::Pcm)
        );
        let semantic = json!({ "turn_detection": { "type": "semantic_vad", "eagerness": "high" } });
        let fifth = updated(&fourth, semantic).unwrap();
        assert_eq!(fifth.turn_end(), TurnEnd::SemanticVad { eagerness: "high" });
    }

    #[test]
    fn without_a_choice_the_model_decides_what_ends_an_utterance() {
        let named = |from: &RealtimeSettings, model: &str| {
            updated(
                from,
                json!({ "input_audio_transcription": { "model": model } }),
            )
            .unwrap()
        };
        let silence = RealtimeSettings::default().turn_end();
        assert!(matches!(silence, TurnEnd::ServerVad { .. }));
        let live = named(&RealtimeSettings::default(), "gpt-live-transcribe-2026-08");
        assert_eq!(live.turn_end(), TurnEnd::Manual);
        assert_eq!(named(&live, "gpt-transcribe").turn_end(), silence);
        let chosen = updated(&live, json!({ "turn_detection": { "type": "server_vad" } }));
        assert_eq!(chosen.unwrap().turn_end(), silence);
    }

    #[test]
    fn what_is_wrong_is_named_and_changes_nothing() {
        let input = |field: &str, value: Value| json!({ "audio": { "input": { field: value } } });
        for (session, param) in [
            (json!({ "type": "realtime" }), "session.type"),
            (json!({ "audio": 7 }), "session.audio"),
            (
                input("format", json!({ "type": "audio/opus" })),
                "session.audio.input.format",
            ),
            (
                input("format", json!({ "type": "audio/pcm", "rate": 16000 })),
                "session.audio.input.format",
            ),
            (
                input("transcription", json!({ "language": "xx" })),
                "session.audio.input.transcription.language",
            ),
            (
                input("transcription", json!({ "keywords": ["a".repeat(61)] })),
                "session.audio.input.transcription.keywords",
            ),
            (
                json!({ "turn_detection": { "type": "none" } }),
                "session.turn_detection",
            ),
            (
                json!({ "turn_detection": { "threshold": 2 } }),
                "session.turn_detection.threshold",
            ),
            (
                json!({ "turn_detection": { "type": "semantic_vad", "eagerness": "keen" } }),
                "session.turn_detection.eagerness",
            ),
        ] {
            let refusal = updated(&RealtimeSettings::default(), session).unwrap_err();
            assert_eq!(refusal.param.as_deref(), Some(param), "{}", refusal.message);
            assert!(!refusal.message.is_empty());
        }
    }
}
