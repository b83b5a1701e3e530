//! What was heard, in the shapes of OpenAI's transcriptions and translations.

use schemars::JsonSchema;
use serde::Serialize;

use super::known_speakers::LetteredSpeakers;
use crate::engine::contract::{Segment, Transcript, millis};
use crate::engine::diarization::Spoken;
use crate::fault::Fault;
use crate::request::languages::whisper_name;

/// A transcript.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(extend("type" = "object"))]
pub enum OpenAiTranscriptAnswer {
    Plain(PlainTranscript),
    Verbose(VerboseTranscript),
    Diarized(DiarizedTranscript),
}

/// The answer `json`.
#[derive(Serialize, JsonSchema)]
pub struct PlainTranscript {
    /// The languages that are spoken, in the order of their first segments. Absent of a translation.
    #[serde(skip_serializing_if = "Option::is_none")]
    languages: Option<Vec<HeardLanguage>>,
    /// Absent unless the request asked for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<Vec<TokenLogprob>>,
    text: String,
    usage: DurationUsage,
}

/// The answer `verbose_json`. Times are seconds from the start of the file.
#[derive(Serialize, JsonSchema)]
pub struct VerboseTranscript {
    duration: f64,
    /// The English name of the language that is spoken most, in lower case.
    language: String,
    segments: Vec<ScoredSegment>,
    #[schemars(extend("enum" = ["transcribe", "translate"]))]
    task: &'static str,
    text: String,
    usage: DurationUsage,
    /// Absent unless the request asked for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<Vec<SpokenWordTime>>,
}

/// The answer `diarized_json`. Times are seconds from the start of the file.
#[derive(Serialize, JsonSchema)]
pub struct DiarizedTranscript {
    duration: f64,
    segments: Vec<SpeakerSegment>,
    #[schemars(extend("const" = "transcribe"))]
    task: &'static str,
    text: String,
    usage: DurationUsage,
}

/// A language that is spoken.
#[derive(Serialize, JsonSchema)]
pub struct HeardLanguage {
    code: String,
}

/// A token of the text, and how likely it is after those before it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TokenLogprob {
    bytes: Vec<u8>,
    /// The natural logarithm of its probability.
    logprob: f32,
    token: String,
}

/// What was heard, as OpenAI counts it.
#[derive(Serialize, JsonSchema)]
pub struct DurationUsage {
    /// Seconds of the recording, rounded up.
    seconds: u64,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "duration"))]
    kind: &'static str,
}

/// A segment, and how it was decoded: all but its tokens is that of its window of up to 30 s.
#[derive(Serialize, JsonSchema)]
pub struct ScoredSegment {
    /// Mean natural logarithm of the tokens' probabilities.
    avg_logprob: f32,
    /// How many times shorter zlib makes the text.
    compression_ratio: f32,
    end: f64,
    id: usize,
    /// Probability that there is no speech.
    no_speech_prob: f32,
    /// Start of the window in steps of 10 ms.
    seek: u64,
    start: f64,
    temperature: f32,
    /// Starts with a space: all texts joined are the whole text.
    text: String,
    /// The model's tokens.
    tokens: Vec<u32>,
}

/// A word, and when it was said.
#[derive(Serialize, JsonSchema)]
pub struct SpokenWordTime {
    end: f64,
    start: f64,
    word: String,
}

/// A segment of one speaker; it is the event of the same type as well.
#[derive(Serialize, JsonSchema)]
pub struct SpeakerSegment {
    end: f64,
    pub id: String,
    /// The name of a known speaker, else a letter.
    speaker: String,
    start: f64,
    pub text: String,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "transcript.text.segment"))]
    kind: &'static str,
}

/// What a client is told besides the text.
#[derive(Debug, Clone, Copy)]
pub struct TranscriptExtras {
    pub translates: bool,
    pub words: bool,
    pub logprobs: bool,
}

impl DurationUsage {
    /// The usage of a recording of so many seconds.
    pub fn of(seconds: f64) -> Self {
        DurationUsage {
            seconds: seconds.ceil() as u64,
            kind: "duration",
        }
    }
}

