//! The sound track that was heard, as answers tell it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::audio::HeardTrack;

/// The sound track that was heard.
#[derive(Serialize, JsonSchema)]
pub struct HeardTrackAnswer {
    /// How many sound tracks the file has.
    count: usize,
    /// Its language as the file tells it.
    language: Option<String>,
    /// Its number among them, from 1 on.
    number: usize,
}

impl From<HeardTrack> for HeardTrackAnswer {
    fn from(track: HeardTrack) -> Self {
        HeardTrackAnswer {
            count: track.count,
            language: track.language,
            number: track.number,
        }
    }
}
