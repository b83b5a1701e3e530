//! Clients that send too much or too slowly, do not read, or have left.

use std::io::{ErrorKind, Read};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use crate::support::process::{connections, resident, spooled, until};
use crate::support::raw::{KEYLESS, PATIENCE, RawClient, ask, is_well, tts};
use crate::support::server::{Server, bare_models, stub_models};

#[test]
fn endless_head_is_431_and_cut_off() {
    let server = Server::start();
    let mut client = RawClient::call(server.addr);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n");
    let line = format!("A: {}\r\n", "a".repeat(8_000));
    let started = Instant::now();
    while client.send(&line) {
        assert!(started.elapsed() < PATIENCE, "it is still being read");
    }
    is_well(&server);
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
    is_well(&server);
}

#[test]
fn refusals_of_unread_uploads_arrive() {
    let server = Server::start();
    for _ in 0..50 {
        let mut client = RawClient::call(server.addr);
        client.send(format!("{KEYLESS}Content-Length: 800000\r\n\r\n"));
        client.send(vec![b' '; 800_000]);
        client.answer().is_refusal(401);
        client.is_closed();
    }
    is_well(&server);
}

#[test]
fn chunked_body_without_end_is_413() {
    let server = Server::start();
    let mut client = RawClient::call(server.addr);
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
    is_well(&server);
}

#[test]
fn slow_heads_do_not_hinder_an_honest_client() {
    let server = Server::launch(&bare_models(), &["--head-seconds", "60"]);
    let slow: Vec<RawClient> = (0..600)
        .map(|_| {
            let mut client = RawClient::call(server.addr);
            client.send("GET /healthz HTT");
            client
        })
        .collect();
    for _ in 0..20 {
        is_well(&server);
    }
    drop(slow);
}

#[test]
fn slow_bodies_do_not_hinder_an_honest_client() {
    let server = Server::launch(&bare_models(), &["--upload-rate", "1"]);
    let slow: Vec<RawClient> = (0..200)
        .map(|n| {
            let mut client = RawClient::call(server.addr);
            let head = if n % 2 == 0 {
                tts(&server.key)
            } else {
                KEYLESS.to_owned()
            };
            // As many bytes as the least rate requires in the first minute.
            client.send(format!("{head}Content-Length: 100000\r\n\r\n{:60}", "{"));
            client
        })
        .collect();
    for _ in 0..20 {
        is_well(&server);
    }
    drop(slow);
}

#[test]
fn slow_head_is_408() {
    let server = Server::start();
    let mut client = RawClient::call(server.addr);
    client.send("GET /healthz HTTP/1.1\r\nHost");
    client.answer().is_refusal(408);
    client.is_closed();
}

#[test]
fn slow_body_is_408() {
    let server = Server::start();
    let mut client = RawClient::call(server.addr);
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
    let mut client = RawClient::call(server.addr);
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
        let mut client = RawClient::call(server.addr);
        client.send(&whole[..cut]);
    }
    is_well(&server);
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing_in_the_spool() {
    let server = Server::start();
    for ends in [Shutdown::Write, Shutdown::Both] {
        let mut client = RawClient::call(server.addr);
        client.send(format!(
            "POST /voice/stt HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\nAuthorization: Bearer {}\r\nContent-Length: 9000000\r\n\r\n",
            server.key
        ));
        client.send(vec![b'x'; 3_000_000]);
        until("a spooled body", || spooled(&server) == 1);
        client.stream.shutdown(ends).unwrap();
        until("an empty spool", || spooled(&server) == 0);
        if ends == Shutdown::Write {
            client.answer().is_refusal(400);
        }
    }
    is_well(&server);
}

