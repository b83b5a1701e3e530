//! The sequence of one connection and of each request on it: head, admission, body, handler, answer. Knows no routes
//! and no statuses, and leaves parsing, receiving and the inner hop to their files.
//!
//! One thread per connection. It reads a single request at a time; what a client sends ahead stays in the stream's
//! buffer and is answered in order.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use crate::body::{Receipt, Terms};
use crate::client_stream::{ClientStream, Pace, timespec};
use crate::connections::{Connections, Hold};
use crate::guard::{abandon, guard, refuse};
use crate::head::{self, Length, Parsed};
use crate::inner::relay::{self, Came};
use crate::inner::wire::{Ticket, Wire};
use crate::message::{Answer, Service};
use crate::reply::Frame;
use crate::spool::{Spool, Stored};
use crate::websocket::{ClientSocket, CloseReason, Upgrade};
use crate::{Bounds, flow, forwarded, reply, send};
use vocabox_base::address::Network;
use vocabox_base::budget::Budget;
use vocabox_base::fault::{Fault, Kind};
use vocabox_base::limits::{CONNECTION_STACK_BYTES, EMPTY_LINES_MAX};
use vocabox_base::memory;

/// Milliseconds between two checks for the stop, and the pause after a failure to accept.
const ACCEPT_LOOK_MS: u64 = 100;

/// Everything that a connection needs.
pub(crate) struct Gate<S: Service> {
    pub(crate) service: Arc<S>,
    pub(crate) wire: Arc<Wire<S>>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) spool: Spool,
    /// Slots for large or slow uploads.
    pub(crate) uploads: Arc<Budget>,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) bounds: Bounds,
}

/// What follows on a connection after a request.
enum Next {
    Request,
    Close,
    /// Close, but the client may still be sending: read a little more, so that a reset does not destroy the answer.
    Linger,
}