/// The answer `json`.
pub fn plain(transcript: &Transcript, extras: TranscriptExtras) -> PlainTranscript {
    PlainTranscript {
        languages: (!extras.translates).then(|| language_codes(transcript)),
        logprobs: (extras.logprobs)
            .then(|| transcript.segments.iter().flat_map(logprobs).collect()),
        text: transcript.text(),
        usage: DurationUsage::of(transcript.seconds),
    }
}

/// The answer `verbose_json`. Faults: `Internal` where the engine did not tell how likely its phrases are.
pub fn verbose(
    transcript: &Transcript,
    extras: TranscriptExtras,
) -> Result<VerboseTranscript, Fault> {
    let words = transcript
        .segments
        .iter()
        .flat_map(|segment| &segment.words);
    let words = words.map(|word| SpokenWordTime {
        end: millis(word.end_s),
        start: millis(word.start_s),
        word: word.text.clone(),
    });
    let segments = transcript.segments.iter().enumerate().map(scored);
    Ok(VerboseTranscript {
        duration: millis(transcript.seconds),
        language: match extras.translates {
            true => whisper_name("en"),
            false => whisper_name(&transcript.language),
        },
        segments: segments.collect::<Result<_, _>>()?,
        task: if extras.translates {
            "translate"
        } else {
            "transcribe"
        },
        text: transcript.text(),
        usage: DurationUsage::of(transcript.seconds),
        words: extras.words.then(|| words.collect()),
    })
}

/// The answer `diarized_json`, of phrases of one speaker each.
pub fn diarized(
    phrases: Vec<Spoken>,
    mut speakers: LetteredSpeakers,
    seconds: f64,
) -> DiarizedTranscript {
    let phrases = phrases.into_iter().enumerate();
    let segments: Vec<SpeakerSegment> = phrases
        .map(|(number, phrase)| speaker_segment(number, phrase, &mut speakers))
        .collect();
    let texts: Vec<&str> = segments
        .iter()
        .map(|segment| segment.text.as_str())
        .collect();
    DiarizedTranscript {
        duration: millis(seconds),
        text: texts.join(" "),
        segments,
        task: "transcribe",
        usage: DurationUsage::of(seconds),
    }
}

impl DiarizedTranscript {
    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The segment of this number, from 0 on.
pub fn speaker_segment(
    number: usize,
    phrase: Spoken,
    speakers: &mut LetteredSpeakers,
) -> SpeakerSegment {
    SpeakerSegment {
        end: millis(phrase.segment.end_s),
        id: format!("seg_{:03}", number + 1),
        speaker: speakers.name(phrase.speaker),
        start: millis(phrase.segment.start_s),
        text: phrase.segment.text,
        kind: "transcript.text.segment",
    }
}

/// The languages that are spoken.
pub fn language_codes(transcript: &Transcript) -> Vec<HeardLanguage> {
    let codes = transcript.languages().into_iter();
    codes
        .map(|code| HeardLanguage {
            code: code.to_owned(),
        })
        .collect()
}

/// The tokens of a segment's text.
pub fn logprobs(segment: &Segment) -> Vec<TokenLogprob> {
    let tokens = segment.scores.iter().flat_map(|scores| &scores.text);
    let row = tokens.map(|token| TokenLogprob {
        bytes: token.bytes.clone(),
        logprob: token.logprob,
        token: String::from_utf8_lossy(&token.bytes).into_owned(),
    });
    row.collect()
}

fn scored((id, segment): (usize, &Segment)) -> Result<ScoredSegment, Fault> {
    /// Steps of `seek` in a second.
    const STEPS_A_SECOND: f64 = 100.0;
    let unknown = || Fault::internal("the engine did not tell how likely a phrase is");
    let scores = segment.scores.as_deref().ok_or_else(unknown)?;
    Ok(ScoredSegment {
        avg_logprob: scores.logprob,
        compression_ratio: scores.compression,
        end: millis(segment.end_s),
        id,
        no_speech_prob: scores.no_speech,
        seek: (scores.window_s * STEPS_A_SECOND).round() as u64,
        start: millis(segment.start_s),
        temperature: scores.temperature,
        text: format!(" {}", segment.text),
        tokens: scores.tokens.clone(),
    })
}
