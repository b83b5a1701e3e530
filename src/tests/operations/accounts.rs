//! Accounts, their limits and their history, changed on the command line while the server runs.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::client::{Client, HttpAnswer};
use crate::support::process::until_within;
use crate::support::server::{Server, bare_models, json as command, run, stub_models};

fn speak(client: &Client) -> HttpAnswer {
    client.post_json("/voice/tts", &json!({ "text": "Hi." }))
}

fn key(data: &Path, account: &str, more: &[&str]) -> String {
    let create = ["key", "create", "--account", account, "--name", "k"];
    let key = command(data, &[&create, more].concat());
    key["key"].as_str().unwrap().to_owned()
}

fn number(answer: &HttpAnswer, header: &str) -> u64 {
    answer.header(header).expect(header).parse().unwrap()
}

#[test]
fn a_change_of_an_account_counts_from_the_next_request_on() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    let set = |more: &[&str]| command(&server.data, &[&["account", "set", "test"], more].concat());
    assert_eq!(speak(&client).status, 200);
    let account = set(&["--rpm", "50", "--entitled", "false"]);
    assert_eq!(
        (&account["rpm"], &account["entitled"]),
        (&json!(50), &json!(false))
    );
    let refused = speak(&client);
    assert_eq!(
        (refused.status, number(&refused, "x-ratelimit-limit")),
        (403, 50)
    );
    assert_eq!(client.get("/voice/history").json()["total"], 1);

    let account = set(&["--entitled", "true", "--expires", "2020-01-01T00:00:00Z"]);
    assert_eq!(account["expires"], "2020-01-01T00:00:00.000Z");
    assert_eq!(speak(&client).status, 403);
    assert_eq!(set(&["--expires", "never"])["expires"], Value::Null);
    assert_eq!(speak(&client).status, 200);
}

#[test]
fn a_deleted_accounts_keys_are_refused_and_its_name_inherits_nothing() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let (data, client) = (&server.data, server.client());
    for fate in ["keep", "purge"] {
        command(data, &["account", "create", "ada"]);
        let ada = client.with_key(&key(data, "ada", &[]));
        assert_eq!(speak(&ada).status, 200);
        assert_eq!(ada.get("/voice/history").json()["total"], 1);
        let deleted = command(data, &["account", "delete", "ada", "--history", fate]);
        assert_eq!(
            deleted,
            json!({ "status": "deleted", "name": "ada", "history": fate })
        );
        assert_eq!(speak(&ada).status, 401);
        assert_eq!(ada.get("/voice/history").status, 401);
    }
    let purge = |of: &[&str]| command(data, &[&["history", "purge"], of].concat());
    let purged = |items| json!({ "status": "purged", "items": items });
    assert_eq!(purge(&["--deleted"]), purged(1), "what was kept");
    assert_eq!(purge(&["--deleted"]), purged(0));
    command(data, &["account", "create", "ada"]);
    let ada = client.with_key(&key(data, "ada", &[]));
    assert_eq!(ada.get("/voice/history").json()["total"], 0);
    assert_eq!(speak(&ada).status, 200);
    let before = client.get("/voice/history").json()["total"].clone();
    assert_eq!(purge(&["--account", "ada"]), purged(1));
    assert_eq!(ada.get("/voice/history").json()["total"], 0);
    assert_eq!(client.get("/voice/history").json()["total"], before);
    assert_eq!(client.get("/voice/history").status, 200);
    let data = data.to_str().unwrap();
    let undecided = run(&["--data-dir", data, "account", "delete", "ada"]);
    assert_eq!(undecided.status.code(), Some(2));
    assert_eq!(ada.get("/voice/history").status, 200);
}

#[test]
fn twenty_calls_a_minute_are_twenty_at_once_and_a_stop_refills_nothing() {
    let server = Server::start();
    let limited = key(&server.data, "test", &["--rpm", "20"]);
    let client = server.client().with_key(&limited);
    let begun = Instant::now();
    // One token is added every 3 s: on a machine that stalls for that long there may be one more.
    let refilled = || begun.elapsed().as_secs() / 3;
    let mut granted = 0;
    let refused = loop {
        let answer = client.get("/voice/history");
        match answer.status {
            200 => granted += 1,
            _ => break answer,
        }
    };
    assert!((20..=20 + refilled()).contains(&granted), "{granted}");
    assert_eq!(refused.status, 429);
    assert!((1..=3).contains(&number(&refused, "retry-after")));
    assert_eq!(number(&refused, "x-ratelimit-limit"), 20);
    assert_eq!(number(&refused, "x-ratelimit-remaining"), 0);
    assert_eq!(number(&refused, "x-ratelimit-reset").div_ceil(3), 20);
    assert_eq!(server.client().get("/voice/history").status, 200);

    assert_eq!(server.stop(), Some(0));
    let server = Server::again(&server.data, &limited, &bare_models(), &[]);
    let remaining = number(
        &server.client().get("/voice/history"),
        "x-ratelimit-remaining",
    );
    assert!(remaining <= refilled(), "{remaining}");
}

#[test]
fn the_oldest_history_makes_room_for_the_newest() {
    let models = stub_models();
    let server = Server::launch(models.path(), &["--history-max", "5"]);
    let client = server.client();
    let ids: Vec<Value> = (0..12)
        .map(|_| {
            let metadata = speak(&client).header("x-vox-metadata").unwrap().to_owned();
            serde_json::from_str::<Value>(&metadata).unwrap()["id"].clone()
        })
        .collect();
    let newest: Vec<&Value> = ids.iter().rev().take(5).collect();
    until_within(Duration::from_secs(60), "the bound", || {
        let page = client.get("/voice/history").json();
        let items = page["items"].as_array().unwrap();
        let kept: Vec<&Value> = items.iter().map(|item| &item["id"]).collect();
        assert_eq!(kept[..5], newest);
        page["total"] == 5 && kept.len() == 5
    });
}

#[test]
fn a_second_server_on_a_data_folder_says_so_and_exits_with_2() {
    let server = Server::start();
    let (data, models) = (server.data.to_str().unwrap(), bare_models());
    let models = models.to_str().unwrap();
    let serve = [
        "--data-dir",
        data,
        "--models-dir",
        models,
        "serve",
        "--listen",
        "127.0.0.1:0",
    ];
    let second = run(&serve);
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(
        said.contains("Another vocabox serves this data folder"),
        "{said}"
    );
    assert!(!said.contains("listening"), "{said}");
    assert_eq!(server.client().get("/voice/history").status, 200);
}
