//! `POST /voice/stt`: a recording → its text.

use serde_json::{Value, json};

use super::form::Form;
use super::languages::language;
use super::{Call, Context, Reply};
use crate::audio;
use crate::engine::contract::{Segment, Transcript, Word, millis};
use crate::fault::Fault;
use crate::limits;
use crate::services::Priority;
use crate::services::transcription::{Recording, TranscriptionRequest};
use crate::store::Feature;

/// Transcribes. Faults: `Invalid` for a wrong form or an undecodable recording, `Missing` without a pack that transcribes, and
/// what the service refuses.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let body = call.take_body();
    let mut form = Form::parse(call.head.header("content-type"), body, &context.spool_dir)?;
    let language = language(form.text("language").unwrap_or("auto"));
    let words = form.boolean("word_timestamps", true)?;
    let file = form
        .take_file()
        .ok_or_else(|| Fault::invalid("file is missing"))?;
    if file.is_empty() {
        return Err(Fault::invalid("file is empty"));
    }
    let transcription = context
        .transcription
        .as_ref()
        .ok_or_else(|| Fault::missing("No engine for transcription is installed on this box."))?;
    let reader = file.into_reader().map_err(Fault::internal)?;
    let recognizer = transcription.recognizer(language.as_deref());
    let sound = audio::open_speech(reader, recognizer.rate_hz, limits::AUDIO_SECONDS_MAX)?;

    call.begin(Feature::Stt, &recognizer.name)?;
    let request = TranscriptionRequest {
        recording: Recording::Stream(sound),
        language,
        into_english: false,
        words,
        beams: transcription.beams,
    };
    let done = recognizer.transcribe(request, Priority::Interactive, &call.cancellation)?;
    (call.queued, call.ran) = (done.queued, done.ran);
    let transcript = done.output;
    let text = transcript.text();
    let item = call.item()?;
    item.duration_seconds = Some(millis(transcript.seconds));
    item.character_count = Some(text.chars().count() as u64);
    item.language = Some(transcript.language.clone());
    item.text = Some(text.clone());

    Reply::json(&json!({
        "id": item.id,
        "transcript": text,
        "language": transcript.language,
        "duration_seconds": millis(transcript.seconds),
        "segments": segments(&transcript, words),
        "engine": recognizer.name.engine,
        "model": recognizer.name.model,
    }))
}

fn segments(transcript: &Transcript, with_words: bool) -> Vec<Value> {
    let word =
        |w: &Word| json!({ "word": w.text, "start": millis(w.start_s), "end": millis(w.end_s) });
    let segment = |(id, s): (usize, &Segment)| {
        let mut segment =
            json!({ "id": id, "start": millis(s.start_s), "end": millis(s.end_s), "text": s.text });
        if with_words {
            segment["words"] = s.words.iter().map(word).collect();
        }
        segment
    };
    transcript
        .segments
        .iter()
        .enumerate()
        .map(segment)
        .collect()
}
