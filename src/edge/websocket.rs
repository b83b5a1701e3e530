//! A WebSocket (RFC 6455) after its upgrade: messages in and out, under deadlines. Knows no meaning of a message.
//!
//! tungstenite frames and unmasks over the connection's non-blocking socket; all waits are here, each with an end: for the
//! client to take bytes (`write_block`), for its next message (`socket_idle`), and for the whole (`socket`). What it holds is
//! bounded by one message (`message_bytes_max`) and one event that is being sent.

use std::io::{ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use tungstenite::error::{CapacityError, ProtocolError};
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Bytes, Error, Message, Utf8Bytes, WebSocket};

use crate::Bounds;
use crate::client_stream::{ClientStream, timespec};
use crate::connections::Connections;
use crate::message::Head;
use vocabox_base::fault::{Fault, Kind};

/// The only version of WebSocket that is spoken.
pub const WEBSOCKET_VERSION: &str = "13";
/// Milliseconds between two returns of [`ClientSocket::next`], for its caller to look around.
const LOOK_MS: u64 = 250;
/// Messages without content, such as pings, that are read before the caller looks around.
const EMPTY_MESSAGES_MAX: usize = 64;
/// Bytes of one read, and of the buffer that each connection has for it.
const READ_BYTES: usize = 16 * 1024;
/// Characters of the key that a client sends: 16 bytes in base64.
const KEY_CHARS: usize = 24;

/// What a request for a WebSocket is answered with.
#[derive(Debug)]
pub struct Upgrade {
    pub(crate) accept: String,
    /// The one of the client's subprotocols that is spoken.
    pub protocol: Option<&'static str>,
    pub headers: Vec<(&'static str, String)>,
}

impl Upgrade {
    /// Returns the upgrade that `head` asks for. Faults: `UpgradeRequired` when it asks for none, or for another version;
    /// `Invalid` when its key is missing or malformed.
    pub fn asked(head: &Head) -> Result<Self, Fault> {
        let wanted =
            has_token(head, "upgrade", "websocket") && has_token(head, "connection", "upgrade");
        let version = head.header("sec-websocket-version");
        if head.method != "GET" || !wanted || version != Some(WEBSOCKET_VERSION) {
            return Err(Fault::new(
                Kind::UpgradeRequired,
                "This endpoint speaks WebSocket, version 13: send `Upgrade: websocket`.",
            ));
        }
        let key = head.header("sec-websocket-key").unwrap_or_default();
        let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
        if key.len() != KEY_CHARS || !key.bytes().all(is_base64) {
            return Err(Fault::invalid(
                "Sec-WebSocket-Key is not 16 bytes in base64.",
            ));
        }
        Ok(Upgrade {
            accept: derive_accept_key(key.as_bytes()),
            protocol: None,
            headers: Vec::new(),
        })
    }
}

/// Whether a header with a list has `token`.
fn has_token(head: &Head, name: &str, token: &str) -> bool {
    head.list(name).any(|item| item.eq_ignore_ascii_case(token))
}

/// The text of a message.
#[derive(Debug)]
pub struct SocketText(Utf8Bytes);

impl SocketText {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// What came of a wait for the client.
#[derive(Debug)]
pub enum Arrival {
    Text(SocketText),
    /// The other descriptor can be read.
    Woken,
    /// Nothing for a while: the caller may look around.
    Nothing,
}

/// Why a WebSocket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The client closed it, or its connection broke; or it took nothing for too long.
    Left,
    /// The client sent nothing for too long.
    Idle,
    /// It has lasted as long as one may.
    Expired,
    /// The server stops.
    Stopping,
    /// A message is larger than is accepted.
    TooLarge,
    /// A message is binary.
    Binary,
    /// The client broke the protocol.
    Malformed,
    /// A defect of the server.
    Failed,
}

impl CloseReason {
    /// Returns the code and the words for the client; none when it has left.
    fn frame(self) -> Option<(CloseCode, &'static str)> {
        match self {
            CloseReason::Left => None,
            CloseReason::Idle => Some((CloseCode::Away, "nothing was sent for too long")),
            CloseReason::Expired => Some((CloseCode::Away, "the session has lasted its time")),
            CloseReason::Stopping => Some((CloseCode::Away, "the server is stopping")),
            CloseReason::TooLarge => Some((CloseCode::Size, "the message is too large")),
            CloseReason::Binary => Some((CloseCode::Unsupported, "messages are JSON as text")),
            CloseReason::Malformed => Some((CloseCode::Protocol, "the frame is malformed")),
            CloseReason::Failed => Some((CloseCode::Error, "an unexpected fault happened")),
        }
    }
}

/// The server's side of one WebSocket.
pub struct ClientSocket<'a> {
    socket: WebSocket<&'a TcpStream>,
    stream: &'a TcpStream,
    connections: &'a Connections,
    bounds: &'a Bounds,
    opened: Instant,
    /// When the client last sent a message or a ping, and when the server last sent a ping.
    heard: Instant,
    pinged: Instant,
    bytes_in: u64,
    bytes_out: u64,
}

