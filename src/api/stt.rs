//! `POST /voice/stt`: a recording → its text.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::call::PLAIN_TEXT;
use super::heard_track::HeardTrackAnswer;
use super::recording_to_hear::{RecordingRequest, RecordingToHear, note};
use super::split_channels::LabelledSegment;
use super::{Call, Context, Reply};
use crate::engine::contract::{Transcript, Word, millis};
use crate::engine::diarization::{ANY_SPEAKERS, Spoken, attribute};
use crate::fault::Fault;
use crate::request::sound_fields::ChannelMode;
use crate::request::transcription::{ResponseFormat, SpeechTask, TranscribeForm};
use crate::services::named_speakers::labels;
use crate::services::rendering::subtitles;
use crate::services::transcription::TranscriptionHints;
use crate::store::ItemId;

/// The transcript. Times are seconds from the start of the file.
#[derive(Serialize, JsonSchema)]
pub struct TranscribeAnswer {
    audio_track: HeardTrackAnswer,
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
    language: String,
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

/// Transcribes a recording. Faults: `Invalid` for a wrong form, and those of [`RecordingToHear`].
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let form = call.form(&context.spool_dir)?;
    let asked = TranscribeForm::read(form)?;
    let hints = TranscriptionHints::new(asked.prompt.as_deref(), asked.keywords.as_deref())?;
    let (layout, words, format) = (asked.layout(), asked.word_timestamps, asked.response_format);
    // Subtitles are timed by words.
    let is_timed = words || asked.diarize || matches!(format, ResponseFormat::Subtitles(_));
    let is_split = asked.channels == ChannelMode::Split;
    let request = RecordingRequest {
        file: asked.file,
        language: asked.language,
        into_english: asked.task == SpeechTask::Translate,
        hints,
        temperature: asked.temperature,
        words: is_timed,
        scores: false,
        audio_track: asked.audio_track,
        bare: (asked.raw_encoding).map(|coding| (coding, asked.raw_sample_rate)),
        is_split,
        speakers: (asked.diarize).then(|| asked.speakers.range(ANY_SPEAKERS)),
    };
    let mut recording = RecordingToHear::open(context, call, request)?;
    let (transcript, sided) = recording.transcribe(call)?;
    let text = transcript.text();
    let id = note(call, &transcript, &text)?;
    let segments = match recording.diarize(call)? {
        None if is_split => sided,
        None => unlabelled(&transcript),
        Some(heard) => {
            let account = call.identity()?.account.id;
            let named = context.named_speakers.of(account, &heard)?;
            labelled(attribute(&transcript, &heard.turns), &named)
        }
    };
    match format {
        ResponseFormat::Json => Reply::json(&TranscribeAnswer {
            audio_track: recording.track.into(),
            duration_seconds: millis(transcript.seconds),
            engine: recording.recognizer.name.engine.clone(),
            id,
            speakers: (is_split || asked.diarize).then(|| speakers(&segments)),
            segments: answers(segments, words),
            languages: transcript
                .languages()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            language: transcript.language,
            model: recording.recognizer.name.model.clone(),
            transcript: text,
        }),
        ResponseFormat::Text => Ok(Reply::text(PLAIN_TEXT, text + "\n")),
        ResponseFormat::Subtitles(format) => {
            let file = subtitles(&transcript, format, layout);
            Ok(Reply::text(format.content_type(), file))
        }
    }
}

/// The transcript's segments, without speakers.
fn unlabelled(transcript: &Transcript) -> Vec<LabelledSegment> {
    let segments = transcript.segments.iter().cloned();
    segments.map(|segment| (segment, None)).collect()
}

/// The phrases with the names of their speakers; those whom the account has not `named` are numbered as they come.
fn labelled(phrases: Vec<Spoken>, named: &[Option<String>]) -> Vec<LabelledSegment> {
    let mut order: Vec<usize> = Vec::new();
    for phrase in &phrases {
        if !order.contains(&phrase.speaker) {
            order.push(phrase.speaker);
        }
    }
    let names: HashMap<usize, String> = order.iter().copied().zip(labels(&order, named)).collect();
    let phrases = phrases.into_iter();
    phrases
        .map(|phrase| (phrase.segment, names.get(&phrase.speaker).cloned()))
        .collect()
}

/// The names of speakers, in the order of their first segments.
fn speakers(segments: &[LabelledSegment]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in segments.iter().filter_map(|(_, name)| name.as_ref()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn answers(segments: Vec<LabelledSegment>, with_words: bool) -> Vec<TranscribedSegment> {
    let word = |w: &Word| TimedWord {
        end: millis(w.end_s),
        start: millis(w.start_s),
        word: w.text.clone(),
    };
    let answer = |(id, (said, speaker)): (usize, LabelledSegment)| TranscribedSegment {
        end: millis(said.end_s),
        id,
        language: said.language,
        speaker,
        start: millis(said.start_s),
        text: said.text,
        words: with_words.then(|| said.words.iter().map(word).collect()),
    };
    segments.into_iter().enumerate().map(answer).collect()
}
