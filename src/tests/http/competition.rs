//! Accounts that compete for lanes and places: none shuts another out, and what left, waits or is slow holds nothing.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::process::{threads, until};
use crate::support::raw::{self, RawAnswer, RawClient};
use crate::support::server::{Server, json as command, stub_models};

const WHOLE: &str = "/voice/tts";
const STREAM: &str = "/voice/tts/stream";
/// Bytes of a WAV header, and of the stub's sound for a character.
const HEAD: usize = 44;
const CHARACTER: usize = 4_800;

/// A server whose stub engine is held.
struct HeldServer {
    models: TempDir,
    server: Server,
}

impl HeldServer {
    fn launch(options: &[&str]) -> HeldServer {
        let models = stub_models();
        fs::write(models.path().join("stub-speak/hold"), "").unwrap();
        let server = Server::launch(models.path(), options);
        HeldServer { models, server }
    }

    /// With so many places in all.
    fn with_places(lanes: usize, places: usize) -> HeldServer {
        let (lanes, queue) = (lanes.to_string(), (places - lanes).to_string());
        let options = ["--lanes", &lanes, "--queue", &queue, "--log-format", "json"];
        HeldServer::launch(&options)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.models.path().join("stub-speak").join(name)
    }

    fn release(&self) {
        fs::remove_file(self.file("hold")).unwrap();
    }

    /// How many steps ran at once, after each start and end of one.
    fn depths(&self) -> Vec<usize> {
        let lines = fs::read_to_string(self.file("held")).unwrap_or_default();
        let mut depth = 0;
        let after = |line: &str| {
            match line {
                "start" => depth += 1,
                _ => depth -= 1,
            }
            depth
        };
        lines.lines().map(after).collect()
    }

    /// A request to speak `text`, admitted, and its place taken.
    #[track_caller]
    fn admitted(&self, key: &str, text: &str) -> RawClient {
        let tasks = self.tasks();
        let client = raw::admitted(self.server.addr, key, WHOLE, text);
        let client = client.ok().expect("a place");
        until("its task", || self.tasks() > tasks);
        client
    }

    /// Refused requests tell when to come again.
    #[track_caller]
    fn refused(&self, key: &str) -> RawAnswer {
        let refusal = raw::admitted(self.server.addr, key, WHOLE, "More");
        let refusal = refusal.err().expect("no place");
        refusal.is_refusal(503);
        let retry_after = refusal.header("Retry-After").expect("when to come again");
        assert!(retry_after.parse::<u32>().unwrap() >= 1, "{retry_after}");
        refusal
    }

    /// Texts that are in the scheduler: each has a thread up to its first piece.
    fn tasks(&self) -> usize {
        threads(&self.server, "speak")
    }
}

/// The key of a new account.
fn new_key(server: &Server, account: &str) -> String {
    command(&server.data, &["account", "create", account]);
    let create = ["key", "create", "--account", account, "--name", "k"];
    let made = command(&server.data, &create);
    made["key"].as_str().unwrap().to_owned()
}

/// The number of history items of a key's account.
fn total(server: &Server, key: &str) -> Value {
    let page = server.client().with_key(key).get("/voice/history").json();
    page["total"].clone()
}

fn speak(server: &Server, key: &str, text: &str) -> usize {
    let client = server.client().with_key(key);
    let answer = client.post_json(WHOLE, &json!({ "text": text }));
    assert_eq!(answer.status, 200);
    answer.body.len()
}

fn an_account_is_answered_beside_all_that_another_may_have(lanes: usize) {
    // Of eight places an account alone may have six.
    let held = HeldServer::with_places(lanes, 8);
    let server = &held.server;
    let (many, other) = (&server.key, &new_key(server, "other"));
    let long = format!("compute {}", "o ".repeat(100));
    let mut texts: Vec<RawClient> = (0..6).map(|_| held.admitted(many, &long)).collect();
    for _ in 0..3 {
        let refusal = held.refused(many);
        let body = String::from_utf8(refusal.body).unwrap();
        assert!(body.contains("queue"), "{body}");
        assert_eq!(speak(server, other, "Short."), HEAD + 6 * CHARACTER);
    }
    assert_eq!(
        total(server, many),
        0,
        "the long texts are still being made"
    );
    held.release();
    for text in &mut texts {
        let answer = text.answer();
        let bytes = HEAD + (7 + 100) * CHARACTER;
        assert_eq!((answer.status, answer.body.len()), (200, bytes));
    }
    assert_eq!(total(server, many), 6);
}

#[test]
fn on_one_lane_an_account_is_answered_beside_all_that_another_may_have() {
    an_account_is_answered_beside_all_that_another_may_have(1);
}

#[test]
fn on_two_lanes_an_account_is_answered_beside_all_that_another_may_have() {
    an_account_is_answered_beside_all_that_another_may_have(2);
}

#[test]
fn beside_another_an_account_has_half_of_the_places_and_the_rest_is_for_others() {
    let held = HeldServer::with_places(1, 8);
    let server = &held.server;
    let first = &server.key;
    let (second, third) = (&new_key(server, "second"), &new_key(server, "third"));
    let mut texts = vec![held.admitted(first, "hold")];
    texts.extend((0..4).map(|_| held.admitted(second, "Word")));
    held.refused(second);
    texts.extend((0..2).map(|_| held.admitted(first, "Word")));
    texts.push(held.admitted(third, "Word"));
    for full in [first, second, third] {
        held.refused(full);
    }
    held.release();
    for text in &mut texts {
        assert_eq!(text.answer().status, 200);
    }
    for free in [first, second, third] {
        speak(server, free, "Word");
    }
}

