//! `POST /voice/stt`: a recording → its text.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::form::{Form, file_schema, on};
use super::languages::language;
use super::message::Body;
use super::sound_fields::{
    ChannelMode, HeardTrackAnswer, RawEncoding, audio_track, channel_mode, raw_encoding,
    raw_sample_rate,
};
use super::speaker_hints::SpeakerHints;
use super::split_channels::{ChannelTranscripts, LabelledSegment, split_sides};
use super::{Call, Context, Reply};
use crate::audio::decode::{BareCoding, TrackChoice};
use crate::audio::{self, SoundRequest};
use crate::dub::request::language_codes;
use crate::engine::contract::{Transcript, Word, millis};
use crate::engine::diarization::{Spoken, attribute};
use crate::engine::speaker;
use crate::fault::Fault;
use crate::limits;
use crate::services::named_speakers::labels;
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
    /// Whether channels are mixed, or each of two is a speaker of its own, as in recorded telephone calls.
    #[schemars(with = "Option<ChannelMode>")]
    channels: ChannelMode,
    /// The number of the sound track to hear, from 1 on; by default one in the language, a default one or the first, and none
    /// that is silent.
    #[schemars(range(min = 1, max = { limits::MOVIE_TRACKS_MAX }))]
    audio_track: Option<usize>,
    /// The coding of a recording of one channel without a head.
    #[schemars(with = "Option<RawEncoding>")]
    raw_encoding: Option<BareCoding>,
    /// Samples a second of such a recording; 8000 by default.
    #[schemars(with = "Option<u32>", range(min = { limits::AUDIO_RATE_HZ_MIN }, max = { limits::AUDIO_RATE_HZ_MAX }))]
    raw_sample_rate: u32,
    /// Whether the speakers are told apart: then each segment has one.
    #[schemars(default)]
    diarize: bool,
    #[schemars(flatten)]
    speakers: SpeakerHints,
}

impl TranscribeForm {
    /// Faults: `Invalid` for a field that is not accepted.
    pub(super) fn read(mut form: Form) -> Result<Self, Fault> {
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

/// The transcript. Times are seconds from the start of the file.
#[derive(Serialize, JsonSchema)]
pub struct TranscribeAnswer {
    audio_track: HeardTrackAnswer,
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
        (true, Some(speakers)) => Some(speakers),
        (true, None) => {
            return Err(Fault::missing(
                "No engine that tells speakers apart is installed on this server.",
            ));
        }
    };
    let recognizer = transcription.recognizer(language.as_deref());
    let is_split = asked.channels == ChannelMode::Split;
    let mut track = TrackChoice {
        number: asked.audio_track,
        languages: language_codes(language.as_deref()),
    };
    let mut file = asked.file;
    let is_read_again = is_split || asked.diarize;
    let mut open = |track: &TrackChoice, side: Option<usize>, rate_hz: u32| {
        let body = match is_read_again {
            true => file.try_clone().map_err(Fault::internal)?,
            false => std::mem::replace(&mut file, Body::Memory(Vec::new())),
        };
        let reader = body.into_reader().map_err(Fault::internal)?;
        let request = SoundRequest {
            track: track.clone(),
            bare: asked
                .raw_encoding
                .map(|coding| (coding, asked.raw_sample_rate)),
            side,
        };
        let most_s = limits::AUDIO_SECONDS_MAX;
        audio::open_sound(reader, &request, rate_hz, most_s)
    };
    let sound = open(&track, is_split.then_some(0), recognizer.rate_hz)?;
    let heard_track = sound.track.clone();
    // The next readings hear the same.
    track.number = Some(heard_track.number);
    let sides = split_sides(is_split, sound.channels)?;

    call.begin(Feature::Stt, &recognizer.name)?;
    let mut heard = ChannelTranscripts::default();
    let mut sound = Some(sound);
    for side in 0..sides {
        let sound = match sound.take() {
            Some(sound) => sound,
            None => open(&track, Some(side), recognizer.rate_hz)?,
        };
        let request = TranscriptionRequest {
            recording: Recording::Stream(sound.samples),
            // Both sides of a call speak the language that was detected in the first words.
            language: language.clone().or(heard.language()),
            into_english: false,
            words: words || asked.diarize,
            beams: transcription.beams,
        };
        heard.add(recognizer.transcribe(request, &call.share()?, &call.cancellation)?);
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
            let sound = open(&track, None, speaker::RATE_HZ)?.samples;
            let count = asked.speakers.range();
            let heard = service.diarize(sound, count, &call.share()?, &call.cancellation)?;
            let named = context
                .named_speakers
                .of(call.identity()?.account.id, &heard)?;
            labelled(attribute(&transcript, &heard.turns), &named)
        }
    };
    Reply::json(&TranscribeAnswer {
        audio_track: heard_track.into(),
        duration_seconds: millis(transcript.seconds),
        engine: recognizer.name.engine.clone(),
        id,
        speakers: (is_split || asked.diarize).then(|| speakers(&segments)),
        segments: answers(segments, words),
        language: transcript.language,
        model: recognizer.name.model.clone(),
        transcript: text,
    })
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
        speaker,
        start: millis(said.start_s),
        text: said.text,
        words: with_words.then(|| said.words.iter().map(word).collect()),
    };
    segments.into_iter().enumerate().map(answer).collect()
}
