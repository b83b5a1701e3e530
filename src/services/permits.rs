//! How many requests of a kind may be in the server at once. Dropping a permit gives it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A fixed number of permits.
#[derive(Debug, Clone)]
pub struct Permits {
    free: Arc<AtomicUsize>,
}

/// One taken permit.
#[derive(Debug)]
pub struct Permit {
    free: Arc<AtomicUsize>,
}

impl Permits {
    /// `count` free permits.
    pub fn new(count: usize) -> Self {
        Permits {
            free: Arc::new(AtomicUsize::new(count)),
        }
    }

    /// Whether all are taken just now.
    pub fn is_full(&self) -> bool {
        self.free.load(Ordering::Acquire) == 0
    }

    /// A permit, or none when all are taken.
    pub fn take(&self) -> Option<Permit> {
        let less = |free: usize| free.checked_sub(1);
        self.free
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, less)
            .ok()
            .map(|_| Permit {
                free: self.free.clone(),
            })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.free.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_permit_is_free_again() {
        let permits = Permits::new(1);
        let permit = permits.take();
        assert!(permit.is_some() && permits.is_full() && permits.take().is_none());
        drop(permit);
        assert!(!permits.is_full());
        assert!(permits.take().is_some());
    }
}
