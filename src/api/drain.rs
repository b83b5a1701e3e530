//! The drain gate: it counts the generations under way and, once closed, admits no new ones, so that a server can stop
//! when the last has ended.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Counts generations from their admission to their answer.
#[derive(Debug, Default)]
pub struct DrainGate {
    state: Mutex<DrainState>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct DrainState {
    count: usize,
    is_closed: bool,
}

/// Stands for one generation under way; dropping it ends the generation's count.
#[derive(Debug)]
pub struct DrainGuard(Arc<DrainGate>);

impl DrainGate {
    /// A guard for one more generation; none once [`DrainGate::close`] was called.
    pub fn enter(self: &Arc<Self>) -> Option<DrainGuard> {
        let mut state = self.lock();
        if state.is_closed {
            return None;
        }
        state.count += 1;
        Some(DrainGuard(self.clone()))
    }

    /// Closes the gate: [`DrainGate::enter`] returns none from now on.
    pub fn close(&self) {
        self.lock().is_closed = true;
    }

    /// Whether [`DrainGate::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Waits for at most `most` until no generation is under way; true if that came true.
    pub fn wait_none(&self, most: Duration) -> bool {
        let until = Instant::now() + most;
        let mut state = self.lock();
        while state.count > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self
                .ended
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    /// No code that can panic runs under this lock, so the state of a poisoned lock is consistent.
    fn lock(&self) -> MutexGuard<'_, DrainState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for DrainGuard {
    fn drop(&mut self) {
        self.0.lock().count -= 1;
        self.0.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_begun_is_waited_for_and_nothing_begins_after_the_end() {
        let gate = Arc::new(DrainGate::default());
        let guard = gate.enter().unwrap();
        gate.close();
        assert!(gate.is_closed() && gate.enter().is_none());
        assert!(!gate.wait_none(Duration::ZERO));
        let waits = {
            let gate = gate.clone();
            std::thread::spawn(move || gate.wait_none(Duration::from_secs(60)))
        };
        drop(guard);
        assert!(waits.join().unwrap());
    }
}
