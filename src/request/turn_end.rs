//! What ends an utterance of realtime transcription: the field `turn_detection` of a session, and its default.

use vocabox_base::limits;

use crate::realtime::EventRefusal;
use crate::realtime_session::SessionField;

/// What ends an utterance.
#[derive(Debug, Clone, PartialEq)]
pub enum TurnEnd {
    /// Silence.
    ServerVad {
        threshold: f32,
        padding_ms: u64,
        silence_ms: u64,
    },
    /// Longer silence, by this name.
    SemanticVad { eagerness: &'static str },
    /// A commit.
    Manual,
}

/// How eager `semantic_vad` may be, and the milliseconds of silence that each stands for: nothing here tells by the words
/// whether a speaker has finished.
pub const EAGERNESS_MS: [(&str, u64); 4] = [
    ("low", 2_000),
    ("medium", 1_200),
    ("high", 800),
    ("auto", 1_200),
];

/// The default of `server_vad`: OpenAI's.
const SERVER_VAD: TurnEnd = TurnEnd::ServerVad {
    threshold: 0.5,
    padding_ms: 300,
    silence_ms: 500,
};

/// Models of OpenAI's that take no `turn_detection`, by what their names start with: their clients find the turns themselves,
/// commit them, and leave the field out.
const COMMITTED_MODELS: [&str; 2] = ["gpt-realtime-whisper", "gpt-live-transcribe"];

impl TurnEnd {
    /// Returns what ends an utterance where the client has not chosen it, by the name of the model that it wants.
    pub fn of(model: Option<&str>) -> Self {
        let model = model.unwrap_or_default();
        let is_committed = COMMITTED_MODELS.iter().any(|name| model.starts_with(name));
        match is_committed {
            true => TurnEnd::Manual,
            false => SERVER_VAD,
        }
    }

    /// Returns the choice of the field `whole`; what it leaves out stays as it was `before`. Errors: the refusal of the first field
    /// that is wrong.
    pub(crate) fn read(
        whole: &SessionField<'_>,
        before: Option<&Self>,
    ) -> Result<Self, EventRefusal> {
        if whole.is_null() {
            return Ok(TurnEnd::Manual);
        }
        let fields = whole.object()?;
        let field =
            |name| SessionField::of(fields, &whole.name, name).filter(|field| !field.is_null());
        let kind = field("type").map(|kind| kind.value.as_str().unwrap_or_default());
        let was_semantic = matches!(before, Some(TurnEnd::SemanticVad { .. }));
        match (kind, was_semantic) {
            (Some("server_vad"), _) | (None, false) => {
                let mut new = match before {
                    Some(same @ TurnEnd::ServerVad { .. }) => same.clone(),
                    _ => SERVER_VAD,
                };
                if let TurnEnd::ServerVad {
                    threshold,
                    padding_ms,
                    silence_ms,
                } = &mut new
                {
                    if let Some(field) = field("threshold") {
                        *threshold = field.number(0.0, 1.0)? as f32;
                    }
                    if let Some(field) = field("prefix_padding_ms") {
                        *padding_ms = field.number(0.0, limits::TURN_PADDING_MS_MAX as f64)? as u64;
                    }
                    if let Some(field) = field("silence_duration_ms") {
                        let (min, max) = (limits::TURN_SILENCE_MS_MIN, limits::TURN_SILENCE_MS_MAX);
                        // A client that wants no silence gets the least.
                        *silence_ms = (field.number(0.0, max as f64)? as u64).max(min);
                    }
                }
                Ok(new)
            }
            (Some("semantic_vad"), _) | (None, true) => {
                let mut eagerness = "auto";
                if let Some(field) = field("eagerness") {
                    let told = field.value.as_str();
                    let mut names = EAGERNESS_MS.iter().map(|(name, _)| *name);
                    let named = names.find(|name| Some(*name) == told);
                    eagerness = named
                        .ok_or_else(|| field.refused("low, medium, high and auto are accepted"))?;
                }
                Ok(TurnEnd::SemanticVad { eagerness })
            }
            _ => Err(whole.refused("the types server_vad and semantic_vad are accepted")),
        }
    }
}