#[test]
fn clients_that_leave_while_they_wait_leave_no_place_taken_and_no_work_done() {
    // An account alone may have 31 of 41 places.
    let held = HeldServer::with_places(1, 41);
    let server = &held.server;
    let key = &server.key;
    let mut runs = held.admitted(key, "hold");
    let waiting: Vec<RawClient> = (0..30).map(|_| held.admitted(key, "hold")).collect();
    held.refused(key);
    drop(waiting);
    let mut queued_ms = 0;
    for _ in 0..30 {
        let line = server.logged("\"status\":499");
        let fields: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(fields["audio_s"], Value::Null, "{line}");
        assert!(fields["fault"].as_str().unwrap().contains("left"), "{line}");
        assert_eq!(fields["run_ms"], 0, "{line}");
        queued_ms += fields["queue_ms"].as_u64().unwrap();
    }
    assert!(queued_ms > 0, "the log tells how long they waited");
    until("the tasks to leave", || held.tasks() == 1);
    // The lane is still held: all the places are free before it is.
    let mut again: Vec<RawClient> = (0..30).map(|_| held.admitted(key, "Word")).collect();
    held.refused(key);
    held.release();
    assert_eq!(runs.answer().status, 200);
    for client in &mut again {
        assert_eq!(client.answer().status, 200);
    }
    assert_eq!(held.depths(), [1, 0], "only one was ever held");
}

#[test]
fn as_many_requests_run_at_once_as_there_are_lanes() {
    for lanes in [1, 2] {
        let held = HeldServer::with_places(lanes, 8);
        let server = &held.server;
        let keys = [server.key.clone(), new_key(server, "other")];
        let keys = keys.iter().cycle();
        let mut texts: Vec<RawClient> =
            keys.take(6).map(|key| held.admitted(key, "hold")).collect();
        until("steps on all lanes", || held.depths().len() >= lanes);
        held.release();
        for text in &mut texts {
            assert_eq!(text.answer().status, 200);
        }
        let depths = held.depths();
        assert_eq!(depths.len(), 12, "six starts and six ends");
        assert_eq!(depths.iter().max(), Some(&lanes), "{depths:?}");
    }
}

#[test]
fn slow_uploads_take_no_place() {
    // More of them than places.
    let held = HeldServer::launch(&["--lanes", "1", "--queue", "1", "--upload-rate", "1"]);
    held.release();
    let server = &held.server;
    let (slow, other) = (&server.key, &new_key(server, "other"));
    let body = json!({ "text": "Slow" }).to_string();
    let mut uploads: Vec<RawClient> = (0..8)
        .map(|_| {
            let upload = raw::uploading(server.addr, slow, WHOLE, body.len());
            upload.ok().expect("its head is admitted")
        })
        .collect();
    // Byte by byte, and other requests in between.
    for byte in body.as_bytes() {
        for upload in &mut uploads {
            upload.send([*byte]);
        }
        if *byte == b':' {
            speak(server, other, "Word");
            speak(server, slow, "Word");
        }
    }
    let answers = uploads.iter_mut().map(|upload| upload.answer());
    // They are whole at the same time now, and compete for two places like any others.
    let served = answers.filter(|answer| match answer.status {
        200 => true,
        _ => {
            answer.is_refusal(503);
            false
        }
    });
    assert!(served.count() >= 1);
}

#[test]
fn the_deadline_of_a_request_starts_once_its_body_is_there() {
    let models = stub_models();
    let server = Server::launch(models.path(), &["--log-format", "json"]);
    // Its head came an hour ago, and a text may take five minutes.
    let slow = [("X-Rehearse", "slow-upload")];
    for path in [WHOLE, STREAM] {
        let body = json!({ "text": "Word" }).to_string().into_bytes();
        let client = server.client();
        let answer = client.send_with("POST", path, Some("application/json"), body, &slow);
        assert_eq!(answer.status, 200, "{path}");
        let line: Value = serde_json::from_str(&server.logged("\"status\":200")).unwrap();
        let receive_ms = line["receive_ms"].as_u64().unwrap();
        assert!(receive_ms >= 3_600_000, "{line}");
    }
}

#[test]
fn a_stream_that_its_client_does_not_read_holds_no_lane_and_is_complete_once_read() {
    let models = stub_models();
    let server = Server::launch(models.path(), &["--lanes", "1"]);
    let other = &new_key(&server, "other");
    // Its sound does not fit into the buffers of its connection, and is far more than is made ahead.
    let text = format!("{} {}", "o".repeat(1_000), "word ".repeat(700));
    let mut unread = raw::admitted(server.addr, &server.key, STREAM, text.trim());
    let unread = unread.as_mut().ok().unwrap();
    assert_eq!(unread.read(false).status, 200);
    for _ in 0..20 {
        assert_eq!(speak(&server, other, "Short."), HEAD + 6 * CHARACTER);
    }
    let sound = unread.chunks();
    assert_eq!(sound.len(), HEAD + (1_000 + 700 * 4) * CHARACTER);
    assert_eq!(total(&server, &server.key), 1);
}
