//! Clients that send wrong keys again and again, alone and behind a proxy that honest clients use, too.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::support::raw::{RawAnswer, RawClient};
use crate::support::server::{Server, bare_models, json as command};

/// One wrong key a minute, so that no test is slow enough to get a second.
const ONE: [&str; 2] = ["--failed-keys", "1"];
const UNKNOWN: &str =
    "satryx_live_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The answer to a request with this key (none if empty) from this address.
#[track_caller]
fn ask(server: &Server, from: Ipv4Addr, key: &str) -> RawAnswer {
    let key = match key {
        "" => String::new(),
        key => format!("Authorization: Bearer {key}\r\n"),
    };
    let mut client = RawClient::call_from(from, server.addr);
    client.send(format!(
        "GET /voice/voices HTTP/1.1\r\nHost: x\r\n{key}\r\n"
    ));
    client.answer()
}

#[track_caller]
fn is_slowed(answer: &RawAnswer) {
    answer.is_refusal(429);
    let wait: u32 = answer.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let body = String::from_utf8_lossy(&answer.body);
    assert!(body.contains("wrong key"), "{body}");
}

#[test]
fn wrong_keys_of_one_address_are_429_after_a_while_and_its_valid_keys_are_served() {
    let server = Server::launch(&bare_models(), &ONE);
    let made = ["key", "create", "--account", "test", "--name", "second"];
    let made = command(&server.data, &made);
    let (revoked, id) = (made["key"].as_str().unwrap(), &made["key_id"]);
    let id = id.as_str().unwrap();
    command(&server.data, &["key", "revoke", id]);
    for (n, wrong) in [UNKNOWN, "x", revoked].into_iter().enumerate() {
        // Each with an address of its own; each kind of wrong key counts.
        let from = Ipv4Addr::new(127, 0, 4, 1 + n as u8);
        let first = ask(&server, from, wrong);
        first.is_refusal(401);
        assert_eq!(first.header("WWW-Authenticate"), Some("Bearer"));
        for wrong in [UNKNOWN, "x", revoked] {
            is_slowed(&ask(&server, from, wrong));
            // A valid key is served between them, and does not give a new allowance.
            assert_eq!(ask(&server, from, &server.key).status, 200);
            // A client that shows no key learns that one is needed.
            ask(&server, from, "").is_refusal(401);
        }
    }
    let line = server.logged("status=429");
    assert!(
        line.contains("peer=127.0.4.1") && line.contains("wrong key"),
        "{line}"
    );
}

#[test]
fn wrong_keys_of_one_client_do_not_count_against_other_addresses() {
    let server = Server::launch(&bare_models(), &ONE);
    let refused = |n: u8| {
        let from = Ipv4Addr::new(127, 0, 5, n);
        ask(&server, from, UNKNOWN).status
    };
    let first: Vec<u16> = (1..=9).map(refused).collect();
    // Two addresses in nine may share a counter by chance: once in 450 runs. Three do not.
    assert!(
        first.iter().filter(|s| **s == 401).count() >= 8,
        "{first:?}"
    );
    assert!((1..=9).all(|n| refused(n) == 429));
}

#[test]
fn clients_behind_a_proxy_are_served_while_another_behind_it_tries_keys() {
    let server = Server::launch(&bare_models(), &ONE);
    let proxy = Ipv4Addr::new(127, 0, 6, 1);
    let others_left = AtomicBool::new(true);
    thread::scope(|scope| {
        let trying: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut slowed = 0;
                    while others_left.load(Ordering::SeqCst) || slowed == 0 {
                        let answer = ask(&server, proxy, UNKNOWN);
                        slowed += usize::from(answer.status == 429);
                    }
                    slowed
                })
            })
            .collect();
        let honest = thread::scope(|scope| {
            let serve = || (0..50).all(|_| ask(&server, proxy, &server.key).status == 200);
            let honest: Vec<_> = (0..2).map(|_| scope.spawn(serve)).collect();
            honest.into_iter().all(|client| client.join().unwrap())
        });
        others_left.store(false, Ordering::SeqCst);
        assert!(honest, "a valid key was refused");
        for client in trying {
            assert!(client.join().unwrap() > 0);
        }
    });
}
