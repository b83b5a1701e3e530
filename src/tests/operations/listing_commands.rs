//! `vocabox job`, `voice` and `history`: what operators list and remove, also while the server runs.

use serde_json::{Value, json};

use crate::dubbing::jobs::{over, stubs};
use crate::http::cloning::{self, cloning_models};
use crate::http::voice::wav;
use crate::support::process::until;
use crate::support::server::{Server, json as command, run};

fn lines(server: &Server, args: &[&str]) -> Vec<String> {
    let data = server.data.to_str().unwrap();
    let output = run(&[&["--data-dir", data], args].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The exit code and the line of a command that fails.
fn refused(server: &Server, args: &[&str]) -> (Option<i32>, String) {
    let data = server.data.to_str().unwrap();
    let output = run(&[&["--data-dir", data], args].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    (output.status.code(), said)
}

#[test]
fn jobs_are_listed_and_cancelled_while_the_server_works_on_them() {
    let models = stubs();
    let server = Server::launch(models.path(), &[]);
    let (client, other) = (server.client(), server.new_account("other"));
    let sound = wav(16_000, (0..16_000).map(|n| (n as f32 * 0.05).sin() * 0.3));
    let analyze = |client: &crate::support::client::Client| {
        let taken = client.post_form("/voice/dub/analyze", &sound, &[]);
        taken.json()["job_id"].as_str().unwrap().to_owned()
    };
    let first = analyze(&client);
    over(&client, &first);
    // The next one holds until it is cancelled.
    let hold = models.path().join("stub-speak/hold");
    std::fs::write(&hold, "").unwrap();
    let mut lines_of = crate::dubbing::render::order();
    let line = json!({ "start": 0.0, "end": 1.0, "text": "hold", "speaker": "SPEAKER_00" });
    lines_of[0].1 = json!([line]).to_string();
    let held = crate::dubbing::render::taken(&client, &sound, &lines_of);
    let foreign = analyze(&other);
    let job = |id: &str| client.get(&format!("/voice/dub/jobs/{id}"));
    until("the job", || job(&held).json()["status"] == "processing");
    let all = command(&server.data, &["job", "list"]);
    let ids: Vec<&Value> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|job| &job["job_id"])
        .collect();
    assert_eq!(ids, [&json!(foreign), &json!(held), &json!(first)]);
    assert_eq!(
        (&all[0]["account"], &all[2]["status"]),
        (&json!("other"), &json!("done"))
    );
    let own = lines(&server, &["job", "list", "--account", "test"]);
    assert!(
        own[0].starts_with("JOB ID") && own[1].starts_with(&held),
        "{own:?}"
    );
    assert!(
        own[1].contains("render") && own[2].contains("100 %"),
        "{own:?}"
    );

    let told = lines(&server, &["job", "cancel", &held]);
    assert_eq!(told, [format!("Cancelled {held} and deleted its files.")]);
    assert_eq!(job(&held).status, 404);
    std::fs::remove_file(&hold).unwrap();
    // The server goes on with the next one, and leaves nothing of the cancelled one.
    over(&other, &foreign);
    until("its files", || {
        !server.data.join("jobs").join(&held).exists()
    });
    for (id, code) in [(&*held, 1), ("nothing", 2)] {
        let (ended, said) = refused(&server, &["job", "cancel", id]);
        assert_eq!(ended, Some(code), "{said}");
    }
    let done = command(&server.data, &["job", "cancel", &first]);
    assert_eq!(done, json!({ "status": "deleted", "job_id": first }));
    assert_eq!(job(&first).status, 404);
}

#[test]
fn cloned_voices_are_listed_and_deleted() {
    let models = cloning_models();
    let server = Server::launch(models.path(), &[]);
    cloning::wait_measured(&server);
    let client = server.client();
    let made = cloning::clone(&client, &cloning::reader(), &[("name", "Reader")]);
    let id = made.json()["voice_id"].as_str().unwrap().to_owned();
    let voices = command(&server.data, &["voice", "list", "--account", "test"]);
    let voice = &voices[0];
    assert_eq!(
        (&voice["voice_id"], &voice["name"], &voice["account"]),
        (&json!(id), &json!("Reader"), &json!("test"))
    );
    let listed = lines(&server, &["voice", "list"]);
    assert!(
        listed[1].starts_with(&id) && listed.len() == 2,
        "{listed:?}"
    );
    let told = lines(&server, &["voice", "delete", &id]);
    assert_eq!(told, [format!("Deleted {id} and its recording.")]);
    let speak = json!({ "text": "Yes.", "voice_id": id });
    assert_eq!(client.post_json("/voice/tts", &speak).status, 404);
    assert!(!server.data.join("voices").join(&id).exists());
    for (id, code) in [(&*id, 1), ("af_heart", 2)] {
        let (ended, said) = refused(&server, &["voice", "delete", id]);
        assert_eq!(ended, Some(code), "{said}");
    }
}

#[test]
fn histories_are_listed_without_texts_but_in_json() {
    let models = stubs();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    for text in ["Secret one.", "Secret two.", "fail"] {
        client.post_json("/voice/tts", &json!({ "text": text }));
    }
    let listed = lines(&server, &["history", "list", "--account", "test"]);
    assert_eq!(listed.len(), 4, "{listed:?}");
    assert!(
        listed[1].contains("tts") && listed[1].contains("error"),
        "{listed:?}"
    );
    assert!(
        listed[2].contains("af_heart") && !listed[2].contains("Secret"),
        "{listed:?}"
    );
    let page = [
        "history",
        "list",
        "--account",
        "test",
        "--limit",
        "1",
        "--offset",
        "1",
    ];
    let page = command(&server.data, &page);
    assert_eq!(
        (page.as_array().unwrap().len(), &page[0]["text"]),
        (1, &json!("Secret two."))
    );
    let none = ["history", "list", "--account", "test", "--feature", "stt"];
    assert_eq!(command(&server.data, &none), json!([]));
    let unknown = ["history", "list", "--account", "unknown"];
    assert_eq!(refused(&server, &unknown).0, Some(1));
    let purged = command(&server.data, &["history", "purge", "--account", "test"]);
    assert_eq!(purged["items"], 3);
}
