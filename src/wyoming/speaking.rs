//! A text of a Wyoming client → its sound, whole (`synthesize`) or while the text is still being written (`synthesize-start`,
//! `-chunk`, `-stop`): each part of the text that ends with a sentence is sent to `/voice/tts/stream`.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::event::WyomingEvent;
use super::requests::{RequestRefusal, SessionRequests};
use crate::limits::TEXT_CHARS_MAX;
use crate::services::voices::VoiceCatalog;
use crate::text::sentences;

/// Bytes of sound in an event: a sixth of a second.
const CHUNK_BYTES: usize = 8_192;

/// The voice that the field `voice` of an event names: its id, or the first stock voice that reads its language. None for the
/// server's default.
pub fn voice(event: &WyomingEvent, catalog: &VoiceCatalog) -> Option<String> {
    let voice = event.data.get("voice")?;
    let named = |field: &str| voice.get(field).and_then(Value::as_str);
    if let Some(name) = named("name") {
        return Some(name.to_owned());
    }
    let language = named("language")?.to_lowercase().replace('_', "-");
    let found = catalog.reading(&language).next();
    found.map(|voice| voice.id.clone())
}

/// The sound of one answer: `audio-start` before its first samples, `audio-stop` at its end, also after a failure, because
/// clients wait for it.
#[derive(Debug, Default)]
pub struct SpokenSound {
    /// Samples a second, once there are any.
    rate_hz: Option<u64>,
}

impl SpokenSound {
    /// Speaks `text` into `sink`. A refusal is told in an event `error`; it and a failure amid the sound end it. Errors: those
    /// of the connection.
    pub fn speak(
        &mut self,
        text: &str,
        voice: Option<&str>,
        requests: &SessionRequests,
        sink: &mut impl Write,
    ) -> io::Result<()> {
        let mut asked = json!({ "text": text });
        if let Some(voice) = voice {
            asked["voice_id"] = json!(voice);
        }
        let body = asked.to_string().into_bytes();
        let answered = requests.post("/voice/tts/stream", "format=pcm", JSON, &body);
        let answered = match answered {
            Ok(answered) => answered,
            Err(refusal) => return tell(&refusal, sink),
        };
        let metadata = answered
            .answer
            .headers
            .iter()
            .find(|(name, _)| *name == "X-Vox-Metadata");
        let metadata: Value = metadata
            .and_then(|(_, json)| serde_json::from_str(json).ok())
            .unwrap_or_default();
        let rate_hz = metadata["sample_rate"].as_u64().unwrap_or_default();
        if self.rate_hz.is_none() {
            WyomingEvent::new("audio-start", format(rate_hz)).write(sink)?;
            self.rate_hz = Some(rate_hz);
        }
        self.write(&answered.answer.body, sink)?;
        for part in answered.rest.into_iter().flatten() {
            match part {
                Ok(part) => self.write(&part, sink)?,
                Err(fault) => {
                    let refusal = RequestRefusal {
                        status: 502,
                        sentence: fault.sentence.to_string(),
                    };
                    return tell(&refusal, sink);
                }
            }
        }
        Ok(())
    }

    /// Ends the sound.
    pub fn end(self, sink: &mut impl Write) -> io::Result<()> {
        WyomingEvent::new("audio-stop", Value::Null).write(sink)
    }

    fn write(&self, samples: &[u8], sink: &mut impl Write) -> io::Result<()> {
        for chunk in samples.chunks(CHUNK_BYTES) {
            let event = WyomingEvent {
                payload: chunk.to_vec(),
                ..WyomingEvent::new("audio-chunk", format(self.rate_hz.unwrap_or_default()))
            };
            event.write(sink)?;
        }
        Ok(())
    }
}

const JSON: &str = "application/json";

/// One channel of 16 bits.
fn format(rate_hz: u64) -> Value {
    json!({ "rate": rate_hz, "width": 2, "channels": 1 })
}

/// Tells a refusal in an event `error`.
pub fn tell(refusal: &RequestRefusal, sink: &mut impl Write) -> io::Result<()> {
    let data = json!({ "text": refusal.sentence, "code": refusal.status.to_string() });
    WyomingEvent::new("error", data).write(sink)
}

/// A text that comes in parts, which may be cut anywhere.
#[derive(Debug)]
pub struct StreamedText {
    pub voice: Option<String>,
    pub sound: SpokenSound,
    pending: String,
}

impl StreamedText {
    /// No text yet.
    pub fn new(voice: Option<String>) -> Self {
        StreamedText {
            voice,
            sound: SpokenSound::default(),
            pending: String::new(),
        }
    }

    /// Adds a part of the text.
    pub fn add(&mut self, text: &str) {
        self.pending.push_str(text);
    }

    /// Whether so much waits that it is spoken whatever follows: a client may send without a pause.
    pub fn is_long(&self) -> bool {
        self.pending.len() > TEXT_CHARS_MAX
    }

    /// Takes what can be spoken: all sentences but the last, which may go on, and a text as long as a request may be.
    pub fn ready(&mut self) -> Option<String> {
        let all = sentences(&self.pending);
        let ready = all.iter().rev().nth(1).map_or(0, |last| last.range.end);
        let most = self.pending.char_indices().nth(TEXT_CHARS_MAX - 1);
        let end = match most {
            Some((most, _)) if ready == 0 || ready > most => most,
            _ => ready,
        };
        let rest = self.pending.split_off(end);
        let taken = std::mem::replace(&mut self.pending, rest);
        spoken(taken)
    }

    /// Takes the rest.
    pub fn rest(&mut self) -> Option<String> {
        match self.ready() {
            None => spoken(std::mem::take(&mut self.pending)),
            ready => ready,
        }
    }
}

fn spoken(text: String) -> Option<String> {
    Some(text).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_parts_is_spoken_sentence_by_sentence_and_whole() {
        let mut text = StreamedText::new(None);
        text.add("It is half p");
        assert_eq!(text.ready(), None);
        text.add("ast ten. Dr. ");
        text.add("Ada is here. And th");
        assert_eq!(
            text.ready().as_deref(),
            Some("It is half past ten. Dr. Ada is here.")
        );
        assert_eq!(text.ready(), None);
        text.add("en?");
        assert_eq!(text.rest().as_deref(), Some(" And then?"));
        assert_eq!(text.rest(), None);
    }

    #[test]
    fn a_text_without_an_end_is_spoken_in_parts_within_the_bound() {
        let mut text = StreamedText::new(None);
        assert!(!text.is_long());
        text.add(&"é".repeat(2 * TEXT_CHARS_MAX));
        assert!(text.is_long());
        let mut lengths = Vec::new();
        while let Some(part) = text.rest() {
            lengths.push(part.chars().count());
        }
        assert_eq!(lengths.iter().sum::<usize>(), 2 * TEXT_CHARS_MAX);
        assert!(lengths.iter().all(|length| *length <= TEXT_CHARS_MAX));
    }
}
