//! Lines that renders keep for later ones.

use std::fs;

use serde_json::json;

use crate::dubbing::films::film;
use crate::dubbing::jobs::{job, over, stubs};
use crate::dubbing::render::{order, rendered, taken};
use crate::http::voice::wav;
use crate::support::client::Client;
use crate::support::process::until;
use crate::support::server::{Server, json as command};

/// The number of complete lines that are kept, of all accounts.
fn kept_lines(server: &Server) -> usize {
    let folders = fs::read_dir(server.data.join("spoken")).unwrap();
    let folders = folders.filter_map(|folder| fs::read_dir(folder.unwrap().path()).ok());
    let names = folders.flatten().map(|file| file.unwrap().file_name());
    names
        .filter(|name| name.to_str().unwrap().ends_with(".line"))
        .count()
}

#[test]
fn a_render_that_was_killed_is_done_after_the_next_start() {
    let models = stubs();
    let hold = models.path().join("stub-speak/hold");
    fs::write(&hold, "").unwrap();
    let server = Server::launch(models.path(), &[]);
    let mut fields = order();
    fields[0].1 = json!([
        { "start": 0.5, "end": 1.5, "text": "ok" },
        { "start": 2.0, "end": 3.0, "text": "hold" },
    ])
    .to_string();
    let film = fs::read(film("film.webm")).unwrap();
    let id = taken(&server.client(), &film, &fields);
    // Complete lines have their final names.
    let is_kept = || kept_lines(&server) > 0;
    until("the first line", || {
        let job = job(&server.client(), &id);
        job["status"] == "processing" && is_kept()
    });
    server.kill();
    fs::remove_file(&hold).unwrap();
    let again = Server::again(&server.data, &server.key, models.path(), &[]);
    let client = again.client();
    let done = over(&client, &id);
    assert_eq!(done["status"], "done", "{done}");
    let video = client.get(done["result"]["video_url"].as_str().unwrap());
    assert_eq!(
        (video.status, video.header("content-type")),
        (200, Some("video/webm"))
    );
    // Lines that were spoken before the process ended are not spoken again.
    assert!(
        done["result"]["lines_reused"].as_u64().unwrap() >= 1,
        "{done}"
    );
}

#[test]
fn kept_lines_are_an_accounts_own_and_go_with_its_jobs_and_with_it() {
    let models = stubs();
    let server = Server::launch(models.path(), &[]);
    let (one, other) = (server.client(), server.new_account("other"));
    let sound = wav(16_000, (0..32_000).map(|n| (n as f32 * 0.05).sin() * 0.1));
    let reused = |client: &Client| {
        let id = rendered(client, &sound, &order());
        let done = job(client, &id);
        (id, done["result"]["lines_reused"].as_u64().unwrap())
    };
    let (first, none) = reused(&one);
    assert_eq!((none, reused(&one).1), (0, 2), "its own lines are reused");
    assert_eq!(reused(&other).1, 0, "another account's are not");
    assert_eq!(kept_lines(&server), 4);
    let deleted = one.send(
        "DELETE",
        &format!("/voice/dub/jobs/{first}"),
        None,
        Vec::new(),
    );
    assert_eq!(deleted.status, 200);
    assert_eq!(kept_lines(&server), 2, "the other account's are left");
    assert_eq!(reused(&other).1, 2);
    command(
        &server.data,
        &["account", "delete", "other", "--history", "purge"],
    );
    assert_eq!(kept_lines(&server), 0);
    assert_eq!(reused(&one).1, 0);
}
