//! `POST /v1/audio/speech`: a text to speak, as clients of OpenAI's API send it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::MapAccess;
use vocabox_base::fault::Fault;
use vocabox_base::limits;

use crate::json::{
    AnyText, BoundedNumber, FromJson, JsonKind, NonBlankText, NumberRange, RequestField, fields,
    request,
};
use crate::speech::SpeechParameters;

/// The voice of a request that names none.
const VOICE: &str = "alloy";

/// OpenAI's voices, and the voice that speaks for each: the one of the same name where Kokoro has it, else one of the same
/// kind.
pub const OPENAI_VOICES: [(&str, &str); 13] = [
    ("alloy", "af_alloy"),
    ("ash", "am_michael"),
    ("ballad", "bm_george"),
    ("cedar", "am_fenrir"),
    ("coral", "af_bella"),
    ("echo", "am_echo"),
    ("fable", "bm_fable"),
    ("marin", "af_heart"),
    ("nova", "af_nova"),
    ("onyx", "am_onyx"),
    ("sage", "af_sarah"),
    ("shimmer", "bf_emma"),
    ("verse", "am_puck"),
];

/// Speaking rate as a factor, within OpenAI's bounds.
#[derive(Debug)]
pub struct WideSpeedFactor;

impl NumberRange for WideSpeedFactor {
    const MIN: f64 = limits::WIDE_SPEED_MIN;
    const MAX: f64 = limits::WIDE_SPEED_MAX;
}

request! {
    /// A text to speak. Fields that are not listed have no effect.
    pub struct OpenAiSpeechFields {
        /// Any name; the server speaks with the packs that it has.
        model: Option<AnyText>,
        /// The text to speak; not blank.
        input: NonBlankText<{ limits::TEXT_CHARS_MAX }>,
        /// One of OpenAI's voices, or any voice of `GET /v1/audio/voices`, a blend of several or a clone, by its id or as
        /// `{"id": …}`.
        #[schemars(extend("default" = VOICE))]
        voice: Option<VoiceName>,
        /// Has no effect.
        instructions: Option<AnyText>,
        /// The format of the sound.
        #[schemars(extend("enum" = ["mp3", "opus", "aac", "flac", "wav", "pcm"], "default" = "mp3"))]
        response_format: Option<AnyText>,
        /// Speaking rate, as a factor of the voice's own rate.
        #[schemars(extend("default" = 1.0))]
        speed: Option<BoundedNumber<WideSpeedFactor>>,
        /// Whether the answer is the sound, or events with parts of it.
        #[schemars(extend("enum" = ["audio", "sse"], "default" = "audio"))]
        stream_format: Option<AnyText>,
    }
}

/// The id of a voice, as a string or in an object.
#[derive(Debug)]
pub struct VoiceName(String);

request! {
    /// A voice that an account made.
    struct VoiceObject {
        id: AnyText,
    }
}

impl FromJson for VoiceName {
    fn text(text: &str) -> Option<Self> {
        Some(VoiceName(text.to_owned()))
    }

    fn object<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Self>, A::Error> {
        let voice: VoiceObject = fields(map)?;
        Ok(voice.id.take().ok().map(|id| VoiceName(id.into_string())))
    }
}

impl RequestField for VoiceName {
    type Checked = String;

    fn check(self, name: &str) -> Result<String, Fault> {
        let (chars, most) = (self.0.chars().count(), limits::VOICE_ID_CHARS_MAX);
        match chars > most {
            true => Err(Fault::invalid(format!(
                "{name} has {chars} characters; at most {most} are accepted"
            ))),
            false => Ok(self.0),
        }
    }

    fn refuse(name: &str, other: JsonKind) -> Fault {
        let kind = other.name();
        Fault::invalid(format!(
            "{name} is {kind}; a string or {{\"id\": string}} is accepted"
        ))
    }
}

impl JsonSchema for VoiceName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "VoiceName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let id = json_schema!({ "type": "string", "maxLength": limits::VOICE_ID_CHARS_MAX });
        json_schema!({ "anyOf": [
            id,
            { "type": "object", "properties": { "id": id }, "required": ["id"] },
        ] })
    }
}

/// How the answer carries the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundCarrier {
    /// The bytes of the format.
    Bytes,
    /// Server-sent events, each with a part of those bytes in base64.
    Events,
}

/// A text and how it is to be spoken and sent.
#[derive(Debug)]
pub struct OpenAiSpeech {
    /// The speed is within the bounds of the engines; the tempo stands for what is beyond.
    pub parameters: SpeechParameters,
    /// The name of the format.
    pub format: String,
    pub carrier: SoundCarrier,
}

