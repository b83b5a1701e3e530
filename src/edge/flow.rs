//! Sends an answer while it is still being made. Knows neither tiny_http nor the answer's meaning.
//!
//! The handler's output is read from the inner hop as fast as it comes and waits in the spool: so neither a handler nor
//! a lane ever waits for a client that reads slowly, such as a player.

use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use crate::Bounds;
use crate::client_stream::{ClientStream, timespec};
use crate::inner::parts::Parts;
use crate::inner::relay::Opening;
use crate::reply::{self, AnswerLength, Frame};
use crate::spool::{Sink, Spool};
use vocabox_base::fault::Fault;

/// Most bytes of one chunk, and of one read from the inner hop.
const BLOCK_BYTES: usize = 64 * 1024;

/// Sends the answer that starts with `opening` to its end. Returns an error when either side broke off: the connection
/// must be closed then, so that the client notices that the last chunk is missing.
pub(crate) fn send(
    line: &mut ClientStream<'_>,
    frame: Frame,
    opening: Opening,
    (spool, owner): (&Spool, Option<u64>),
    bounds: &Bounds,
) -> io::Result<()> {
    let headers = opening.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
    let mut flow = Flow {
        out: reply::head(&frame, opening.status, headers, AnswerLength::Open),
        gone: 0,
        parts: Parts::default(),
        spool,
        owner,
        waiting: spool.sink(owner),
        framed: 0,
        chunked: frame.minor > 0,
        broken: false,
        last: false,
    };
    flow.takes(&opening.ahead)?;
    let inner = opening.inner;
    inner.set_nonblocking(true)?;
    let mut block = vec![0; BLOCK_BYTES];
    let mut client = Client::new(bounds);
    while flow.refill()? {
        let making = (!flow.parts.ended() && !flow.broken).then_some(&inner);
        let seen = client.wait(line, flow.pending(), making)?;
        if seen.takes {
            let sent = line.try_send(flow.pending())?;
            flow.gone += sent;
            if sent > 0 {
                client.moved(line)?;
            }
        }
        if seen.made {
            match (&inner).read(&mut block) {
                Ok(0) => flow.broken = true,
                Ok(bytes) => flow.takes(&block[..bytes])?,
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(e) => return Err(e),
            }
        }
    }
    Ok(())
}

/// The received part of an answer that is not sent yet.
struct Flow<'a> {
    /// Framed bytes, and how many of them were sent.
    out: Vec<u8>,
    gone: usize,
    parts: Parts,
    spool: &'a Spool,
    owner: Option<u64>,
    waiting: Sink<'a>,
    /// Bytes of `waiting` that were framed.
    framed: u64,
    /// Whether the answer is sent in chunks.
    chunked: bool,
    /// Whether the handler broke off: what came is sent all the same.
    broken: bool,
    /// Whether the last chunk was framed.
    last: bool,
}

impl Flow<'_> {
    /// Returns the bytes that can be sent now.
    fn pending(&self) -> &[u8] {
        &self.out[self.gone..]
    }

    /// Adds bytes of the inner hop.
    fn takes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let waiting = &mut self.waiting;
        self.parts
            .take(bytes, |part| waiting.write(part))
            .map_err(told)
    }

    /// Frames the next block once the previous one was sent. False when there will be no other.
    fn refill(&mut self) -> io::Result<bool> {
        if !self.pending().is_empty() {
            return Ok(true);
        }
        (self.out, self.gone) = (Vec::new(), 0);
        let waiting = self.waiting.bytes() - self.framed;
        if waiting > 0 {
            self.frame(waiting.min(BLOCK_BYTES as u64) as usize)?;
        } else if self.framed > 0 {
            // Everything received was sent: free its space for others.
            (self.waiting, self.framed) = (self.spool.sink(self.owner), 0);
        }
        if self.out.is_empty() && self.broken {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if self.out.is_empty() && self.parts.ended() {
            if self.last || !self.chunked {
                return Ok(false);
            }
            self.out.extend_from_slice(b"0\r\n\r\n");
            self.last = true;
        }
        Ok(true)
    }

    fn frame(&mut self, bytes: usize) -> io::Result<()> {
        if self.chunked {
            self.out = format!("{bytes:x}\r\n").into_bytes();
        }
        let begin = self.out.len();
        self.out.resize(begin + bytes, 0);
        let block = &mut self.out[begin..];
        self.waiting.read_at(self.framed, block).map_err(told)?;
        self.framed += bytes as u64;
        if self.chunked {
            self.out.extend_from_slice(b"\r\n");
        }
        Ok(())
    }
}

/// A fault after an answer has started can only be logged.
fn told(fault: Fault) -> io::Error {
    log::warn!("edge: an answer broke off: {fault}");
    ErrorKind::Other.into()
}

/// The state of the client during sending.
struct Client {
    /// The longest single wait for the client, and all waits together.
    stall: Duration,
    waits: Duration,
    /// How long a client that has closed its sending side may keep waiting.
    grace: Duration,
    /// Since when the client has taken none of the pending bytes.
    stalled: Option<Instant>,
    half_closed: Option<Instant>,
}

/// The result of a wait.
struct WaitOutcome {
    takes: bool,
    made: bool,
}

impl Client {
    fn new(bounds: &Bounds) -> Self {
        Client {
            stall: bounds.stream_stall,
            waits: bounds.stream,
            grace: bounds.half_closed,
            stalled: None,
            half_closed: None,
        }
    }

    /// Waits until the client takes bytes, if some are `pending`, or more comes from `making`. Returns an error when
    /// the client has gone or exceeded its time.
    fn wait(
        &mut self,
        line: &ClientStream<'_>,
        pending: &[u8],
        making: Option<&UnixStream>,
    ) -> io::Result<WaitOutcome> {
        let now = Instant::now();
        let mut until = None;
        let mut events = PollFlags::empty();
        if !pending.is_empty() {
            events |= PollFlags::OUT;
            let since = *self.stalled.get_or_insert_with(|| {
                line.stalls();
                now
            });
            until = Some(since + self.stall.min(self.waits));
        }
        // Once everything is made, it does not matter whether the client has closed its sending side.
        match (making, self.half_closed) {
            (None, _) => {}
            (Some(_), None) => events |= PollFlags::RDHUP,
            (Some(_), Some(since)) => {
                let gone = since + self.grace;
                until = Some(until.map_or(gone, |until: Instant| until.min(gone)));
            }
        }
        let left = until.map(|until| until.saturating_duration_since(now));
        if left == Some(Duration::ZERO) {
            return Err(ErrorKind::TimedOut.into());
        }
        let stream = line.stream();
        let mut fds = vec![PollFd::new(stream, events)];
        fds.extend(making.map(|inner| PollFd::new(inner, PollFlags::IN)));
        match poll(&mut fds, left.map(timespec).as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        let seen = fds[0].revents();
        if seen.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return Err(ErrorKind::ConnectionReset.into());
        }
        if seen.contains(PollFlags::RDHUP) {
            self.half_closed = Some(Instant::now());
        }
        Ok(WaitOutcome {
            takes: seen.contains(PollFlags::OUT),
            made: fds.get(1).is_some_and(|fd| !fd.revents().is_empty()),
        })
    }

    /// Records that the client took bytes. Returns an error when that was too late.
    fn moved(&mut self, line: &ClientStream<'_>) -> io::Result<()> {
        if let Some(since) = self.stalled.take() {
            self.waits = self.waits.saturating_sub(since.elapsed());
        }
        line.goes_on()
    }
}
