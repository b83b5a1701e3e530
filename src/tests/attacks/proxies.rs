//! Clients behind a trusted proxy, and clients that claim to be one.

use std::net::Ipv4Addr;

use crate::support::raw::{RawAnswer, RawClient};
use crate::support::server::{Server, bare_models};

/// The proxies, and the options of a server that trusts them and lets an address send one wrong key a minute.
const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 9, 1);
const INNER_PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 9, 2);
const OPTIONS: [&str; 6] = [
    "--trusted-proxy",
    "127.0.9.0/24",
    "--trusted-proxy",
    "fd00::/8",
    "--failed-keys",
    "1",
];
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 8, 1);

/// The answer to a request with a wrong key from this address, with these headers.
fn ask(server: &Server, from: Ipv4Addr, headers: &str) -> RawAnswer {
    let mut client = RawClient::call_from(from, server.addr);
    client.send(format!(
        "GET /voice/voices HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\n{headers}\r\n"
    ));
    client.answer()
}

/// The `peer` of the log line of such a request.
#[track_caller]
fn logged(server: &Server, from: Ipv4Addr, headers: &str) -> String {
    ask(server, from, headers);
    let line = server.logged("endpoint=voices");
    let (_, peer) = line.split_once(" peer=").unwrap();
    peer.split(' ').next().unwrap().to_owned()
}

#[test]
fn the_log_has_the_right_most_address_that_no_trusted_proxy_has() {
    let server = Server::launch(&bare_models(), &OPTIONS);
    for (headers, peer) in [
        ("X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7"),
        ("X-Forwarded-For: 192.0.2.7, 127.0.9.2\r\n", "192.0.2.7"),
        // The client sent the first, the proxies added the others.
        (
            "X-Forwarded-For: 10.1.1.1, 192.0.2.7, 127.0.9.2\r\n",
            "192.0.2.7",
        ),
        ("X-Forwarded-For: 127.0.9.9, 192.0.2.7\r\n", "192.0.2.7"),
        (
            "X-Forwarded-For: 10.1.1.1\r\nX-Forwarded-For: 192.0.2.7\r\n",
            "192.0.2.7",
        ),
        (
            "X-Forwarded-For: [2001:db8::7]:4711, fd00::2\r\n",
            "2001:db8::7",
        ),
        (
            "Forwarded: for=10.1.1.1, for=\"[2001:db8::7]:1\";proto=https\r\n",
            "2001:db8::7",
        ),
        ("Forwarded: for=\"10.1.1.1, for=192.0.2.7\r\n", "192.0.2.7"),
        (
            "Forwarded: for=10.1.1.1\r\nX-Forwarded-For: 192.0.2.7\r\n",
            "192.0.2.7",
        ),
        ("X-Forwarded-For: unknown\r\n", "127.0.9.1"),
        ("X-Forwarded-For: \r\n", "127.0.9.1"),
        ("X-Forwarded-For: 192.0.2.7, J\u{f6}rg\r\n", "127.0.9.1"),
        ("", "127.0.9.1"),
    ] {
        assert_eq!(logged(&server, PROXY, headers), peer, "{headers}");
    }
    for headers in [
        "X-Forwarded-For: 192.0.2.7\r\n",
        "Forwarded: for=192.0.2.7\r\n",
    ] {
        assert_eq!(logged(&server, STRANGER, headers), "127.0.8.1");
    }
}

#[test]
fn wrong_keys_count_against_the_client_behind_the_proxy_and_it_cannot_choose_its_address() {
    let server = Server::launch(&bare_models(), &OPTIONS);
    let status =
        |from, list: &str| ask(&server, from, &format!("X-Forwarded-For: {list}\r\n")).status;
    assert_eq!(status(PROXY, "192.0.2.1"), 401);
    assert_eq!(status(PROXY, "192.0.2.1"), 429);
    // Whatever it claims, by whichever proxy it comes.
    for made_up in ["203.0.113.1", "203.0.113.2", "127.0.9.7"] {
        assert_eq!(
            status(PROXY, &format!("{made_up}, 192.0.2.1")),
            429,
            "{made_up}"
        );
        assert_eq!(
            status(INNER_PROXY, &format!("{made_up}, 192.0.2.1, 127.0.9.1")),
            429
        );
    }
    assert_eq!(status(PROXY, "192.0.2.2"), 401, "another client");
    // A client that is no proxy counts by its own address, whatever it claims.
    assert_eq!(status(STRANGER, "192.0.2.3"), 401);
    assert_eq!(status(STRANGER, "192.0.2.4"), 429);
}

#[test]
fn without_trusted_proxies_no_header_changes_the_address() {
    let server = Server::launch(&bare_models(), &[]);
    for headers in [
        "X-Forwarded-For: 192.0.2.7\r\n",
        "Forwarded: for=192.0.2.7\r\n",
    ] {
        assert_eq!(logged(&server, PROXY, headers), "127.0.9.1");
    }
}
