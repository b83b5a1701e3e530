//! The requests of jobs.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::audio::encode::Codec;

/// The request of an analysis, in the record of its job.
#[derive(Debug, Serialize, Deserialize)]
pub struct AnalyzeRecord {
    /// Code of the spoken language, none to detect it.
    pub language: Option<String>,
    /// Whether speakers are told apart.
    pub diarize: bool,
    /// Least and greatest number of speakers; records of earlier versions have none.
    #[serde(default)]
    pub speakers: Option<(usize, usize)>,
}

/// The part of a [`RenderRequest`] that the record of its job has; the whole may be long.
#[derive(Debug, Serialize)]
pub struct RenderRecord<'a> {
    pub target_language: &'a str,
    pub keep_background: bool,
}

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
    pub id: LineName,
    /// Seconds from the start of the file.
    #[serde(rename = "start")]
    pub start_s: f64,
    #[serde(rename = "end")]
    pub end_s: f64,
    pub text: String,
    pub speaker: String,
}

/// What a client calls a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LineName {
    Number(Number),
    Text(String),
}

impl From<usize> for LineName {
    fn from(number: usize) -> Self {
        LineName::Number(number.into())
    }
}

impl fmt::Display for LineName {
    /// As JSON: the number 1 and the text "1" are two names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineName::Number(number) => number.fmt(f),
            LineName::Text(text) => f.write_str(&serde_json::json!(text).to_string()),
        }
    }
}
