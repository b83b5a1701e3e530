//! A model that hangs in native code, which nothing ends from outside.

use std::fs;

use crate::support::process::until;
use crate::support::raw;
use crate::support::server::{END, Server, stub_models};

const HANGS_AFTER_A_SECOND: [&str; 2] = ["--step-seconds", "1"];

#[test]
fn a_model_that_hangs_makes_the_server_unready_until_it_goes_on() {
    let models = stub_models();
    let hold = models.path().join("stub-speak/hold");
    fs::write(&hold, "").unwrap();
    let server = Server::launch(models.path(), &HANGS_AFTER_A_SECOND);
    let client = server.client();
    assert_eq!(client.get("/readyz").status, 200);
    let hangs = raw::admitted(server.addr, &server.key, "/voice/tts", "hang");
    let mut hangs = hangs.ok().expect("a place");
    until("the server says so", || {
        let answer = client.get("/readyz");
        assert!(
            answer.status == 200 || answer.detail().contains("without an end"),
            "{}",
            answer.detail()
        );
        answer.status == 503
    });
    assert_eq!(client.get("/healthz").status, 200, "it answers");
    fs::remove_file(&hold).unwrap();
    assert_eq!(hangs.answer().status, 200);
    assert_eq!(client.get("/readyz").status, 200);
}

#[test]
fn with_a_watchdog_a_model_that_hangs_ends_the_process_for_its_supervisor() {
    let models = stub_models();
    fs::write(models.path().join("stub-speak/hold"), "").unwrap();
    let options = [&HANGS_AFTER_A_SECOND[..], &["--watchdog"]].concat();
    let server = Server::launch(models.path(), &options);
    let hangs = raw::admitted(server.addr, &server.key, "/voice/tts", "hang");
    let _hangs = hangs.ok().expect("a place");
    let line = server.logged("without an end");
    assert!(line.contains("the process ends"), "{line}");
    assert_eq!(server.ended_within(END), Some(1));
}
