//! What a session tells its client: events as JSON, in the shapes of the interface or of its beta, whichever the client's first
//! change of its session has.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::fault::{Fault, Kind};
use crate::request::realtime::{EventRefusal, UpdateKind};
use crate::request::realtime_session::{RealtimeSettings, SoundFormat};
use crate::request::turn_end::TurnEnd;
use crate::services::live::{CompletedUtterance, LiveEvent};

/// The object type of a session in both shapes.
const SESSION_OBJECT: &str = "realtime.transcription_session";
/// Fields that only the beta's sessions have.
const BETA_FIELDS: [&str; 3] = [
    "input_audio_format",
    "input_audio_transcription",
    "input_audio_noise_reduction",
];

/// The protocol of one session.
pub struct Protocol {
    pub settings: RealtimeSettings,
    is_beta: bool,
    /// Whether the client has changed its session, and so fixed the shape.
    is_fixed: bool,
    session_id: String,
    /// What the ids of utterances start with.
    prefix: String,
    expires_at: u64,
    previous: Option<u64>,
    events: u64,
}

/// An event that needs nothing but to be told.
pub enum ToldEvent {
    Started { utterance: u64, at_ms: u64 },
    Ended { utterance: u64, at_ms: u64 },
    Committed { utterance: u64 },
    Words { utterance: u64, text: String },
    NothingToCommit,
    Cleared,
    Nothing,
}

impl ToldEvent {
    /// Returns what is told of an event.
    pub fn of(event: LiveEvent) -> Self {
        match event {
            LiveEvent::Started { utterance, at_ms } => ToldEvent::Started { utterance, at_ms },
            LiveEvent::Ended { utterance, at_ms } => ToldEvent::Ended { utterance, at_ms },
            LiveEvent::Committed { utterance } => ToldEvent::Committed { utterance },
            LiveEvent::Words { utterance, text } => ToldEvent::Words { utterance, text },
            LiveEvent::NothingToCommit => ToldEvent::NothingToCommit,
            LiveEvent::Cleared => ToldEvent::Cleared,
            _ => ToldEvent::Nothing,
        }
    }
}

impl Protocol {
    /// Returns the protocol of a new session with these settings, which ends after `left`.
    pub fn new(settings: RealtimeSettings, is_beta: bool, left: Duration) -> Self {
        let id = Uuid::now_v7().simple().to_string();
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Protocol {
            settings,
            is_beta,
            is_fixed: false,
            expires_at: since.map_or(0, |since| (since + left).as_secs()),
            prefix: format!("item_{}", &id[id.len() - 16..]),
            session_id: format!("sess_{id}"),
            previous: None,
            events: 0,
        }
    }

    /// The first event.
    pub fn created(&mut self) -> String {
        let kind = match self.is_beta {
            true => "transcription_session.created",
            false => "session.created",
        };
        let session = self.session();
        self.event(kind, json!({ "session": session }))
    }

    /// The answer to an accepted change, which fixes the shape if it is the first.
    pub fn updated(&mut self, kind: UpdateKind, asked: &Value) -> String {
        if !std::mem::replace(&mut self.is_fixed, true) {
            let has_beta = BETA_FIELDS.iter().any(|name| asked.get(name).is_some());
            self.is_beta = kind == UpdateKind::Beta || has_beta;
        }
        let kind = match kind {
            UpdateKind::Session => "session.updated",
            UpdateKind::Beta => "transcription_session.updated",
        };
        let session = self.session();
        self.event(kind, json!({ "session": session }))
    }

    /// The refusal of a client's event.
    pub fn refused(&mut self, refusal: &EventRefusal, event_id: Option<&str>) -> String {
        let error = json!({
            "type": "invalid_request_error",
            "code": refusal.code,
            "message": refusal.message,
            "param": refusal.param,
            "event_id": event_id,
        });
        self.event("error", json!({ "error": error }))
    }

    /// The last event of a session that cannot go on.
    pub fn broken(&mut self, fault: &Fault) -> String {
        let mut error = error(fault);
        error["event_id"] = Value::Null;
        self.event("error", json!({ "error": error }))
    }

