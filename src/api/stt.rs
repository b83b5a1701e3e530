//! `POST /voice/stt`: a recording → its text.

use schemars::JsonSchema;
use serde::Serialize;

use super::form::{Form, file_schema, on};
use super::message::Body;
use super::{Call, Context, Reply};
use crate::audio;
use crate::engine::contract::{Segment, Transcript, Word, millis};
use crate::fault::Fault;
use crate::limits;
use crate::services::rendering::SubtitleFormat;
use crate::services::spoken_language::spoken_language;
use crate::services::transcription::{Recording, TranscriptionHints, TranscriptionRequest};
use crate::store::{Feature, ItemId};
use crate::text::subtitles::SubtitleLayout;

/// A recording to transcribe.
#[derive(JsonSchema)]
pub struct TranscribeForm {
    #[schemars(schema_with = "file_schema")]
    file: Body,
    /// Names and rare words that may be said, separated by commas or lines.
    keywords: Option<String>,
    /// The language that is spoken: a code, a BCP 47 tag or an English name; detected if it is absent or `auto`.
    language: Option<String>,
    /// Most characters of a line of subtitles.
    #[schemars(range(min = limits::LINE_CHARS_MIN, max = limits::LINE_CHARS_MAX), extend("default" = 42))]
    max_line_chars: Option<usize>,
    /// Most lines of subtitles that are shown at once.
    #[schemars(range(min = 1, max = limits::SUBTITLE_LINES_MAX), extend("default" = 2))]
    max_lines: Option<usize>,
    /// Text that could come before the recording: the transcript is spelled like it.
    #[schemars(length(max = limits::PROMPT_CHARS_MAX))]
    prompt: Option<String>,
    /// What the answer is.
    #[schemars(with = "Option<String>", extend("enum" = ["json", "text", "srt", "vtt"], "default" = "json"))]
    response_format: ResponseFormat,
    /// Whether to write what is said, or its translation into English.
    #[schemars(with = "Option<String>", extend("enum" = ["transcribe", "translate"], "default" = "transcribe"))]
    task: Task,
    /// Whether the answer has the times of words.
    #[schemars(default = "on")]
    word_timestamps: bool,
}

/// What the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ResponseFormat {
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
enum Task {
    Transcribe,
    Translate,
}

const TASKS: [(&str, Task); 2] = [
    ("transcribe", Task::Transcribe),
    ("translate", Task::Translate),
];

impl TranscribeForm {
    /// Faults: `Invalid` for a field that is not accepted.
    pub(super) fn read(mut form: Form) -> Result<Self, Fault> {
        let lines = form.whole("max_lines", 1..=limits::SUBTITLE_LINES_MAX)?;
        let chars = limits::LINE_CHARS_MIN..=limits::LINE_CHARS_MAX;
        let text = |name: &str| form.text(name).map(str::to_owned);
        Ok(TranscribeForm {
            language: text("language"),
            prompt: text("prompt"),
            keywords: text("keywords"),
            max_line_chars: form.whole("max_line_chars", chars)?,
            max_lines: lines,
            response_format: form.choice("response_format", &RESPONSE_FORMATS)?,
            task: form.choice("task", &TASKS)?,
            word_timestamps: form.boolean("word_timestamps", on())?,
            file: form.take_file()?,
        })
    }

    fn layout(&self) -> SubtitleLayout {
        let usual = SubtitleLayout::default();
        SubtitleLayout {
            line_chars_max: self.max_line_chars.unwrap_or(usual.line_chars_max),
            lines_max: self.max_lines.unwrap_or(usual.lines_max),
        }
    }
}

/// The transcript. Times are seconds from the start of the file.
#[derive(Serialize, JsonSchema)]
pub struct TranscribeAnswer {
    duration_seconds: f64,
    engine: String,
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: ItemId,
    /// The language that is spoken most.
    language: String,
    /// All languages that are spoken, in the order of their first segments.
    languages: Vec<String>,
    model: String,
    segments: Vec<TranscribedSegment>,
    transcript: String,
}

/// Part of a transcript.
#[derive(Serialize, JsonSchema)]
struct TranscribedSegment {
    end: f64,
    id: usize,
    language: String,
    start: f64,
    text: String,
    /// Absent if the request did not ask for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<Vec<TimedWord>>,
}

/// A word of a transcript.
#[derive(Serialize, JsonSchema)]
struct TimedWord {
    end: f64,
    start: f64,
    word: String,
}

/// Transcribes a recording. Faults: `Invalid` for a wrong form or an undecodable recording, `Missing` without a pack
/// that transcribes, and those of the service.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let form = Form::of(call, &context.spool_dir)?;
    let asked = TranscribeForm::read(form)?;
    let hints = TranscriptionHints::new(asked.prompt.as_deref(), asked.keywords.as_deref())?;
    let transcription = context.services.transcription.as_ref().ok_or_else(|| {
        Fault::missing("No engine for transcription is installed on this server.")
    })?;
    let known: Vec<&str> = transcription.languages().collect();
    let language = spoken_language(asked.language.as_deref().unwrap_or("auto"), &known)?;
    let (layout, words) = (asked.layout(), asked.word_timestamps);
    let reader = asked.file.into_reader().map_err(Fault::internal)?;
    let recognizer = match asked.task {
        Task::Transcribe => transcription.recognizer(language.as_deref()),
        // Specialists do not declare that they know English.
        Task::Translate => transcription.general(),
    };
    let sound = audio::open_speech(reader, recognizer.rate_hz, limits::AUDIO_SECONDS_MAX)?;

    call.begin(Feature::Stt, &recognizer.name)?;
    let request = TranscriptionRequest {
        recording: Recording::Stream(sound),
        language,
        into_english: asked.task == Task::Translate,
        // Subtitles are timed by words.
        words: words || matches!(asked.response_format, ResponseFormat::Subtitles(_)),
        beams: transcription.beams,
        hints,
    };
    let transcript = recognizer.transcribe(request, &call.share()?, &call.cancellation)?;
    let text = transcript.text();
    let item = call.item()?;
    item.duration_seconds = Some(millis(transcript.seconds));
    item.character_count = Some(text.chars().count() as u64);
    item.language = Some(transcript.language.clone());
    item.text = Some(text.clone());

    let written = |content_type, text: String| Reply {
        content_type,
        headers: Vec::new(),
        body: text.into_bytes(),
        rest: None,
        file: None,
    };
    match asked.response_format {
        ResponseFormat::Json => Reply::json(&TranscribeAnswer {
            duration_seconds: millis(transcript.seconds),
            engine: recognizer.name.engine.clone(),
            id: item.id,
            segments: segments(&transcript, words),
            languages: transcript
                .languages()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            language: transcript.language,
            model: recognizer.name.model.clone(),
            transcript: text,
        }),
        ResponseFormat::Text => Ok(written("text/plain; charset=utf-8", text + "\n")),
        ResponseFormat::Subtitles(format) => {
            let file = format.render(&transcript, layout);
            Ok(written(format.content_type(), file))
        }
    }
}

fn segments(transcript: &Transcript, with_words: bool) -> Vec<TranscribedSegment> {
    let word = |w: &Word| TimedWord {
        end: millis(w.end_s),
        start: millis(w.start_s),
        word: w.text.clone(),
    };
    let segment = |(id, s): (usize, &Segment)| TranscribedSegment {
        end: millis(s.end_s),
        id,
        language: s.language.clone(),
        start: millis(s.start_s),
        text: s.text.clone(),
        words: with_words.then(|| s.words.iter().map(word).collect()),
    };
    transcript
        .segments
        .iter()
        .enumerate()
        .map(segment)
        .collect()
}
