//! Bounds the connections: how many in total, how many of one address, and which one is evicted when there are too
//! many. Uses sockets only to shut them down.
//!
//! When all places are taken, a newcomer is admitted as long as some connection is idle: the connection that has waited
//! longest for its client (for a whole head, for more of a body, or to take its answer) is evicted. Refusing the
//! newcomer instead would let one slow client (or one proxy) lock all others out of its address.

use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use vocabox_base::address::network_of;
use vocabox_base::limits::STALL_MS;

/// The connection waits for the first byte of a head.
const IDLE: u8 = 0;
/// The client has sent a part of a head.
const HEAD: u8 = 1;
/// A request is being received or answered: the connection is not evicted.
const BUSY: u8 = 2;
/// A request is being received or answered, and its client neither sends nor takes anything.
const STALLED: u8 = 3;
/// The connection was evicted.
const SHUT: u8 = 4;

/// Phases in which a connection may be evicted, because its client keeps it waiting.
const MAY_LEAVE: [u8; 3] = [IDLE, HEAD, STALLED];

/// Milliseconds that a newcomer waits for the evicted connection to close: its thread only has to wake up.
const LEAVE_MS: u64 = 1_000;
/// Milliseconds in which a started head may become whole after the edge was told to stop.
const CLOSING_HEAD_MS: u64 = 1_000;

/// All connections.
pub(crate) struct Connections {
    state: Mutex<State>,
    freed: Condvar,
    max: usize,
    per_address_max: usize,
    stopping: AtomicBool,
    opened: Instant,
}

#[derive(Default)]
struct State {
    seats: HashMap<u64, Arc<Seat>>,
    per_address: HashMap<IpAddr, usize>,
    next: u64,
}

/// One connection.
pub(crate) struct Seat {
    pub(crate) stream: TcpStream,
    pub(crate) peer: IpAddr,
    /// What it counts with; none where only all connections together are bounded.
    party: Option<IpAddr>,
    phase: AtomicU8,
    /// Microseconds after `Connections::opened` since which this connection waits for its client.
    since_us: AtomicU64,
}

/// The place of one connection; dropping it frees the place.
pub(crate) struct Hold {
    places: Arc<Connections>,
    seat: Arc<Seat>,
    number: u64,
}

impl Connections {
    /// Returns `max` free places, at most `per_address_max` of them for one address.
    pub(crate) fn new(max: usize, per_address_max: usize) -> Arc<Self> {
        Arc::new(Connections {
            state: Mutex::default(),
            freed: Condvar::new(),
            max,
            per_address_max,
            stopping: AtomicBool::new(false),
            opened: Instant::now(),
        })
    }

