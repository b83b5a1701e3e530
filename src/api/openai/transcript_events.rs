//! A transcript as server-sent events, sent while the recording is heard.
//!
//! Each phrase is sent once nothing that follows changes it, so that the deltas joined are the whole text.

use serde::Serialize;

use super::known_speakers::LetteredSpeakers;
use super::transcript_answers::{
    DurationUsage, HeardLanguage, TokenLogprob, language_codes, logprobs, speaker_segment,
};
use crate::api::detail::ErrorShape;
use crate::api::events::{EVENT_STREAM, event, fault_event};
use crate::api::recording_to_hear::note;
use crate::api::{Call, Reply};
use crate::engine::contract::{Segment, Transcript};
use crate::engine::diarization::{Turn, attribute};
use crate::fault::Fault;
use crate::services::transcription::TranscriptStream;

/// Who speaks when, and what the speakers are called.
pub struct SpeakersHeard {
    pub turns: Vec<Turn>,
    pub names: LetteredSpeakers,
}

/// An event with a part of the text.
#[derive(Serialize)]
struct TextDelta<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    delta: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<Vec<TokenLogprob>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment_id: Option<&'a str>,
}

/// The last event.
#[derive(Serialize)]
struct TextDone<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
    languages: Vec<HeardLanguage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<Vec<TokenLogprob>>,
    usage: DurationUsage,
}

/// A transcript on its way into events.
struct TranscriptEvents {
    /// None once it has ended.
    stream: Option<TranscriptStream>,
    /// None where speakers are not told apart.
    speakers: Option<SpeakersHeard>,
    with_logprobs: bool,
    /// What was sent so far.
    text: String,
    segments: usize,
}

/// An answer of the events of `stream`; without `speakers`, the events do not tell them. Faults: those of the service until
/// the first phrase is heard; later ones are events.
pub fn reply(
    stream: TranscriptStream,
    speakers: Option<SpeakersHeard>,
    with_logprobs: bool,
    call: &mut Call,
    id: &'static str,
) -> Result<Reply, Fault> {
    let mut events = TranscriptEvents {
        stream: Some(stream),
        speakers,
        with_logprobs,
        text: String::new(),
        segments: 0,
    };
    let body = events.next(call)?.unwrap_or_default();
    let source = move |call: &mut Call| {
        events.next(call).or_else(|fault| {
            events.stream = None;
            let told = fault_event(&fault, ErrorShape::OpenAi, Some(id))?;
            call.told = Some(fault);
            Ok(Some(told))
        })
    };
    Ok(Reply {
        content_type: EVENT_STREAM,
        headers: Vec::new(),
        body,
        rest: Some(Box::new(source)),
        file: None,
        is_unchanged: false,
    })
}

impl TranscriptEvents {
    /// The events of the next phrases, or the last one; none after that. Faults: those of the service.
    fn next(&mut self, call: &mut Call) -> Result<Option<Vec<u8>>, Fault> {
        while let Some(stream) = &mut self.stream {
            match stream.phrases()? {
                Some(phrases) if phrases.is_empty() => {}
                Some(phrases) => return self.part(phrases).map(Some),
                None => break,
            }
        }
        let Some(stream) = self.stream.take() else {
            return Ok(None);
        };
        let transcript = stream.end();
        note(call, &transcript, &self.text)?;
        self.done(&transcript).map(Some)
    }

    fn part(&mut self, phrases: Vec<Segment>) -> Result<Vec<u8>, Fault> {
        let mut events = Vec::new();
        let Some(mut heard) = self.speakers.take() else {
            for phrase in phrases {
                let logprobs = self.with_logprobs.then(|| logprobs(&phrase));
                events.extend(self.delta(&phrase.text, logprobs, None)?);
            }
            return Ok(events);
        };
        let phrases = Transcript {
            language: String::new(),
            seconds: 0.0,
            segments: phrases,
        };
        for phrase in attribute(&phrases, &heard.turns) {
            let segment = speaker_segment(self.segments, phrase, &mut heard.names);
            self.segments += 1;
            events.extend(self.delta(&segment.text, None, Some(&segment.id))?);
            events.extend(event(&segment)?);
        }
        self.speakers = Some(heard);
        Ok(events)
    }

    fn delta(
        &mut self,
        text: &str,
        logprobs: Option<Vec<TokenLogprob>>,
        segment_id: Option<&str>,
    ) -> Result<Vec<u8>, Fault> {
        let begun = self.text.len();
        if begun > 0 {
            self.text.push(' ');
        }
        self.text.push_str(text);
        event(&TextDelta {
            kind: "transcript.text.delta",
            delta: &self.text[begun..],
            logprobs,
            segment_id,
        })
    }

    fn done(&self, transcript: &Transcript) -> Result<Vec<u8>, Fault> {
        let is_wanted = self.with_logprobs && self.speakers.is_none();
        event(&TextDone {
            kind: "transcript.text.done",
            text: &self.text,
            languages: language_codes(transcript),
            logprobs: is_wanted.then(|| transcript.segments.iter().flat_map(logprobs).collect()),
            usage: DurationUsage::of(transcript.seconds),
        })
    }
}
