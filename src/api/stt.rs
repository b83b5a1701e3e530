//! `POST /voice/stt`: a recording → its text.

use schemars::JsonSchema;
use serde::Serialize;

use super::form::{Form, file_schema, on};
use super::languages::language;
use super::message::Body;
use super::speaker_hints::SpeakerHints;
use super::{Call, Context, Reply};
use crate::audio;
use crate::engine::contract::{Segment, Transcript, Word, millis};
use crate::engine::diarization::{self, Spoken, attribute};
use crate::engine::speaker;
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
    /// Whether the speakers are told apart: then each segment has one.
    #[schemars(default)]
    diarize: bool,
    #[schemars(flatten)]
    speakers: SpeakerHints,
}

impl TranscribeForm {
    /// Faults: `Invalid` for a field that is not accepted.
    pub(super) fn read(mut form: Form) -> Result<Self, Fault> {
        Ok(TranscribeForm {
            language: language(form.text("language").unwrap_or("auto")),
            word_timestamps: form.boolean("word_timestamps", on())?,
            diarize: form.boolean("diarize", false)?,
            speakers: SpeakerHints::read(&form)?,
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
    /// The speakers in the order of their first segments. Absent unless the request asked for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    speakers: Option<Vec<String>>,
    transcript: String,
}

/// Part of a transcript.
#[derive(Serialize, JsonSchema)]
struct TranscribedSegment {
    end: f64,
    id: usize,
    /// Absent unless the request asked for speakers.
    #[serde(skip_serializing_if = "Option::is_none")]
    speaker: Option<String>,
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
    let diarizing = match (asked.diarize, &context.services.speakers) {
        (false, _) => None,
        (true, Some(speakers)) => Some((speakers, asked.file.try_clone())),
        (true, None) => {
            return Err(Fault::missing(
                "No engine that tells speakers apart is installed on this server.",
            ));
        }
    };
    let reader = asked.file.into_reader().map_err(Fault::internal)?;
    let recognizer = transcription.recognizer(language.as_deref());
    let sound = audio::open_speech(reader, recognizer.rate_hz, limits::AUDIO_SECONDS_MAX)?;

    call.begin(Feature::Stt, &recognizer.name)?;
    let request = TranscriptionRequest {
        recording: Recording::Stream(sound),
        language,
        into_english: false,
        words: words || asked.diarize,
        beams: transcription.beams,
    };
    let transcript = recognizer.transcribe(request, &call.share()?, &call.cancellation)?;
    let text = transcript.text();
    let item = call.item()?;
    item.duration_seconds = Some(millis(transcript.seconds));
    item.character_count = Some(text.chars().count() as u64);
    item.language = Some(transcript.language.clone());
    item.text = Some(text.clone());
    let id = item.id;

    let (segments, speakers) = match diarizing {
        None => (segments(&transcript, words), None),
        Some((service, file)) => {
            let reader = file.and_then(Body::into_reader).map_err(Fault::internal)?;
            let sound = audio::open_speech(reader, speaker::RATE_HZ, limits::AUDIO_SECONDS_MAX)?;
            let count = asked.speakers.range();
            let heard = service.diarize(sound, count, &call.share()?, &call.cancellation)?;
            let (segments, speakers) = spoken(&attribute(&transcript, &heard.turns), words);
            (segments, Some(speakers))
        }
    };
    Reply::json(&TranscribeAnswer {
        duration_seconds: millis(transcript.seconds),
        engine: recognizer.name.engine.clone(),
        id,
        segments,
        speakers,
        language: transcript.language,
        model: recognizer.name.model.clone(),
        transcript: text,
    })
}

fn segments(transcript: &Transcript, with_words: bool) -> Vec<TranscribedSegment> {
    let numbered = transcript.segments.iter().enumerate();
    numbered
        .map(|(id, said)| segment(id, said, None, with_words))
        .collect()
}

/// The phrases with the names of their speakers, numbered as they come, and all names.
fn spoken(phrases: &[Spoken], with_words: bool) -> (Vec<TranscribedSegment>, Vec<String>) {
    let mut order: Vec<usize> = Vec::new();
    let mut segments = Vec::with_capacity(phrases.len());
    for (id, phrase) in phrases.iter().enumerate() {
        let known = order.iter().position(|s| *s == phrase.speaker);
        let number = known.unwrap_or_else(|| {
            order.push(phrase.speaker);
            order.len() - 1
        });
        let speaker = diarization::name(number);
        segments.push(segment(id, &phrase.segment, Some(speaker), with_words));
    }
    (segments, (0..order.len()).map(diarization::name).collect())
}

fn segment(
    id: usize,
    said: &Segment,
    speaker: Option<String>,
    with_words: bool,
) -> TranscribedSegment {
    let word = |w: &Word| TimedWord {
        end: millis(w.end_s),
        start: millis(w.start_s),
        word: w.text.clone(),
    };
    TranscribedSegment {
        end: millis(said.end_s),
        id,
        speaker,
        start: millis(said.start_s),
        text: said.text.clone(),
        words: with_words.then(|| said.words.iter().map(word).collect()),
    }
}
