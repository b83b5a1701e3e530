//! Panics, clients that leave, and the edge's end.

use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::toy::{Event, PATIENCE, TestEdge};
use crate::{Bounds, EdgeConfig, EdgeError, EdgeSetup};
use vocabox_base::fault::Kind;

#[test]
fn panics_of_the_service_are_answered_and_cost_no_thread() {
    let server = TestEdge::open(|c, _| c.handlers = 2);
    for _ in 0..10 {
        let mut client = server.call();
        for path in ["/panics", "/admit-panics"] {
            client.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
            let (status, body) = client.answer();
            assert_eq!(status, 500);
            assert!(body.starts_with("{\"detail\":"), "{body}");
        }
    }
    server.is_well();
}

#[test]
fn client_that_leaves_while_a_handler_works_is_seen() {
    let server = TestEdge::open(|_, b| b.half_closed = Duration::from_millis(50));
    let mut client = server.call();
    client.send("GET /holds HTTP/1.1\r\nHost: x\r\n\r\n");
    server.wait_for(&Event::Holds);
    drop(client);
    server.wait_for(&Event::SawLeft);
    server.is_well();
}

#[test]
fn reset_while_a_handler_works_is_seen_without_grace() {
    let server = TestEdge::open(|_, b| b.half_closed = PATIENCE * 10);
    let mut client = server.call();
    client.send("GET /holds HTTP/1.1\r\nHost: x\r\n\r\n");
    server.wait_for(&Event::Holds);
    reset(client.stream);
    server.wait_for(&Event::SawLeft);
}

/// Closes with a reset instead of a FIN: zero seconds of lingering.
fn reset(stream: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    drop(stream);
}

#[test]
fn half_closed_client_gets_its_answer_within_the_grace() {
    let server = TestEdge::open(|_, b| b.half_closed = PATIENCE);
    let mut client = server.call();
    client.send("GET /holds HTTP/1.1\r\nHost: x\r\n\r\n");
    client.half_close();
    server.wait_for(&Event::Holds);
    server.toy.open.store(true, Ordering::SeqCst);
    assert_eq!(client.answer(), (200, "held".to_owned()));
    assert!(client.is_closed());
}

#[test]
fn client_that_leaves_before_its_turn_costs_no_handler() {
    let server = TestEdge::open(|c, b| {
        c.handlers = 1;
        b.half_closed = Duration::from_millis(10);
    });
    let mut first = server.call();
    first.send("GET /holds HTTP/1.1\r\nHost: x\r\n\r\n");
    server.wait_for(&Event::Holds);
    for _ in 0..5 {
        let mut client = server.call();
        client.send("GET /holds HTTP/1.1\r\nHost: x\r\n\r\n");
        drop(client);
        server.wait_for(&Event::Abandoned(Kind::Cancelled));
    }
    server.toy.open.store(true, Ordering::SeqCst);
    assert_eq!(first.answer().0, 200);
    server.is_well();
    assert_eq!(server.toy.answered.load(Ordering::SeqCst), 2);
}

#[test]
fn client_that_leaves_within_its_body_is_abandoned() {
    let server = TestEdge::open(|_, _| {});
    let body = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nsome";
    let mut half_closed = server.call();
    half_closed.send(body);
    half_closed.half_close();
    assert_eq!(half_closed.answer().0, 400);
    server.wait_for(&Event::Abandoned(Kind::Invalid));
    let mut broken = server.call();
    broken.send(
        body.replace("some", "")
            .replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n"),
    );
    broken.head();
    reset(broken.stream);
    server.wait_for(&Event::Abandoned(Kind::Cancelled));
    assert_eq!(server.toy.answered.load(Ordering::SeqCst), 0);
}

#[test]
fn stop_lets_requests_finish_closes_idle_connections_and_frees_the_port() {
    let server = TestEdge::open(|_, b| b.idle = PATIENCE * 10);
    let address = server.edge.local_addr();
    let mut idle = server.call();
    idle.send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(idle.answer().0, 404);
    let mut running = server.call();
    running.send("GET /holds HTTP/1.1\r\nHost: x\r\n\r\n");
    server.wait_for(&Event::Holds);

    server.edge.stop();
    assert!(idle.is_closed());
    assert!(TcpStream::connect(address).is_err());
    assert!(!server.edge.wait_idle(Duration::from_millis(20)));
    server.toy.open.store(true, Ordering::SeqCst);
    assert_eq!(running.answer(), (200, "held".to_owned()));
    assert!(running.is_closed());
    assert!(server.edge.wait_idle(PATIENCE));
    let _ = idle.stream.shutdown(Shutdown::Both);
}

