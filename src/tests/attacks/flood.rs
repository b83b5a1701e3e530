//! More connections than the server accepts, and a thousand silent ones, from one address and from many.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::support::process::{connections, raise_own_files, resident, spooled, until};
use crate::support::raw::{RawClient, is_well, tts};
use crate::support::server::{Server, bare_models};

const MANY: usize = 1_000;
/// Connections of one address; fewer than the default limit.
const PER_ADDRESS: usize = 200;
/// A server whose clients may hold their connections for longer than an honest client waits for an answer
/// ([`crate::support::raw::PATIENCE`]): an answer that has to wait for them comes too late.
const HELD: [&str; 4] = ["--head-seconds", "60", "--idle-seconds", "3600"];
const MEMORY_MAX: u64 = 150 << 20;

/// Opens `count` connections that have sent `begun`, from as many addresses as they need.
fn hold(server: &Server, count: usize, begun: &str) -> Vec<RawClient> {
    raise_own_files();
    (0..count)
        .map(|n| {
            let from = Ipv4Addr::new(127, 0, 1, 1 + (n / PER_ADDRESS) as u8);
            let mut client = RawClient::call_from(from, server.addr);
            client.send(begun);
            client
        })
        .collect()
}

/// The median wait of an honest client, from another address. It is only printed, because the machine may be busy
/// (`benches/admission.rs` measures it).
fn median(server: &Server) -> Duration {
    let mut waits: Vec<Duration> = (0..51)
        .map(|_| {
            let started = Instant::now();
            let mut client = RawClient::call(server.addr);
            client.send(format!(
                "GET /voice/voices HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
                server.key
            ));
            assert_eq!(client.answer().status, 200);
            started.elapsed()
        })
        .collect();
    waits.sort();
    waits[waits.len() / 2]
}

#[track_caller]
fn goes_on_beside(server: &Server, idle: u64, held: &[RawClient]) {
    let median = median(server);
    let grown = resident(server).saturating_sub(idle);
    println!(
        "{} held: median {median:?}, {} MiB more",
        held.len(),
        grown >> 20
    );
    assert!(grown < MEMORY_MAX, "{} MiB more", grown >> 20);
}

#[test]
fn a_thousand_slow_heads_and_bodies_cost_little_and_hinder_nobody() {
    let server = Server::launch(&bare_models(), &HELD);
    is_well(&server);
    let idle = resident(&server);
    let heads = hold(&server, MANY, "GET /voice/voices HT");
    goes_on_beside(&server, idle, &heads);
    drop(heads);
    let body = format!("{}Content-Length: 1000\r\n\r\n{{", tts(&server.key));
    let bodies = hold(&server, MANY, &body);
    goes_on_beside(&server, idle, &bodies);
    drop(bodies);
    until("the end of all connections", || connections(&server) == 0);
    is_well(&server);
}

#[test]
fn silent_connections_and_those_that_were_answered_once_cost_little_too() {
    let server = Server::launch(&bare_models(), &HELD);
    is_well(&server);
    let idle = resident(&server);
    let silent = hold(&server, MANY / 2, "");
    let mut kept = hold(
        &server,
        MANY / 2,
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    goes_on_beside(&server, idle, &silent);
    // A burst of kept connections is answered completely, and again after a pause.
    for _ in 0..2 {
        for client in &mut kept {
            assert_eq!(client.answer().status, 200);
            client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        }
    }
}

#[test]
fn one_address_gets_its_share_and_is_not_locked_out_by_itself() {
    raise_own_files();
    let server = Server::start();
    let mut slow: Vec<RawClient> = (0..MANY)
        .map(|_| {
            let mut client = RawClient::call(server.addr);
            client.send("GET /healthz HTT");
            client
        })
        .collect();
    until("the share of an address", || connections(&server) <= 256);
    // From the same address, which is at its limit: the connections that have waited longest are closed.
    for _ in 0..10 {
        is_well(&server);
    }
    slow[0].is_closed();
}

#[test]
fn a_full_house_makes_room_for_newcomers_of_any_address() {
    // A shorter queue, so that fewer connections suffice.
    let options = [
        "--connections",
        "52",
        "--connections-per-address",
        "52",
        "--queue",
        "8",
    ];
    let server = Server::launch(&bare_models(), &options);
    let mut slow = hold(&server, 2 * PER_ADDRESS, "GET /healthz HTT");
    until("the end of the surplus", || connections(&server) <= 52);
    for _ in 0..10 {
        is_well(&server);
    }
    slow[0].is_closed();
}

#[test]
fn clients_of_both_families_are_known_by_their_own_addresses() {
    let server = Server::launch(&bare_models(), &["--listen", "[::]:0"]);
    let address = (Ipv4Addr::LOCALHOST, server.addr.port()).into();
    let mut client = RawClient::call_from(Ipv4Addr::new(127, 0, 3, 7), address);
    client.send("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: over-ipv4\r\n\r\n");
    assert_eq!(client.answer().status, 200);
    let line = server.logged("id=over-ipv4");
    assert!(line.contains(" peer=127.0.3.7 "), "{line}");
}

#[test]
fn bodies_that_stall_do_not_fill_the_memory() {
    raise_own_files();
    let server = Server::launch(&bare_models(), &["--memory-bytes", "8MiB"]);
    is_well(&server);
    let idle = resident(&server);
    let (count, bytes) = (200, 512 * 1024);
    let head = format!("{}Content-Length: 1000000\r\n\r\n", tts(&server.key));
    let part = vec![b' '; bytes];
    let held: Vec<RawClient> = (0..count)
        .map(|_| {
            let mut client = RawClient::call(server.addr);
            client.send(&head);
            client.send(&part);
            client
        })
        .collect();
    until("bodies on the disk", || spooled(&server) > count / 2);
    goes_on_beside(&server, idle, &held);
    let grown = resident(&server).saturating_sub(idle);
    assert!(
        grown < (count * bytes / 2) as u64,
        "{} MiB of {} MiB that were sent",
        grown >> 20,
        (count * bytes) >> 20
    );
    drop(held);
    until("an empty spool", || spooled(&server) == 0);
}
