//! `POST /voice/stt`: a recording → its text.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::heard_track::HeardTrackAnswer;
use super::split_channels::{ChannelTranscripts, LabelledSegment, split_sides};
use super::{Call, Context, Reply};
use crate::audio::decode::TrackChoice;
use crate::audio::{self, SoundRequest};
use crate::dub::request::language_codes;
use crate::engine::contract::{Transcript, Word, millis};
use crate::engine::diarization::{ANY_SPEAKERS, Spoken, attribute};
use crate::engine::speaker;
use crate::fault::Fault;
use crate::limits;
use crate::request::sound_fields::ChannelMode;
use crate::request::spoken_language::spoken_language;
use crate::request::transcription::{ResponseFormat, SpeechTask, TranscribeForm};
use crate::services::named_speakers::labels;
use crate::services::rendering::subtitles;
use crate::services::transcription::{Recording, TranscriptionHints, TranscriptionRequest};
use crate::store::{Feature, ItemId};

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

/// Transcribes a recording. Faults: `Invalid` for a wrong form or an undecodable recording, `Missing` without a pack
/// that transcribes, and those of the service.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let form = call.form(&context.spool_dir)?;
    let asked = TranscribeForm::read(form)?;
    let hints = TranscriptionHints::new(asked.prompt.as_deref(), asked.keywords.as_deref())?;
    let transcription = context.services.transcription.as_ref().ok_or_else(|| {
        Fault::missing("No engine for transcription is installed on this server.")
    })?;
    let diarizing = match (asked.diarize, &context.services.speakers) {
        (false, _) => None,
        (true, Some(speakers)) => Some(speakers),
        (true, None) => {
            return Err(Fault::missing(
                "No engine that tells speakers apart is installed on this server.",
            ));
        }
    };
    let known: Vec<&str> = transcription.languages().collect();
    let language = spoken_language(asked.language.as_deref().unwrap_or("auto"), &known)?;
    let (layout, words) = (asked.layout(), asked.word_timestamps);
    let recognizer = match asked.task {
        SpeechTask::Transcribe => transcription.recognizer(language.as_deref()),
        // Specialists do not declare that they know English.
        SpeechTask::Translate => transcription.general(),
    };
    // Subtitles are timed by words.
    let is_timed =
        words || asked.diarize || matches!(asked.response_format, ResponseFormat::Subtitles(_));
    let is_split = asked.channels == ChannelMode::Split;
    let request = SoundRequest {
        track: TrackChoice {
            number: asked.audio_track,
            languages: language_codes(language.as_deref()),
        },
        bare: asked
            .raw_encoding
            .map(|coding| (coding, asked.raw_sample_rate)),
        side: None,
    };
    let file = asked.file.into_source();
    let most_s = limits::AUDIO_SECONDS_MAX;
    let open = |request: &SoundRequest, rate_hz| {
        audio::open_sound(file.reader(), request, rate_hz, most_s)
    };
    let finder = &transcription.finder;
    let track = finder.track(&request, &open, &call.share()?, &call.cancellation)?;
    let request = request.of_track(track.number);
    let open_side = |side| {
        let request = SoundRequest {
            side,
            ..request.clone()
        };
        open(&request, recognizer.rate_hz)
    };
    let first = open_side(is_split.then_some(0))?;
    let sides = split_sides(is_split, first.channels)?;

    call.begin(Feature::Stt, &recognizer.name)?;
    let mut heard = ChannelTranscripts::default();
    let mut first = Some(first);
    for side in 0..sides {
        let sound = first.take().map_or_else(|| open_side(Some(side)), Ok)?;
        let task = TranscriptionRequest {
            recording: Recording::Stream(sound.samples),
            // Both sides of a call speak the language that was detected in the first words.
            language: language.clone().or(heard.language()),
            into_english: asked.task == SpeechTask::Translate,
            words: is_timed,
            beams: transcription.beams,
            hints: hints.clone(),
        };
        heard.add(recognizer.transcribe(task, &call.share()?, &call.cancellation)?);
    }
    let (transcript, sided) = heard.merged();
    let text = transcript.text();
    let item = call.item()?;
    item.duration_seconds = Some(millis(transcript.seconds));
    item.character_count = Some(text.chars().count() as u64);
    item.language = Some(transcript.language.clone());
    item.text = Some(text.clone());
    let id = item.id;

    let segments = match diarizing {
        None if is_split => sided,
        None => unlabelled(&transcript),
        Some(service) => {
            let sound = open(&request, speaker::RATE_HZ)?.samples;
            let count = asked.speakers.range(ANY_SPEAKERS);
            let heard = service.diarize(sound, count, &call.share()?, &call.cancellation)?;
            let named = context
                .named_speakers
                .of(call.identity()?.account.id, &heard)?;
            labelled(attribute(&transcript, &heard.turns), &named)
        }
    };
    let written = |content_type, text: String| Reply {
        content_type,
        headers: Vec::new(),
        body: text.into_bytes(),
        rest: None,
        file: None,
    };
    match asked.response_format {
        ResponseFormat::Json => Reply::json(&TranscribeAnswer {
            audio_track: track.into(),
            duration_seconds: millis(transcript.seconds),
            engine: recognizer.name.engine.clone(),
            id,
            speakers: (is_split || asked.diarize).then(|| speakers(&segments)),
            segments: answers(segments, words),
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
            let file = subtitles(&transcript, format, layout);
            Ok(written(format.content_type(), file))
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
