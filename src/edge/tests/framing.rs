//! Which bytes are a request, where it ends, and how its answer is framed.

use super::toy::{BODY_BYTES_MAX, Event, TestEdge, ToyClient, header, status};
use vocabox_base::fault::Kind;

fn server() -> TestEdge {
    TestEdge::open(|_, _| {})
}

fn ask(server: &TestEdge, request: impl AsRef<[u8]>) -> (u16, String) {
    let mut client = server.call();
    client.try_send(request);
    client.answer()
}

#[test]
fn malformed_requests_are_400_and_closed() {
    let server = server();
    for request in [
        &b"GET / HTTP/1.1\nHost: x\n\n"[..],
        b"GET /caf\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\ncaf\xc3\xa9: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: \x1b[2J\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let mut client = server.call();
        client.try_send(request);
        let (status, body) = client.answer();
        let shown = String::from_utf8_lossy(request);
        assert_eq!(status, 400, "{shown}");
        assert!(body.starts_with("{\"detail\":"), "{shown}: {body}");
        client.half_close();
        assert!(client.is_closed(), "{shown}");
    }
    server.is_well();
}

#[test]
fn heads_that_are_too_large_are_431() {
    let server = server();
    let long = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n",
        "a".repeat(20_000)
    );
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(65));
    let very_many = format!(
        "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
        "A: b\r\n".repeat(10_000)
    );
    let target = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(20_000));
    for request in [long, many, very_many, target] {
        assert_eq!(ask(&server, request).0, 431);
    }
    server.is_well();
}

#[test]
fn declared_lengths_of_any_size_are_refused_unread() {
    let server = server();
    for bytes in [
        "42949672960",
        "18446744073709551615",
        "99999999999999999999999",
        &(BODY_BYTES_MAX + 1).to_string(),
    ] {
        for path in ["/echo", "/locked"] {
            let request =
                format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {bytes}\r\n\r\nsome");
            let expected = if path == "/locked" { 401 } else { 413 };
            assert_eq!(ask(&server, request).0, expected);
        }
    }
    server.is_well();
}

#[test]
fn refusal_of_an_unread_body_arrives_although_the_client_goes_on_sending() {
    let server = server();
    for _ in 0..20 {
        let mut client = server.call();
        client.send("POST /locked HTTP/1.1\r\nHost: x\r\nContent-Length: 800000\r\n\r\n");
        client.try_send(vec![b'x'; 800_000]);
        assert_eq!(client.answer().0, 401);
        client.half_close();
        assert!(client.is_closed());
    }
}

