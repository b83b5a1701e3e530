//! Bytes that are no request, or that could be read as two.

use std::io::Read;
use std::net::Shutdown;

use crate::support::raw::{KEYLESS, RawClient, ask, is_well, tts};
use crate::support::server::Server;
use vocabox_base::random::SplitMix;

#[test]
fn malformed_heads_are_400_and_closed() {
    let server = Server::start();
    for request in [
        &b"GET /healthz HTTP/1.1\nHost: x\n\n"[..],
        b"GET /caf\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\ncaf\xe9: a\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: \x1b[2J\xe9\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: a\0b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: a\rb\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"GET healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"G@T /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let mut client = RawClient::call(server.addr);
        client.send(request);
        client.answer().is_refusal(400);
        client.is_closed();
    }
    is_well(&server);
}

#[test]
fn heads_that_are_too_large_are_431() {
    let server = Server::start();
    for request in [
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000)),
        format!(
            "GET / HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n",
            "a".repeat(100_000)
        ),
        format!(
            "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
            "A: b\r\n".repeat(10_000)
        ),
    ] {
        ask(server.addr, request).is_refusal(431);
    }
    is_well(&server);
}

#[test]
fn framing_that_two_readers_could_read_differently_is_400() {
    let server = Server::start();
    for framing in [
        "Content-Length: +2",
        "Content-Length: -2",
        "Content-Length: 0x2",
        "Content-Length: 2, 2",
        "Content-Length: 2\r\nContent-Length: 2",
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 2\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding : chunked",
        "Content-Length: 2 2",
        "Content-Length: 2;",
        "Content-Length: 2_0",
        "Content-Length: 2e0",
        "Content-Length:",
        "Content-Length : 2",
        "Content-Length\t: 2",
        "Content-Length: 2\r\ncontent-length: 2",
        "Content-Length: 2\r\n Content-Length: 3",
        "Content-Length: 2\r\nTransfer-Encoding:",
        "Transfer-Encoding: chunked\r\nContent-Length: 2",
        "Transfer-Encoding: chunked\r\ntransfer-encoding: identity",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding: chunked\u{b}",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: chun\rked",
        "A: b\r\n\tTransfer-Encoding: chunked",
        "A: b\nTransfer-Encoding: chunked",
        "A: b\rTransfer-Encoding: chunked",
        "\u{0}Content-Length: 2",
        "Expect: 200-ok\r\nContent-Length: 2",
    ] {
        let mut client = RawClient::call(server.addr);
        client.send(format!(
            "{}{framing}\r\n\r\n{{}}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
            tts(&server.key)
        ));
        client.answer().is_refusal(400);
        // The bytes that look like a second request are never answered.
        client.is_closed();
    }
    is_well(&server);
}

#[test]
fn chunked_bodies_are_read_and_malformed_ones_are_400() {
    let server = Server::start();
    let post = |chunks: &str| {
        ask(
            server.addr,
            format!(
                "{}Transfer-Encoding: chunked\r\n\r\n{chunks}",
                tts(&server.key)
            ),
        )
    };
    // The request is complete; its only fault is the empty text.
    let whole = post("8\r\n{\"text\":\r\n4\r\n \"\"}\r\n0\r\nTrailer: dropped\r\n\r\n");
    whole.is_refusal(400);
    assert!(String::from_utf8_lossy(&whole.body).contains("text"));
    for malformed in [
        "2\n{}\r\n0\r\n\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}}\r\n0\r\n\r\n",
        "zz\r\n{}\r\n0\r\n\r\n",
        "11111111111111111\r\n{}",
    ] {
        post(malformed).is_refusal(400);
    }
    post("ffffffffffffffff\r\n{}").is_refusal(413);
    is_well(&server);
}

#[test]
fn rubbish_is_400_or_closed_and_does_no_harm() {
    let server = Server::start();
    let mut dice = SplitMix::new(11);
    for round in 0..200 {
        let bytes: Vec<u8> = (0..1 + dice.below(3_000))
            .map(|_| dice.below(256) as u8)
            .collect();
        let mut client = RawClient::call(server.addr);
        client.send(&bytes);
        let _ = client.stream.shutdown(Shutdown::Write);
        let mut said = Vec::new();
        let _ = client.stream.read_to_end(&mut said);
        assert!(
            said.is_empty() || said.starts_with(b"HTTP/1.1 400 "),
            "round {round}: {}",
            String::from_utf8_lossy(&said)
        );
    }
    is_well(&server);
}

#[test]
fn a_few_empty_lines_are_passed_over_and_more_are_400() {
    let server = Server::start();
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut client = RawClient::call(server.addr);
    for _ in 0..3 {
        client.send(format!("\r\n\r\n{request}"));
        assert_eq!(client.answer().status, 200);
    }
    client.send("\r\n".repeat(10_000));
    client.answer().is_refusal(400);
    is_well(&server);
}

