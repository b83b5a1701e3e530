//! The gate's end of the inner hop: waits for the answer while watching whether the client is still there, and fetches
//! the answer. Knows neither tiny_http nor the service.
//!
//! A finished answer is fetched completely before its first byte goes out, into memory or the spool: so a handler is
//! free as soon as it has answered, and a client that reads slowly holds nothing but its own connection. An answer that
//! is still being made is sent by `flow`.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use crate::client_stream::timespec;
use crate::inner::wire::{PARTS, TICKET};
use crate::message::Part;
use crate::reply::is_written_by_edge;
use crate::spool::{Spool, Stored};
use vocabox_base::fault::Fault;
use vocabox_base::limits::HEADERS_MAX;

/// Bytes of an inner answer's head: the API's largest header is `limits::METADATA_BYTES_MAX`.
const INNER_HEAD_BYTES_MAX: usize = 64 * 1024;
/// Bytes of one read: most answers are far smaller.
const BLOCK_BYTES: usize = 8 * 1024;

/// An answer, complete or still being made.
pub(crate) enum Came {
    Whole(Fetched),
    Started(Opening),
}

impl Came {
    /// Returns the answer with `file` as its body, if there is one.
    pub(crate) fn with(mut self, file: Option<Part>) -> Self {
        if let Came::Whole(fetched) = &mut self {
            fetched.file = file;
        }
        self
    }
}

/// An answer that is still being made.
pub(crate) struct Opening {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// The socket on which further parts arrive, after those in `ahead`.
    pub(crate) inner: UnixStream,
    pub(crate) ahead: Vec<u8>,
}

/// A complete answer.
pub(crate) struct Fetched {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) stored: Stored,
    /// What follows the stored body.
    pub(crate) file: Option<Part>,
}

/// Returns when the answer starts on `inner`. Calls `left` once when `client` has gone: at once when its connection
/// broke, after `grace` when it closed only its sending side, because such a client may still wait for the answer.
pub(crate) fn watch(
    client: &TcpStream,
    inner: &UnixStream,
    grace: Duration,
    left: impl FnOnce(),
) -> io::Result<()> {
    let mut left = Some(left);
    let mut half_closed: Option<Instant> = None;
    loop {
        let gone_in = half_closed.map(|since| grace.saturating_sub(since.elapsed()));
        if gone_in == Some(Duration::ZERO)
            && let Some(left) = left.take()
        {
            left();
        }
        // A failure is reported without being requested, and forever: a client that has gone is not watched.
        let events = match half_closed {
            None => PollFlags::RDHUP,
            Some(_) => PollFlags::empty(),
        };
        let mut fds = [
            PollFd::new(inner, PollFlags::IN),
            PollFd::new(client, events),
        ];
        let watched = if left.is_some() { 2 } else { 1 };
        let timeout = gone_in.filter(|_| left.is_some()).map(timespec);
        match poll(&mut fds[..watched], timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        if !fds[0].revents().is_empty() {
            return Ok(());
        }
        if watched == 2 {
            let seen = fds[1].revents();
            if seen.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
                if let Some(left) = left.take() {
                    left();
                }
            } else if seen.contains(PollFlags::RDHUP) {
                half_closed = Some(Instant::now());
            }
        }
    }
}

