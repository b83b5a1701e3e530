//! The words of speech and when they are said: an extension of the hosted API, asked for by `?word_timestamps=true`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use schemars::JsonSchema;
use serde::Serialize;

use super::message::Head;
use super::tts::FormatQuery;
use crate::audio::encode::Format;
use crate::engine::contract::millis;
use crate::fault::Fault;
use crate::services::word_times::PlacedWord;

/// Speech with the times of its words, in place of the bytes of its sound.
#[derive(Serialize, JsonSchema)]
pub struct TimedSpeechAnswer {
    /// The file, in base64.
    audio: String,
    content_type: &'static str,
    duration_seconds: f64,
    words: Vec<TimedSpeechWord>,
}

/// A word of speech, as it is written, with the signs around it. The times are seconds from the start of the sound, some tenths of
/// a second off where a voice lingers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TimedSpeechWord {
    end: f64,
    pub start: f64,
    word: String,
}

impl TimedSpeechAnswer {
    pub fn new(format: Format, audio: &[u8], seconds: f64, words: Vec<PlacedWord>) -> Self {
        TimedSpeechAnswer {
            audio: BASE64_STANDARD.encode(audio),
            content_type: format.content_type(),
            duration_seconds: millis(seconds),
            words: words
                .into_iter()
                .map(|word| TimedSpeechWord::of(word, 1.0))
                .collect(),
        }
    }
}

impl TimedSpeechWord {
    /// The word in sound that is `tempo` times as fast as it was made.
    pub fn of(word: PlacedWord, tempo: f64) -> Self {
        TimedSpeechWord {
            end: millis(word.end_s / tempo),
            start: millis(word.start_s / tempo),
            word: word.text,
        }
    }
}

/// The query of a request for speech in a format.
#[derive(JsonSchema)]
pub struct TimedSpeechQuery {
    #[schemars(flatten)]
    _format: FormatQuery,
    #[schemars(flatten)]
    _words: WordsQuery,
}

/// Whether words and their times are asked for.
#[derive(JsonSchema)]
pub struct WordsQuery {
    /// Answer with the times of the words: a JSON object in place of the bytes of the sound; where the sound is sent while it is
    /// made, events with its parts and the words of each.
    #[schemars(default)]
    pub word_timestamps: bool,
}

impl WordsQuery {
    /// Reads a URL's query, whose first `word_timestamps` counts. Faults: `Invalid` for another value than true or false.
    pub fn read(head: &Head) -> Result<Self, Fault> {
        let mut query = form_urlencoded::parse(head.query.as_bytes());
        let asked = query.find(|(name, _)| name == "word_timestamps");
        let word_timestamps = match asked.as_ref().map(|(_, value)| &**value) {
            None | Some("false" | "0" | "") => false,
            Some("true" | "1") => true,
            Some(other) => {
                let shown: String = other.chars().take(20).collect();
                return Err(Fault::invalid(format!(
                    "word_timestamps is {shown:?}; true or false is accepted"
                )));
            }
        };
        Ok(WordsQuery { word_timestamps })
    }
}