#[test]
fn requests_sent_ahead_are_answered_in_order() {
    let server = Server::start();
    let mut client = RawClient::call(server.addr);
    let mut all = String::new();
    for _ in 0..20 {
        all += "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
        all += "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n";
        all += "GET /voice/voices HTTP/1.1\r\nHost: x\r\n\r\n";
    }
    client.send(all);
    for _ in 0..20 {
        assert_eq!(client.answer().status, 200);
        client.answer().is_refusal(404);
        client.answer().is_refusal(401);
    }
    client.is_closed();
}

#[test]
fn body_is_never_taken_for_a_request() {
    let server = Server::start();
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut client = RawClient::call(server.addr);
    client.send(format!(
        "{}Content-Length: {}\r\n\r\n{smuggled}GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
        tts(&server.key),
        smuggled.len()
    ));
    client.answer().is_refusal(400);
    client.answer().is_refusal(404);
    // Refused unread: the connection ends, and its body is dropped.
    let mut client = RawClient::call(server.addr);
    client.send(format!(
        "{KEYLESS}Content-Length: {}\r\n\r\n{smuggled}",
        smuggled.len()
    ));
    client.answer().is_refusal(401);
    client.is_closed();
}

#[test]
fn head_requests_are_answered_without_a_body() {
    let server = Server::start();
    let mut client = RawClient::call(server.addr);
    client.send(
        "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\nHEAD /nowhere HTTP/1.1\r\nHost: x\r\n\r\n\
         GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    client.read(false);
    assert_eq!(client.read(false).status, 404);
    assert_eq!(client.answer().status, 200);
}

#[test]
fn http_1_0_is_answered_unchunked_and_closed() {
    let server = Server::start();
    let mut client = RawClient::call(server.addr);
    client.send("GET /healthz HTTP/1.0\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("Transfer-Encoding"), None);
    client.is_closed();
    ask(
        server.addr,
        "POST /voice/tts HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    )
    .is_refusal(400);
}

#[test]
fn expectations_are_met_only_after_admission() {
    let server = Server::start();
    let expect = "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    ask(server.addr, format!("{KEYLESS}{expect}")).is_refusal(401);
    let mut client = RawClient::call(server.addr);
    client.send(format!("{}{expect}", tts(&server.key)));
    assert_eq!(client.read(false).status, 100);
    client.send("{}");
    client.answer().is_refusal(400);
    let large = expect.replace(" 2\r\n", " 99999999999\r\n");
    ask(server.addr, format!("{}{large}", tts(&server.key))).is_refusal(413);
}

#[test]
fn request_ids_and_inner_headers_of_a_client_cannot_inject() {
    let server = Server::start();
    let ask = |header: &str| {
        ask(
            server.addr,
            format!("GET /nowhere HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n"),
        )
    };
    let kept = ask("X-Request-Id: Mine-1.a_b");
    assert_eq!(kept.header("X-Request-Id"), Some("Mine-1.a_b"));
    for id in ["a b", "a;b", &"a".repeat(65), ""] {
        let answer = ask(&format!("X-Request-Id: {id}"));
        answer.is_refusal(404);
        assert_ne!(answer.header("X-Request-Id"), Some(id));
    }
    let answer = ask("Ticket: 0-0000000000000000");
    answer.is_refusal(404);
    assert_eq!(answer.header("Ticket"), None);
}

#[test]
fn unusual_targets_are_read_rightly() {
    let server = Server::start();
    let get = |target: &str| {
        ask(
            server.addr,
            format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"),
        )
    };
    assert_eq!(get("http://x/healthz").status, 200);
    assert_eq!(get("/healthz?a=b?c").status, 200);
    get("http://x").is_known();
    for target in ["/healthz#a", "ftp://x/healthz", "http:///healthz", "*"] {
        get(target).is_refusal(400);
    }
    get("//healthz").is_refusal(404);
    get("/../healthz").is_refusal(404);
}

#[test]
fn mutated_requests_never_harm_and_are_never_answered_outside_http() {
    let server = Server::start();
    let bases = [
        format!("{}Content-Length: 2\r\nA: b\r\n\r\n{{}}", tts(&server.key)),
        format!("{KEYLESS}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"),
        "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".to_owned(),
    ];
    let mut dice = SplitMix::new(7);
    for round in 0..600 {
        let mut bytes = bases[round % bases.len()].clone().into_bytes();
        for _ in 0..=dice.below(4) {
            let at = dice.below(bytes.len());
            match dice.below(4) {
                0 => bytes[at] = dice.below(256) as u8,
                1 if bytes.len() > 1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"\r\n\0 :,+\t;0fF\xff"[dice.below(13)]),
                _ => {
                    let end = (at + dice.below(20)).min(bytes.len());
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
        }
        let mut client = RawClient::call(server.addr);
        client.send(&bytes);
        let _ = client.stream.shutdown(Shutdown::Write);
        let mut said = Vec::new();
        let _ = client.stream.read_to_end(&mut said);
        let shown = String::from_utf8_lossy(&bytes);
        assert!(
            said.is_empty() || said.starts_with(b"HTTP/1.1 "),
            "{shown:?}"
        );
        assert!(!said.starts_with(b"HTTP/1.1 5"), "{shown:?}");
    }
    is_well(&server);
}
