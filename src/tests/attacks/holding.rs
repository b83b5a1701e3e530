//! Clients that are too large, too slow, deaf, or gone.

use std::net::Shutdown;
use std::time::{Duration, Instant};

use super::raw::{Client, KEYLESS, PATIENCE, ask, is_well, tts};
use crate::server::Server;

#[test]
fn endless_head_is_431_and_cut_off() {
    let server = Server::start();
    let mut client = Client::call(server.addr);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n");
    let line = format!("A: {}\r\n", "a".repeat(8_000));
    let started = Instant::now();
    while client.send(&line) {
        assert!(started.elapsed() < PATIENCE, "it is still being read");
    }
    is_well(server.addr);
}

#[test]
fn declared_lengths_of_any_size_are_refused_unread() {
    let server = Server::start();
    for bytes in [
        "42949672960",
        "18446744073709551615",
        "99999999999999999999999",
    ] {
        let rest = format!("Content-Length: {bytes}\r\n\r\n{{");
        ask(server.addr, format!("{KEYLESS}{rest}")).is_refusal(401);
        ask(server.addr, format!("{}{rest}", tts(&server.key))).is_refusal(413);
    }
    is_well(server.addr);
}

#[test]
fn refusals_of_unread_uploads_arrive() {
    let server = Server::start();
    for _ in 0..50 {
        let mut client = Client::call(server.addr);
        client.send(format!("{KEYLESS}Content-Length: 800000\r\n\r\n"));
        client.send(vec![b' '; 800_000]);
        client.answer().is_refusal(401);
        client.is_closed();
    }
    is_well(server.addr);
}

#[test]
fn chunked_body_without_end_is_413() {
    let server = Server::start();
    let mut client = Client::call(server.addr);
    client.send(format!(
        "{}Transfer-Encoding: chunked\r\n\r\n",
        tts(&server.key)
    ));
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for _ in 0..64 {
        if !client.send(&chunk) {
            break;
        }
    }
    client.answer().is_refusal(413);
    is_well(server.addr);
}

#[test]
fn slow_heads_do_not_hinder_an_honest_client() {
    let server = Server::start();
    let slow: Vec<Client> = (0..600)
        .map(|_| {
            let mut client = Client::call(server.addr);
            client.send("GET /healthz HTT");
            client
        })
        .collect();
    for _ in 0..20 {
        is_well(server.addr);
    }
    drop(slow);
}

#[test]
fn slow_bodies_do_not_hinder_an_honest_client() {
    let server = Server::start();
    let slow: Vec<Client> = (0..200)
        .map(|n| {
            let mut client = Client::call(server.addr);
            let head = if n % 2 == 0 {
                tts(&server.key)
            } else {
                KEYLESS.to_owned()
            };
            client.send(format!("{head}Content-Length: 100000\r\n\r\n{{"));
            client
        })
        .collect();
    for _ in 0..20 {
        is_well(server.addr);
    }
    drop(slow);
}

#[test]
fn slow_head_is_408() {
    let server = Server::start();
    let mut client = Client::call(server.addr);
    client.send("GET /healthz HTTP/1.1\r\nHost");
    client.answer().is_refusal(408);
    client.is_closed();
}

#[test]
fn slow_body_is_408() {
    let server = Server::start();
    let mut client = Client::call(server.addr);
    client.send(format!(
        "{}Content-Length: 1000\r\n\r\n{{",
        tts(&server.key)
    ));
    client.answer().is_refusal(408);
    client.is_closed();
}

#[test]
fn body_that_ends_early_is_400() {
    let server = Server::start();
    let mut client = Client::call(server.addr);
    client.send(format!(
        "{}Content-Length: 1000\r\n\r\n{{",
        tts(&server.key)
    ));
    client.stream.shutdown(Shutdown::Write).unwrap();
    client.answer().is_refusal(400);
}

#[test]
fn clients_that_leave_at_any_point_do_no_harm() {
    let server = Server::start();
    let whole = format!(
        "{}Content-Length: 13\r\n\r\n{{\"text\":\"hi\"}}",
        tts(&server.key)
    );
    for cut in 1..whole.len() {
        let mut client = Client::call(server.addr);
        client.send(&whole[..cut]);
    }
    is_well(server.addr);
}

#[test]
fn client_that_never_reads_does_not_hinder_an_honest_one() {
    let server = Server::start();
    let ahead = "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1_000);
    let deaf: Vec<Client> = (0..20)
        .map(|_| {
            let mut client = Client::call(server.addr);
            client
                .stream
                .set_write_timeout(Some(Duration::from_millis(50)))
                .unwrap();
            client.send(&ahead);
            client
        })
        .collect();
    for _ in 0..20 {
        is_well(server.addr);
    }
    drop(deaf);
}
