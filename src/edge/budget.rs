//! Counts units that are handed out and returned by dropping: slots of uploads, bytes of spool. Does not know what it
//! counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number of units that many holders share.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicU64,
    max: u64,
}

impl Budget {
    /// Returns a budget of `max` units, all of them free.
    pub(crate) fn new(max: u64) -> Arc<Self> {
        Arc::new(Budget {
            used: AtomicU64::new(0),
            max,
        })
    }

    /// Returns an empty share.
    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share {
            budget: Arc::clone(self),
            units: 0,
        }
    }

    /// Returns the units that are held now.
    #[cfg(test)]
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Acquire)
    }
}

/// Part of a [`Budget`]; dropping it gives the part back.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    units: u64,
}

impl Share {
    /// Takes `units` more, if they are free; returns whether they were.
    #[must_use]
    pub(crate) fn grow(&mut self, units: u64) -> bool {
        let max = self.budget.max;
        let grown = self
            .budget
            .used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                used.checked_add(units).filter(|sum| *sum <= max)
            })
            .is_ok();
        if grown {
            self.units += units;
        }
        grown
    }

    /// Returns the units that this share holds.
    pub(crate) fn units(&self) -> u64 {
        self.units
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.units, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_cannot_pass_the_budget_and_comes_back_when_dropped() {
        let budget = Budget::new(3);
        let mut a = budget.share();
        let mut b = budget.share();
        assert!(a.grow(2));
        assert!(!b.grow(2));
        assert!(b.grow(1));
        assert!(!b.grow(u64::MAX));
        drop(a);
        assert_eq!(budget.used(), b.units());
    }
}
