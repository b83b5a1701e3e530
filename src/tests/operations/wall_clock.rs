//! A wall clock that jumps by a day, forwards and backwards, while the server runs and between two runs.

use std::fs;
use std::path::Path;
use std::thread;

use serde_json::json;

use super::durability::new_key;
use crate::dubbing::jobs::{job, over, stubs};
use crate::dubbing::render::{order, rendered, taken};
use crate::http::voice::wav;
use crate::support::client::Client;
use crate::support::process::until;
use crate::support::server::{Server, json as command};
use crate::support::shim;

pub const DAY_S: i64 = 24 * 3_600;

/// Makes the clock wrong by so many seconds.
pub fn set(clock: &Path, seconds: i64) {
    fs::write(clock, seconds.to_le_bytes()).unwrap();
}

fn speak(client: &Client, text: &str) -> u16 {
    let asked = json!({ "text": text });
    client.post_json("/voice/tts", &asked).status
}

/// Texts of the history, the newest first.
fn history(client: &Client) -> Vec<String> {
    let page = client.get("/voice/history?limit=200").json();
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_clock_that_jumps_by_a_day_changes_no_order_no_rate_and_no_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let (data, clock) = (folder.path().join("data"), folder.path().join("clock"));
    set(&clock, 0);
    let shim = shim::build("wall_clock", folder.path());
    let models = stubs();
    let key = new_key(&data, "test", "100000");
    let once = new_key(&data, "once", "1");
    let start = || {
        Server::preloaded(
            &data,
            &key,
            models.path(),
            &shim,
            ("WALL_CLOCK", &clock),
            &[],
        )
    };
    let mut server = start();
    let limited = server.client().with_key(&once);
    assert_eq!(limited.get("/voice/voices").status, 200);
    let sound = wav(16_000, (0..32_000).map(|n| (n as f32 * 0.05).sin() * 0.3));
    let done = rendered(&server.client(), &sound, &order());
    let hold = models.path().join("stub-speak/hold");
    let mut texts = Vec::new();
    for (n, off_s) in [0, DAY_S, -DAY_S, 0, 2 * DAY_S, 0].into_iter().enumerate() {
        let client = server.client();
        // A request and a job that are under way while the clock jumps.
        fs::write(&hold, "").unwrap();
        let mut lines = order();
        let line = json!({ "start": 0.0, "end": 1.0, "text": "hold", "speaker": "SPEAKER_00" });
        lines[0].1 = json!([line]).to_string();
        let id = taken(&client, &sound, &lines);
        until("the job", || job(&client, &id)["status"] == "processing");
        let waiting = raw_speech(&server);
        set(&clock, off_s);
        fs::remove_file(&hold).unwrap();
        assert_eq!(waiting.join().unwrap(), 200, "{off_s}");
        let over = over(&client, &id);
        assert_eq!(over["status"], "done", "{off_s}: {over}");
        texts.insert(0, format!("Number {n}."));
        assert_eq!(speak(&client, &texts[0]), 200);
        // The bucket of a call a minute is neither refilled nor emptied for longer.
        let refused = limited_again(&server, &once);
        assert!((1..=60).contains(&refused), "{off_s}: {refused}");
        let spoken = history(&client).into_iter();
        let spoken: Vec<String> = spoken.filter(|t| t.starts_with("Number")).collect();
        assert_eq!(spoken, texts, "{off_s}");
        assert_eq!(client.get("/readyz").status, 200);
        // Also over a restart with the clock as it is.
        assert_eq!(server.stop(), Some(0));
        server = start();
        assert!((1..=60).contains(&limited_again(&server, &once)));
        assert_eq!(speak(&server.client(), "After the start."), 200);
        let first = &history(&server.client())[0];
        assert_eq!(first, "After the start.", "{off_s}");
    }
    // Two days ahead its time was over.
    assert_eq!(
        server
            .client()
            .get(&format!("/voice/dub/jobs/{done}"))
            .status,
        404
    );
    let keys = command(&data, &["key", "list"]);
    assert!(keys[0]["last_used_at"].is_string(), "{keys}");
}

/// The status of a text that is being spoken.
fn raw_speech(server: &Server) -> thread::JoinHandle<u16> {
    let client = server.client();
    thread::spawn(move || speak(&client, "hold"))
}

/// Seconds after which a key of one call a minute may call again.
fn limited_again(server: &Server, key: &str) -> u32 {
    let refused = server.client().with_key(key).get("/voice/voices");
    assert_eq!(refused.status, 429);
    refused.header("retry-after").unwrap().parse().unwrap()
}
