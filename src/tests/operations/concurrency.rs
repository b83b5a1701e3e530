//! Generations of a key at once: one too many is refused, other keys go on, and a place is free once its generation has ended,
//! however it ended.

use std::fs;
use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::process::until;
use crate::support::raw::{self, RawAnswer};
use crate::support::server::{Server, json as command, run, stub_models};

const SENTENCE: &str =
    "At most 1 of this key's generations may be under way at once. Try again in 1 s.";

/// A new key of the account, with these options.
fn key(data: &Path, account: &str, options: &[&str]) -> String {
    let create = ["key", "create", "--account", account, "--name", "k"];
    let made = command(data, &[&create, options].concat());
    made["key"].as_str().unwrap().to_owned()
}

/// Asks `path` to speak what lasts as long as the stub is held. Returns once the request is admitted, or its refusal.
fn begin(server: &Server, key: &str, path: &str) -> Result<raw::RawClient, RawAnswer> {
    raw::admitted(server.addr, key, path, "One hold")
}

/// Returns once a generation of `key` is admitted again, where those that are too many are refused until then.
fn admitted_again(server: &Server, key: &str, path: &str) -> raw::RawClient {
    let mut admitted = None;
    until("a free place", || {
        match begin(server, key, path) {
            Ok(client) => admitted = Some(client),
            Err(refusal) => assert_eq!(refusal.header("retry-after"), Some("1")),
        }
        admitted.is_some()
    });
    admitted.unwrap()
}

/// Reads a chunked answer whose last chunk has not come yet.
fn read_to_the_last_chunk(client: &mut raw::RawClient) {
    let (mut rest, mut block) = (Vec::new(), [0; 4096]);
    while !rest.ends_with(b"0\r\n\r\n") {
        let bytes = client.stream.read(&mut block).expect("a chunk");
        assert!(bytes > 0, "closed before the last chunk");
        rest.extend_from_slice(&block[..bytes]);
    }
}

#[test]
fn a_generation_too_many_of_a_key_is_429_and_other_keys_are_served() {
    let models = stub_models();
    let hold = models.path().join("stub-speak/hold");
    fs::write(&hold, "").unwrap();
    let origin = "https://app.example.org";
    let server = Server::launch(models.path(), &["--lanes", "2", "--cors-origin", origin]);
    command(&server.data, &["account", "create", "ada"]);
    command(&server.data, &["account", "create", "bisi"]);
    // Four calls: the one under way, two that generate nothing, and the last.
    let limited = key(&server.data, "ada", &["--concurrent", "1", "--rpm", "4"]);
    let others = [
        key(&server.data, "ada", &["--concurrent", "1"]),
        key(&server.data, "bisi", &["--concurrent", "1"]),
        key(&server.data, "bisi", &[]),
    ];
    let ada = server.client().with_key(&limited);
    let mut first = begin(&server, &limited, "/voice/tts").ok().unwrap();
    let said = json!({ "text": "Now." }).to_string().into_bytes();
    let ask = |path: &str| {
        let headers = [("Origin", origin)];
        let json = Some("application/json");
        ada.send_with("POST", path, json, said.clone(), &headers)
    };
    // Whatever it would generate, and without its body having come.
    for path in ["/voice/tts", "/voice/tts/stream", "/voice/dub/translate"].repeat(3) {
        let refused = ask(path);
        assert_eq!((refused.status, refused.detail()), (429, SENTENCE.into()));
        let expected = [
            ("retry-after", "1"),
            ("x-ratelimit-limit", "4"),
            ("access-control-allow-origin", origin),
        ];
        for (name, value) in expected {
            assert_eq!(refused.header(name), Some(value), "{name}");
        }
        let remaining: u32 = refused
            .header("x-ratelimit-remaining")
            .unwrap()
            .parse()
            .unwrap();
        assert!(remaining >= 3, "a refusal costs no token: {remaining}");
    }
    for path in ["/voice/voices", "/voice/history"] {
        assert_eq!(ada.get(path).status, 200, "{path}");
    }
    for other in &others {
        let client = server.client().with_key(other);
        let answer = client.post_json("/voice/tts", &json!({ "text": "Now." }));
        assert_eq!(answer.status, 200);
    }
    fs::remove_file(&hold).unwrap();
    assert_eq!(first.answer().status, 200);
    assert_eq!(ask("/voice/tts").status, 200);
}

#[test]
fn a_streamed_answer_keeps_its_place_up_to_its_last_part() {
    let models = stub_models();
    let hold = models.path().join("stub-speak/hold");
    fs::write(&hold, "").unwrap();
    let server = Server::launch(models.path(), &[]);
    let limited = key(&server.data, "test", &["--concurrent", "1"]);
    let mut stream = begin(&server, &limited, "/voice/tts/stream").ok().unwrap();
    // Its first part was sent, and the second is held.
    assert_eq!(stream.read(false).status, 200);
    let refused = begin(&server, &limited, "/voice/tts").err().unwrap();
    refused.is_refusal(429);
    fs::remove_file(&hold).unwrap();
    read_to_the_last_chunk(&mut stream);
    let again = server.client().with_key(&limited);
    let said = json!({ "text": "Now." });
    assert_eq!(again.post_json("/voice/tts", &said).status, 200);
}

