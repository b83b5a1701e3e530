//! A service that does what its path says, and a client that sends exactly what it is told.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::message::{Answer, Answered, Body, Head, Service};
use crate::websocket::{ClientSocket, CloseReason, Upgrade};
use crate::{Bounds, Edge, EdgeConfig, EdgeSetup};
use vocabox_base::fault::{Fault, Kind};

/// Bytes of a body that the toy accepts.
pub(super) const BODY_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// How long a test waits for an expected event.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Events that tests wait for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A handler started to hold.
    Holds,
    /// A handler that holds saw that its client left.
    SawLeft,
    /// The parts of an answer came to their end, or the edge dropped the rest.
    Ended,
    Dropped,
    /// A WebSocket ended.
    Closed(CloseReason),
    Abandoned(Kind),
    Refused(Kind),
}

pub(super) struct Toy {
    events: Mutex<Sender<Event>>,
    /// Opens the handlers that hold.
    pub(super) open: Arc<AtomicBool>,
    pub(super) admitted_now: Arc<AtomicUsize>,
    pub(super) answered: AtomicUsize,
}

/// Decrements the count when dropped: no admission may be lost.
pub(super) struct ToyAdmitted {
    head: Head,
    now: Arc<AtomicUsize>,
}

impl Drop for ToyAdmitted {
    fn drop(&mut self) {
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Toy {
    fn tell(&self, event: Event) {
        let _ = self.events.lock().unwrap().send(event);
    }
}

pub(super) fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer {
        status,
        content_type: "text/plain",
        headers: Vec::new(),
        body: body.into(),
    }
}

fn status_of(kind: Kind) -> u16 {
    match kind {
        Kind::Invalid => 400,
        Kind::TooLarge => 413,
        Kind::HeadTooLarge => 431,
        Kind::TooSlow => 408,
        Kind::Busy { .. } => 503,
        Kind::Cancelled => 499,
        _ => 500,
    }
}

impl Service for Toy {
    type Admitted = ToyAdmitted;

    fn admit(&self, head: Head) -> Result<ToyAdmitted, Answer> {
        match head.path.as_str() {
            "/locked" => return Err(answer(401, "{\"detail\":\"no\"}")),
            "/admit-panics" => panic!("admit"),
            _ => {}
        }
        self.admitted_now.fetch_add(1, Ordering::SeqCst);
        Ok(ToyAdmitted {
            head,
            now: Arc::clone(&self.admitted_now),
        })
    }

    fn owner(&self, admitted: &ToyAdmitted) -> Option<u64> {
        admitted.head.header("x-owner")?.parse().ok()
    }

    fn body_bytes_max(&self, _: &ToyAdmitted) -> u64 {
        BODY_BYTES_MAX
    }

