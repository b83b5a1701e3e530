//! The server runs out of file descriptors.

use std::net::Ipv4Addr;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::support::process::{files, raise_own_files, until};
use crate::support::raw::{RawClient, is_well, tts};
use crate::support::server::Server;

/// Limit of open files: enough for the fewest connections that the default queue needs, and far fewer than the default.
const FEW: u64 = 900;

#[test]
fn with_few_files_fewer_connections_are_taken_and_never_one_too_many() {
    raise_own_files();
    let server = Server::start_with_files(FEW, &[]);
    is_well(&server);
    // Slow heads, stalled bodies and kept connections, many more than the server can hold, from several addresses.
    let stalled = format!("{}Content-Length: 1000\r\n\r\n{{", tts(&server.key));
    let held: Vec<RawClient> = (0..400_u16)
        .map(|n| {
            let mut client =
                RawClient::call_from(Ipv4Addr::new(127, 0, 2, 1 + (n % 4) as u8), server.addr);
            client.send(match n % 10 {
                0 => &stalled,
                1..6 => "GET /healthz HTT",
                _ => "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
            });
            client
        })
        .collect();
    for _ in 0..20 {
        is_well(&server);
    }
    assert!(files(&server).len() < FEW as usize);
    drop(held);
    is_well(&server);
}

#[test]
fn too_few_files_for_any_service_are_refused_at_the_start() {
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -n 100; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_vocabox"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(tempfile::tempdir().unwrap().path().join("data"))
        .arg("--models-dir")
        .arg(crate::support::server::bare_models())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("ulimit -n"), "{said}");
}

#[test]
fn files_that_run_out_all_the_same_are_a_refusal_and_then_a_recovery() {
    let server = Server::start();
    let pid = Pid::from_raw(server.pid() as i32);
    let ask = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut kept = RawClient::call(server.addr);
    kept.send(ask);
    assert_eq!(kept.answer().status, 200);
    // The last request's files are closed shortly after its answer: poll until the number is stable.
    let (mut open, mut same) = (files(&server), 0);
    until("rest", || {
        let before = std::mem::replace(&mut open, files(&server));
        same = if before == open { same + 1 } else { 0 };
        same == 50
    });
    // No further file can be opened: the least free number is the limit.
    let none = (0..).find(|n| !open.contains(n)).unwrap();
    let before = prlimit(pid, Resource::Nofile, limit(none)).unwrap();
    let mut waits = RawClient::call(server.addr);
    waits.send(ask);
    kept.send(ask);
    kept.answer().is_refusal(503);
    prlimit(pid, Resource::Nofile, before).unwrap();
    assert_eq!(waits.answer().status, 200);
    for _ in 0..5 {
        kept.send(ask);
        assert_eq!(kept.answer().status, 200);
        is_well(&server);
    }
}

fn limit(files: u64) -> Rlimit {
    Rlimit {
        current: Some(files),
        maximum: rustix::process::getrlimit(Resource::Nofile).maximum,
    }
}
