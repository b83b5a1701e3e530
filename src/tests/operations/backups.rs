//! `vocabox backup` and `restore`, while a server works and after it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::http::cloning::{self, cloning_models};
use crate::support::server::{Server, bare_models, json as command, new_data, run};

/// More than any test makes.
const ALL: &str = "1000000";

fn history(data: &Path, account: &str) -> Vec<Value> {
    let list = ["history", "list", "--account", account, "--limit", ALL];
    command(data, &list).as_array().unwrap().clone()
}

fn ids(items: &[Value]) -> BTreeSet<String> {
    items.iter().map(|item| item["id"].to_string()).collect()
}

/// Everything that operators can list but histories, which grow meanwhile, and the times at which keys were last used.
fn listed(data: &Path) -> Value {
    let mut keys = command(data, &["key", "list"]);
    for key in keys.as_array_mut().unwrap() {
        key.as_object_mut().unwrap().remove("last_used_at");
    }
    let lexicon = ["lexicon", "list", "--account", "other"];
    json!({
        "accounts": command(data, &["account", "list"]),
        "keys": keys,
        "voices": command(data, &["voice", "list"]),
        "lexicon": command(data, &lexicon),
    })
}

#[test]
fn ten_backups_under_load_have_all_that_was_answered_before_and_nothing_that_was_not() {
    let models = cloning_models();
    let server = cloning::launch(models.path(), &[]);
    let (client, other) = (server.client(), server.new_account("other"));
    let made = cloning::clone(
        &client,
        &cloning::reader(),
        &[("name", "Reader"), ("consent", "true")],
    );
    let voice = made.json()["voice_id"].as_str().unwrap().to_owned();
    let entries = json!({ "entries": [{ "word": "Lagos", "spelling": "lay gos" }] });
    let put = other.send(
        "PUT",
        "/voice/lexicon",
        Some("application/json"),
        entries.to_string().into_bytes(),
    );
    assert_eq!(put.status, 200);
    // The search for a better style changes the voice.
    server.logged_within(&format!("voice {voice}: likeness"), cloning::LONG);
    let before = listed(&server.data);
    assert_eq!(
        before["voices"][0]["consent"]["sentence"],
        "The speaker agreed to be cloned."
    );
    assert_eq!(before["voices"][0]["consent"]["key_name"], "first");

    let folder = tempfile::tempdir().unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for client in [&client, &other] {
            scope.spawn(|| {
                let mut number = 0;
                while !is_over.load(Ordering::Relaxed) {
                    number += 1;
                    let speak = json!({ "text": format!("Number {number}.") });
                    assert_eq!(client.post_json("/voice/tts", &speak).status, 200);
                }
            });
        }
        for number in 0..10 {
            let accounts = ["test", "other"];
            let answered = accounts.map(|account| ids(&history(&server.data, account)));
            let file = folder.path().join(format!("{number}.tar"));
            let file = file.to_str().unwrap();
            let written = command(&server.data, &["backup", file]);
            assert_eq!(written["status"], "written");
            let data = folder.path().join(format!("restored-{number}"));
            assert_eq!(command(&data, &["restore", file])["status"], "restored");
            assert_eq!(listed(&data), before);
            for (account, answered) in accounts.into_iter().zip(answered) {
                let restored = history(&data, account);
                assert!(
                    answered.is_subset(&ids(&restored)),
                    "backup {number} of {account}"
                );
                let now = history(&server.data, account);
                assert!(
                    restored.iter().all(|item| now.contains(item)),
                    "backup {number} of {account}"
                );
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });

    // A server answers on a restored folder as the first one does: same key, same voice, same texts.
    let data = folder.path().join("restored-9");
    let again = Server::again(&data, &server.key, models.path(), &[]);
    let speak = json!({ "text": "Once more.", "voice_id": voice });
    let spoken = [&again, &server].map(|server| server.client().post_json("/voice/tts", &speak));
    assert_eq!(spoken.each_ref().map(|answer| answer.status), [200, 200]);
    assert!(spoken[0].body == spoken[1].body);
    let page = again.client().get("/voice/history?limit=1").json();
    assert_eq!(page["items"][0]["text"], "Once more.");
}

