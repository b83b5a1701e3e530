//! `POST /voice/stt`: a recording → its text.

use schemars::JsonSchema;
use serde::Serialize;

use super::form::{Form, file_schema, on};
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
use crate::engine::diarization::{self, Spoken, attribute};
use crate::engine::speaker;
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
        let asked = TranscribeForm {
            language: text("language"),
            prompt: text("prompt"),
            keywords: text("keywords"),
            max_line_chars: form.whole("max_line_chars", chars)?,
            max_lines: lines,
            response_format: form.choice("response_format", &RESPONSE_FORMATS)?,
            task: form.choice("task", &TASKS)?,
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
    let form = Form::of(call, &context.spool_dir)?;
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
        Task::Transcribe => transcription.recognizer(language.as_deref()),
        // Specialists do not declare that they know English.
        Task::Translate => transcription.general(),
    };
    // Subtitles are timed by words.
    let is_timed =
        words || asked.diarize || matches!(asked.response_format, ResponseFormat::Subtitles(_));
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
            into_english: asked.task == Task::Translate,
            words: is_timed,
            beams: transcription.beams,
            hints: hints.clone(),
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
            labelled(attribute(&transcript, &heard.turns))
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
            audio_track: heard_track.into(),
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
            let file = format.render(&transcript, layout);
            Ok(written(format.content_type(), file))
        }
    }
}

/// The transcript's segments, without speakers.
fn unlabelled(transcript: &Transcript) -> Vec<LabelledSegment> {
    let segments = transcript.segments.iter().cloned();
    segments.map(|segment| (segment, None)).collect()
}

/// The phrases with the names of their speakers, numbered as they come.
fn labelled(phrases: Vec<Spoken>) -> Vec<LabelledSegment> {
    let mut order: Vec<usize> = Vec::new();
    let named = phrases.into_iter().map(|phrase| {
        let known = order.iter().position(|s| *s == phrase.speaker);
        let number = known.unwrap_or_else(|| {
            order.push(phrase.speaker);
            order.len() - 1
        });
        (phrase.segment, Some(diarization::name(number)))
    });
    named.collect()
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
