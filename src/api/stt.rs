//! `POST /voice/stt`: a recording → its text.

use serde_json::{Value, json};

use super::form::Form;
use super::{Call, Context, Reply};
use crate::audio;
use crate::engine::contract::{Segment, TranscribeTask, Transcript, Word};
use crate::fault::Fault;
use crate::limits;
use crate::store::Feature;

/// Transcribes. Faults: `Invalid` for a wrong form or an undecodable recording, `Missing` without a pack that transcribes, and
/// what the pool refuses.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let body = call.take_body();
    let mut form = Form::parse(call.head.header("content-type"), body, &context.spool_dir)?;
    let asked = Language::of(form.text("language").unwrap_or("auto"));
    let words = form.boolean("word_timestamps", true)?;
    let file = form
        .take_file("file")
        .ok_or_else(|| Fault::invalid("file is missing"))?;
    if file.content.is_empty() {
        return Err(Fault::invalid("file is empty"));
    }
    let transcribing = context
        .transcribing
        .as_ref()
        .ok_or_else(|| Fault::missing("No engine for transcription is installed on this box."))?;
    let reader = file.content.into_reader().map_err(Fault::internal)?;
    let sound = audio::open_speech(reader, transcribing.rate_hz, limits::AUDIO_SECONDS_MAX)?;

    call.begin(Feature::Stt, &transcribing.engine, &transcribing.model)?;
    let task = TranscribeTask {
        audio: sound,
        language: asked.spoken(),
        words,
        beams: transcribing.beams,
    };
    let done = transcribing.pool.run(task, &call.watch)?;
    (call.queued, call.ran) = (done.queued, done.ran);
    let transcript = done.output;
    let text = transcript.text();
    let language = asked.answered(&transcript.language);
    let item = call.item()?;
    item.duration_seconds = Some(millis(transcript.seconds));
    item.character_count = Some(text.chars().count() as u64);
    item.language = Some(language.clone());
    item.text = Some(text.clone());

    Reply::json(&json!({
        "id": item.id,
        "transcript": text,
        "language": language,
        "duration_seconds": millis(transcript.seconds),
        "segments": segments(&transcript, words),
        "engine": transcribing.engine,
        "model": transcribing.model,
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

/// Seconds rounded to milliseconds: what the models can tell, and no more digits.
fn millis(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// A language code as the client gave it.
struct Language(Option<String>);

/// Codes of the contract that models know by another name.
const ALIASES: &[(&str, &str)] = &[("en_ng", "en"), ("pcm", "en")];

impl Language {
    fn of(code: &str) -> Self {
        let code = code.trim().to_ascii_lowercase();
        Language((!code.is_empty() && code != "auto").then_some(code))
    }

    /// The code for the model; one that it does not know it detects instead.
    fn spoken(&self) -> Option<String> {
        let code = self.0.as_deref()?;
        let alias = ALIASES.iter().find(|(ours, _)| *ours == code);
        Some(alias.map_or(code, |(_, models)| models).to_owned())
    }

    /// The code for the answer: the client's own if the model went by it, else what was detected.
    fn answered(&self, heard: &str) -> String {
        match (&self.0, self.spoken()) {
            (Some(asked), Some(spoken)) if spoken == heard => asked.clone(),
            _ => heard.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_names_the_clients_code_or_the_detected_one() {
        assert_eq!(Language::of(" AUTO ").spoken(), None);
        let nigerian = Language::of("en_ng");
        assert_eq!(
            (
                nigerian.spoken().as_deref(),
                nigerian.answered("en").as_str()
            ),
            (Some("en"), "en_ng")
        );
        assert_eq!(Language::of("xx").answered("sw"), "sw");
    }
}