impl<'a> ClientSocket<'a> {
    /// Returns the socket of a connection whose upgrade was answered.
    pub(crate) fn new<'s: 'a>(
        line: &mut ClientStream<'s>,
        bounds: &'a Bounds,
        connections: &'a Connections,
    ) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(bounds.message_bytes_max))
            .max_frame_size(Some(bounds.message_bytes_max));
        let ahead = line.ahead().to_vec();
        line.consume(ahead.len());
        let (stream, now) = (line.stream(), Instant::now());
        ClientSocket {
            socket: WebSocket::from_partially_read(stream, ahead, Role::Server, Some(config)),
            stream,
            connections,
            bounds,
            opened: now,
            heard: now,
            pinged: now,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Returns the bytes of the messages that came and that were sent.
    pub fn bytes(&self) -> (u64, u64) {
        (self.bytes_in, self.bytes_out)
    }

    /// Returns when the server closes the socket, if nothing ends it before.
    pub fn left(&self) -> Duration {
        (self.opened + self.bounds.socket).saturating_duration_since(Instant::now())
    }

    /// Returns the next message, or earlier when `wake` can be read or after a quarter of a second. Without `reads` no
    /// message is taken: the client has to wait. Errors: why the socket ends; it is still to be closed then.
    pub fn next(&mut self, wake: BorrowedFd<'_>, reads: bool) -> Result<Arrival, CloseReason> {
        let until = Instant::now() + Duration::from_millis(LOOK_MS);
        if !reads {
            // A client that is not read from cannot show that it is there.
            self.heard = Instant::now();
        }
        loop {
            if reads && let Some(text) = self.read()? {
                return Ok(Arrival::Text(text));
            }
            self.keep_alive()?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Arrival::Nothing);
            }
            let events = match reads {
                true => PollFlags::IN,
                false => PollFlags::empty(),
            };
            let mut fds = [
                PollFd::new(self.stream, events),
                PollFd::from_borrowed_fd(wake, PollFlags::IN),
            ];
            match poll(&mut fds, Some(&timespec(left))) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return Err(CloseReason::Left),
            }
            if !fds[1].revents().is_empty() {
                return Ok(Arrival::Woken);
            }
            let seen = fds[0].revents();
            if seen.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) && !reads {
                return Err(CloseReason::Left);
            }
        }
    }

    /// Sends a message. Errors: `Left` when the client has gone, or takes no byte for as long as a client may.
    pub fn send(&mut self, text: String) -> Result<(), CloseReason> {
        self.bytes_out += text.len() as u64;
        self.write(Message::text(text))
    }

    /// Tells the client why the socket ends, and waits a moment for it to agree, so that what was sent is not lost to a
    /// reset.
    pub fn close(&mut self, reason: CloseReason) {
        let Some((code, words)) = reason.frame() else {
            return;
        };
        let frame = CloseFrame {
            code,
            reason: Utf8Bytes::from_static(words),
        };
        if self.write(Message::Close(Some(frame))).is_err() {
            return;
        }
        // A client that agrees closes its side then; until that what it sends is dropped, whatever it is: to close a socket with
        // unread bytes would make the kernel send a reset.
        let _ = self.stream.shutdown(Shutdown::Write);
        let until = Instant::now() + self.bounds.drain;
        let mut dropped = 0;
        let mut block = vec![0; READ_BYTES];
        while dropped
            <= self
                .bounds
                .message_bytes_max
                .max(self.bounds.drain_bytes_max)
        {
            match (&mut &*self.stream).read(&mut block) {
                Ok(0) => break,
                Ok(bytes) => dropped += bytes,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    if self.wait(PollFlags::IN, until).is_err() {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
    }

    /// Returns a message that has come whole; none when none has.
    fn read(&mut self) -> Result<Option<SocketText>, CloseReason> {
        for _ in 0..EMPTY_MESSAGES_MAX {
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    self.heard = Instant::now();
                    self.bytes_in += text.len() as u64;
                    return Ok(Some(SocketText(text)));
                }
                Ok(Message::Binary(_)) => return Err(CloseReason::Binary),
                Ok(Message::Ping(_)) => {
                    self.heard = Instant::now();
                    // The answer to it is queued.
                    self.flush()?;
                }
                Ok(Message::Pong(_) | Message::Frame(_)) => {}
                // The next read ends the socket, once the answer to it is sent.
                Ok(Message::Close(_)) => self.flush()?,
                Err(Error::Io(e)) if e.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(Error::Io(e)) if e.kind() == ErrorKind::Interrupted => {}
                Err(Error::Capacity(CapacityError::MessageTooLong { .. })) => {
                    return Err(CloseReason::TooLarge);
                }
                Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                    return Err(CloseReason::Left);
                }
                Err(Error::Protocol(_) | Error::Utf8(_)) => return Err(CloseReason::Malformed),
                Err(_) => return Err(CloseReason::Left),
            }
        }
        Ok(None)
    }

    /// Sends a ping when one is due. Errors: a time is up, or the server stops.
    fn keep_alive(&mut self) -> Result<(), CloseReason> {
        if self.connections.stopping() {
            return Err(CloseReason::Stopping);
        }
        if self.heard.elapsed() >= self.bounds.socket_idle {
            return Err(CloseReason::Idle);
        }
        if self.left().is_zero() {
            return Err(CloseReason::Expired);
        }
        if self.pinged.elapsed() >= self.bounds.socket_ping {
            self.pinged = Instant::now();
            self.write(Message::Ping(Bytes::new()))?;
        }
        Ok(())
    }

    fn write(&mut self, message: Message) -> Result<(), CloseReason> {
        match self.socket.write(message) {
            Ok(()) => self.flush(),
            // The message is in the buffer.
            Err(Error::Io(e)) if e.kind() == ErrorKind::WouldBlock => self.flush(),
            Err(_) => Err(CloseReason::Left),
        }
    }

    fn flush(&mut self) -> Result<(), CloseReason> {
        let until = Instant::now() + self.bounds.write_block;
        loop {
            match self.socket.flush() {
                Ok(()) => return Ok(()),
                Err(Error::Io(e)) if e.kind() == ErrorKind::WouldBlock => {
                    self.wait(PollFlags::OUT, until)?;
                }
                Err(_) => return Err(CloseReason::Left),
            }
        }
    }

    fn wait(&self, flags: PollFlags, until: Instant) -> Result<(), CloseReason> {
        let left = until.saturating_duration_since(Instant::now());
        let mut fds = [PollFd::new(self.stream, flags)];
        match poll(&mut fds, Some(&timespec(left))) {
            Err(rustix::io::Errno::INTR) => Ok(()),
            Ok(1..) if !left.is_zero() => Ok(()),
            _ => Err(CloseReason::Left),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn head(headers: &[(&str, &str)]) -> Head {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Head {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            headers: headers.iter().map(own).collect(),
            declared_bytes: Some(0),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            received: Instant::now(),
        }
    }

    #[test]
    fn an_upgrade_is_answered_as_the_standard_says_and_all_else_is_refused() {
        let wanted = [
            ("upgrade", "h2c, WebSocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-version", "13"),
            // RFC 6455 section 1.3.
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let upgrade = Upgrade::asked(&head(&wanted)).unwrap();
        assert_eq!(upgrade.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        for (at, value, kind) in [
            (0, "h2c", Kind::UpgradeRequired),
            (1, "close", Kind::UpgradeRequired),
            (2, "8", Kind::UpgradeRequired),
            (3, "", Kind::Invalid),
            (3, "dGhlIHNhbXBsZSBub25jZQ=\u{e9}", Kind::Invalid),
        ] {
            let mut wrong = wanted;
            wrong[at].1 = value;
            let refused = Upgrade::asked(&head(&wrong)).unwrap_err();
            assert_eq!(refused.kind, kind, "{:?}", wrong[at]);
        }
    }
}