    /// What the client is told.
    pub fn told(&mut self, told: ToldEvent) -> Vec<String> {
        match told {
            ToldEvent::Nothing => Vec::new(),
            ToldEvent::Started { utterance, at_ms } => vec![self.event(
                "input_audio_buffer.speech_started",
                json!({ "audio_start_ms": at_ms, "item_id": self.item_id(utterance) }),
            )],
            ToldEvent::Ended { utterance, at_ms } => vec![self.event(
                "input_audio_buffer.speech_stopped",
                json!({ "audio_end_ms": at_ms, "item_id": self.item_id(utterance) }),
            )],
            ToldEvent::Committed { utterance } => self.committed(utterance),
            ToldEvent::Words { utterance, text } => vec![self.event(
                "conversation.item.input_audio_transcription.delta",
                json!({ "item_id": self.item_id(utterance), "content_index": 0, "delta": text }),
            )],
            ToldEvent::Cleared => vec![self.event("input_audio_buffer.cleared", json!({}))],
            ToldEvent::NothingToCommit => {
                let refusal = EventRefusal {
                    code: "input_audio_buffer_commit_empty",
                    param: None,
                    message: "The buffer has less than 100 ms of audio.".to_owned(),
                };
                vec![self.refused(&refusal, None)]
            }
        }
    }

    fn committed(&mut self, utterance: u64) -> Vec<String> {
        let id = self.item_id(utterance);
        let previous = self.previous.replace(utterance).map(|n| self.item_id(n));
        let committed = json!({ "item_id": id, "previous_item_id": previous });
        let item = json!({ "previous_item_id": previous, "item": {
            "id": id,
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{ "type": "input_audio", "transcript": null }],
        } });
        let mut all = vec![self.event("input_audio_buffer.committed", committed)];
        match self.is_beta {
            true => all.push(self.event("conversation.item.created", item)),
            false => {
                all.push(self.event("conversation.item.added", item.clone()));
                all.push(self.event("conversation.item.done", item));
            }
        }
        all
    }

    /// The text of an utterance.
    pub fn completed(&mut self, heard: &CompletedUtterance) -> String {
        let code = |code: &String| json!({ "code": code });
        let fields = json!({
            "item_id": self.item_id(heard.utterance),
            "content_index": 0,
            "transcript": heard.text,
            "languages": heard.languages.iter().map(code).collect::<Vec<_>>(),
            "usage": { "type": "duration", "seconds": heard.seconds },
        });
        self.event(
            "conversation.item.input_audio_transcription.completed",
            fields,
        )
    }

    /// That an utterance has no text.
    pub fn failed(&mut self, utterance: u64, fault: &Fault) -> String {
        let fields = json!({
            "item_id": self.item_id(utterance),
            "content_index": 0,
            "error": error(fault),
        });
        self.event("conversation.item.input_audio_transcription.failed", fields)
    }

    fn item_id(&self, utterance: u64) -> String {
        format!("{}{utterance:06}", self.prefix)
    }

    fn event(&mut self, kind: &str, mut fields: Value) -> String {
        self.events += 1;
        let id = &self.session_id["sess_".len()..];
        fields["event_id"] = json!(format!("event_{id}{:06}", self.events));
        fields["type"] = json!(kind);
        fields.to_string()
    }

    /// The session as it is.
    fn session(&self) -> Value {
        let settings = &self.settings;
        let transcription = json!({
            "model": settings.model,
            "language": settings.language,
            "prompt": settings.prompt,
            "keywords": settings.keywords,
        });
        let noise = settings.noise_reduction.as_ref();
        let noise = noise.map(|kind| json!({ "type": kind }));
        let (_, format, beta_format) = SoundFormat::NAMES
            .into_iter()
            .find(|(format, ..)| *format == settings.format)
            .unwrap_or(SoundFormat::NAMES[0]);
        if self.is_beta {
            return json!({
                "id": self.session_id,
                "object": SESSION_OBJECT,
                "expires_at": self.expires_at,
                "input_audio_format": beta_format,
                "input_audio_transcription": transcription,
                "turn_detection": turn_detection(&settings.turn_end()),
                "input_audio_noise_reduction": noise,
                "include": null,
            });
        }
        let format = match settings.format {
            SoundFormat::Pcm => json!({ "type": format, "rate": settings.format.rate_hz() }),
            _ => json!({ "type": format }),
        };
        json!({
            "id": self.session_id,
            "object": SESSION_OBJECT,
            "type": "transcription",
            "expires_at": self.expires_at,
            "audio": { "input": {
                "format": format,
                "transcription": transcription,
                "turn_detection": turn_detection(&settings.turn_end()),
                "noise_reduction": noise,
            } },
            "include": null,
        })
    }
}

