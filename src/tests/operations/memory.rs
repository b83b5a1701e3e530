//! Memory does not grow with the number of requests.

use std::fs;
use std::thread;

use serde_json::json;

use crate::support::process::{peak, reset_peak, resident, until};
use crate::support::raw::admitted;
use crate::support::server::{Server, stub_models};

#[test]
fn resident_memory_after_fifty_mixed_requests_is_within_a_tenth_of_that_after_ten() {
    let server = Server::with_models();
    let client = server.client();
    let mut after_ten = 0;
    for n in 0..25 {
        // Lengths differ on purpose, to reveal an allocator that keeps a block for each length.
        let text = "It was the best of times. ".repeat(1 + n % 4);
        let spoken = client.post_json("/voice/tts", &json!({ "text": text }));
        assert_eq!(spoken.status, 200);
        assert_eq!(
            client.post_form("/voice/stt", &spoken.body, &[]).status,
            200
        );
        if n == 4 {
            after_ten = resident(&server);
        }
    }
    let after_fifty = resident(&server);
    println!(
        "resident MiB: {} after 10, {} after 50",
        after_ten >> 20,
        after_fifty >> 20
    );
    assert!(
        after_fifty * 10 <= after_ten * 11,
        "{after_ten} grew to {after_fifty}"
    );
}

#[test]
fn a_body_of_small_objects_costs_little_more_than_its_bytes() {
    const MIB: usize = 1024 * 1024;
    let server = Server::start();
    let client = server.client();
    let list = |bytes: usize| format!("[{}]", vec![r#"{"a":1}"#; bytes / 8 - 8].join(","));
    let translate = |field: &str| format!(r#"{{{field}:{}}}"#, list(MIB)).into_bytes();
    let json = "application/json";
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"segments\"\r\n\r\n{}\r\n--b--\r\n",
        list(8 * MIB)
    );
    // In the second round, everything that is made once exists.
    for _ in 0..2 {
        for (path, kind, body, most) in [
            ("/voice/dub/translate", json, translate("\"x\""), 8),
            (
                "/voice/dub/translate",
                json,
                translate("\"target_language\":\"en\",\"segments\""),
                8,
            ),
            ("/voice/tts", json, translate("\"text\""), 8),
            (
                "/voice/dub/render",
                "multipart/form-data; boundary=b",
                form.clone().into_bytes(),
                24,
            ),
        ] {
            reset_peak(&server);
            let before = resident(&server);
            let answer = client.send("POST", path, Some(kind), body);
            assert_eq!(answer.status, 400, "{}", answer.detail());
            let grown = peak(&server).saturating_sub(before) as usize;
            println!("{path}: {} KiB", grown / 1024);
            assert!(grown <= most * MIB, "{path} took {} MiB", grown / MIB);
        }
    }
}

#[test]
fn speech_beyond_the_bound_of_memory_is_503_and_may_be_streamed() {
    let models = stub_models();
    let pack = models.path().join("stub-speak");
    let hold = pack.join("hold");
    fs::write(&hold, "").unwrap();
    let bound = ["--sound-bytes", "128MiB", "--lanes", "2"];
    let server = Server::launch(models.path(), &bound);
    // About 333 s, which may take 48 MB: a third one has no room.
    let long = format!("hold {}", "a".repeat(4_990));
    let held = [(); 2].map(|()| {
        let held = admitted(server.addr, &server.key, "/voice/tts", &long);
        held.ok().expect("a place")
    });
    until("both are made", || {
        fs::read_to_string(pack.join("held")).is_ok_and(|lines| lines.lines().count() == 2)
    });
    let client = server.client();
    let text = json!({ "text": "a".repeat(4_990) });
    let refused = client.post_json("/voice/tts", &text);
    assert_eq!(refused.status, 503);
    assert!(
        refused.detail().contains("/voice/tts/stream"),
        "{}",
        refused.detail()
    );
    assert!(refused.header("retry-after").is_some());
    let other = server.new_account("other");
    assert_eq!(other.post_json("/voice/tts", &text).status, 503);
    fs::remove_file(&hold).unwrap();
    thread::scope(|scope| {
        // At the same time: an answer that is not taken is given up.
        for mut held in held {
            scope.spawn(move || assert_eq!(held.answer().status, 200));
        }
        assert_eq!(client.post_json("/voice/tts/stream", &text).status, 200);
    });
    assert_eq!(client.post_json("/voice/tts", &text).status, 200);
}