    /// Returns a place for `stream`, if necessary that of the connection that has waited longest for its client; the
    /// stream itself when every connection that counts is busy. `is_proxy`: `peer` is not one client, so that its
    /// connections are bounded only with all others.
    pub(crate) fn take(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: IpAddr,
        is_proxy: bool,
    ) -> Result<Hold, TcpStream> {
        let party = (!is_proxy).then(|| network_of(peer));
        let mut state = self.lock();
        let until = Instant::now() + Duration::from_millis(LEAVE_MS);
        let mut somebody_leaves = false;
        loop {
            let of = party.filter(|party| {
                let count = state.per_address.get(party).copied().unwrap_or(0);
                count >= self.per_address_max
            });
            if of.is_none() && state.seats.len() < self.max {
                break;
            }
            somebody_leaves = somebody_leaves || state.evict(of, self.now_us());
            let left = until.saturating_duration_since(Instant::now());
            if !somebody_leaves || left.is_zero() {
                return Err(stream);
            }
            state = self
                .freed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let seat = Arc::new(Seat {
            stream,
            peer,
            party,
            phase: AtomicU8::new(IDLE),
            since_us: AtomicU64::new(self.now_us()),
        });
        let number = state.next;
        state.next += 1;
        state.seats.insert(number, Arc::clone(&seat));
        if let Some(party) = party {
            *state.per_address.entry(party).or_default() += 1;
        }
        Ok(Hold {
            places: Arc::clone(self),
            seat,
            number,
        })
    }

    /// Closes every connection that has sent nothing of a next request; the others close once they are answered.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        for seat in self.lock().seats.values() {
            seat.shut(IDLE);
        }
    }

    /// Whether [`Connections::stop`] was called.
    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Waits up to `most` until every connection is closed; returns whether that happened. Connections that have sent
    /// only a part of a head by then, or soon after, are not waited for.
    pub(crate) fn wait_empty(&self, most: Duration) -> bool {
        let until = Instant::now() + most;
        let mut heads_until =
            Some(until.min(Instant::now() + Duration::from_millis(CLOSING_HEAD_MS)));
        let mut state = self.lock();
        while !state.seats.is_empty() {
            let left = heads_until
                .unwrap_or(until)
                .saturating_duration_since(Instant::now());
            if !left.is_zero() {
                state = self
                    .freed
                    .wait_timeout(state, left)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            } else if heads_until.take().is_some() {
                for seat in state.seats.values() {
                    seat.shut(HEAD);
                }
            } else {
                return false;
            }
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl State {
    /// Evicts one connection that waits for its client (of the party `of`, if one is given); returns whether there was
    /// one.
    fn evict(&self, of: Option<IpAddr>, now_us: u64) -> bool {
        loop {
            let longest = self
                .seats
                .values()
                .filter(|seat| of.is_none() || seat.party == of)
                .filter(|seat| MAY_LEAVE.contains(&seat.phase.load(Ordering::SeqCst)))
                .map(|seat| (seat.since_us.load(Ordering::Relaxed), seat))
                .filter(|(since_us, _)| *since_us <= now_us)
                .min_by_key(|(since_us, _)| *since_us);
            match longest {
                None => return false,
                // It may have become busy or sent its first byte meanwhile: then look again.
                Some((_, seat)) if MAY_LEAVE.iter().any(|phase| seat.shut(*phase)) => return true,
                Some(_) => {}
            }
        }
    }
}

impl Seat {
    fn shut(&self, phase: u8) -> bool {
        let shut = self.turn(phase, SHUT);
        if shut {
            let _ = self.stream.shutdown(Shutdown::Both);
        }
        shut
    }

    fn turn(&self, from: u8, to: u8) -> bool {
        self.phase
            .compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }
}

impl Hold {
    /// Returns the connection.
    pub(crate) fn seat(&self) -> &Seat {
        &self.seat
    }

    /// Marks that the next head is awaited. False when the edge is stopping instead.
    pub(crate) fn waits(&self) -> bool {
        self.seat
            .since_us
            .store(self.places.now_us(), Ordering::Relaxed);
        self.seat.turn(BUSY, IDLE);
        // After the phase is set: either this sees the stop, or the stop sees an idle seat.
        !self.places.stopping()
    }

    /// Marks that the first byte of a head came. False when the connection was evicted.
    pub(crate) fn begins(&self) -> bool {
        self.seat.turn(IDLE, HEAD)
    }

    /// Marks that the head is whole. False when the connection was evicted.
    pub(crate) fn works(&self) -> bool {
        self.seat.turn(HEAD, BUSY)
    }

    /// Marks that the client sends or takes nothing: after [`STALL_MS`] a busy connection may be evicted.
    pub(crate) fn stalls(&self) {
        if self.seat.phase.load(Ordering::SeqCst) == BUSY {
            let from = self.places.now_us() + STALL_MS * 1_000;
            self.seat.since_us.store(from, Ordering::Relaxed);
            self.seat.turn(BUSY, STALLED);
        }
    }

    /// Marks that the client may have moved. False when the connection was evicted.
    pub(crate) fn goes_on(&self) -> bool {
        self.seat.turn(STALLED, BUSY) || self.seat.phase.load(Ordering::SeqCst) != SHUT
    }

    /// Marks that the answer is sent and only the client's remaining bytes are read: the connection may be evicted
    /// again.
    pub(crate) fn lingers(&self) {
        self.seat.turn(BUSY, HEAD);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.places.lock();
        state.seats.remove(&self.number);
        if let Some(party) = self.seat.party
            && let Some(count) = state.per_address.get_mut(&party)
        {
            *count -= 1;
            if *count == 0 {
                state.per_address.remove(&party);
            }
        }
        drop(state);
        self.places.freed.notify_all();
    }
}
