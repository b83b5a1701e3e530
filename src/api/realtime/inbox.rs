//! Events of a session's threads, for the thread of its connection, which waits for them and for the client at once.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{EventfdFlags, eventfd};

use crate::fault::Fault;
use crate::services::live::LiveEvent;

/// Events that were not taken yet.
pub struct EventInbox {
    events: Mutex<Vec<LiveEvent>>,
    /// Can be read while there are some.
    counter: OwnedFd,
}

impl EventInbox {
    /// Returns an empty inbox. Faults: `Internal` when the process may open no more files.
    pub fn open() -> Result<Arc<Self>, Fault> {
        let flags = EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC;
        Ok(Arc::new(EventInbox {
            events: Mutex::default(),
            counter: eventfd(0, flags).map_err(Fault::internal)?,
        }))
    }

    /// Adds an event, and wakes the connection's thread.
    pub fn add(&self, event: LiveEvent) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(event);
        drop(events);
        // It can fail only when the counter is full: then the thread is woken anyway.
        let _ = rustix::io::write(&self.counter, &1u64.to_ne_bytes());
    }

    /// Takes all events.
    pub fn take(&self) -> Vec<LiveEvent> {
        // Before the events: one that comes now wakes the thread again.
        let _ = rustix::io::read(&self.counter, &mut [0; 8]);
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *events)
    }

    /// Returns what can be read while there are events.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.counter.as_fd()
    }
}
