//! `POST /voice/stt`: a recording → its text.

use schemars::JsonSchema;
use serde::Serialize;

use super::form::{Form, file_schema, on};
use super::languages::language;
use super::message::Body;
use super::sound_fields::{
    ChannelMode, HeardTrackAnswer, RawEncoding, audio_track, channel_mode, raw_encoding,
    raw_sample_rate,
};
use super::{Call, Context, Reply};
use crate::audio::decode::{BareCoding, TrackChoice};
use crate::audio::{self, SoundRequest};
use crate::dub::request::language_codes;
use crate::engine::contract::{Segment, Transcript, Word, millis};
use crate::engine::diarization;
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
}

impl TranscribeForm {
    /// Faults: `Invalid` for a field that is not accepted.
    pub(super) fn read(mut form: Form) -> Result<Self, Fault> {
        Ok(TranscribeForm {
            language: language(form.text("language").unwrap_or("auto")),
            channels: channel_mode(&form)?,
            audio_track: audio_track(&form)?,
            raw_encoding: raw_encoding(&form)?,
            raw_sample_rate: raw_sample_rate(&form)?,
            word_timestamps: form.boolean("word_timestamps", on())?,
            file: form.take_file()?,
        })
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
    transcript: String,
}

/// Part of a transcript.
#[derive(Serialize, JsonSchema)]
struct TranscribedSegment {
    end: f64,
    id: usize,
    /// The channel's speaker; absent unless the request asked to split channels.
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
    let recognizer = transcription.recognizer(language.as_deref());
    let is_split = asked.channels == ChannelMode::Split;
    let track = TrackChoice {
        number: asked.audio_track,
        languages: language_codes(language.as_deref()),
    };
    let open = |side: Option<usize>| {
        let body = asked.file.try_clone().map_err(Fault::internal)?;
        let reader = body.into_reader().map_err(Fault::internal)?;
        let request = SoundRequest {
            track: track.clone(),
            bare: asked
                .raw_encoding
                .map(|coding| (coding, asked.raw_sample_rate)),
            side,
        };
        let most_s = limits::AUDIO_SECONDS_MAX;
        audio::open_sound(reader, &request, recognizer.rate_hz, most_s)
    };
    let sound = open(is_split.then_some(0))?;
    let heard_track = sound.track.clone();
    let sides = split_sides(is_split, sound.channels)?;

    call.begin(Feature::Stt, &recognizer.name)?;
    let mut heard = ChannelTranscripts::default();
    let mut sound = Some(sound);
    for side in 0..sides {
        let sound = match sound.take() {
            Some(sound) => sound,
            None => open(Some(side))?,
        };
        let request = TranscriptionRequest {
            recording: Recording::Stream(sound.samples),
            // Both sides of a call speak the language that was detected in the first words.
            language: language.clone().or(heard.language()),
            into_english: false,
            words,
            beams: transcription.beams,
        };
        heard.add(recognizer.transcribe(request, &call.share()?, &call.cancellation)?);
    }
    let (transcript, speakers) = heard.merged(is_split);
    let text = transcript.text();
    let item = call.item()?;
    item.duration_seconds = Some(millis(transcript.seconds));
    item.character_count = Some(text.chars().count() as u64);
    item.language = Some(transcript.language.clone());
    item.text = Some(text.clone());

    Reply::json(&TranscribeAnswer {
        audio_track: heard_track.into(),
        duration_seconds: millis(transcript.seconds),
        engine: recognizer.name.engine.clone(),
        id: item.id,
        segments: segments(&transcript, &speakers, words),
        language: transcript.language,
        model: recognizer.name.model.clone(),
        transcript: text,
    })
}

/// How many times a recording of so many channels is transcribed. Fault: `Invalid` for one that has no two sides.
fn split_sides(is_split: bool, channels: usize) -> Result<usize, Fault> {
    match (is_split, channels) {
        (false, _) => Ok(1),
        (true, 1 | 2) => Ok(channels),
        (true, _) => Err(Fault::invalid(format!(
            "channels is split; the recording has {channels} channels, and 1 or 2 are accepted"
        ))),
    }
}

/// The transcripts of a recording's channels.
#[derive(Default)]
struct ChannelTranscripts(Vec<Transcript>);

impl ChannelTranscripts {
    fn add(&mut self, transcript: Transcript) {
        self.0.push(transcript);
    }

    /// The language of the first one that has words.
    fn language(&self) -> Option<String> {
        let spoken = self
            .0
            .iter()
            .find(|transcript| !transcript.segments.is_empty());
        spoken.map(|transcript| transcript.language.clone())
    }

    /// All in one, in the order of their times, and the speaker of each segment if channels are speakers.
    fn merged(self, is_split: bool) -> (Transcript, Vec<Option<String>>) {
        let mut merged = Transcript {
            language: self.language().unwrap_or_default(),
            seconds: 0.0,
            segments: Vec::new(),
        };
        let mut all = Vec::new();
        for (channel, transcript) in self.0.into_iter().enumerate() {
            if merged.language.is_empty() {
                merged.language = transcript.language;
            }
            merged.seconds = transcript.seconds.max(merged.seconds);
            let speaker = is_split.then(|| diarization::name(channel));
            all.extend(
                transcript
                    .segments
                    .into_iter()
                    .map(|segment| (segment, speaker.clone())),
            );
        }
        all.sort_by(|a, b| a.0.start_s.total_cmp(&b.0.start_s));
        let (segments, speakers) = all.into_iter().unzip();
        merged.segments = segments;
        (merged, speakers)
    }
}

fn segments(
    transcript: &Transcript,
    speakers: &[Option<String>],
    with_words: bool,
) -> Vec<TranscribedSegment> {
    let word = |w: &Word| TimedWord {
        end: millis(w.end_s),
        start: millis(w.start_s),
        word: w.text.clone(),
    };
    let segment = |(id, s): (usize, &Segment)| TranscribedSegment {
        end: millis(s.end_s),
        id,
        speaker: speakers.get(id).cloned().flatten(),
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
