//! `POST /voice/stt`: a recording to transcribe.

use schemars::JsonSchema;

use crate::form::{Form, file_schema, on};
use crate::sound_fields::{
    ChannelMode, RawEncoding, audio_track, channel_mode, raw_encoding, raw_sample_rate,
};
use crate::speaker_hints::SpeakerHints;
use vocabox_audio::decode::BareCoding;
use vocabox_base::fault::Fault;
use vocabox_base::limits;
use vocabox_edge::message::Body;
use vocabox_text::subtitles::{SubtitleFormat, SubtitleLayout};

/// A recording to transcribe.
#[derive(JsonSchema)]
pub struct TranscribeForm {
    #[schemars(schema_with = "file_schema")]
    pub file: Body,
    /// Names and rare words that may be said, separated by commas or lines.
    pub keywords: Option<String>,
    /// The language that is spoken: a code, a BCP 47 tag or an English name; detected if it is absent or `auto`.
    pub language: Option<String>,
    /// Most characters of a line of subtitles.
    #[schemars(range(min = limits::LINE_CHARS_MIN, max = limits::LINE_CHARS_MAX), extend("default" = 42))]
    pub max_line_chars: Option<usize>,
    /// Most lines of subtitles that are shown at once.
    #[schemars(range(min = 1, max = limits::SUBTITLE_LINES_MAX), extend("default" = 2))]
    pub max_lines: Option<usize>,
    /// Text that could come before the recording: the transcript is spelled like it.
    #[schemars(length(max = limits::PROMPT_CHARS_MAX))]
    pub prompt: Option<String>,
    /// What the answer is.
    #[schemars(with = "Option<String>", extend("enum" = ["json", "text", "srt", "vtt"], "default" = "json"))]
    pub response_format: ResponseFormat,
    /// 0 writes the likeliest text; above, tokens are sampled, the more freely the higher.
    #[schemars(with = "Option<f32>", range(min = 0, max = 1), extend("default" = 0))]
    pub temperature: f32,
    /// Whether to write what is said, or its translation into English.
    #[schemars(with = "Option<String>", extend("enum" = ["transcribe", "translate"], "default" = "transcribe"))]
    pub task: SpeechTask,
    /// Whether the answer has the times of words.
    #[schemars(default = "on")]
    pub word_timestamps: bool,
    /// Whether channels are mixed, or each of two is a speaker of its own, as in recorded telephone calls.
    #[schemars(with = "Option<ChannelMode>")]
    pub channels: ChannelMode,
    /// The number of the sound track to hear, from 1 on; by default one in the language, a default one or the first with
    /// speech.
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

/// What the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseFormat {
    Json,
    Text,
    Subtitles(SubtitleFormat),
}

const RESPONSE_FORMATS: [(&str, ResponseFormat); 4] = [
    ("json", ResponseFormat::Json),
    ("text", ResponseFormat::Text),
    ("srt", ResponseFormat::Subtitles(SubtitleFormat::Srt)),
    ("vtt", ResponseFormat::Subtitles(SubtitleFormat::Vtt)),
];

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpeechTask {
    Transcribe,
    Translate,
}

const TASKS: [(&str, SpeechTask); 2] = [
    ("transcribe", SpeechTask::Transcribe),
    ("translate", SpeechTask::Translate),
];

/// The field `temperature`. Faults: `Invalid` for anything but a number from 0 to 1.
pub fn temperature(form: &Form) -> Result<f32, Fault> {
    Ok(form.real("temperature", 0.0..=1.0)?.unwrap_or(0.0))
}

impl TranscribeForm {
    /// Faults: `Invalid` for a field that is not accepted.
    pub fn read(mut form: Form) -> Result<Self, Fault> {
        let lines = form.whole("max_lines", 1..=limits::SUBTITLE_LINES_MAX)?;
        let chars = limits::LINE_CHARS_MIN..=limits::LINE_CHARS_MAX;
        let text = |name: &str| form.text(name).map(str::to_owned);
        let asked = TranscribeForm {
            language: text("language"),
            prompt: text("prompt"),
            keywords: text("keywords"),
            max_line_chars: form.whole("max_line_chars", chars)?,
            max_lines: lines,
            response_format: form.choice("response_format", &RESPONSE_FORMATS)?,
            task: form.choice("task", &TASKS)?,
            temperature: temperature(&form)?,
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

    /// The layout of subtitles.
    pub fn layout(&self) -> SubtitleLayout {
        let usual = SubtitleLayout::default();
        SubtitleLayout {
            line_chars_max: self.max_line_chars.unwrap_or(usual.line_chars_max),
            lines_max: self.max_lines.unwrap_or(usual.lines_max),
        }
    }
}
