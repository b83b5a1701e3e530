//! A server that is told to stop: it reports that, finishes the work under way, and ends.

use std::fs;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::http::cloning::cloning_models;
use crate::operations::durability::wait_until_busy;
use crate::support::process::{connections, until};
use crate::support::raw::{RawClient, tts};
use crate::support::server::{Server, bare_models, models, stub_models};

/// Longer than any test runs: a test that waits for this has failed.
const FOR_EVER: [&str; 2] = ["--drain-seconds", "3600"];
const SOON: Duration = Duration::from_secs(30);

/// A client that has sent a part of a speech request.
fn begun(server: &Server) -> RawClient {
    let mut client = RawClient::call(server.addr);
    let expect = "Expect: 100-continue\r\nContent-Length: 17\r\n\r\n";
    client.send(format!("{}{expect}", tts(&server.key)));
    assert_eq!(client.read(false).status, 100);
    client
}

/// Waits until `/readyz` says that the server stops.
fn is_stopping(server: &Server) {
    let client = server.client();
    until("the signal", || {
        let answer = client.get("/readyz");
        answer.status == 503 && answer.detail().contains("stopping")
    });
}

#[test]
fn a_box_with_nothing_under_way_ends_at_once_whatever_is_connected() {
    // A stopping server gives an incomplete head a second instead of its deadline of a minute.
    let server = Server::launch(
        &bare_models(),
        &["--drain-seconds", "3600", "--head-seconds", "60"],
    );
    let mut kept = RawClient::call(server.addr);
    kept.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(kept.answer().status, 200);
    let mut silent = RawClient::call(server.addr);
    let mut half = RawClient::call(server.addr);
    half.send("GET /healthz HTT");
    until("all connections", || connections(&server) == 3);
    server.tell_to_stop();
    assert_eq!(server.ended_within(SOON), Some(0));
    for client in [&mut kept, &mut silent, &mut half] {
        client.is_closed();
    }
}

#[test]
fn what_has_begun_is_finished_while_the_rest_is_told() {
    let server = Server::launch(&bare_models(), &FOR_EVER);
    let mut under_way = begun(&server);
    server.tell_to_stop();
    is_stopping(&server);
    let client = server.client();
    let refused = client.post_json("/voice/tts", &json!({ "text": "Too late." }));
    assert_eq!(refused.status, 503);
    assert!(refused.header("retry-after").is_some());
    assert!(
        refused.detail().contains("stopping"),
        "{}",
        refused.detail()
    );
    for path in ["/healthz", "/voice/voices", "/voice/history"] {
        assert_eq!(client.get(path).status, 200, "{path}");
    }
    under_way.send("{\"text\": \"Late.\"}");
    // This server has no model.
    under_way.answer().is_refusal(503);
    assert_eq!(server.ended_within(SOON), Some(0));
    assert!(TcpStream::connect(server.addr).is_err());
}

#[test]
fn generations_that_run_and_wait_are_finished_and_on_record() {
    let models = stub_models();
    let hold = models.path().join("stub-speak/hold");
    fs::write(&hold, "").unwrap();
    let options = [&FOR_EVER[..], &["--lanes", "1"]].concat();
    let server = Server::launch(models.path(), &options);
    let mut speak: Vec<RawClient> = (0..3).map(|_| begun(&server)).collect();
    for client in &mut speak {
        client.send("{\"text\": \"hold\"} ");
    }
    server.tell_to_stop();
    is_stopping(&server);
    fs::remove_file(&hold).unwrap();
    for client in &mut speak {
        assert_eq!(client.answer().status, 200);
    }
    assert_eq!(server.ended_within(SOON), Some(0));
    let again = Server::again(&server.data, &server.key, models.path(), &[]);
    assert_eq!(again.client().get("/voice/history").json()["total"], 3);
}

#[test]
fn while_others_finish_no_cloned_voice_is_made_better() {
    let models = cloning_models();
    let server = Server::launch(models.path(), &FOR_EVER);
    let mut under_way = begun(&server);
    server.tell_to_stop();
    server.logged("no cloned voice is made better any more");
    under_way.send("{\"text\": \"Late.\"}");
    assert_eq!(under_way.answer().status, 200);
    assert_eq!(server.ended_within(SOON), Some(0));
}

#[test]
fn what_does_not_end_in_time_is_cut_off_and_the_store_closed_all_the_same() {
    let models = stub_models();
    fs::write(models.path().join("stub-speak/hold"), "").unwrap();
    let server = Server::launch(models.path(), &["--drain-seconds", "1"]);
    let client = server.client();
    let done = client.post_json("/voice/tts", &json!({ "text": "Done." }));
    assert_eq!(done.status, 200);
    let mut runs = begun(&server);
    runs.send("{\"text\": \"hold\"} ");
    let mut sends = begun(&server);
    server.tell_to_stop();
    assert_eq!(server.ended_within(SOON), Some(1), "requests were cut off");
    runs.is_closed();
    sends.is_closed();
    let again = Server::again(&server.data, &server.key, models.path(), &[]);
    assert_eq!(again.client().get("/voice/history").json()["total"], 1);
}

#[test]
fn a_model_that_computes_does_not_hinder_the_end_nor_answer_after_it() {
    let server = Server::launch(&models(), &["--drain-seconds", "0"]);
    let mut runs = RawClient::call(server.addr);
    let body = format!(
        "{{\"text\":\"{}\"}}",
        "It was the best of times. ".repeat(50)
    );
    let head = tts(&server.key);
    runs.send(format!(
        "{head}Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    wait_until_busy(server.pid());
    server.tell_to_stop();
    server.logged("are cut off");
    assert_eq!(server.ended_within(SOON), Some(1));
    let rest = server.logged_to_the_end();
    assert!(
        !rest.iter().any(|line| line.contains("request")),
        "{rest:?}"
    );
    runs.is_closed();
}

#[test]
fn a_second_signal_ends_the_box_at_once() {
    let server = Server::launch(&bare_models(), &FOR_EVER);
    let mut under_way = begun(&server);
    server.tell_to_stop();
    is_stopping(&server);
    server.tell_to_stop();
    assert_eq!(server.ended_within(SOON), Some(1));
    under_way.is_closed();
}
