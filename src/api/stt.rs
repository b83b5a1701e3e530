//! `POST /voice/stt`: a recording → its text.

use schemars::JsonSchema;
use serde::Serialize;

use super::form::{Form, file_schema, on};
use super::languages::language;
use super::message::Body;
use super::{Call, Context, Reply};
use crate::audio;
use crate::engine::contract::{Segment, Transcript, Word, millis};
use crate::fault::Fault;
use crate::limits;
use crate::services::transcription::{Recording, TranscriptionRequest};
use crate::store::{Feature, ItemId};

/// A recording to transcribe.
#[derive(JsonSchema)]
pub struct TranscribeForm {
    #[schemars(schema_with = "file_schema")]
    file: Body,
    /// The language that is spoken; detected if it is absent or unknown.
    language: Option<String>,
    /// Whether the answer has the times of words.
    #[schemars(default = "on")]
    word_timestamps: bool,
}

impl TranscribeForm {
    /// Faults: `Invalid` for a field that is not accepted.
    pub(super) fn read(mut form: Form) -> Result<Self, Fault> {
        Ok(TranscribeForm {
            language: language(form.text("language").unwrap_or("auto")),
            word_timestamps: form.boolean("word_timestamps", on())?,
            file: form.take_file()?,
        })
    }
}

/// The transcript. Times are seconds from the start of the file.
#[derive(Serialize, JsonSchema)]
pub struct TranscribeAnswer {
    duration_seconds: f64,
    engine: String,
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: ItemId,
    language: String,
    model: String,
    segments: Vec<TranscribedSegment>,
    transcript: String,
}

/// Part of a transcript.
#[derive(Serialize, JsonSchema)]
struct TranscribedSegment {
    end: f64,
    id: usize,
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
    let (language, words) = (asked.language, asked.word_timestamps);
    let transcription = context.services.transcription.as_ref().ok_or_else(|| {
        Fault::missing("No engine for transcription is installed on this server.")
    })?;
    let reader = asked.file.into_reader().map_err(Fault::internal)?;
    let recognizer = transcription.recognizer(language.as_deref());
    let sound = audio::open_speech(reader, recognizer.rate_hz, limits::AUDIO_SECONDS_MAX)?;

    call.begin(Feature::Stt, &recognizer.name)?;
    let request = TranscriptionRequest {
        recording: Recording::Stream(sound),
        language,
        into_english: false,
        words,
        beams: transcription.beams,
    };
    let transcript = recognizer.transcribe(request, &call.share()?, &call.cancellation)?;
    let text = transcript.text();
    let item = call.item()?;
    item.duration_seconds = Some(millis(transcript.seconds));
    item.character_count = Some(text.chars().count() as u64);
    item.language = Some(transcript.language.clone());
    item.text = Some(text.clone());

    Reply::json(&TranscribeAnswer {
        duration_seconds: millis(transcript.seconds),
        engine: recognizer.name.engine.clone(),
        id: item.id,
        segments: segments(&transcript, words),
        language: transcript.language,
        model: recognizer.name.model.clone(),
        transcript: text,
    })
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