#[test]
fn what_cannot_be_opened_is_said_in_one_sentence() {
    let server = TestEdge::open(|_, _| {});
    let config = |change: &dyn Fn(&mut EdgeConfig)| {
        let folder = std::env::temp_dir().join(format!("vocabox-edge-no-{}", std::process::id()));
        let mut config = EdgeConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            spool_dir: folder.clone(),
            socket_dir: folder,
            handlers: 1,
            threads_beside: 0,
            connections_max: 8,
            connections_per_address_max: 8,
            trusted_proxies: Vec::new(),
        };
        change(&mut config);
        config
    };
    let open = |change: &dyn Fn(&mut EdgeConfig)| {
        let setup = EdgeSetup::new(config(change), Bounds::default());
        setup.err().unwrap()
    };
    let address = server.edge.local_addr();
    let taken = open(&|c| c.listen = address);
    assert!(matches!(taken, EdgeError::Listen { .. }));
    assert!(
        taken.to_string().contains("another process does"),
        "{taken}"
    );
    let spool = open(&|c| c.spool_dir = "/proc/no/such".into());
    assert!(matches!(spool, EdgeError::Spool { .. }), "{spool}");
    let elsewhere = open(&|c| c.listen = ([192, 0, 2, 1], 1).into());
    assert!(
        elsewhere.to_string().contains("does not have that address"),
        "{elsewhere}"
    );
    let descriptors = EdgeError::Descriptors {
        have: 64,
        need: 232,
    };
    assert!(descriptors.to_string().contains("ulimit -n"));
}

#[test]
fn a_request_that_the_inner_hop_drops_is_answered_and_returned() {
    let server = TestEdge::open(|_, _| {});
    let folders = std::fs::read_dir(&server.folder).unwrap();
    let mut folders = folders.map(|folder| folder.unwrap().path().join("s"));
    let socket = folders.find(|socket| socket.exists()).unwrap();
    let kept = socket.with_file_name("kept");
    std::fs::rename(&socket, &kept).unwrap();
    let drops = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let mut client = server.call();
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nlost");
    drop(drops.accept().unwrap());
    assert_eq!(client.answer().0, 500);
    server.wait_for(&Event::Abandoned(Kind::Internal));
    assert_eq!(server.toy.admitted_now.load(Ordering::SeqCst), 0);
    std::fs::rename(&kept, &socket).unwrap();
    server.is_well();
}

#[test]
fn requests_without_a_ticket_are_403_and_the_private_folder_goes_with_the_edge() {
    use std::io::{Read, Write};
    use std::os::unix::fs::PermissionsExt;
    let folder = std::env::temp_dir().join(format!("vocabox-edge-ticket-{}", std::process::id()));
    // The folders of killed processes are removed.
    let deserted = folder.join("edge-0-0");
    std::fs::create_dir_all(&deserted).unwrap();
    drop(std::os::unix::net::UnixListener::bind(deserted.join("s")).unwrap());
    let server = TestEdge::open(|c, _| c.socket_dir = folder.clone());
    assert!(!deserted.exists());
    let private = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    assert_eq!(
        private.metadata().unwrap().permissions().mode() & 0o777,
        0o700
    );
    for ticket in ["", "Ticket: 0-0000000000000000\r\n"] {
        let mut stream = std::os::unix::net::UnixStream::connect(private.path().join("s")).unwrap();
        write!(
            stream,
            "GET / HTTP/1.1\r\nHost: x\r\n{ticket}Connection: close\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 403 "), "{text}");
    }
    assert_eq!(server.toy.answered.load(Ordering::SeqCst), 0);
    drop(server);
    let until = Instant::now() + PATIENCE;
    while std::fs::read_dir(&folder).unwrap().next().is_some() {
        assert!(Instant::now() < until, "the socket's folder is still there");
        std::thread::yield_now();
    }
    let _ = std::fs::remove_dir(folder);
}

#[test]
fn clients_are_refused_until_what_takes_long_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let config = EdgeConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        spool_dir: folder.path().to_owned(),
        socket_dir: folder.path().to_owned(),
        handlers: 1,
        threads_beside: 0,
        connections_max: 8,
        connections_per_address_max: 8,
        trusted_proxies: Vec::new(),
    };
    let setup = EdgeSetup::new(config, Bounds::default()).unwrap();
    let address = setup.address().unwrap();
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    let toy = TestEdge::open(|_, _| {});
    let edge = setup.open(Arc::clone(&toy.toy)).unwrap();
    assert_eq!(edge.local_addr(), address);
    TcpStream::connect(address).unwrap();
}

#[test]
fn a_trusted_proxy_tells_its_client_and_is_not_one() {
    let server = TestEdge::open(|c, _| {
        c.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        c.connections_per_address_max = 2;
    });
    let peer = |header: &str| {
        let mut client = server.call();
        client.send(format!(
            "GET /head HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n"
        ));
        let (_, head) = client.answer();
        let peer = head.split("peer: ").nth(1).unwrap();
        peer.split(',').next().unwrap().to_owned()
    };
    assert_eq!(peer("X-Forwarded-For: 8.8.8.8, 192.0.2.7\r\n"), "192.0.2.7");
    assert_eq!(peer(""), "127.0.0.1");
    // More connections at once than one client may have.
    let held: Vec<_> = (0..8).map(|_| server.call()).collect();
    assert_eq!(peer("Forwarded: for=192.0.2.8\r\n"), "192.0.2.8");
    for mut client in held {
        client.send("GET /empty HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(client.answer().0, 204);
    }
}