    fn answer(&self, admitted: ToyAdmitted, body: Body, left: Arc<AtomicBool>) -> Answered {
        if let Some(parts) = Parts::of(&admitted.head.path, self, &left) {
            return Answered {
                answer: answer(200, "one"),
                rest: Some(Box::new(parts)),
                file: None,
            };
        }
        let given = match admitted.head.path.as_str() {
            "/echo" => {
                let mut bytes = Vec::new();
                body.into_reader().read_to_end(&mut bytes).unwrap();
                answer(200, bytes)
            }
            "/kind" => match body {
                Body::Memory(_) => answer(200, "memory"),
                Body::Spooled { .. } => answer(200, "spooled"),
            },
            "/head" => answer(200, format!("{:?}", admitted.head)),
            "/big" => answer(200, vec![b'b'; 8 * 1024 * 1024]),
            "/empty" => answer(204, "never sent"),
            "/panics" => panic!("answer"),
            "/bad-header" => Answer {
                headers: vec![("X-Bad", "a\r\nX-Injected: 1\u{e9}".to_owned())],
                ..answer(200, "ok")
            },
            "/holds" => {
                self.tell(Event::Holds);
                let began = Instant::now();
                loop {
                    if left.load(Ordering::SeqCst) {
                        self.tell(Event::SawLeft);
                        break answer(499, "left");
                    }
                    if self.open.load(Ordering::SeqCst) || began.elapsed() > PATIENCE {
                        break answer(200, "held");
                    }
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            _ => answer(404, "{\"detail\":\"no such path\"}"),
        };
        self.answered.fetch_add(1, Ordering::SeqCst);
        given.into()
    }

    /// `/socket` asks for one.
    fn upgrade(&self, admitted: &mut ToyAdmitted) -> Option<Upgrade> {
        (admitted.head.path == "/socket")
            .then(|| Upgrade::asked(&admitted.head).ok())
            .flatten()
    }

    fn converse(&self, _admitted: ToyAdmitted, socket: &mut ClientSocket<'_>) {
        let reason = super::sockets::echo(socket);
        socket.close(reason);
        self.tell(Event::Closed(reason));
    }

    fn abandon(&self, admitted: ToyAdmitted, fault: Fault) -> Answer {
        drop(admitted);
        self.tell(Event::Abandoned(fault.kind));
        answer(
            status_of(fault.kind),
            format!("{{\"detail\":\"{}\"}}", fault.sentence),
        )
    }

    fn refuse(&self, _: IpAddr, fault: Fault) -> Answer {
        self.tell(Event::Refused(fault.kind));
        answer(
            status_of(fault.kind),
            format!("{{\"detail\":\"{}\"}}", fault.sentence),
        )
    }
}

/// The rest of an answer that starts with `one`.
struct Parts {
    events: Sender<Event>,
    open: Arc<AtomicBool>,
    left: Arc<AtomicBool>,
    /// The further parts, the last one first.
    comes: Vec<Result<Vec<u8>, Fault>>,
    ended: bool,
}

/// Bytes of each part of `/parts-large`, and how many there are.
pub(super) const LARGE: (usize, usize) = (100_000, 80);

impl Parts {
    fn of(path: &str, toy: &Toy, left: &Arc<AtomicBool>) -> Option<Parts> {
        let comes = match path {
            "/parts" => vec![Ok(b"two".to_vec())],
            "/parts-break" => vec![Err(Fault::engine("on purpose"))],
            "/parts-large" => (0..LARGE.1)
                .rev()
                .map(|n| Ok(vec![n as u8; LARGE.0]))
                .collect(),
            _ => return None,
        };
        // Only `/parts` waits.
        let open = Arc::clone(&toy.open);
        open.fetch_or(path != "/parts", Ordering::SeqCst);
        Some(Parts {
            events: toy.events.lock().unwrap().clone(),
            open,
            left: Arc::clone(left),
            comes,
            ended: false,
        })
    }
}

impl Iterator for Parts {
    type Item = Result<Vec<u8>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let _ = self.events.send(Event::Holds);
        let began = Instant::now();
        while !self.open.load(Ordering::SeqCst) && began.elapsed() < PATIENCE {
            if self.left.load(Ordering::SeqCst) {
                let _ = self.events.send(Event::SawLeft);
                return Some(Err(Fault::new(Kind::Cancelled, "left")));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let next = self.comes.pop();
        self.ended = next.is_none();
        next
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        let event = match self.ended {
            true => Event::Ended,
            false => Event::Dropped,
        };
        let _ = self.events.send(event);
    }
}

/// An edge with its toy. Dropping it checks that every admission was returned.
pub(super) struct TestEdge {
    pub(super) edge: Edge,
    pub(super) toy: Arc<Toy>,
    pub(super) events: Receiver<Event>,
    pub(super) folder: PathBuf,
}

impl TestEdge {
    /// Opens it with the default bounds, changed by `change`.
    pub(super) fn open(change: impl FnOnce(&mut EdgeConfig, &mut Bounds)) -> TestEdge {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let folder = std::env::temp_dir().join(format!(
            "vocabox-edge-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        let (sender, events) = channel();
        let toy = Arc::new(Toy {
            events: Mutex::new(sender),
            open: Arc::default(),
            admitted_now: Arc::default(),
            answered: AtomicUsize::new(0),
        });
        let mut config = EdgeConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            spool_dir: folder.join("spool"),
            socket_dir: folder.clone(),
            handlers: 4,
            threads_beside: 0,
            connections_max: 64,
            connections_per_address_max: 48,
            trusted_proxies: Vec::new(),
        };
        let mut bounds = Bounds::default();
        change(&mut config, &mut bounds);
        let setup = EdgeSetup::new(config, bounds).unwrap();
        let edge = setup.open(Arc::clone(&toy)).unwrap();
        TestEdge {
            edge,
            toy,
            events,
            folder,
        }
    }

    pub(super) fn call(&self) -> ToyClient {
        ToyClient::call(self.edge.local_addr())
    }

    /// Waits for `event`; other events before it are skipped.
    pub(super) fn wait_for(&self, event: &Event) {
        let until = Instant::now() + PATIENCE;
        while let Ok(came) = self
            .events
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            if came == *event {
                return;
            }
        }
        panic!("{event:?} did not come");
    }

    /// Checks that the edge still answers.
    pub(super) fn is_well(&self) {
        let mut client = self.call();
        client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nwell");
        assert_eq!(client.answer(), (200, "well".to_owned()));
    }
}

impl Drop for TestEdge {
    fn drop(&mut self) {
        self.toy.open.store(true, Ordering::SeqCst);
        self.edge.stop();
        if !std::thread::panicking() {
            assert!(self.edge.wait_idle(PATIENCE), "connections are left over");
            assert_eq!(self.toy.admitted_now.load(Ordering::SeqCst), 0);
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// One connection.
pub(super) struct ToyClient {
    pub(super) stream: TcpStream,
    ahead: Vec<u8>,
}

impl ToyClient {
    pub(super) fn call(address: SocketAddr) -> ToyClient {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        ToyClient {
            stream,
            ahead: Vec::new(),
        }
    }

    pub(super) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends, whether or not the edge still reads.
    pub(super) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    pub(super) fn half_close(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// The next head, whole, with its empty line.
    pub(super) fn head(&mut self) -> String {
        loop {
            if let Some(at) = self.ahead.windows(4).position(|w| w == b"\r\n\r\n") {
                let rest = self.ahead.split_off(at + 4);
                let head = std::mem::replace(&mut self.ahead, rest);
                return String::from_utf8(head).unwrap();
            }
            assert!(self.more().unwrap() > 0, "no answer: {:?}", self.ahead);
        }
    }

    /// Status and body of the next answer.
    pub(super) fn answer(&mut self) -> (u16, String) {
        let head = self.head();
        let length = header(&head, "Content-Length").map_or(0, |l| l.parse().unwrap());
        while self.ahead.len() < length {
            assert!(self.more().unwrap() > 0, "the answer's body ended early");
        }
        let rest = self.ahead.split_off(length);
        let body = std::mem::replace(&mut self.ahead, rest);
        (status(&head), String::from_utf8(body).unwrap())
    }

    /// The next `count` bytes.
    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.ahead.len() < count {
            assert!(self.more().unwrap() > 0, "too few: {:?}", self.ahead.len());
        }
        let rest = self.ahead.split_off(count);
        std::mem::replace(&mut self.ahead, rest)
    }

    /// Whether the connection ended without another byte.
    pub(super) fn is_closed(&mut self) -> bool {
        self.ahead.is_empty() && matches!(self.more(), Ok(0))
    }

    /// The end of the connection, whether closed or reset.
    pub(super) fn wait_end(&mut self) -> usize {
        let mut bytes = self.ahead.len();
        while let Ok(more) = self.more() {
            if more == 0 {
                break;
            }
            bytes += more;
            self.ahead.clear();
        }
        bytes
    }

    fn more(&mut self) -> io::Result<usize> {
        let mut block = [0; 64 * 1024];
        let bytes = self.stream.read(&mut block)?;
        self.ahead.extend_from_slice(&block[..bytes]);
        Ok(bytes)
    }
}

pub(super) fn status(head: &str) -> u16 {
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

pub(super) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v)
}
