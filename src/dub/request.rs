//! The request of a render.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audio::encode::Codec;

/// A request to render; the job keeps it as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RenderRequest {
    /// Ordered, not overlapping.
    pub segments: Vec<ScriptLine>,
    /// Ids of voices, by speaker.
    pub voice_map: BTreeMap<String, String>,
    /// Code of the language that the lines are in.
    pub language: String,
    /// Whether the original sound is kept, quieter under the lines.
    pub keep_background: bool,
    /// Codec of the film's new sound; requests of earlier versions name none and mean Opus.
    #[serde(default)]
    pub audio_codec: Codec,
}

/// One line to speak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScriptLine {
    /// The client's name of the line.
    pub id: Value,
    /// Seconds from the start of the file.
    #[serde(rename = "start")]
    pub start_s: f64,
    #[serde(rename = "end")]
    pub end_s: f64,
    pub text: String,
    pub speaker: String,
}