impl<S: Service> Gate<S> {
    /// Accepts connections until they are stopped. `listener` is non-blocking.
    pub(crate) fn accept(self: &Arc<Self>, listener: &TcpListener) {
        let look = Duration::from_millis(ACCEPT_LOOK_MS);
        while !self.connections.stopping() {
            match listener.accept() {
                Ok((stream, address)) => self.welcome(stream, address.ip().to_canonical()),
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    let fd = listener.as_fd();
                    let mut fds = [PollFd::new(&fd, PollFlags::IN)];
                    let _ = poll(&mut fds, Some(&timespec(look)));
                }
                Err(e)
                    if matches!(
                        e.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) => {}
                Err(e) => {
                    log::warn!("edge: a connection could not be accepted: {e}");
                    thread::sleep(look);
                }
            }
        }
    }

    fn welcome(self: &Arc<Self>, stream: TcpStream, peer: std::net::IpAddr) {
        if !memory::has_room_for_thread() {
            return self.turn_away(&stream, peer, memory::no_thread("too little address space"));
        }
        let is_proxy = self.trusted_proxies.iter().any(|n| n.contains(peer));
        let hold = match self.connections.take(stream, peer, is_proxy) {
            Ok(hold) => hold,
            Err(stream) => {
                let fault = Fault::new(
                    Kind::Busy { retry_after_s: 1 },
                    "Too many connections are at work. Try again.",
                );
                return self.turn_away(&stream, peer, fault);
            }
        };
        let gate = Arc::clone(self);
        let spawned = thread::Builder::new()
            .name("connection".to_owned())
            .stack_size(CONNECTION_STACK_BYTES)
            .spawn(move || {
                if let Err(fault) = guard(|| gate.serve(&hold)) {
                    log::error!("edge: a connection's thread failed: {fault}");
                }
            });
        if let Err(e) = spawned {
            log::warn!("edge: no thread for a connection: {e}");
        }
    }

    /// Answers a connection that gets no thread.
    fn turn_away(&self, stream: &TcpStream, peer: std::net::IpAddr, fault: Fault) {
        let answer = refuse(&*self.service, peer, fault);
        // Send only what fits into the socket's empty buffer at once: this is the accepting thread and must not wait.
        if let Ok(mut line) = ClientStream::newcomer(stream, self.bounds.head_bytes_max) {
            let bounds = Bounds {
                write_block: Duration::ZERO,
                ..self.bounds.clone()
            };
            let _ = send::given(&mut line, Frame::CLOSE, answer, &bounds);
            // Read what has come, so that the answer is not lost to a reset.
            line.linger(self.bounds.head_bytes_max, Duration::ZERO);
        }
    }

    fn serve(&self, hold: &Hold) {
        let Ok(mut line) = ClientStream::new(hold, self.bounds.head_bytes_max) else {
            return;
        };
        let mut patience = self.bounds.head;
        loop {
            match self.exchange(&mut line, hold, patience) {
                Next::Request => patience = self.bounds.idle,
                Next::Close => return,
                Next::Linger => {
                    hold.lingers();
                    line.linger(self.bounds.drain_bytes_max, self.bounds.drain);
                    return;
                }
            }
        }
    }

    /// Handles one request, whose first byte has to come within `patience`.
    fn exchange(&self, line: &mut ClientStream<'_>, hold: &Hold, patience: Duration) -> Next {
        let peer = hold.seat().peer;
        let parsed = match self.read_head(line, hold, patience) {
            None => return Next::Close,
            Some(Ok(parsed)) => parsed,
            Some(Err(fault)) => {
                let answer = refuse(&*self.service, peer, fault);
                let _ = send::given(line, Frame::CLOSE, answer, &self.bounds);
                return Next::Linger;
            }
        };
        let Parsed {
            mut head,
            length,
            minor,
            keep_alive,
            expects_continue,
        } = parsed;
        head.peer = forwarded::client(peer, &head.headers, &self.trusted_proxies);
        let peer = head.peer;
        let frame = Frame {
            minor,
            head_only: head.method == "HEAD",
            keep_alive,
        };
        let bodiless = length == Length::Declared(0);
        let admitted = match guard(|| self.service.admit(head)) {
            Ok(Ok(admitted)) => admitted,
            Ok(Err(answer)) => return self.decline(line, frame, answer, bodiless),
            Err(fault) => {
                let answer = refuse(&*self.service, peer, fault);
                return self.decline(line, frame, answer, bodiless);
            }
        };
        let mut admitted = admitted;
        match guard(|| self.service.upgrade(&mut admitted)) {
            Ok(None) => {}
            Ok(Some(upgrade)) if bodiless => return self.converse(line, admitted, &upgrade),
            Ok(Some(_)) => {
                let fault = Fault::invalid("A request for a WebSocket has no body.");
                let answer = abandon(&*self.service, admitted, fault);
                return self.decline(line, frame, answer, false);
            }
            Err(fault) => {
                let answer = abandon(&*self.service, admitted, fault);
                return self.decline(line, frame, answer, bodiless);
            }
        }
        let owner = match guard(|| self.service.owner(&admitted)) {
            Ok(owner) => owner,
            Err(fault) => {
                let answer = abandon(&*self.service, admitted, fault);
                return self.decline(line, frame, answer, bodiless);
            }
        };
        let stored = match self.receive(line, &admitted, owner, length, expects_continue) {
            Ok(stored) => stored,
            Err(fault) => {
                let answer = abandon(&*self.service, admitted, fault);
                return self.decline(line, frame, answer, false);
            }
        };
        let ticket = Ticket {
            admitted,
            stored,
            peer,
            left: Arc::new(AtomicBool::new(false)),
        };
        let left = Arc::clone(&ticket.left);
        let came = self.handle(line.stream(), ticket, owner);
        let mut frame = self.last_if_stopping(frame);
        let sent = match came {
            Ok(Came::Whole(fetched)) => send::fetched(line, frame, fetched, &self.bounds),
            Ok(Came::Started(opening)) => {
                // For a client without chunked encoding, the end of the connection is the end of the answer.
                frame.keep_alive &= frame.minor > 0;
                flow::send(line, frame, opening, (&self.spool, owner), &self.bounds)
                    .inspect_err(|_| left.store(true, Ordering::SeqCst))
            }
            Err(answer) => send::given(line, frame, answer, &self.bounds),
        };
        match sent {
            Ok(()) if frame.keep_alive => Next::Request,
            Ok(()) if line.ahead().is_empty() => Next::Close,
            Ok(()) => Next::Linger,
            Err(e) => {
                log::debug!("edge: an answer did not reach its client: {e}");
                Next::Close
            }
        }
    }

    /// Answers 101 and serves the messages of a WebSocket to its end.
    fn converse(
        &self,
        line: &mut ClientStream<'_>,
        admitted: S::Admitted,
        upgrade: &Upgrade,
    ) -> Next {
        let pace = Pace {
            started: Instant::now(),
            grace: self.bounds.write_block,
            rate_min: self.bounds.rate_min,
            most: self.bounds.answer,
        };
        let head = reply::switching(upgrade);
        let sent = line.send(&head, self.bounds.write_block, &pace, &mut 0);
        if let Err(e) = sent {
            let left = Fault::new(Kind::Cancelled, "The client left before its turn came.");
            abandon(&*self.service, admitted, left.because(e));
            return Next::Close;
        }
        let mut socket = ClientSocket::new(line, &self.bounds, &self.connections);
        if let Err(fault) = guard(|| self.service.converse(admitted, &mut socket)) {
            log::error!("edge: a WebSocket failed: {fault}");
            socket.close(CloseReason::Failed);
        }
        Next::Close
    }

    /// Returns the next head; none when the client has gone or nothing came.
    fn read_head(
        &self,
        line: &mut ClientStream<'_>,
        hold: &Hold,
        patience: Duration,
    ) -> Option<Result<Parsed, Fault>> {
        if !hold.waits() {
            return None;
        }
        let mut until = Instant::now() + patience;
        let mut received = None;
        let mut seen = 0;
        let mut empty_lines = 0;
        loop {
            // Empty lines before a request are to be ignored (RFC 9112 §2.2), but only so many of them.
            while line.ahead().starts_with(b"\r\n") {
                empty_lines += 1;
                if empty_lines > EMPTY_LINES_MAX {
                    return Some(Err(Fault::invalid(format!(
                        "More than {EMPTY_LINES_MAX} empty lines came before a request."
                    ))));
                }
                line.consume(2);
                seen = 0;
            }
            if !line.ahead().is_empty() {
                let now = Instant::now();
                let first_byte = match received {
                    Some(first_byte) => first_byte,
                    None if hold.begins() => {
                        until = until.min(now + self.bounds.head);
                        *received.insert(now)
                    }
                    None => return None,
                };
                match head::end(line.ahead(), seen) {
                    Err(fault) => return Some(Err(fault)),
                    Ok(Some(end)) => {
                        if !hold.works() {
                            return None;
                        }
                        let parsed =
                            head::parse(&line.ahead()[..end], hold.seat().peer, first_byte);
                        line.consume(end);
                        return Some(parsed);
                    }
                    Ok(None) if line.is_full() => {
                        return Some(Err(head::too_large(line.capacity())));
                    }
                    Ok(None) => seen = line.ahead().len(),
                }
            }
            match line.fill(until) {
                Ok(bytes) if bytes > 0 => {}
                Err(e) if e.kind() == ErrorKind::TimedOut && received.is_some() => {
                    return Some(Err(Fault::new(
                        Kind::TooSlow,
                        format!(
                            "The request's head was not whole after {:.1} s.",
                            self.bounds.head.as_secs_f64()
                        ),
                    )));
                }
                _ => return None,
            }
        }
    }

    fn receive(
        &self,
        line: &mut ClientStream<'_>,
        admitted: &S::Admitted,
        owner: Option<u64>,
        length: Length,
        expects_continue: bool,
    ) -> Result<Stored, Fault> {
        let bytes_max = guard(|| self.service.body_bytes_max(admitted))?;
        let pace = Pace {
            started: Instant::now(),
            grace: self.bounds.upload_grace,
            rate_min: self.bounds.rate_min,
            most: self.bounds.upload,
        };
        let receipt = Receipt::open(Terms {
            length,
            bytes_max,
            pace,
            spool: &self.spool,
            owner,
            uploads: &self.uploads,
        })?;
        if expects_continue && length != Length::Declared(0) && line.ahead().is_empty() {
            line.send(
                b"HTTP/1.1 100 Continue\r\n\r\n",
                self.bounds.write_block,
                &pace,
                &mut 0,
            )
            .map_err(|e| {
                Fault::new(Kind::Cancelled, "The connection broke before the body.").because(e)
            })?;
        }
        receipt.receive(line)
    }

    /// Returns the handler's answer to `ticket`, or the refusal to send instead.
    fn handle(
        &self,
        client: &TcpStream,
        ticket: Ticket<S>,
        owner: Option<u64>,
    ) -> Result<Came, Answer> {
        let peer = ticket.peer;
        let left = Arc::clone(&ticket.left);
        // tiny_http may need a thread more.
        if !memory::has_room_for_thread() {
            let fault = memory::no_thread("too little address space");
            return Err(abandon(&*self.service, ticket.admitted, fault));
        }
        let handed = self.wire.hand(ticket);
        let (inner, name) = handed.map_err(|unsent| match *unsent {
            (Some(ticket), fault) => abandon(&*self.service, ticket.admitted, fault),
            (None, fault) => refuse(&*self.service, peer, fault),
        })?;
        let mut recalled = None;
        let watched = relay::watch(client, &inner, self.bounds.half_closed, || {
            left.store(true, Ordering::SeqCst);
            // No handler has started yet: none needs to. The wait for tiny_http's answer continues all the same,
            // because until then its descriptors are in use.
            if let Some(ticket) = self.wire.recall(&name) {
                let fault = Fault::new(Kind::Cancelled, "The client left before its turn came.");
                recalled = Some(abandon(&*self.service, ticket.admitted, fault));
            }
        });
        if let Err(e) = watched {
            log::warn!("edge: a client could not be watched: {e}");
        }
        match recalled {
            Some(answer) => Err(answer),
            None => {
                let came = relay::fetch(inner, &name, &self.spool, owner);
                let file = self.wire.file(&name);
                came.map(|came| came.with(file))
                    .map_err(|fault| match self.wire.recall(&name) {
                        // tiny_http dropped it before a handler had it.
                        Some(ticket) => abandon(&*self.service, ticket.admitted, fault),
                        None => refuse(&*self.service, peer, fault),
                    })
            }
        }
    }

    /// Sends a refusal. Another request may follow it only if no part of a body was left unread.
    fn decline(
        &self,
        line: &mut ClientStream<'_>,
        frame: Frame,
        answer: Answer,
        all_read: bool,
    ) -> Next {
        let mut frame = self.last_if_stopping(frame);
        frame.keep_alive &= all_read;
        match send::given(line, frame, answer, &self.bounds) {
            Ok(()) if frame.keep_alive => Next::Request,
            _ => Next::Linger,
        }
    }

    /// Returns the frame of an answer that is sent now: no request follows it once the edge stops.
    fn last_if_stopping(&self, mut frame: Frame) -> Frame {
        frame.keep_alive &= !self.connections.stopping();
        frame
    }
}
