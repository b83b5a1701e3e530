//! The deadline and the cancellation of a task, which every layer that works for it checks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::fault::{Fault, Kind};
use crate::memory;

/// Deadline and cancellation of one task; cheap to clone and to check.
#[derive(Debug, Clone)]
pub struct CancellationToken {
    deadline: Instant,
    /// Milliseconds by which the deadline was extended.
    extended_ms: Arc<AtomicU64>,
    cancelled: Arc<AtomicBool>,
}

impl CancellationToken {
    /// Returns a token that expires at `deadline`, or when `cancelled` is set.
    pub fn new(deadline: Instant, cancelled: Arc<AtomicBool>) -> Self {
        CancellationToken {
            deadline,
            extended_ms: Arc::default(),
            cancelled,
        }
    }

    /// Returns a token that expires at `deadline`, or when it is cancelled.
    pub fn until(deadline: Instant) -> Self {
        CancellationToken::new(deadline, Arc::default())
    }

    /// Cancels the token and its clones.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Extends the deadline of the token and its clones.
    pub fn extend(&self, by: Duration) {
        let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.extended_ms.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// Returns the time until the deadline, zero after it.
    pub fn left(&self) -> Duration {
        let extended = Duration::from_millis(self.extended_ms.load(Ordering::Relaxed));
        (self.deadline + extended).saturating_duration_since(Instant::now())
    }

    /// Faults: `Cancelled` once the token was cancelled, `Engine` after the deadline, `Busy` while the process has no memory
    /// left.
    pub fn check(&self) -> Result<(), Fault> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Fault::new(
                Kind::Cancelled,
                "The client left before the answer was ready.",
            ));
        }
        if self.left().is_zero() {
            return Err(Fault::new(
                Kind::Engine,
                "The inference engine did not finish in time. Send less at once, or try again.",
            ));
        }
        memory::check()
    }
}
