//! What clients send in bodies, read as the endpoints read it. Only the fuzzers `requests` and `form` and the unit tests
//! have this module.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::analysis::AnalyzeForm;
use crate::cloning::CloneForm;
use crate::form::Form;
use crate::json::{FromJson, object};
use crate::lexicon::pronunciations;
use crate::openai_transcription::{
    KNOWN_SPEAKER_REFERENCES, OpenAiTranscriptionForm, OpenAiTranslationForm,
};
use crate::operator::{AccountChangeFields, NewAccountFields, NewKeyFields};
use crate::realtime::{ClientEvent, client_event};
use crate::realtime_session::RealtimeSettings;
use crate::render::{RenderForm, read_segments, voice_map};
use crate::speech::SpeechFields;
use crate::transcription::TranscribeForm;
use crate::translation::TranslateFields;
use vocabox_base::cancellation::CancellationToken;
use vocabox_base::fault::{Fault, Kind};
use vocabox_edge::message::{Body, Head};

/// Reads `input` as the JSON of each request that has some, as a lexicon of each form, and as an event of a session.
///
/// # Panics
/// When JSON that is valid is refused as malformed, or other JSON is not; when an answer does not repeat a segment as it
/// came; or when a refusal is of a kind that no input may cause.
pub fn requests(input: &[u8]) {
    let json = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let tree = serde_json::from_slice::<Value>(json);
    let is_object = matches!(tree, Ok(Value::Object(_)));
    let speech = read(input).map(|fields: SpeechFields| refusable(fields.checked()));
    assert_eq!(speech.is_some(), is_object);
    let translation = read(input).map(|fields: TranslateFields| refusable(fields.checked()));
    assert_eq!(translation.is_some(), is_object);
    if let Some(Some(request)) = translation {
        // As text: serde_json reads numbers of many digits to the last place but one.
        let answer = serde_json::to_string(&request.segments).expect("segments can be written");
        assert_eq!(Some(answer), tree.ok().map(|t| t["segments"].to_string()));
    }
    let account = read(input).map(|fields: NewAccountFields| refusable(fields.checked()));
    assert_eq!(account.is_some(), is_object);
    let change = read(input).map(|fields: AccountChangeFields| refusable(fields.checked()));
    assert_eq!(change.is_some(), is_object);
    let key = read(input).map(|fields: NewKeyFields| refusable(fields.checked()));
    assert_eq!(key.is_some(), is_object);
    for content_type in ["application/json", "text/plain", "application/pls+xml"] {
        let body = Body::Memory(input.to_vec());
        refusable(pronunciations(&head(content_type), body));
    }
    if let Ok(text) = std::str::from_utf8(input) {
        refusable(read_segments(Some(text)));
        refusable(voice_map(Some(text)));
        if let (_, Ok(ClientEvent::Update { session, .. })) = client_event(text, |_| None) {
            let settings = RealtimeSettings::default();
            if let Err(refusal) = settings.updated(&session, &["en"]) {
                assert!(refusal.message.len() < 1_000, "{refusal:?}");
            }
        }
    }
}

/// The fields of the JSON object `input`; none when it is not one.
fn read<T: FromJson>(input: &[u8]) -> Option<T> {
    refusable(object(
        &head("application/json"),
        Body::Memory(input.to_vec()),
    ))
}

fn head(content_type: &str) -> Head {
    Head {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        query: String::new(),
        headers: vec![("content-type".to_owned(), content_type.to_owned())],
        declared_bytes: None,
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        received: Instant::now(),
    }
}

/// Reads `input` as a form of each request that is one: a line with the content type, then the body.
///
/// # Panics
/// When a field's value is not a part of the body, or a refusal is of a kind that no input may cause.
pub fn form(input: &[u8]) {
    let at = input.iter().position(|byte| *byte == b'\n');
    let (content_type, body) = input.split_at(at.unwrap_or(input.len()));
    let Ok(content_type) = std::str::from_utf8(content_type) else {
        return;
    };
    let parse = |long: &str| {
        let body = Body::Memory(body.to_vec());
        let in_a_minute = CancellationToken::until(Instant::now() + Duration::from_secs(60));
        let folder = std::env::temp_dir();
        let form = Form::parse(Some(content_type), body, &folder, long, &in_a_minute);
        refusable(form)
    };
    let Some(form) = parse("segments") else {
        return;
    };
    for name in ["segments", "language", "name", "consent"] {
        for value in form.texts(name) {
            let value = value.as_bytes();
            assert!(value.is_empty() || body.windows(value.len()).any(|part| part == value));
        }
    }
    refusable(read_segments(form.text("segments")));
    refusable(voice_map(form.text("voice_map")));
    let language = |asked: Option<&str>, _: &BTreeMap<_, _>| Ok(asked.unwrap_or("en").to_owned());
    refusable(RenderForm::read(form, language));
    if let Some(form) = parse("") {
        refusable(TranscribeForm::read(form));
    }
    if let Some(form) = parse(KNOWN_SPEAKER_REFERENCES) {
        refusable(OpenAiTranscriptionForm::read(form));
    }
    if let Some(form) = parse("") {
        refusable(OpenAiTranslationForm::read(form));
    }
    if let Some(form) = parse("") {
        refusable(CloneForm::read(form, true));
    }
    if let Some(form) = parse("") {
        refusable(AnalyzeForm::read(form));
    }
}

/// The value of `read`; none when the input is refused.
fn refusable<T>(read: Result<T, Fault>) -> Option<T> {
    read.inspect_err(|fault| {
        let kinds = [Kind::Invalid, Kind::UnsupportedType];
        assert!(kinds.contains(&fault.kind), "{fault}");
    })
    .ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn for_each_input(target: &str, check: impl Fn(&[u8])) {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/fuzz");
        let mut files = 0;
        for folder in ["corpus", "found"] {
            // A folder of what was found is missing where nothing was.
            for entry in std::fs::read_dir(fuzz.join(folder).join(target))
                .into_iter()
                .flatten()
            {
                let path = entry.unwrap().path();
                println!("{}", path.display());
                check(&std::fs::read(path).unwrap());
                files += 1;
            }
        }
        assert!(files >= 6, "{files} files of {target}");
    }

    #[test]
    fn the_fuzzers_requests_are_read_or_refused() {
        for_each_input("requests", requests);
    }

    #[test]
    fn the_fuzzers_forms_are_read_or_refused() {
        for_each_input("form", form);
    }
}