#[test]
fn requests_sent_ahead_are_answered_in_order() {
    let server = server();
    let mut client = server.call();
    let mut all = String::from("\r\n\r\n");
    for n in 0..50 {
        let body = format!("number {n}");
        all += &format!(
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
    }
    client.send(all);
    for n in 0..50 {
        assert_eq!(client.answer(), (200, format!("number {n}")));
    }
    client.half_close();
    assert!(client.is_closed());
}

#[test]
fn refusals_without_a_body_keep_the_connection() {
    let server = server();
    let mut client = server.call();
    for _ in 0..3 {
        client.send("GET /locked HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(client.answer().0, 401);
        client.send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(client.answer().0, 404);
    }
}

#[test]
fn chunked_bodies_arrive_whole_and_their_trailers_do_not() {
    let server = server();
    let post = |chunks: &str| {
        ask(
            &server,
            format!("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"),
        )
    };
    assert_eq!(
        post("3\r\nabc\r\n00A\r\n0123456789\r\n0\r\nA: b\r\nC: d\r\n\r\n"),
        (200, "abc0123456789".to_owned())
    );
    assert_eq!(post("0\r\n\r\n"), (200, String::new()));
    for malformed in [
        "3\nabc\r\n0\r\n\r\n",
        "+3\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "3;a=b\r\nabc\r\n0\r\n\r\n",
        "\r\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "g\r\nabc\r\n0\r\n\r\n",
        "11111111111111111\r\nabc",
        &format!("0\r\nA: {}\r\n\r\n", "a".repeat(20_000)),
    ] {
        assert_eq!(post(malformed).0, 400, "{malformed:?}");
    }
    assert_eq!(post("ffffffffffffffff\r\nabc").0, 413);
    assert_eq!(post("3\r\nabc\r\nfffffffffffffffe\r\nabc").0, 413);
    server.is_well();
}

#[test]
fn chunked_body_without_end_is_413_at_the_cap() {
    let server = server();
    let mut client = server.call();
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let fits = BODY_BYTES_MAX / 0x10000;
    for _ in 0..=fits {
        if !client.try_send(&chunk) {
            break;
        }
    }
    assert_eq!(client.answer().0, 413);
    server.wait_for(&Event::Abandoned(Kind::TooLarge));
}

#[test]
fn bodies_past_memory_are_spooled_and_whole() {
    let server = TestEdge::open(|_, b| b.body_memory_bytes_max = 1000);
    for bytes in [0, 1, 999, 1000, 1001, 17_000, 3_000_000] {
        let body: String = (0..bytes)
            .map(|n| char::from(b'a' + (n % 23) as u8))
            .collect();
        let post = |path: &str| {
            ask(
                &server,
                format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {bytes}\r\n\r\n{body}"),
            )
        };
        let kind = if bytes > 1000 { "spooled" } else { "memory" };
        assert_eq!(post("/kind"), (200, kind.to_owned()));
        assert!(post("/echo") == (200, body.clone()), "{bytes} bytes");
    }
}

#[test]
fn expectations_are_met_only_after_admission() {
    let server = server();
    let head = |path: &str, bytes: u64| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: {bytes}\r\n\r\n"
        )
    };
    let mut client = server.call();
    client.send(head("/echo", 2));
    assert_eq!(status(&client.head()), 100);
    client.send("ab");
    assert_eq!(client.answer(), (200, "ab".to_owned()));
    for (path, bytes, expected) in [("/locked", 2, 401), ("/echo", BODY_BYTES_MAX + 1, 413)] {
        let mut client = server.call();
        client.send(head(path, bytes));
        assert_eq!(status(&client.head()), expected);
    }
}

#[test]
fn head_204_and_http_1_0_are_framed_rightly() {
    let server = server();
    let mut client = server.call();
    client.send("HEAD /big HTTP/1.1\r\nHost: x\r\n\r\nHEAD /locked HTTP/1.1\r\nHost: x\r\n\r\n");
    let head = client.head();
    assert_eq!(
        (status(&head), header(&head, "Content-Length")),
        (200, Some("8388608"))
    );
    assert_eq!(status(&client.head()), 401);
    client.send("GET /empty HTTP/1.1\r\nHost: x\r\n\r\n");
    let head = client.head();
    assert_eq!(
        (status(&head), header(&head, "Content-Length")),
        (204, None)
    );
    client.send("POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\nold");
    let head = client.head();
    assert_eq!(header(&head, "Connection"), Some("close"));
    assert_eq!(header(&head, "Transfer-Encoding"), None);
    assert_eq!(client.wait_end(), 3);

    let mut client = server.call();
    for _ in 0..2 {
        client.send("GET /nowhere HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        let answer = client.answer();
        assert_eq!(answer.0, 404);
    }
}

#[test]
fn headers_reach_the_service_clean_and_answers_cannot_inject() {
    let server = server();
    let (_, seen) = ask(
        &server,
        "GET http://h/head?q=%20 HTTP/1.1\r\nHost: x\r\nTicket: 0-0\r\nX-Tab: \ta\tb \r\n\r\n",
    );
    assert!(seen.contains("path: \"/head\", query: \"q=%20\""), "{seen}");
    assert!(seen.contains("(\"x-tab\", \"a b\")"), "{seen}");
    let mut client = server.call();
    client.send("GET /bad-header HTTP/1.1\r\nHost: x\r\n\r\n");
    let head = client.head();
    assert_eq!(header(&head, "X-Bad"), Some("a??X-Injected: 1?"));
    assert_eq!(header(&head, "X-Injected"), None);
    assert_eq!(header(&head, "Ticket"), None);
    assert_eq!(header(&head, "Server"), None);
    assert!(header(&head, "Date").is_some_and(|d| d.ends_with(" GMT")));
}

#[test]
fn heads_may_come_byte_by_byte() {
    let server = server();
    let mut client: ToyClient = server.call();
    for byte in b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab" {
        client.send([*byte]);
    }
    assert_eq!(client.answer(), (200, "ab".to_owned()));
}
