//! A line of a dubbed recording: what is said when, and by whom.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Number;

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
