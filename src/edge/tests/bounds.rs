//! Bounds on what a client may hold, and for how long.

use std::time::{Duration, Instant};

use super::toy::{Event, PATIENCE, TestEdge, ToyClient};
use vocabox_base::fault::Kind;

const SHORT: Duration = Duration::from_millis(150);

#[test]
fn slow_heads_are_408_and_silent_connections_closed() {
    let hasty = TestEdge::open(|_, b| b.head = SHORT);
    let mut slow = hasty.call();
    slow.send("GET /echo HTT");
    let mut silent = hasty.call();
    assert_eq!(slow.answer().0, 408);
    assert!(silent.is_closed());
    // Its head has all the time it needs, on a busy machine too.
    let patient = TestEdge::open(|_, b| {
        b.head = PATIENCE;
        b.idle = SHORT;
    });
    let mut idle = patient.call();
    idle.send("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(idle.answer().0, 200);
    assert!(idle.is_closed());
}

#[test]
fn trickle_cannot_stretch_the_deadline_of_a_head() {
    let server = TestEdge::open(|_, b| b.head = SHORT);
    let mut client = server.call();
    let started = Instant::now();
    client
        .stream
        .set_read_timeout(Some(Duration::from_millis(5)))
        .unwrap();
    while client.try_send("G") && client.stream.peek(&mut [0]).is_err() {
        assert!(started.elapsed() < PATIENCE);
    }
    client.stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(client.answer().0, 408);
}

#[test]
fn slow_bodies_are_408_by_rate_and_by_deadline() {
    let by_rate = TestEdge::open(|_, b| b.upload_grace = SHORT);
    let by_deadline = TestEdge::open(|_, b| b.upload = SHORT);
    for server in [by_rate, by_deadline] {
        let mut client = server.call();
        client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nsome");
        assert_eq!(client.answer().0, 408);
        server.wait_for(&Event::Abandoned(Kind::TooSlow));
    }
}

#[test]
fn slow_heads_of_one_address_do_not_lock_it_out() {
    let server = TestEdge::open(|c, _| {
        c.connections_max = 16;
        c.connections_per_address_max = 8;
    });
    let mut slow: Vec<ToyClient> = (0..40)
        .map(|_| {
            let mut client = server.call();
            client.try_send("GET / HT");
            server.is_well();
            client
        })
        .collect();
    // The oldest were evicted.
    assert_eq!(slow[0].wait_end(), 0);
    server.is_well();
}

#[test]
fn connections_at_work_are_not_made_to_leave() {
    let server = TestEdge::open(|c, _| {
        c.connections_max = 2;
        c.handlers = 2;
    });
    let mut held: Vec<ToyClient> = (0..2)
        .map(|_| {
            let mut client = server.call();
            client.send("GET /holds HTTP/1.1\r\nHost: x\r\n\r\n");
            server.wait_for(&Event::Holds);
            client
        })
        .collect();
    for _ in 0..20 {
        let mut late = server.call();
        late.try_send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nlate");
        assert_eq!(late.answer().0, 503);
    }
    server
        .toy
        .open
        .store(true, std::sync::atomic::Ordering::SeqCst);
    for client in &mut held {
        assert_eq!(client.answer(), (200, "held".to_owned()));
    }
}

#[test]
fn clients_that_stall_leave_for_newcomers_when_the_house_is_full() {
    let server = TestEdge::open(|c, b| {
        c.connections_max = 2;
        c.handlers = 2;
        b.upload_grace = PATIENCE * 10;
        b.write_block = PATIENCE * 10;
    });
    let mut sends_no_more = server.call();
    sends_no_more.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nsome");
    let mut reads_nothing = server.call();
    reads_nothing.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut served = 0;
    let until = Instant::now() + PATIENCE;
    let mut kept = Vec::new();
    while served < 2 {
        assert!(Instant::now() < until, "{served} served");
        let mut newcomer = server.call();
        newcomer.try_send("GET /holds HTTP/1.1\r\nHost: x\r\n\r\n");
        let brief = Some(Duration::from_millis(5));
        newcomer.stream.set_read_timeout(brief).unwrap();
        // Refused, or held; `TestEdge` checks at its end that every admission is returned.
        while newcomer.stream.peek(&mut [0]).is_err() {
            assert!(Instant::now() < until, "{served} served");
            if server.events.try_iter().any(|event| event == Event::Holds) {
                served += 1;
                kept.push(newcomer);
                break;
            }
        }
    }
    assert_eq!(sends_no_more.wait_end(), 0);
    assert!(reads_nothing.wait_end() < 8 * 1024 * 1024);
}

#[test]
fn large_uploads_hold_half_of_the_places_at_most() {
    let server = TestEdge::open(|c, b| {
        c.handlers = 4;
        b.body_memory_bytes_max = 10;
    });
    let head =
        "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n";
    let mut uploads: Vec<ToyClient> = (0..2)
        .map(|_| {
            let mut client = server.call();
            client.send(head);
            assert!(client.head().starts_with("HTTP/1.1 100 "));
            client
        })
        .collect();
    let mut third = server.call();
    third.send(head);
    assert_eq!(third.answer().0, 503);
    let mut grown = server.call();
    grown.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nabcdefghijklmnop");
    assert_eq!(grown.answer().0, 503);
    server.is_well();
    for upload in &mut uploads {
        upload.send("x".repeat(20));
        assert_eq!(upload.answer().0, 200);
    }
    let mut fourth = server.call();
    fourth.send(head);
    assert!(fourth.head().starts_with("HTTP/1.1 100 "));
}

#[test]
fn slow_small_uploads_take_places_too() {
    let server = TestEdge::open(|c, b| {
        c.handlers = 2;
        b.upload_grace = Duration::from_millis(20);
        b.rate_min = 1;
    });
    let open = |server: &TestEdge| {
        let mut client = server.call();
        client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n1234567890");
        client
    };
    let mut clients = [open(&server), open(&server)];
    let until = Instant::now() + PATIENCE;
    let mut refused = None;
    while refused.is_none() && Instant::now() < until {
        for (n, client) in clients.iter_mut().enumerate() {
            client
                .stream
                .set_read_timeout(Some(Duration::from_millis(5)))
                .unwrap();
            if client.stream.peek(&mut [0]).is_ok() {
                refused = Some(n);
            } else {
                client.try_send("x");
            }
        }
    }
    let refused = refused.expect("one of two slow uploads is refused: half of two places is one");
    clients[refused]
        .stream
        .set_read_timeout(Some(PATIENCE))
        .unwrap();
    assert_eq!(clients[refused].answer().0, 503);
}

#[test]
fn full_spool_is_503_and_given_back() {
    let server = TestEdge::open(|_, b| {
        b.body_memory_bytes_max = 10;
        b.spool_bytes_max = 1000;
    });
    let post = |bytes: usize| {
        let mut client = server.call();
        client.try_send(format!(
            "POST /kind HTTP/1.1\r\nHost: x\r\nContent-Length: {bytes}\r\n\r\n{}",
            "x".repeat(bytes)
        ));
        client.answer()
    };
    for _ in 0..5 {
        assert_eq!(post(1000), (200, "spooled".to_owned()));
        assert_eq!(post(1001).0, 503);
    }
}

#[test]
fn an_owner_leaves_spool_for_others() {
    let server = TestEdge::open(|_, b| {
        b.body_memory_bytes_max = 10;
        b.spool_bytes_max = 1000;
        b.body_bytes_max = 100;
    });
    let start = |owner: u8, bytes: usize| {
        let mut client = server.call();
        client.try_send(format!(
            "POST /kind HTTP/1.1\r\nHost: x\r\nX-Owner: {owner}\r\nContent-Length: {}\r\n\r\n{}",
            bytes + 1,
            "x".repeat(bytes)
        ));
        client
    };
    let finish = |mut client: ToyClient| {
        client.try_send("x");
        client.answer().0
    };
    assert_eq!(
        finish(start(1, 800)),
        503,
        "alone, an owner leaves a quarter"
    );
    assert_eq!(finish(start(1, 700)), 200);
}

#[test]
fn client_that_does_not_read_holds_no_handler_and_is_dropped() {
    let server = TestEdge::open(|c, b| {
        c.handlers = 2;
        b.write_block = SHORT;
    });
    let mut deaf: Vec<ToyClient> = (0..8)
        .map(|_| {
            let mut client = server.call();
            client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
            client
        })
        .collect();
    server.is_well();
    server.edge.stop();
    assert!(
        server.edge.wait_idle(PATIENCE),
        "non-readers are still there"
    );
    for client in &mut deaf {
        assert!(client.wait_end() < 8 * 1024 * 1024);
    }
}

#[test]
fn slow_reader_is_held_to_the_least_rate() {
    let server = TestEdge::open(|_, b| {
        b.upload_grace = SHORT;
        b.rate_min = 1 << 40;
    });
    let mut client = server.call();
    client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    server.edge.stop();
    assert!(server.edge.wait_idle(PATIENCE));
    assert!(client.wait_end() < 8 * 1024 * 1024);
}

#[test]
fn big_answers_arrive_whole() {
    let server = TestEdge::open(|_, b| b.spool_bytes_max = 1 << 30);
    for _ in 0..3 {
        let mut client = server.call();
        client.send("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let (status, body) = client.answer();
        assert_eq!((status, body.len()), (200, 8 * 1024 * 1024));
        assert!(client.is_closed());
    }
}
