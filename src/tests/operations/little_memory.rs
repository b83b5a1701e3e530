//! A process whose address space is bounded (`ulimit -v`).

use std::fs;
use std::thread;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;

use crate::support::client::Client;
use crate::support::server::{Server, stub_models};

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
    bound(&server, 64 << 20);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let clients: Vec<_> = (0..12)
            .map(|_| {
                let client = server.client();
                scope.spawn(move || speak(&client, 4_800))
            })
            .collect();
        clients.into_iter().map(|c| c.join().unwrap()).collect()
    });
    println!("{statuses:?}");
    assert!(
        statuses.iter().all(|s| [200, 503].contains(s)),
        "{statuses:?}"
    );
    assert!(statuses.contains(&503), "{statuses:?}");
    assert_eq!(speak(&client, 60), 200);
}
