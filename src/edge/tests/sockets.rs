//! WebSockets: what a client may hold, and how they end.

use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message, WebSocket, client};

use super::toy::{Event, PATIENCE, TestEdge};
use crate::websocket::{Arrival, ClientSocket, CloseReason};

/// Sends each message back, and as much as the client takes after `flood`; returns why the socket ends.
pub(super) fn echo(socket: &mut ClientSocket<'_>) -> CloseReason {
    let never = eventfd(0, EventfdFlags::empty()).unwrap();
    loop {
        let told = match socket.next(never.as_fd(), true) {
            Err(reason) => return reason,
            Ok(Arrival::Text(text)) => text,
            Ok(_) => continue,
        };
        assert_ne!(told.as_str(), "panic");
        let is_flood = told.as_str() == "flood";
        loop {
            match socket.send(told.as_str().repeat(if is_flood { 20_000 } else { 1 })) {
                Err(reason) => return reason,
                Ok(()) if is_flood => {}
                Ok(()) => break,
            }
        }
    }
}

fn open(server: &TestEdge) -> WebSocket<TcpStream> {
    let address = server.edge.local_addr();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (socket, answer) = client(format!("ws://{address}/socket"), stream).unwrap();
    assert_eq!(answer.status(), 101);
    socket
}

/// The reason with which the server closes.
fn closed(socket: &mut WebSocket<TcpStream>) -> CloseCode {
    loop {
        match socket.read() {
            Ok(Message::Close(Some(CloseFrame { code, .. }))) => return code,
            Ok(_) => {}
            Err(e) => panic!("not closed: {e}"),
        }
    }
}

#[test]
fn messages_go_both_ways_however_they_are_cut() {
    let server = TestEdge::open(|_, _| {});
    let mut socket = open(&server);
    for length in [1, 125, 126, 65_536, 1_000_000] {
        let text = "a".repeat(length);
        socket.send(Message::text(text.clone())).unwrap();
        assert_eq!(socket.read().unwrap().to_text().unwrap(), text);
    }
    socket.send(Message::Ping("p".into())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong("p".into()));
    socket.close(None).unwrap();
    assert!(matches!(socket.read(), Ok(Message::Close(None))));
    assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
    server.wait_for(&Event::Closed(CloseReason::Left));
}

#[test]
fn messages_that_are_too_large_or_binary_or_malformed_end_the_socket() {
    let server = TestEdge::open(|_, b| {
        b.message_bytes_max = 1_000;
        b.drain_bytes_max = 20_000_000;
    });
    let mut socket = open(&server);
    // More than the buffers of a connection hold: what is not read would reset it.
    socket.send(Message::text("a".repeat(10_000_000))).unwrap();
    assert_eq!(closed(&mut socket), CloseCode::Size);
    let mut socket = open(&server);
    socket.send(Message::binary(vec![1])).unwrap();
    assert_eq!(closed(&mut socket), CloseCode::Unsupported);
    let mut socket = open(&server);
    // A frame that is not masked, as only a server may send it.
    std::io::Write::write_all(socket.get_mut(), b"\x81\x01a").unwrap();
    assert_eq!(closed(&mut socket), CloseCode::Protocol);
    server.is_well();
}

#[test]
fn a_silent_client_and_one_that_stays_too_long_are_told_to_go() {
    let short = Duration::from_millis(50);
    let idle = TestEdge::open(|_, b| b.socket_idle = short);
    assert_eq!(closed(&mut open(&idle)), CloseCode::Away);
    idle.wait_for(&Event::Closed(CloseReason::Idle));
    let whole = TestEdge::open(|_, b| b.socket = short);
    assert_eq!(closed(&mut open(&whole)), CloseCode::Away);
    whole.wait_for(&Event::Closed(CloseReason::Expired));
}

#[test]
fn the_server_pings() {
    let server = TestEdge::open(|_, b| b.socket_ping = Duration::from_millis(1));
    let mut socket = open(&server);
    assert!(matches!(socket.read(), Ok(Message::Ping(_))));
}

#[test]
fn a_client_that_takes_nothing_is_dropped() {
    let server = TestEdge::open(|_, b| b.write_block = Duration::from_millis(50));
    let mut socket = open(&server);
    socket.send(Message::text("flood")).unwrap();
    server.wait_for(&Event::Closed(CloseReason::Left));
    server.is_well();
}

#[test]
fn a_client_that_vanishes_and_a_panic_end_the_socket() {
    let server = TestEdge::open(|_, _| {});
    drop(open(&server));
    server.wait_for(&Event::Closed(CloseReason::Left));
    let mut socket = open(&server);
    socket.send(Message::text("panic")).unwrap();
    assert_eq!(closed(&mut socket), CloseCode::Error);
    server.is_well();
}

#[test]
fn a_stop_closes_sockets() {
    let server = TestEdge::open(|_, _| {});
    let mut socket = open(&server);
    server.edge.stop();
    assert_eq!(closed(&mut socket), CloseCode::Away);
    server.wait_for(&Event::Closed(CloseReason::Stopping));
}

#[test]
fn a_request_for_a_socket_has_no_body() {
    let server = TestEdge::open(|_, _| {});
    let mut client = server.call();
    client.send(
        "GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length: 1\r\n\r\na",
    );
    assert_eq!(client.answer().0, 400);
}