#[test]
fn clients_that_stop_reading_a_large_answer_cost_no_memory_and_are_cut_off() {
    let models = stub_models();
    let server = Server::launch(
        models.path(),
        &[
            "--write-seconds",
            "1",
            "--memory-bytes",
            "4MiB",
            "--sound-bytes",
            "2GiB",
            "--queue",
            "60",
        ],
    );
    is_well(&server);
    let idle = resident(&server);
    // The stub engine makes 4800 bytes of sound of each letter, and one piece of each word, as long as those of real
    // engines.
    let word = format!("{} ", "ba".repeat(100));
    let body = format!("{{\"text\":\"{}\"}}", word.repeat(10));
    let request = format!(
        "{}Content-Length: {}\r\n\r\n{body}",
        tts(&server.key),
        body.len()
    );
    let mut deaf: Vec<RawClient> = (0..40)
        .map(|_| {
            let mut client = RawClient::call(server.addr);
            client.send(&request);
            client
        })
        .collect();
    for client in &mut deaf {
        // All are made side by side: the first is ready hardly before the last.
        let most = Some(4 * PATIENCE);
        client.stream.set_read_timeout(most).unwrap();
        // The head was sent, so the whole answer has been made.
        assert_eq!(client.read(false).status, 200);
    }
    is_well(&server);
    let grown = resident(&server).saturating_sub(idle);
    println!("{} MiB more", grown >> 20);
    // All files together have 366 MiB, and the sound that they are made from twice that. The stub makes them faster
    // than they are written, so that several are in memory at once, and the allocator keeps that memory.
    assert!(grown < 330 << 20, "{} MiB more", grown >> 20);
    until("the end of their connections", || connections(&server) == 0);
    until("an empty spool", || spooled(&server) == 0);
    for client in &mut deaf {
        let mut rest = Vec::new();
        let _ = client.stream.read_to_end(&mut rest);
        assert!(rest.len() < 9_600_000, "it was sent whole");
    }
    is_well(&server);
}

#[test]
fn vanished_clients_are_found_out_by_the_kernel() {
    let server = Server::start();
    let client = RawClient::call(server.addr);
    until("the connection", || connections(&server) == 1);
    // For the server's end: local and remote port, state 1 (established), and timer 2 (a keep-alive probe is due,
    // proc(5)).
    let port = |addr: SocketAddr| format!(":{:04X}", addr.port());
    let (ours, theirs) = (port(client.stream.local_addr().unwrap()), port(server.addr));
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let line = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|fields| fields[1].ends_with(&theirs) && fields[2].ends_with(&ours))
        .expect("the server's end");
    assert!(line[3] == "01" && line[5].starts_with("02:"), "{line:?}");
    drop(client);
}

/// A client that has sent half a head, one that has sent half a body, and one that was answered and is idle.
fn slow_clients(server: &Server) -> [RawClient; 3] {
    let mut idle = RawClient::call(server.addr);
    idle.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(idle.answer().status, 200);
    let mut head = RawClient::call(server.addr);
    head.send("GET /healthz HTT");
    // As many bytes as satisfy the least rate of one byte a second for an hour.
    let mut body = RawClient::call(server.addr);
    body.send(format!(
        "{}Content-Length: 3601\r\n\r\n{}",
        tts(&server.key),
        " ".repeat(3_600)
    ));
    [head, body, idle]
}

#[test]
fn bounds_are_those_that_the_operator_set() {
    let options = [
        "--head-bytes",
        "4KiB",
        "--head-seconds",
        "1",
        "--idle-seconds",
        "1",
        "--json-bytes",
        "64KiB",
        "--audio-bytes",
        "100000",
        "--upload-seconds",
        "1",
    ];
    let server = Server::launch(&bare_models(), &options);
    let large = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n",
        "a".repeat(4_096)
    );
    ask(server.addr, large).is_refusal(431);
    for (path, bytes) in [("tts", 65_537), ("stt", 100_001)] {
        let head = tts(&server.key).replace("tts", path);
        ask(
            server.addr,
            format!("{head}Content-Length: {bytes}\r\n\r\n"),
        )
        .is_refusal(413);
    }
    // The same clients on a server that allows each a minute or more outlast these.
    let patient = [
        "--head-seconds",
        "60",
        "--idle-seconds",
        "60",
        "--upload-rate",
        "1",
    ];
    let patient = Server::launch(&bare_models(), &patient);
    let held = slow_clients(&patient);
    let [mut head, mut body, mut idle] = slow_clients(&server);
    head.answer().is_refusal(408);
    body.answer().is_refusal(408);
    idle.is_closed();
    for client in held {
        client.stream.set_nonblocking(true).unwrap();
        let came = client.stream.peek(&mut [0]).unwrap_err();
        assert_eq!(came.kind(), ErrorKind::WouldBlock);
    }
    is_well(&server);
}

#[test]
fn client_that_never_reads_does_not_hinder_an_honest_one() {
    let server = Server::start();
    let ahead = "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1_000);
    let deaf: Vec<RawClient> = (0..20)
        .map(|_| {
            let mut client = RawClient::call(server.addr);
            client
                .stream
                .set_write_timeout(Some(Duration::from_millis(50)))
                .unwrap();
            client.send(&ahead);
            client
        })
        .collect();
    for _ in 0..20 {
        is_well(&server);
    }
    drop(deaf);
}