/// Fetches the answer to `ticket`, to its end unless it is still being made. Faults: `Internal` when the answer has no
/// ticket (it is tiny_http's own) or is incomplete, `Busy` when the spool has no space for it.
pub(crate) fn fetch(
    mut inner: UnixStream,
    ticket: &str,
    spool: &Spool,
    owner: Option<u64>,
) -> Result<Came, Fault> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut head = Vec::new();
    let end = loop {
        let bytes = read(&mut inner, &mut block)?;
        if bytes == 0 {
            return Err(broken("it ended within its head"));
        }
        let from = head.len().saturating_sub(3);
        head.extend_from_slice(&block[..bytes]);
        if let Some(at) = head[from..].windows(4).position(|w| w == b"\r\n\r\n") {
            break from + at + 4;
        }
        if head.len() > INNER_HEAD_BYTES_MAX {
            return Err(broken("its head is too large"));
        }
    };
    let (status, headers, length) = parse(&head[..end], ticket)?;
    let Some(length) = length else {
        let ahead = head.split_off(end);
        return Ok(Came::Started(Opening {
            status,
            headers,
            inner,
            ahead,
        }));
    };

    let mut sink = spool.sink(owner);
    sink.write(&head[end..])?;
    loop {
        let bytes = read(&mut inner, &mut block)?;
        if bytes == 0 {
            break;
        }
        sink.write(&block[..bytes])?;
    }
    if sink.bytes() != length {
        return Err(broken("its length is not the announced one"));
    }
    Ok(Came::Whole(Fetched {
        status,
        headers,
        stored: sink.finish()?,
        file: None,
    }))
}

/// Status, headers, and the length of the body; none for an answer that is still being made.
type AnswerHead = (u16, Vec<(String, String)>, Option<u64>);

fn parse(bytes: &[u8], ticket: &str) -> Result<AnswerHead, Fault> {
    let mut room = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut room);
    response.parse(bytes).map_err(broken)?;
    let status = response.code.ok_or_else(|| broken("it has no status"))?;
    let (mut has_ticket, mut length, mut in_parts) = (false, None, false);
    let mut headers = Vec::with_capacity(response.headers.len());
    for header in response.headers.iter() {
        let value = str::from_utf8(header.value).map_err(broken)?;
        if header.name.eq_ignore_ascii_case(TICKET) {
            has_ticket = value == ticket;
        } else if header.name.eq_ignore_ascii_case("Content-Length") {
            length = value.parse().ok();
        } else if header.name.eq_ignore_ascii_case(PARTS) {
            in_parts = true;
        } else if header.name.eq_ignore_ascii_case("Content-Type")
            || !is_written_by_edge(header.name)
        {
            headers.push((header.name.to_owned(), value.to_owned()));
        }
    }
    match length {
        Some(_) if has_ticket => Ok((status, headers, length)),
        None if has_ticket && in_parts => Ok((status, headers, None)),
        _ => Err(broken("it is not from a handler")),
    }
}

fn read(inner: &mut UnixStream, block: &mut [u8]) -> Result<usize, Fault> {
    loop {
        match inner.read(block) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            read => return read.map_err(broken),
        }
    }
}

fn broken(cause: impl std::fmt::Display) -> Fault {
    Fault::internal(format!("inner answer: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::io::Write;
    use std::net::{Shutdown, TcpListener};

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    #[test]
    fn half_closed_client_that_is_answered_within_the_grace_has_not_left() {
        let (client, server) = pair();
        let (mut handler, inner) = UnixStream::pair().unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        handler.write_all(b"x").unwrap();
        let left = Cell::new(false);
        watch(&server, &inner, Duration::from_secs(60), || left.set(true)).unwrap();
        assert!(!left.get());
    }

    #[test]
    fn silent_half_closed_client_has_left_after_the_grace() {
        let (client, server) = pair();
        let (handler, inner) = UnixStream::pair().unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let started = Instant::now();
        let grace = Duration::from_millis(50);
        // The handler answers only once `left` was called.
        watch(&server, &inner, grace, || {
            (&handler).write_all(b"x").unwrap();
        })
        .unwrap();
        assert!(started.elapsed() >= grace);
    }

    #[test]
    fn answers_without_the_ticket_go_nowhere() {
        let head = |ticket: &str| {
            parse(
                format!("HTTP/1.1 200 OK\r\n{ticket}Content-Length: 0\r\n\r\n").as_bytes(),
                "1-a",
            )
        };
        assert!(head("").is_err());
        assert!(head("Ticket: 1-b\r\n").is_err());
        assert!(head("Ticket: 1-a\r\n").is_ok());
    }
}
