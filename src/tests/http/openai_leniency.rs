//! `POST /v1/audio/transcriptions` and `/v1/audio/translations`: what clients send, and what is refused.

use serde_json::{Value, json};

use crate::http::openai_transcripts::{PATH, TRANSLATIONS, file};
use crate::support::client::Client;
use crate::support::raw::RawClient;
use crate::support::server::{Server, stub_models};

fn stub() -> (Server, tempfile::TempDir) {
    let models = stub_models();
    (Server::launch(models.path(), &[]), models)
}

#[test]
fn what_clients_send_is_accepted() {
    let (server, _models) = stub();
    let client = server.client();
    let sound = file(vec![0.0; 1_600]);
    let said = |path: &str, fields: &[(&str, &str)]| {
        let answer = client.post_form(path, &sound, &[fields, &[("prompt", "say")]].concat());
        assert_eq!(answer.status, 200, "{fields:?}: {}", answer.detail());
        answer
    };
    for fields in [
        &[][..],
        &[
            ("model", "anything"),
            ("user", "u"),
            ("backend", "x"),
            ("stream", "false"),
        ],
        &[("model", "")],
        &[("language", "en-US")],
        &[("language", "English")],
        &[("language", "")],
        &[("languages[]", "en"), ("languages[]", "pt")],
        &[("temperature", "0"), ("temperature", "0.0")],
        &[
            ("keywords[]", "Okonkwo"),
            ("keywords[]", "Enugu"),
            ("hotwords", "Jos"),
        ],
        &[
            ("timestamp_granularities[]", "word"),
            ("timestamp_granularities[]", "segment"),
        ],
        &[
            ("chunking_strategy[type]", "server_vad"),
            ("chunking_strategy[threshold]", "0.5"),
        ],
        &[(
            "chunking_strategy",
            r#"{"type":"server_vad","silence_duration_ms":200}"#,
        )],
    ] {
        assert_eq!(said(PATH, fields).json()["text"], "Said 0.");
        assert_eq!(said(TRANSLATIONS, fields).json()["text"], "Said 0.");
    }
    assert_eq!(said(&format!("{PATH}/"), &[]).json()["text"], "Said 0.");
    for stream in ["true", "True", "1"] {
        let answer = said(PATH, &[("stream", stream)]);
        assert_eq!(
            answer.header("content-type"),
            Some("text/event-stream"),
            "{stream}"
        );
    }
    let twice = client.post_form("/v1/v1/audio/transcriptions", &sound, &[]);
    assert_eq!(twice.status, 404);
    assert!(twice.detail().contains("/v1 twice"), "{}", twice.detail());
    // A hundred keywords are a hundred fields.
    let many: Vec<String> = (0..100).map(|n| format!("word{n}")).collect();
    let fields: Vec<(&str, &str)> = many
        .iter()
        .map(|word| ("keywords[]", word.as_str()))
        .collect();
    assert_eq!(said(PATH, &fields).json()["text"], "Said 0.");
}

#[test]
fn a_file_needs_no_name_and_no_type_and_its_client_may_wait_for_100() {
    let (server, _models) = stub();
    let part = b"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n".to_vec();
    let body = [part, file(vec![0.0; 1_600]), b"\r\n--b--\r\n".to_vec()].concat();
    let mut client = RawClient::call(server.addr);
    client.send(format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: multipart/form-data; boundary=b\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        server.key,
        body.len()
    ));
    assert_eq!(client.answer().status, 100);
    client.send(body);
    let answer = client.answer();
    assert_eq!(answer.status, 200);
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer["text"], "");
}

#[test]
fn what_is_wrong_is_named() {
    let (server, _models) = stub();
    let client = server.client();
    let sound = file(vec![0.0; 1_600]);
    let long = "a".repeat(1_001);
    let word = "a".repeat(61);
    let name = "known_speaker_names[]";
    for (fields, param) in [
        (vec![("response_format", "docx")], "response_format"),
        (vec![("language", "klingon")], "language"),
        (vec![("temperature", "1.5")], "temperature"),
        (vec![("temperature", "warm")], "temperature"),
        (vec![("prompt", &long)], "prompt"),
        (vec![("keywords[]", &word)], "keywords[]"),
        (vec![("include[]", "images")], "include[]"),
        (
            vec![("timestamp_granularities", "letter")],
            "timestamp_granularities[]",
        ),
        (vec![("stream", "maybe")], "stream"),
        (vec![(name, "a"); 5], name),
        (vec![(name, "a")], "known_speaker_references[]"),
    ] {
        let answer = client.post_form(PATH, &sound, &fields);
        assert_eq!(answer.status, 400, "{fields:?}");
        let error = answer.json()["error"].clone();
        assert_eq!(error["param"], param, "{error}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    let empty = client.post_form(PATH, b"", &[]);
    assert_eq!(
        (empty.status, &empty.json()["error"]["param"]),
        (400, &json!("file"))
    );
    let noise = client.post_form(PATH, b"no sound at all, only words", &[]);
    assert_eq!(noise.status, 400);
    let diarized = client.post_form(PATH, &sound, &[("response_format", "diarized_json")]);
    assert_eq!(diarized.status, 503);
    assert_eq!(diarized.header("x-should-retry"), Some("false"));
    let failed = client.post_form(PATH, &sound, &[("prompt", "fail")]);
    assert_eq!(
        (failed.status, &failed.json()["error"]["type"]),
        (502, &json!("server_error"))
    );
}

#[test]
fn history_has_what_was_heard_of_the_account_and_of_no_other() {
    let (server, _models) = stub();
    let [ada, bisi] = ["ada", "bisi"].map(|name| server.new_account(name));
    let sound = file(vec![0.0; 1_600]);
    for (path, fields) in [
        (PATH, vec![("prompt", "say say")]),
        (PATH, vec![("prompt", "say say"), ("stream", "true")]),
        (TRANSLATIONS, vec![("prompt", "say say")]),
    ] {
        assert_eq!(ada.post_form(path, &sound, &fields).status, 200);
    }
    let items = |client: &Client| client.get("/voice/history?feature=stt").json()["items"].clone();
    let told = items(&ada);
    assert_eq!(told.as_array().unwrap().len(), 3);
    for item in told.as_array().unwrap() {
        assert_eq!(
            (&item["status"], &item["text"]),
            (&json!("ok"), &json!("Said 0. Said 1."))
        );
        assert_eq!(item["duration_seconds"], 2.0);
    }
    assert_eq!(items(&bisi), json!([]));
}
