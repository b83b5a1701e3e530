//! Speech of a Wyoming client → its text: the sound between `audio-start` and `audio-stop` is sent to `/voice/stt`.

use serde_json::{Value, json};
use uuid::Uuid;

use super::event::WyomingEvent;
use super::requests::{RequestRefusal, SessionRequests};
use crate::audio::encode::endless_wav_head;
use crate::limits::{
    AUDIO_CHANNELS_MAX, AUDIO_RATE_HZ_MAX, AUDIO_RATE_HZ_MIN, KEYWORD_CHARS_MAX, KEYWORDS_MAX,
    WYOMING_SOUND_BYTES_MAX,
};

/// What `transcribe` asks for.
#[derive(Debug, Clone, Default)]
pub struct TranscribeOptions {
    language: Option<String>,
    /// Names and words that may be said, separated by commas.
    keywords: String,
}

impl TranscribeOptions {
    /// Of the event `transcribe`. Names come before terms; beyond the bounds of `/voice/stt` they are left out.
    pub fn read(event: &WyomingEvent) -> Self {
        let words = ["transcript_names", "transcript_terms"]
            .iter()
            .filter_map(|name| event.data.get(*name)?.as_array())
            .flatten()
            .filter_map(Value::as_str);
        let fitting = words.filter(|word| word.chars().count() <= KEYWORD_CHARS_MAX);
        let kept: Vec<&str> = fitting.take(KEYWORDS_MAX).collect();
        TranscribeOptions {
            language: event.text("language").map(str::to_owned),
            keywords: kept.join(","),
        }
    }
}

/// Sound on its way in: linear samples, of which the oldest bytes are first.
#[derive(Debug)]
pub struct HeardSound {
    rate_hz: u32,
    channels: u16,
    /// Bytes of a sample.
    width: u16,
    bytes: Vec<u8>,
}

impl HeardSound {
    /// No sound yet, in the format that `audio-start` tells. The error is the sentence for a format that is not accepted.
    pub fn begin(event: &WyomingEvent) -> Result<Self, String> {
        let field = |name: &str| event.number(name).unwrap_or(0);
        let (rate, width, channels) = (field("rate"), field("width"), field("channels"));
        if !(AUDIO_RATE_HZ_MIN..=AUDIO_RATE_HZ_MAX).contains(&rate)
            || !(2..=4).contains(&width)
            || !(1..=AUDIO_CHANNELS_MAX as u32).contains(&channels)
        {
            return Err(format!(
                "audio-start has rate {rate}, width {width}, channels {channels}; {AUDIO_RATE_HZ_MIN} to {AUDIO_RATE_HZ_MAX}, 2 to 4 and 1 to {AUDIO_CHANNELS_MAX} are accepted"
            ));
        }
        Ok(HeardSound {
            rate_hz: rate,
            channels: channels as u16,
            width: width as u16,
            bytes: Vec::new(),
        })
    }

    /// Adds the sound of an `audio-chunk`. The error is the sentence for more sound than is accepted.
    pub fn add(&mut self, event: &WyomingEvent) -> Result<(), String> {
        if self.bytes.len() + event.payload.len() > WYOMING_SOUND_BYTES_MAX {
            return Err(format!(
                "the sound has more than the {WYOMING_SOUND_BYTES_MAX} bytes that are accepted"
            ));
        }
        self.bytes.extend_from_slice(&event.payload);
        Ok(())
    }

    /// Returns the event `transcript` for the whole sound. Refusals: those of `/voice/stt`.
    pub fn transcript(
        self,
        options: &TranscribeOptions,
        requests: &SessionRequests,
    ) -> Result<WyomingEvent, RequestRefusal> {
        let boundary = Uuid::now_v7().simple().to_string();
        let part =
            |name: &str| format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
        let mut body = Vec::new();
        let fields = [
            ("language", options.language.as_deref().unwrap_or("auto")),
            ("keywords", &options.keywords),
            ("word_timestamps", "false"),
        ];
        for (name, value) in fields {
            body.extend(format!("{}\r\n\r\n{value}\r\n", part(name)).into_bytes());
        }
        body.extend(format!("{}; filename=\"sound.wav\"\r\n\r\n", part("file")).into_bytes());
        body.extend(endless_wav_head(self.rate_hz, self.channels, self.width));
        body.extend(self.bytes);
        body.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
        let content_type = format!("multipart/form-data; boundary={boundary}");
        let answered = requests.post("/voice/stt", "", &content_type, &body)?;
        let heard: Value = serde_json::from_slice(&answered.answer.body).unwrap_or_default();
        Ok(WyomingEvent::new(
            "transcript",
            json!({ "text": heard["transcript"], "language": heard["language"] }),
        ))
    }
}