impl OpenAiSpeechFields {
    /// The request, each field within its bounds. Faults: `Invalid` for a field that is not.
    pub fn checked(self) -> Result<OpenAiSpeech, Fault> {
        let text = self.input.take()?.into_string();
        let voice = self.voice.take()?.unwrap_or(VOICE.to_owned());
        let format = self.response_format.take()?.map(AnyText::into_string);
        let speed = self.speed.take()?.unwrap_or(1.0);
        let stream_format = self.stream_format.take()?.map(AnyText::into_string);
        let carrier = match stream_format.as_deref() {
            None | Some("" | "audio") => SoundCarrier::Bytes,
            Some("sse") => SoundCarrier::Events,
            Some(other) => {
                let shown: String = other.chars().take(20).collect();
                return Err(Fault::invalid(format!(
                    "stream_format is {shown:?}; audio and sse are accepted"
                )));
            }
        };
        let own = speed.clamp(limits::SPEED_MIN, limits::SPEED_MAX);
        Ok(OpenAiSpeech {
            parameters: SpeechParameters {
                text,
                voice_id: own_voice(&voice).to_owned(),
                speed: own as f32,
                tempo: speed / own,
                stability: None,
                similarity: None,
                language: None,
                exaggeration: None,
                cfg_weight: None,
            },
            format: format
                .filter(|name| !name.is_empty())
                .unwrap_or("mp3".to_owned()),
            carrier,
        })
    }
}

/// The id of the voice that speaks for one of OpenAI's, in any case; any other name is an id itself.
fn own_voice(name: &str) -> &str {
    let name = name.trim();
    let known = OPENAI_VOICES
        .iter()
        .find(|(theirs, _)| theirs.eq_ignore_ascii_case(name));
    match known {
        Some((_, own)) => own,
        None if name.is_empty() => own_voice(VOICE),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::FieldValue;

    fn checked(json: &str) -> Result<OpenAiSpeech, String> {
        match serde_json::from_str::<FieldValue<OpenAiSpeechFields>>(json).unwrap() {
            FieldValue::Accepted(fields) => fields.checked().map_err(|fault| fault.sentence),
            _ => panic!("no object: {json}"),
        }
    }

    #[test]
    fn what_clients_send_is_taken_with_openais_defaults() {
        let plain = checked(r#"{"input":"Hi.","model":"tts-1","lang_code":"a","stream":true}"#);
        let plain = plain.unwrap();
        assert_eq!(plain.parameters.voice_id, "af_alloy");
        assert_eq!((&*plain.format, plain.parameters.tempo), ("mp3", 1.0));
        assert_eq!(plain.carrier, SoundCarrier::Bytes);
        for (json, voice) in [
            (r#""Onyx""#, "am_onyx"),
            (r#"{"id":"voice_1","name":"x"}"#, "voice_1"),
            (r#""af_heart(2)+am_adam(1)""#, "af_heart(2)+am_adam(1)"),
            ("null", "af_alloy"),
            (r#""""#, "af_alloy"),
        ] {
            let asked = checked(&format!(r#"{{"input":"Hi.","voice":{json}}}"#)).unwrap();
            assert_eq!(asked.parameters.voice_id, voice);
        }
    }

    #[test]
    fn speeds_beyond_the_engines_are_a_tempo_of_the_sound() {
        for (speed, own, tempo) in [(0.25, 0.5, 0.5), (1.5, 1.5, 1.0), (4.0, 2.0, 2.0)] {
            let asked = checked(&format!(r#"{{"input":"Hi.","speed":{speed}}}"#)).unwrap();
            let given = (asked.parameters.speed, asked.parameters.tempo);
            assert_eq!(given, (own, tempo));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (json, why) in [
            (r#"{}"#, "input is missing"),
            (
                r#"{"input":" "}"#,
                "input is blank; 1 to 5000 characters are accepted",
            ),
            (
                r#"{"input":"a","speed":5}"#,
                "speed is 5; 0.25 to 4 is accepted",
            ),
            (
                r#"{"input":"a","voice":7}"#,
                "voice is a number; a string or {\"id\": string} is accepted",
            ),
            (
                r#"{"input":"a","voice":{"name":"b"}}"#,
                "voice is an object; a string or {\"id\": string} is accepted",
            ),
            (
                r#"{"input":"a","stream_format":"ws"}"#,
                "stream_format is \"ws\"; audio and sse are accepted",
            ),
        ] {
            assert_eq!(checked(json).unwrap_err(), why, "{json}");
        }
    }
}
