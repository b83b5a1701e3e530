//! What a render is asked for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audio::encode::Codec;

/// A render as it is asked for; a job keeps it as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RenderRequest {
    /// Ordered, not overlapping.
    pub segments: Vec<ScriptLine>,
    /// Ids of voices, by speaker.
    pub voice_map: BTreeMap<String, String>,
    /// Code of the language that the lines are in.
    pub language: String,
    /// Whether what else there is to hear stays, quieter under the lines.
    pub keep_background: bool,
    /// What the film's new sound is coded as. Requests from before there was a choice name none: they are in Opus.
    #[serde(default)]
    pub audio_codec: Codec,
}

/// One line to speak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScriptLine {
    /// What the client calls it.
    pub id: Value,
    /// Seconds from the start of the file.
    #[serde(rename = "start")]
    pub start_s: f64,
    #[serde(rename = "end")]
    pub end_s: f64,
    pub text: String,
    pub speaker: String,
}
