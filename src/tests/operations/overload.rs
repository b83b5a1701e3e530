//! More requests than the server can run at once: surplus ones are refused, and all others continue.

use std::fs;
use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::server::{Server, stub_models};

fn speak(client: &Client, text: &str) -> u16 {
    client
        .post_json("/voice/tts", &json!({ "text": text }))
        .status
}

#[test]
fn a_full_queue_is_503_with_retry_after_and_light_requests_go_on() {
    let models = stub_models();
    let hold = models.path().join("stub-speak/hold");
    fs::write(&hold, "").unwrap();
    let server = Server::launch(models.path(), &["--lanes", "1", "--queue", "1"]);
    let client = server.client();
    thread::scope(|scope| {
        // One runs, one waits; the third finds the queue full and is answered first.
        let (tell, told) = mpsc::channel();
        for _ in 0..3 {
            let (tell, client) = (tell.clone(), server.client());
            scope.spawn(move || {
                tell.send(client.post_json("/voice/tts", &json!({ "text": "hold" })))
            });
        }
        let refused = told.recv().unwrap();
        assert_eq!(refused.status, 503);
        assert!(refused.header("retry-after").is_some());
        assert!(refused.detail().contains("queue"), "{}", refused.detail());
        for path in ["/healthz", "/readyz", "/voice/voices", "/voice/history"] {
            assert_eq!(client.get(path).status, 200, "{path}");
        }
        fs::remove_file(&hold).unwrap();
        for _ in 0..2 {
            assert_eq!(told.recv().unwrap().status, 200);
        }
    });
    assert_eq!(speak(&client, "Now."), 200);
}

#[test]
fn a_panicking_engine_is_502_in_history_too_and_the_next_request_is_served() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    for (word, status) in [("panic", 502), ("fail", 502), ("Well.", 200)] {
        assert_eq!(speak(&client, word), status, "{word}");
    }
    let page = client.get("/voice/history").json();
    let seen: Vec<(&Value, &Value)> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["text"], &item["status"]))
        .collect();
    let (ok, error) = (json!("ok"), json!("error"));
    assert_eq!(
        seen,
        [
            (&json!("Well."), &ok),
            (&json!("fail"), &error),
            (&json!("panic"), &error)
        ]
    );
}

#[test]
fn history_without_texts_keeps_their_lengths() {
    let models = stub_models();
    let server = Server::launch(models.path(), &["--history-text", "off"]);
    assert_eq!(speak(&server.client(), "Private."), 200);
    let item = &server.client().get("/voice/history").json()["items"][0];
    assert_eq!(
        (&item["text"], &item["character_count"]),
        (&Value::Null, &json!(8))
    );
}
