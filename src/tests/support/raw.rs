//! A client that sends exactly the given bytes, and the checks at the end of every attack.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpStream};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use serde_json::json;

use crate::support::server::Server;

/// Longest time that a test waits for an answer; long, because the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// One connection.
pub struct RawClient {
    pub stream: TcpStream,
    ahead: Vec<u8>,
}

/// An answer as it was read from the socket.
pub struct RawAnswer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl RawAnswer {
    /// Checks that this is an answer of the API to `/`, which is no endpoint.
    #[track_caller]
    pub fn is_known(&self) {
        assert!(self.header("X-Request-Id").is_some());
    }

    /// The first value of a header (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    /// How often the answer has the header.
    pub fn count(&self, name: &str) -> usize {
        let same = |(n, _): &&(String, String)| n.eq_ignore_ascii_case(name);
        self.headers.iter().filter(same).count()
    }

    /// Checks that this is a refusal with `status` in the API's error format.
    #[track_caller]
    pub fn is_refusal(&self, status: u16) {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        assert_eq!(self.header("Content-Type"), Some("application/json"));
        assert!(self.header("X-Request-Id").is_some_and(|id| !id.is_empty()));
        let json: serde_json::Value = serde_json::from_slice(&self.body).expect("a JSON body");
        let detail = json["error"].get("message").unwrap_or(&json["detail"]);
        let detail = detail.as_str().expect("a sentence is a string");
        assert!(!detail.is_empty());
        for inside in ["/tmp", "/home", "/work", ".rs", "panicked"] {
            assert!(!detail.contains(inside), "our insides leak: {detail}");
        }
    }
}

impl RawClient {
    /// Connects to the server.
    pub fn call(addr: SocketAddr) -> RawClient {
        RawClient::over(TcpStream::connect(addr).unwrap())
    }

    /// Connects from this address of the loopback network.
    pub fn call_from(from: Ipv4Addr, addr: SocketAddr) -> RawClient {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&socket, &SocketAddrV4::new(from, 0)).unwrap();
        connect(&socket, &addr).unwrap();
        RawClient::over(socket.into())
    }

    fn over(stream: TcpStream) -> RawClient {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        RawClient {
            stream,
            ahead: Vec::new(),
        }
    }

    /// Sends bytes; false if that failed, because the server may have refused and closed already.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Reads the next answer, with its body only if `with_body`.
    #[track_caller]
    pub fn read(&mut self, with_body: bool) -> RawAnswer {
        let end = loop {
            if let Some(at) = self.ahead.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            self.more();
        };
        let text = String::from_utf8(self.ahead.drain(..end).collect()).expect("an ASCII head");
        let mut lines = text.trim_end().split("\r\n");
        let first = lines.next().unwrap();
        assert!(first.starts_with("HTTP/1.1 "), "{first}");
        let mut answer = RawAnswer {
            status: first[9..12].parse().unwrap(),
            headers: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
                .collect(),
            body: Vec::new(),
        };
        if with_body && answer.status >= 200 {
            let length = answer.header("Content-Length").unwrap().parse().unwrap();
            while self.ahead.len() < length {
                self.more();
            }
            answer.body = self.ahead.drain(..length).collect();
        }
        answer
    }

    /// Reads the next answer with its body.
    #[track_caller]
    pub fn answer(&mut self) -> RawAnswer {
        self.read(true)
    }

    /// Reads the body of an answer that is sent in chunks, whose head was read, to the last chunk.
    #[track_caller]
    pub fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                match self.ahead.windows(2).position(|pair| pair == b"\r\n") {
                    Some(line) => break line,
                    None => self.more(),
                }
            };
            let size = std::str::from_utf8(&self.ahead[..line]).expect("the size of a chunk");
            let size = usize::from_str_radix(size, 16).expect("the size of a chunk");
            let (from, to) = (line + 2, line + 2 + size);
            while self.ahead.len() < to + 2 {
                self.more();
            }
            body.extend_from_slice(&self.ahead[from..to]);
            self.ahead.drain(..to + 2);
            if size == 0 {
                return body;
            }
        }
    }

    /// Reads further bytes of the next answer; fails if the server has closed the connection.
    #[track_caller]
    pub fn more(&mut self) {
        let mut block = [0; 16 * 1024];
        let bytes = self.stream.read(&mut block).expect("an answer");
        let there = &self.ahead[..self.ahead.len().min(200)];
        assert!(
            bytes > 0,
            "closed within an answer: {:?}",
            String::from_utf8_lossy(there)
        );
        self.ahead.extend_from_slice(&block[..bytes]);
    }

    /// Checks that the server closes the connection without sending more.
    #[track_caller]
    pub fn is_closed(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
        assert!(self.ahead.is_empty());
        match self.stream.read(&mut [0]) {
            Ok(0) => {}
            Err(e) if e.kind() == ErrorKind::ConnectionReset => {}
            other => panic!("not closed: {other:?}"),
        }
    }
}

/// Sends a request on a new connection; returns the answer.
#[track_caller]
pub fn ask(addr: SocketAddr, request: impl AsRef<[u8]>) -> RawAnswer {
    let mut client = RawClient::call(addr);
    client.send(request);
    client.answer()
}

/// Checks that honest clients are served, with and without a key.
#[track_caller]
pub fn is_well(server: &Server) {
    let voices = format!("Authorization: Bearer {}\r\n", server.key);
    for (path, header) in [("/healthz", ""), ("/voice/voices", &voices)] {
        let answer = ask(
            server.addr,
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n"),
        );
        assert_eq!(answer.status, 200, "{path}");
    }
}

/// Asks `path` to speak `text`. Returns the client, which waits for the answer, once the request is admitted; else its
/// refusal.
#[track_caller]
pub fn admitted(
    addr: SocketAddr,
    key: &str,
    path: &str,
    text: &str,
) -> Result<RawClient, RawAnswer> {
    let body = json!({ "text": text }).to_string();
    let mut client = uploading(addr, key, path, body.len())?;
    client.send(body);
    Ok(client)
}

/// A client that is to send a speech request's body of so many bytes, or the refusal of its head.
#[track_caller]
pub fn uploading(
    addr: SocketAddr,
    key: &str,
    path: &str,
    body_bytes: usize,
) -> Result<RawClient, RawAnswer> {
    let head = tts(key).replace("/voice/tts ", &format!("{path} "));
    let mut client = RawClient::call(addr);
    client.send(format!(
        "{head}Expect: 100-continue\r\nContent-Length: {body_bytes}\r\n\r\n"
    ));
    let answer = client.read(true);
    match answer.status {
        100 => Ok(client),
        _ => Err(answer),
    }
}

/// The head of a speech request without its framing headers.
pub fn tts(key: &str) -> String {
    format!(
        "POST /voice/tts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}\r\n"
    )
}

/// The head of a speech request without a key and without its framing headers.
pub const KEYLESS: &str =
    "POST /voice/tts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
