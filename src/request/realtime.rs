//! What clients of realtime transcription send: events as JSON, in OpenAI's shapes.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use vocabox_base::limits;

/// An event of a client.
#[derive(Debug, PartialEq)]
pub enum ClientEvent {
    /// Fields of the session to change, and the type of the event that brought them.
    Update {
        session: Value,
        kind: UpdateKind,
    },
    /// Sound in the session's format, as bytes.
    Append(Vec<u8>),
    Commit,
    Clear,
}

/// The two events that change a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateKind {
    /// `session.update`.
    Session,
    /// `transcription_session.update`, of the interface's beta.
    Beta,
}

/// Why an event is refused: what the client did wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRefusal {
    pub code: &'static str,
    /// The field that is wrong, where it is one.
    pub param: Option<String>,
    /// One sentence.
    pub message: String,
}

impl EventRefusal {
    /// Returns the refusal of the value of a field.
    pub fn of(param: &str, message: impl Into<String>) -> Self {
        EventRefusal {
            code: "invalid_value",
            param: Some(param.to_owned()),
            message: message.into(),
        }
    }
}

/// The fields of all events; their values are read once the type is known.
#[derive(Deserialize)]
struct EventFields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    event_id: Option<&'a RawValue>,
    #[serde(borrow)]
    audio: Option<&'a RawValue>,
    #[serde(borrow)]
    session: Option<&'a RawValue>,
}

/// Returns the event in `text` and its `event_id`, if it has one. `decode` reads base64. Errors: the refusal of what is no event,
/// of one that transcription does not have, and of what is above its bound.
pub fn client_event(
    text: &str,
    decode: impl FnOnce(&str) -> Option<Vec<u8>>,
) -> (Option<String>, Result<ClientEvent, EventRefusal>) {
    let fields = match serde_json::from_str::<EventFields<'_>>(text) {
        Ok(fields) => fields,
        Err(e) => {
            let refusal = EventRefusal {
                code: "invalid_json",
                param: None,
                message: format!("The event is not a JSON object: {e}."),
            };
            return (None, Err(refusal));
        }
    };
    let id = fields.event_id.and_then(string);
    let id = id.filter(|id| id.chars().count() <= limits::NAME_CHARS_MAX);
    (id.map(Cow::into_owned), read(&fields, text.len(), decode))
}

fn read(
    fields: &EventFields<'_>,
    bytes: usize,
    decode: impl FnOnce(&str) -> Option<Vec<u8>>,
) -> Result<ClientEvent, EventRefusal> {
    let kind = fields.kind.and_then(string);
    let kind = kind.ok_or_else(|| EventRefusal::of("type", "type is missing, or no string"))?;
    if kind == "input_audio_buffer.append" {
        let audio = fields.audio.and_then(string);
        let audio =
            audio.ok_or_else(|| EventRefusal::of("audio", "audio is missing, or no string"))?;
        let most = limits::REALTIME_AUDIO_BYTES_MAX;
        if audio.len() > most {
            let message = format!(
                "audio has {} bytes; at most {most} are accepted in one event",
                audio.len()
            );
            return Err(EventRefusal::of("audio", message));
        }
        let sound =
            decode(&audio).ok_or_else(|| EventRefusal::of("audio", "audio is not base64"))?;
        return Ok(ClientEvent::Append(sound));
    }
    let most = limits::REALTIME_EVENT_BYTES_MAX;
    if bytes > most {
        let message = format!("The event has {bytes} bytes; at most {most} are accepted.");
        return Err(EventRefusal {
            code: "event_too_large",
            param: None,
            message,
        });
    }
    let update = |kind| {
        let session = fields.session.map(|raw| serde_json::from_str(raw.get()));
        match session {
            Some(Ok(session @ Value::Object(_))) => Ok(ClientEvent::Update { session, kind }),
            _ => Err(EventRefusal::of(
                "session",
                "session is missing, or no object",
            )),
        }
    };
    match kind.as_ref() {
        "session.update" => update(UpdateKind::Session),
        "transcription_session.update" => update(UpdateKind::Beta),
        "input_audio_buffer.commit" => Ok(ClientEvent::Commit),
        "input_audio_buffer.clear" => Ok(ClientEvent::Clear),
        other => {
            let shown: String = other.chars().take(60).collect();
            Err(EventRefusal::of(
                "type",
                format!(
                    "type is {shown:?}; a transcription session takes session.update, transcription_session.update and input_audio_buffer.append, .commit and .clear"
                ),
            ))
        }
    }
}

/// Returns the string in some JSON; none for any other value.
fn string(json: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct JsonString<'a>(#[serde(borrow)] Cow<'a, str>);
    let read = serde_json::from_str::<JsonString<'_>>(json.get());
    read.ok().map(|string| string.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> (Option<String>, Result<ClientEvent, EventRefusal>) {
        client_event(text, |audio| {
            (audio != "%").then(|| audio.as_bytes().to_vec())
        })
    }

    #[test]
    fn events_are_read_with_their_ids() {
        let append =
            r#"{"event_id":"e\u00411","type":"input_audio_buffer.append","audio":"AA\/=","x":[1]}"#;
        let (id, event) = read(append);
        assert_eq!(id.as_deref(), Some("eA1"));
        assert_eq!(event, Ok(ClientEvent::Append(b"AA/=".to_vec())));
        for (kind, expected) in [
            ("input_audio_buffer.commit", ClientEvent::Commit),
            ("input_audio_buffer.clear", ClientEvent::Clear),
        ] {
            let text = json!({ "type": kind, "event_id": null }).to_string();
            assert_eq!(read(&text), (None, Ok(expected)));
        }
        let text = r#"{"type":"transcription_session.update","session":{"a":null}}"#;
        let expected = ClientEvent::Update {
            session: json!({ "a": null }),
            kind: UpdateKind::Beta,
        };
        assert_eq!(read(text).1, Ok(expected));
    }

    #[test]
    fn what_is_no_event_is_refused_with_its_field() {
        let long = "x".repeat(limits::REALTIME_EVENT_BYTES_MAX);
        let long = json!({ "type": "input_audio_buffer.clear", "event_id": long }).to_string();
        for (text, code, param) in [
            ("[]", "invalid_json", None),
            ("{", "invalid_json", None),
            ("{}", "invalid_value", Some("type")),
            (r#"{"type":7}"#, "invalid_value", Some("type")),
            (
                r#"{"type":"response.create"}"#,
                "invalid_value",
                Some("type"),
            ),
            (
                r#"{"type":"input_audio_buffer.append"}"#,
                "invalid_value",
                Some("audio"),
            ),
            (
                r#"{"type":"input_audio_buffer.append","audio":"%"}"#,
                "invalid_value",
                Some("audio"),
            ),
            (
                r#"{"type":"session.update","session":[]}"#,
                "invalid_value",
                Some("session"),
            ),
            (&long, "event_too_large", None),
        ] {
            let refusal = read(text).1.unwrap_err();
            assert_eq!(
                (refusal.code, refusal.param.as_deref()),
                (code, param),
                "{text:.60}"
            );
        }
    }
}
