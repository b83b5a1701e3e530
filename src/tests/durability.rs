//! What was acknowledged survives a power cut.

use std::thread;

use serde_json::json;

use crate::server::{Server, models, recording};

#[test]
fn a_kill_during_requests_leaves_a_healthy_store_with_the_history_intact() {
    let server = Server::with_models();
    let client = server.client();
    for n in 0..3 {
        assert_eq!(
            client
                .post_json("/voice/tts", &json!({ "text": format!("Number {n}.") }))
                .status,
            200
        );
    }
    let (addr, key, pid) = (server.addr, server.key.clone(), server.pid());
    let file = std::fs::read(recording("two_cities.wav")).unwrap();
    let busy = thread::spawn(move || {
        let client = crate::http::Client::new(addr, &key);
        client.post_form("/voice/stt", &file, &[]).status
    });
    wait_until_busy(pid);
    server.kill();
    assert!(busy.join().is_err(), "the answer came before the kill");

    let again = Server::again(&server.data, &server.key, &models(), &[]);
    let client = again.client();
    assert_eq!(client.get("/readyz").status, 200);
    let page = client.get("/voice/history").json();
    let texts: Vec<&str> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["Number 2.", "Number 1.", "Number 0."]);
    assert_eq!(
        client
            .post_json("/voice/tts", &json!({ "text": "Again." }))
            .status,
        200
    );
    assert_eq!(client.get("/voice/history").json()["total"], 4);
}

/// Returns once the server's worker computes: it has used some processor time since it was looked at first.
pub fn wait_until_busy(pid: u32) {
    let ticks = || -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        // Fields 14 and 15 (proc(5)): user and system time in ticks; the second field may hold spaces.
        let rest = stat.rsplit(')').next().unwrap();
        rest.split_whitespace()
            .skip(11)
            .take(2)
            .map(|t| t.parse::<u64>().unwrap())
            .sum()
    };
    let begun = ticks();
    while ticks() < begun + 30 {
        thread::yield_now();
    }
}
