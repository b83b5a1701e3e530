//! Reads from and writes to one client's socket under deadlines. Knows no HTTP.
//!
//! The socket is non-blocking. While the client keeps it waiting, its seat is marked as stalled; every wait is a `poll`
//! that ends at an instant given by the caller, so that no trickle of bytes can extend a deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::connections::Hold;

/// The minimum speed of a transfer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) started: Instant,
    /// The time before the rate applies.
    pub(crate) grace: Duration,
    /// Bytes a second, on average.
    pub(crate) rate_min: u64,
    /// From the start, whatever the rate.
    pub(crate) most: Duration,
}

impl Pace {
    /// Returns the deadline of the byte after `moved` bytes.
    pub(crate) fn until(&self, moved: u64) -> Instant {
        let earned = Duration::from_millis(moved.saturating_mul(1000) / self.rate_min.max(1));
        self.started + self.most.min(self.grace.saturating_add(earned))
    }
}

/// One client's connection, with the bytes that were read ahead.
pub(crate) struct ClientStream<'a> {
    stream: &'a TcpStream,
    /// None for a connection that was not admitted.
    hold: Option<&'a Hold>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl<'a> ClientStream<'a> {
    /// Returns a stream over the connection in `hold`. The buffer holds exactly the largest head that is accepted.
    pub(crate) fn new(hold: &'a Hold, head_bytes_max: usize) -> io::Result<Self> {
        let mut line = ClientStream::newcomer(&hold.seat().stream, head_bytes_max)?;
        line.hold = Some(hold);
        Ok(line)
    }

    /// Returns a stream over a connection that was not admitted.
    pub(crate) fn newcomer(stream: &'a TcpStream, buffer_bytes: usize) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(ClientStream {
            stream,
            hold: None,
            buffer: vec![0; buffer_bytes],
            start: 0,
            end: 0,
        })
    }

    /// Returns the size of the buffer.
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.len()
    }

    /// Returns the socket, for watching it.
    pub(crate) fn stream(&self) -> &'a TcpStream {
        self.stream
    }

    /// Returns the bytes that were read and not yet consumed.
    pub(crate) fn ahead(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether the buffer is full until something is consumed.
    pub(crate) fn is_full(&self) -> bool {
        self.end - self.start == self.buffer.len()
    }

    /// Consumes `bytes` of the buffer.
    pub(crate) fn consume(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Reads into the buffer and returns how many bytes it added; 0 at the end of the client's stream. `TimedOut` at
    /// `until`.
    pub(crate) fn fill(&mut self, until: Instant) -> io::Result<usize> {
        if self.end == self.buffer.len() && self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        loop {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(bytes) => {
                    self.end += bytes;
                    return Ok(bytes);
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.wait(PollFlags::IN, until)?,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Sends all of `bytes`. Each wait ends after `block` or at the deadline of `pace`; `moved` counts the sent bytes.
    pub(crate) fn send(
        &mut self,
        bytes: &[u8],
        block: Duration,
        pace: &Pace,
        moved: &mut u64,
    ) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(sent) => {
                    rest = &rest[sent..];
                    *moved += sent as u64;
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    let until = pace.until(*moved).min(Instant::now() + block);
                    self.wait(PollFlags::OUT, until)?;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Sends as much of `bytes` as the client takes at once, and returns how many.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.stream.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(sent) => return Ok(sent),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(0),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Marks the connection as stalled: it may be evicted meanwhile, and is then shut down.
    pub(crate) fn stalls(&self) {
        if let Some(hold) = self.hold {
            hold.stalls();
        }
    }

    /// Marks the connection as active again. `ConnectionAborted` when it was evicted.
    pub(crate) fn goes_on(&self) -> io::Result<()> {
        match self.hold.is_none_or(Hold::goes_on) {
            true => Ok(()),
            false => Err(ErrorKind::ConnectionAborted.into()),
        }
    }

    /// Waits for the client. The connection may be evicted meanwhile: `ConnectionAborted` then.
    fn wait(&self, flags: PollFlags, until: Instant) -> io::Result<()> {
        self.stalls();
        let waited = wait(self.stream, flags, until);
        self.goes_on()?;
        waited
    }

    /// Ends the sending direction, then reads and drops what still comes, within the bounds: closing a socket with
    /// unread bytes would make the kernel send a reset, which can overtake the answer.
    pub(crate) fn linger(&mut self, bytes_max: usize, most: Duration) {
        if self.stream.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let until = Instant::now() + most;
        let mut dropped = self.end - self.start;
        while dropped < bytes_max {
            self.consume(self.buffer.len());
            match self.fill(until) {
                Ok(bytes) if bytes > 0 => dropped += bytes,
                _ => return,
            }
        }
    }
}

/// Waits until `flags` (or a failure) shows on `fd`. `TimedOut` at `until`.
fn wait(fd: impl AsFd, flags: PollFlags, until: Instant) -> io::Result<()> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        let mut fds = [PollFd::new(&fd, flags)];
        match poll(&mut fds, Some(&timespec(left))) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(e) => return Err(e.into()),
        }
    }
}

/// Returns `duration` as `poll` expects it.
pub(crate) fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}
