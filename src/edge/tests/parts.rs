//! Answers that are sent while they are made.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::toy::{Event, LARGE, TestEdge, ToyClient, header};

fn asks(server: &TestEdge, path: &str) -> ToyClient {
    let mut client = server.call();
    client.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    client
}

#[test]
fn parts_leave_as_they_are_made_and_another_request_may_follow() {
    let server = TestEdge::open(|_, _| {});
    let mut client = asks(&server, "/parts");
    let head = client.head();
    assert_eq!(
        header(&head, "Transfer-Encoding"),
        Some("chunked"),
        "{head}"
    );
    assert!(header(&head, "Content-Length").is_none(), "{head}");
    assert!(
        header(&head, "Parts").is_none() && header(&head, "Ticket").is_none(),
        "{head}"
    );
    assert_eq!(client.bytes(8), b"3\r\none\r\n");
    // The second part waits for this signal.
    server.toy.open.store(true, Ordering::SeqCst);
    assert_eq!(client.bytes(13), b"3\r\ntwo\r\n0\r\n\r\n");
    server.wait_for(&Event::Ended);
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nmore");
    assert_eq!(client.answer(), (200, "more".to_owned()));
}

#[test]
fn to_http_1_0_the_end_of_the_connection_is_the_end() {
    let server = TestEdge::open(|_, _| {});
    server.toy.open.store(true, Ordering::SeqCst);
    let mut client = server.call();
    client.send("GET /parts HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let head = client.head();
    assert!(header(&head, "Transfer-Encoding").is_none(), "{head}");
    assert_eq!(header(&head, "Connection"), Some("close"), "{head}");
    assert_eq!(client.bytes(6), b"onetwo");
    assert!(client.is_closed());
}

#[test]
fn an_answer_that_breaks_off_has_no_last_chunk_and_no_other_follows() {
    let server = TestEdge::open(|_, _| {});
    let mut client = asks(&server, "/parts-break");
    client.head();
    assert_eq!(client.bytes(8), b"3\r\none\r\n");
    assert!(client.is_closed());
    server.is_well();
}

#[test]
fn a_client_that_leaves_in_the_middle_ends_the_making() {
    let server = TestEdge::open(|_, b| b.half_closed = Duration::from_millis(50));
    let mut client = asks(&server, "/parts");
    client.head();
    server.wait_for(&Event::Holds);
    drop(client);
    server.wait_for(&Event::SawLeft);
    server.wait_for(&Event::Dropped);
    server.is_well();
}

#[test]
fn a_client_that_reads_slowly_holds_no_handler_and_gets_all() {
    let server = TestEdge::open(|c, b| {
        c.handlers = 1;
        b.body_memory_bytes_max = 1_000_000; // the rest waits in a file
    });
    let mut slow = asks(&server, "/parts-large");
    // The client has read nothing, and the handler is free again.
    server.wait_for(&Event::Ended);
    server.is_well();
    slow.head();
    let (size, count) = LARGE;
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.extend(slow.bytes(1));
        }
        let digits = str::from_utf8(&line).unwrap().trim_end();
        let bytes = usize::from_str_radix(digits, 16).unwrap();
        body.extend(slow.bytes(bytes));
        assert_eq!(slow.bytes(2), b"\r\n");
        if bytes == 0 {
            break;
        }
    }
    assert_eq!(body.len(), 3 + size * count);
    let parts = body[3..].chunks(size).enumerate();
    assert!(
        parts
            .into_iter()
            .all(|(n, part)| part.iter().all(|b| *b == n as u8))
    );
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    let server = TestEdge::open(|_, b| b.stream_stall = Duration::from_millis(50));
    let mut client = asks(&server, "/parts-large");
    server.wait_for(&Event::Holds);
    // Given up while the answer is being made on a slow machine: the edge is idle although nothing was read.
    server.edge.stop();
    assert!(server.edge.wait_idle(super::toy::PATIENCE));
    assert!(client.wait_end() < LARGE.0 * LARGE.1);
}