#[test]
fn a_client_that_leaves_gives_its_place_back_before_a_worker_is_free() {
    let models = stub_models();
    fs::write(models.path().join("stub-speak/hold"), "").unwrap();
    let server = Server::launch(models.path(), &["--lanes", "1"]);
    command(&server.data, &["account", "create", "bisi"]);
    let limited = key(&server.data, "test", &["--concurrent", "1"]);
    let bisi = key(&server.data, "bisi", &[]);
    let mut runs = begin(&server, &bisi, "/voice/tts/stream").ok().unwrap();
    assert_eq!(runs.read(false).status, 200);
    let mut queued = begin(&server, &limited, "/voice/tts").ok().unwrap();
    for path in ["/voice/tts/stream", "/voice/tts"] {
        let refused = begin(&server, &limited, path).err().unwrap();
        refused.is_refusal(429);
        drop(queued);
        queued = admitted_again(&server, &limited, path);
    }
}

#[test]
fn a_client_that_leaves_within_a_streamed_answer_gives_its_place_back() {
    let models = stub_models();
    fs::write(models.path().join("stub-speak/hold"), "").unwrap();
    let server = Server::launch(models.path(), &[]);
    let limited = key(&server.data, "test", &["--concurrent", "1"]);
    let mut stream = begin(&server, &limited, "/voice/tts/stream").ok().unwrap();
    assert_eq!(stream.read(false).status, 200);
    drop(stream);
    admitted_again(&server, &limited, "/voice/tts");
}

#[test]
fn a_generation_that_is_refused_or_fails_gives_its_place_back() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let limited = key(&server.data, "test", &["--concurrent", "1"]);
    let client = server.client().with_key(&limited);
    let speak = |more: &[(&str, &str)], text: &str| {
        let body = json!({ "text": text }).to_string().into_bytes();
        let json = Some("application/json");
        let answer = client.send_with("POST", "/voice/tts", json, body, more);
        answer.status
    };
    let suspend = ["account", "set", "test", "--entitled", "false"];
    for (more, text, status) in [
        (&[][..], "", 400),
        (&[], "fail", 502),
        (&[], "panic", 502),
        (&[("X-Rehearse", "panic")], "Well.", 500),
        (&[], "Well.", 200),
    ] {
        assert_eq!(speak(more, text), status, "{text}");
    }
    let head = raw::tts(&limited);
    let huge = format!("{head}Content-Length: 99999999999\r\n\r\n");
    raw::ask(server.addr, huge).is_refusal(413);
    assert_eq!(speak(&[], "Well."), 200);
    command(&server.data, &suspend);
    assert_eq!([speak(&[], "Well."), speak(&[], "Well.")], [403, 403]);
}

#[test]
fn the_servers_limit_holds_for_every_key_and_the_lower_one_counts() {
    let models = stub_models();
    fs::write(models.path().join("stub-speak/hold"), "").unwrap();
    let server = Server::launch(models.path(), &["--concurrent-per-key", "2"]);
    for (options, limit) in [
        (&[][..], 2),
        (&["--concurrent", "5"], 2),
        (&["--concurrent", "1"], 1),
    ] {
        let key = key(&server.data, "test", options);
        let under_way: Vec<_> = (0..limit)
            .map(|_| begin(&server, &key, "/voice/tts").ok().unwrap())
            .collect();
        let refused = begin(&server, &key, "/voice/tts").err().unwrap();
        refused.is_refusal(429);
        let body: Value = serde_json::from_slice(&refused.body).unwrap();
        let detail = body["detail"].as_str().unwrap();
        assert!(
            detail.starts_with(&format!("At most {limit} of")),
            "{detail}"
        );
        drop(under_way);
    }
}

#[test]
fn the_commands_for_keys_take_and_show_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    command(data, &["account", "create", "ada"]);
    let create = ["key", "create", "--account", "ada", "--name"];
    let limited = command(data, &[&create[..], &["a", "--concurrent", "12"]].concat());
    let free = command(data, &[&create[..], &["b"]].concat());
    assert_eq!(limited["concurrent"], 12);
    assert_eq!(free["concurrent"], Value::Null);
    let listed = command(data, &["key", "list"]);
    assert_eq!(listed[0]["concurrent"], 12);
    assert_eq!(listed[1]["concurrent"], Value::Null);
    let data = data.to_str().unwrap();
    let table = run(&["--data-dir", data, "key", "list"]);
    let table = String::from_utf8(table.stdout).unwrap();
    let at = table.find("CONCURRENT").expect("it has the column");
    let cells = table.lines().skip(1);
    let cells = cells.map(|line| line[at..].split_whitespace().next());
    assert_eq!(
        cells.collect::<Vec<_>>(),
        [Some("12"), Some("-")],
        "{table}"
    );
    for wrong in ["0", "4097", "many"] {
        let options = ["c", "--concurrent", wrong];
        let refused = run(&[&["--data-dir", data], &create[..], &options].concat());
        assert_eq!(refused.status.code(), Some(2), "{wrong}");
    }
}
