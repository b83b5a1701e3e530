//! A clock that is years ahead, with a server that removes what is too old.

use std::fs;

use serde_json::json;

use super::durability::new_key;
use super::wall_clock::{DAY_S, set};
use crate::dubbing::jobs::{over, stubs};
use crate::http::voice::wav;
use crate::support::server::{Server, json as command, vocabox};
use crate::support::shim;

#[test]
fn a_clock_that_jumps_by_years_removes_no_history_and_no_job_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (data, clock) = (folder.path().join("data"), folder.path().join("clock"));
    set(&clock, 0);
    let shim = shim::build("wall_clock", folder.path());
    let models = stubs();
    let key = new_key(&data, "test", "100000");
    let config = folder.path().join("server.toml");
    fs::write(&config, "history_days = 30\n").unwrap();
    let start = || {
        let mut command = vocabox(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
        command.arg(&data).arg("--models-dir").arg(models.path());
        command.arg("--config").arg(&config);
        command.env("LD_PRELOAD", &shim).env("WALL_CLOCK", &clock);
        Server::of(command, &data, &key)
    };
    let server = start();
    let client = server.client();
    let speak = |text: &str| {
        client
            .post_json("/voice/tts", &json!({ "text": text }))
            .status
    };
    assert_eq!(speak("Kept."), 200);
    let sound = wav(16_000, (0..16_000).map(|n| (n as f32 * 0.05).sin() * 0.3));
    let taken = client.post_form("/voice/dub/analyze", &sound, &[]);
    let job = taken.json()["job_id"].as_str().unwrap().to_owned();
    over(&client, &job);
    assert_eq!(server.stop(), Some(0));

    set(&clock, 3_650 * DAY_S);
    let server = start();
    let said = &server.first_lines;
    assert!(
        said.contains(" WARN ") && said.contains("nothing is removed for its age"),
        "{said}"
    );
    let client = server.client();
    // An append and another job look for what is too old, too.
    let asked = json!({ "text": "From the future." });
    assert_eq!(client.post_json("/voice/tts", &asked).status, 200);
    let taken = client.post_form("/voice/dub/analyze", &sound, &[]);
    over(&client, taken.json()["job_id"].as_str().unwrap());
    let total = || client.get("/voice/history?limit=1").json()["total"].clone();
    assert_eq!(total(), 4);
    assert_eq!(client.get(&format!("/voice/dub/jobs/{job}")).status, 200);
    assert_eq!(server.stop(), Some(0));

    // Set right, it is believed at once; what is really old goes.
    set(&clock, 0);
    let server = start();
    assert_eq!(
        server.client().get("/voice/history?limit=1").json()["total"],
        4
    );
    assert_eq!(server.stop(), Some(0));
    let listed = command(&data, &["history", "list", "--account", "test"]);
    assert_eq!(listed.as_array().unwrap().len(), 4);
}
