//! `POST /voice/dub/analyze`: a recording or a video to analyze.

use schemars::JsonSchema;

use crate::form::{Form, file_schema, on};
use crate::sound_fields::audio_track;
use crate::speaker_hints::SpeakerHints;
use vocabox_base::fault::Fault;
use vocabox_base::limits;
use vocabox_edge::message::Body;

/// A recording or a video to analyze.
#[derive(JsonSchema)]
pub struct AnalyzeForm {
    #[schemars(schema_with = "file_schema")]
    pub file: Body,
    /// The language that is spoken: a code, a BCP 47 tag or an English name; detected if it is absent or `auto`.
    pub language: Option<String>,
    /// Whether the speakers are distinguished.
    #[schemars(default = "on")]
    pub diarize: bool,
    /// The number of the sound track to analyze, from 1 on; by default one in the language, a default one or the first with
    /// speech.
    #[schemars(range(min = 1, max = { limits::MOVIE_TRACKS_MAX }))]
    pub audio_track: Option<usize>,
    #[schemars(flatten)]
    pub speakers: SpeakerHints,
}

impl AnalyzeForm {
    /// Faults: `Invalid` for a field that is not accepted.
    pub fn read(mut form: Form) -> Result<Self, Fault> {
        Ok(AnalyzeForm {
            language: form.text("language").map(str::to_owned),
            diarize: form.boolean("diarize", on())?,
            audio_track: audio_track(&form)?,
            speakers: SpeakerHints::read(&form)?,
            file: form.take_file()?,
        })
    }
}
