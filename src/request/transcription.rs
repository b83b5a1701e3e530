//! `POST /voice/stt`: a recording to transcribe.

use schemars::JsonSchema;

use crate::form::{Form, file_schema, on};
use crate::languages::language;
use crate::sound_fields::{
    ChannelMode, RawEncoding, audio_track, channel_mode, raw_encoding, raw_sample_rate,
};
use crate::speaker_hints::SpeakerHints;
use vocabox_audio::decode::BareCoding;
use vocabox_base::fault::Fault;
use vocabox_base::limits;
use vocabox_edge::message::Body;

/// A recording to transcribe.
#[derive(JsonSchema)]
pub struct TranscribeForm {
    #[schemars(schema_with = "file_schema")]
    pub file: Body,
    /// The language that is spoken; detected if it is absent or unknown.
    pub language: Option<String>,
    /// Whether the answer has the times of words.
    #[schemars(default = "on")]
    pub word_timestamps: bool,
    /// Whether channels are mixed, or each of two is a speaker of its own, as in recorded telephone calls.
    #[schemars(with = "Option<ChannelMode>")]
    pub channels: ChannelMode,
    /// The number of the sound track to hear, from 1 on; by default one in the language, a default one or the first, and none
    /// that is silent.
    #[schemars(range(min = 1, max = { limits::MOVIE_TRACKS_MAX }))]
    pub audio_track: Option<usize>,
    /// The coding of a recording of one channel without a head.
    #[schemars(with = "Option<RawEncoding>")]
    pub raw_encoding: Option<BareCoding>,
    /// Samples a second of such a recording; 8000 by default.
    #[schemars(with = "Option<u32>", range(min = { limits::AUDIO_RATE_HZ_MIN }, max = { limits::AUDIO_RATE_HZ_MAX }))]
    pub raw_sample_rate: u32,
    /// Whether the speakers are told apart: then each segment has one.
    #[schemars(default)]
    pub diarize: bool,
    #[schemars(flatten)]
    pub speakers: SpeakerHints,
}

impl TranscribeForm {
    /// Faults: `Invalid` for a field that is not accepted.
    pub fn read(mut form: Form) -> Result<Self, Fault> {
        let asked = TranscribeForm {
            language: language(form.text("language").unwrap_or("auto")),
            channels: channel_mode(&form)?,
            audio_track: audio_track(&form)?,
            raw_encoding: raw_encoding(&form)?,
            raw_sample_rate: raw_sample_rate(&form)?,
            word_timestamps: form.boolean("word_timestamps", on())?,
            diarize: form.boolean("diarize", false)?,
            speakers: SpeakerHints::read(&form)?,
            file: form.take_file()?,
        };
        match (asked.channels, asked.diarize) {
            (ChannelMode::Split, true) => Err(Fault::invalid(
                "channels is split, which makes each channel a speaker; diarize is not accepted beside it",
            )),
            _ => Ok(asked),
        }
    }
}