#[test]
fn what_cannot_be_done_is_told_in_a_line_and_changes_nothing() {
    let (folder, data, _) = new_data();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let refused = |data: &Path, args: &[&str]| {
        let data = data.to_str().unwrap();
        let output = run(&[&["--data-dir", data], args].concat());
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        said
    };
    let file = path("backup.tar");
    command(&data, &["backup", &file]);
    let said = refused(&data, &["backup", &file]);
    assert!(said.contains("exists already"), "{said}");
    let said = refused(&data, &["backup", &path("missing/backup.tar")]);
    assert!(said.contains("missing/backup.tar"), "{said}");
    let said = refused(&data, &["restore", &file]);
    assert!(said.contains("--replace"), "{said}");
    let said = refused(&data, &["restore", &path("nothing.tar")]);
    assert!(said.contains("nothing.tar cannot be opened"), "{said}");
    std::fs::write(path("text.tar"), "not a backup").unwrap();
    let said = refused(&data, &["restore", "--replace", &path("text.tar")]);
    assert!(
        said.contains("not a backup that this program knows"),
        "{said}"
    );
    let server = Server::again(&data, "", &bare_models(), &[]);
    let said = refused(&data, &["restore", "--replace", &file]);
    assert!(said.contains("Another vocabox serves"), "{said}");
    assert_eq!(server.stop(), Some(0));
    assert_eq!(command(&data, &["account", "list"])[0]["name"], "test");
}

#[test]
fn a_running_server_takes_what_may_change_and_names_what_may_not() {
    let (folder, data, key) = new_data();
    let file = folder.path().join("vocabox.toml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    write("cors_origin = [\"https://one.example\"]\nqueue = 8\n");
    let options = ["--config", file.to_str().unwrap(), "--log-level", "info"];
    let server = Server::again(&data, &key, &bare_models(), &options);
    let allowed = |origin: &str| {
        let origin = [("Origin", origin)];
        let answer = server
            .client()
            .send_with("GET", "/healthz", None, Vec::new(), &origin);
        answer
            .header("access-control-allow-origin")
            .map(str::to_owned)
    };
    assert!(allowed("https://one.example").is_some());
    let reload = || run(&["--data-dir", data.to_str().unwrap(), "reload"]);

    write("cors_origin = [\"https://two.example\"]\nqueue = 9\nlog_level = \"error\"\n");
    assert!(reload().status.success());
    let lines = server.logged_until("the options were read again");
    let has = |words: &str| lines.iter().any(|line| line.contains(words));
    assert!(has("cors_origin = [\"https://two.example\"]"), "{lines:?}");
    assert!(has("queue = 9") && has("needs a new start"), "{lines:?}");
    // A flag stays above the file.
    assert!(!has("log_level"), "{lines:?}");
    assert!(allowed("https://one.example").is_none());
    assert!(allowed("https://two.example").is_some());

    write("cors_origin = [\"https://three.example/path\"]\n");
    assert!(reload().status.success());
    server.logged("the options stay as they are");
    assert!(allowed("https://two.example").is_some());

    assert_eq!(server.stop(), Some(0));
    let told = reload();
    assert_eq!(told.status.code(), Some(1));
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(
        said.contains("no server runs on this data folder"),
        "{said}"
    );
}

#[test]
fn the_options_in_force_are_a_file_that_gives_the_same_options() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vocabox.toml");
    let given = [
        "config",
        "--queue",
        "8",
        "--audio-bytes",
        "64MiB",
        "--cors-origin",
        "https://a.example",
    ];
    let first = run(&given);
    assert!(first.status.success());
    std::fs::write(&file, &first.stdout).unwrap();
    let again = run(&["--config", file.to_str().unwrap(), "config"]);
    assert!(
        again.status.success(),
        "{}",
        String::from_utf8_lossy(&again.stderr)
    );
    let values = |output: &[u8]| {
        let text = String::from_utf8(output.to_vec()).unwrap();
        let values = text
            .lines()
            .map(|line| line.split("  #").next().unwrap().to_owned());
        values.collect::<Vec<_>>()
    };
    assert_eq!(values(&first.stdout), values(&again.stdout));
    let text = String::from_utf8(first.stdout).unwrap();
    for line in [
        "queue = 8  # by a flag",
        "audio_bytes = \"64MiB\"  # by a flag",
        "log_level = \"info\"",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}: {text}");
    }
}
