//! A process whose address space is bounded (`ulimit -v`).

use std::fs;
use std::thread;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;

use crate::support::client::Client;
use crate::support::process::until;
use crate::support::server::{Server, recording, stub_models};

/// Bytes of address space that the process uses.
fn address_space(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmSize:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() * 1024
}

/// Lets the process have `more` bytes of address space beside what it has.
fn bound(server: &Server, more: u64) {
    let most = address_space(server) + more;
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    let pid = Pid::from_raw(server.pid() as i32);
    prlimit(pid, Resource::As, limit).unwrap();
}

fn speak(client: &Client, characters: usize) -> u16 {
    let text = vec!["Word."; characters / 6].join(" ");
    client
        .post_json("/voice/tts", &json!({ "text": text }))
        .status
}

#[test]
fn requests_for_which_there_is_no_memory_are_refused_and_the_process_lives() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    assert_eq!(speak(&client, 60), 200);
    bound(&server, 24 << 20);
    // Small enough for the server to read it beside its refusal (`DRAIN_BYTES_MAX`).
    let recording = fs::read(recording("two_cities.mp3")).unwrap();
    let statuses: Vec<u16> = thread::scope(|scope| {
        let clients: Vec<_> = (0..12)
            .map(|n| {
                let (client, recording) = (server.client(), &recording);
                scope.spawn(move || match n % 3 {
                    0 => client.post_form("/voice/stt", recording, &[]).status,
                    1 => speak(&client, 600),
                    _ => speak(&client, 3_000),
                })
            })
            .collect();
        // None: the connection was closed, because there was no room for its thread.
        let status = |client: thread::ScopedJoinHandle<u16>| client.join().ok();
        clients.into_iter().filter_map(status).collect()
    });
    println!("{statuses:?}");
    let is_meant = statuses.iter().all(|status| [200, 503].contains(status));
    if !is_meant || !statuses.contains(&503) {
        server.kill();
        panic!("{statuses:?}: {:#?}", server.logged_to_the_end());
    }
    // Once the others have ended, there is room again.
    until("room", || client.get("/readyz").status == 200);
    assert_eq!(speak(&client, 60), 200);
    assert_eq!(client.get("/voice/history").status, 200);
    assert_eq!(server.stop(), Some(0));
}