fn turn_detection(end: &TurnEnd) -> Value {
    match end {
        TurnEnd::ServerVad {
            threshold,
            padding_ms,
            silence_ms,
        } => json!({
            "type": "server_vad",
            // As it was written: 0.6 is no number of 32 bits.
            "threshold": (f64::from(*threshold) * 1e6).round() / 1e6,
            "prefix_padding_ms": padding_ms,
            "silence_duration_ms": silence_ms,
        }),
        TurnEnd::SemanticVad { eagerness } => {
            json!({ "type": "semantic_vad", "eagerness": eagerness })
        }
        TurnEnd::Manual => Value::Null,
    }
}

fn error(fault: &Fault) -> Value {
    let kind = match fault.kind {
        Kind::Invalid => "invalid_request_error",
        _ => "server_error",
    };
    let code = matches!(fault.kind, Kind::Busy { .. }).then_some("server_busy");
    json!({ "type": kind, "code": code, "message": fault.sentence, "param": null })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(told: &str) -> Value {
        serde_json::from_str(told).unwrap()
    }

    fn protocol() -> Protocol {
        Protocol::new(RealtimeSettings::default(), false, Duration::from_secs(60))
    }

    #[test]
    fn the_first_change_fixes_the_shape() {
        let mut ga = protocol();
        let created = read(&ga.created());
        assert_eq!(created["type"], "session.created");
        assert_eq!(
            created["session"]["audio"]["input"]["format"]["rate"],
            24_000
        );
        let updated = read(&ga.updated(UpdateKind::Session, &json!({})));
        assert_eq!(updated["session"]["type"], "transcription");
        // A later event of the beta gets its own answer, in the shape that is fixed.
        let later = read(&ga.updated(UpdateKind::Beta, &json!({})));
        assert_eq!(later["type"], "transcription_session.updated");
        assert_eq!(later["session"]["type"], "transcription");

        for (kind, asked) in [
            (UpdateKind::Beta, json!({})),
            (
                UpdateKind::Session,
                json!({ "input_audio_format": "pcm16" }),
            ),
        ] {
            let mut beta = protocol();
            let updated = read(&beta.updated(kind, &asked));
            assert_eq!(updated["session"]["input_audio_format"], "pcm16");
            let told = beta.told(ToldEvent::Committed { utterance: 0 });
            assert_eq!(read(&told[1])["type"], "conversation.item.created");
            assert_eq!(told.len(), 2);
        }
    }

    #[test]
    fn items_follow_each_other_and_events_have_ids_of_their_own() {
        let mut protocol = protocol();
        let first: Vec<Value> = protocol
            .told(ToldEvent::Committed { utterance: 0 })
            .iter()
            .map(|told| read(told))
            .collect();
        let second = read(&protocol.told(ToldEvent::Committed { utterance: 3 })[0]);
        let kinds: Vec<&Value> = first.iter().map(|event| &event["type"]).collect();
        let expected = [
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
        ];
        assert_eq!(kinds, expected);
        assert_eq!(first[0]["previous_item_id"], Value::Null);
        assert_eq!(second["previous_item_id"], first[1]["item"]["id"]);
        assert_ne!(first[0]["event_id"], first[1]["event_id"]);
    }
}
