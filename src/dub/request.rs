//! The requests of jobs.

use std::collections::BTreeMap;

use isolang::Language;
use serde::{Deserialize, Serialize};

use crate::audio::SoundRequest;
use crate::audio::decode::TrackChoice;
use crate::audio::encode::Codec;
pub use crate::text::script_line::{LineName, ScriptLine};

/// The request of an analysis, in the record of its job.
#[derive(Debug, Serialize, Deserialize)]
pub struct AnalyzeRecord {
    /// Code of the spoken language, none to detect it.
    pub language: Option<String>,
    /// Whether speakers are told apart.
    pub diarize: bool,
    /// The sound track, from 1 on; none to choose one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_track: Option<usize>,
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
    /// Ordered by their starts; those of one speaker do not overlap.
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
    /// The sound track that is replaced, from 1 on; none for the one that is heard.
    #[serde(default)]
    pub audio_track: Option<usize>,
}

impl RenderRequest {
    /// Which sound of the original is replaced.
    pub fn sound(&self) -> SoundRequest {
        of_track(self.audio_track)
    }
}

impl AnalyzeRecord {
    /// Which sound of the recording is analyzed.
    pub fn sound(&self) -> SoundRequest {
        let mut request = of_track(self.audio_track);
        request.track.languages = language_codes(self.language.as_deref());
        request
    }
}

fn of_track(number: Option<usize>) -> SoundRequest {
    SoundRequest {
        track: TrackChoice {
            number,
            languages: Vec::new(),
        },
        ..SoundRequest::default()
    }
}

/// The codes by which a film may name a spoken language: as it was given, and its three letters of ISO 639.
pub fn language_codes(language: Option<&str>) -> Vec<String> {
    let Some(code) = language else {
        return Vec::new();
    };
    let base = code.split(['-', '_']).next().unwrap_or_default();
    let long = Language::from_639_1(base).map(|known| known.to_639_3().to_owned());
    std::iter::once(code.to_owned()).chain(long).collect()
}
