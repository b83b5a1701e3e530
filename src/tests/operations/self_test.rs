//! `/readyz` answers for the models: each capability has computed something at the start, and again after an engine failed.

use std::fs;

use serde_json::json;

use crate::support::process::until;
use crate::support::server::{Server, models, stub_models};

const BROKEN: &str =
    "The models of the capability speak do not compute: the server's log has the reason.";

#[test]
fn a_server_whose_model_fails_is_not_ready_until_it_computes_again() {
    let models = stub_models();
    let fails = models.path().join("stub-speak/fail");
    fs::write(&fails, "").unwrap();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    let ready = || client.get("/readyz");
    let broken = ready();
    assert_eq!((broken.status, broken.detail().as_str()), (503, BROKEN));
    assert!(
        server.first_lines.contains("told to fail"),
        "{}",
        server.first_lines
    );
    let metric = || {
        let page = client.get("/metrics").body;
        String::from_utf8(page)
            .unwrap()
            .contains("\nvocabox_ready 1\n")
    };
    assert!(!metric());
    fs::remove_file(&fails).unwrap();
    until("ready", || ready().status == 200);
    assert!(metric());
    // From now on only a request that fails makes the server test.
    fs::write(&fails, "").unwrap();
    assert_eq!(ready().status, 200);
    let asked = json!({ "text": "Hello." });
    assert_eq!(client.post_json("/voice/tts", &asked).status, 502);
    until("not ready", || ready().status == 503);
    fs::remove_file(&fails).unwrap();
    until("ready again", || ready().status == 200);
    assert_eq!(client.post_json("/voice/tts", &asked).status, 200);
}

#[test]
fn a_request_that_fails_alone_leaves_the_server_ready() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    for text in ["fail", "panic"] {
        let asked = json!({ "text": text });
        assert_eq!(client.post_json("/voice/tts", &asked).status, 502);
        assert_eq!(client.get("/readyz").status, 200);
    }
}

#[test]
fn every_capability_of_the_packs_is_tested_before_the_server_listens() {
    let server = Server::launch(&models(), &[]);
    for capability in ["speak", "transcribe", "diarize"] {
        let tested = format!("the models of {capability} compute: self-test in ");
        assert!(
            server.first_lines.contains(&tested),
            "{}",
            server.first_lines
        );
    }
    let ready = server.client().get("/readyz").json();
    let packs: Vec<&str> = ready["packs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p.as_str().unwrap())
        .collect();
    for pack in ["kokoro", "whisper-base", "silero-vad", "speaker-campplus"] {
        assert!(packs.contains(&pack), "{packs:?}");
    }
    let queue = &ready["queue"];
    assert_eq!(
        (&queue["requests"], &queue["waiting"]),
        (&json!(0), &json!(0))
    );
    assert!(queue["lanes"].as_u64().unwrap() >= 1, "{queue}");
    assert!(queue["running"].is_u64(), "{queue}");
    assert_eq!(
        (&ready["status"], &ready["speak"]),
        (&json!("ready"), &json!("kokoro"))
    );
}
