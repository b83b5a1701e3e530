//! Transcripts as server-sent events, sent while the recording is heard.

use std::fs;

use serde_json::{Value, json};

use crate::http::listening::two_cities;
use crate::http::openai_transcripts::{PATH, file, talk};
use crate::support::chunked::ChunkedAnswer;
use crate::support::process::until;
use crate::support::server::{Server, stub_models};

/// The events of an answer's body.
fn events(body: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(body).unwrap();
    let event = |event: &str| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
    text.split_terminator("\n\n").map(event).collect()
}

fn heard(file: &[u8], fields: &[(&str, &str)]) -> Vec<Value> {
    let fields = [fields, &[("stream", "true")]].concat();
    let answer = Server::shared().client().post_form(PATH, file, &fields);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    events(&answer.body)
}

/// The deltas, joined, and the last event, whose text they are.
fn joined(events: &[Value]) -> (String, &Value) {
    let (done, before) = events.split_last().unwrap();
    assert_eq!(done["type"], "transcript.text.done");
    let deltas = before
        .iter()
        .filter(|event| event["type"] == "transcript.text.delta");
    let text: String = deltas
        .map(|delta| delta["delta"].as_str().unwrap())
        .collect();
    assert_eq!(text, done["text"]);
    (text, done)
}

#[test]
fn deltas_joined_are_the_text_of_the_last_event_and_of_the_answer_without_events() {
    let file = two_cities();
    let told = heard(&file, &[("language", "en"), ("include[]", "logprobs")]);
    let (text, done) = joined(&told);
    let plain = Server::shared().client().post_form(
        PATH,
        &file,
        &[("language", "en"), ("include[]", "logprobs")],
    );
    let plain = plain.json();
    assert_eq!(plain["text"], text);
    assert!(told.len() > 4, "{} events", told.len());
    for name in ["usage", "languages", "logprobs"] {
        assert_eq!(done[name], plain[name], "{name}");
    }
    let tokens = |event: &Value| event["logprobs"].as_array().unwrap().len();
    let sum: usize = told[..told.len() - 1].iter().map(tokens).sum();
    assert_eq!(sum, tokens(done));
}

#[test]
fn of_speakers_each_segment_is_an_event_after_its_delta() {
    let file = talk();
    let fields = [("response_format", "diarized_json"), ("language", "en")];
    let told = heard(&file, &fields);
    let (text, _) = joined(&told);
    let plain = Server::shared()
        .client()
        .post_form(PATH, &file, &fields)
        .json();
    assert_eq!(plain["text"], text);
    let segments: Vec<&Value> = told
        .iter()
        .filter(|e| e["type"] == "transcript.text.segment")
        .collect();
    assert_eq!(json!(segments), plain["segments"]);
    for pair in told[..told.len() - 1].chunks(2) {
        assert_eq!(pair[0]["segment_id"], pair[1]["id"]);
        assert_eq!(
            pair[0]["delta"].as_str().unwrap().trim_start(),
            pair[1]["text"]
        );
    }
}

/// The answer to a form with these commands for the stub, as events.
fn streamed(server: &Server, commands: &str) -> ChunkedAnswer {
    let part =
        |name: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
    let head = [
        part("stream"),
        "true\r\n".into(),
        part("prompt"),
        commands.into(),
        "\r\n".into(),
        part("file"),
    ]
    .concat();
    let body = [head.as_bytes(), &file(vec![0.0; 1_600]), b"\r\n--b--\r\n"].concat();
    ChunkedAnswer::to(server, PATH, "multipart/form-data; boundary=b", &body)
}

/// The account's newest history item.
fn item(server: &Server) -> Value {
    let page = server.client().get("/voice/history?limit=1").json();
    page["items"][0].clone()
}

#[test]
fn each_window_leaves_before_the_next_is_heard() {
    let models = stub_models();
    let hold = models.path().join("stub-transcribe/hold");
    fs::write(&hold, "").unwrap();
    let server = Server::launch(models.path(), &[]);
    let mut answer = streamed(&server, "say ok say hold say");
    assert!(
        answer.head.contains("Content-Type: text/event-stream"),
        "{}",
        answer.head
    );
    // Before the third is heard; two that are ready at once may come together.
    let mut first = events(&answer.chunk().unwrap());
    if first.len() < 2 {
        first.extend(events(&answer.chunk().unwrap()));
    }
    let delta = |text: &str| json!({ "type": "transcript.text.delta", "delta": text });
    assert_eq!(first, [delta("Said 0."), delta(" Said 1.")]);
    fs::remove_file(&hold).unwrap();
    let (rest, ended) = answer.rest();
    let rest = events(&rest);
    assert!(ended && rest.len() == 2, "{rest:?}");
    assert_eq!(rest[1]["text"], "Said 0. Said 1. Said 2.");
    let item = item(&server);
    assert_eq!(
        (&item["status"], &item["text"]),
        (&json!("ok"), &rest[1]["text"])
    );
}

#[test]
fn a_fault_before_the_first_phrase_is_an_answer_and_a_later_one_is_an_event() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    for word in ["fail", "panic"] {
        let fields = [("prompt", word), ("stream", "true")];
        let refused = server
            .client()
            .post_form(PATH, &file(vec![0.0; 1_600]), &fields);
        assert_eq!(refused.status, 502);
        let (sent, ended) = streamed(&server, &format!("say {word} say")).rest();
        let told = events(&sent);
        assert!(ended && told.len() == 2, "{told:?}");
        let error = told[1]["error"].as_object().unwrap();
        let keys: Vec<&str> = error.keys().map(String::as_str).collect();
        assert_eq!(keys, ["code", "message", "param", "type"]);
        assert_eq!(error["type"], "server_error");
        assert_eq!(item(&server)["status"], "error", "{word}");
    }
}

#[test]
fn a_client_that_leaves_ends_the_transcription() {
    let models = stub_models();
    let hold = models.path().join("stub-transcribe/hold");
    fs::write(&hold, "").unwrap();
    let server = Server::launch(models.path(), &["--lanes", "1", "--queue", "1"]);
    let mut answer = streamed(&server, "say compute say");
    answer.chunk().unwrap();
    drop(answer);
    // The engine is held, so only the departure of its client can end the request.
    until("the engine", || item(&server)["status"] == "error");
    let next = server
        .client()
        .post_form(PATH, &file(vec![0.0; 1_600]), &[("prompt", "say")]);
    assert_eq!(next.status, 200);
}

#[test]
fn a_fault_of_speech_is_an_event_of_its_stream() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let fields = json!({
        "input": "one fail", "voice": "af_heart", "response_format": "pcm", "stream_format": "sse",
    });
    let fields = fields.to_string();
    let kind = "application/json";
    let (sent, ended) =
        ChunkedAnswer::to(&server, "/v1/audio/speech", kind, fields.as_bytes()).rest();
    let told = events(&sent);
    let (last, parts) = told.split_last().unwrap();
    assert!(ended && !parts.is_empty(), "{told:?}");
    let is_sound = |event: &Value| event["type"] == "speech.audio.delta";
    assert!(parts.iter().all(is_sound), "{told:?}");
    assert_eq!(last["error"]["type"], "server_error");
    assert_eq!(item(&server)["status"], "error");
}
