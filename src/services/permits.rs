//! Places: how many requests of a kind may be in the house at once. Dropping a place gives it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A fixed number of places.
#[derive(Debug, Clone)]
pub struct Places {
    free: Arc<AtomicUsize>,
}

/// One taken place.
#[derive(Debug)]
pub struct Place {
    free: Arc<AtomicUsize>,
}

impl Places {
    /// `count` free places.
    pub fn new(count: usize) -> Self {
        Places {
            free: Arc::new(AtomicUsize::new(count)),
        }
    }

    /// Whether all are taken just now.
    pub fn is_full(&self) -> bool {
        self.free.load(Ordering::Acquire) == 0
    }

    /// A place, or none when all are taken.
    pub fn take(&self) -> Option<Place> {
        let less = |free: usize| free.checked_sub(1);
        self.free
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, less)
            .ok()
            .map(|_| Place {
                free: self.free.clone(),
            })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.free.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_place_is_free_again() {
        let places = Places::new(1);
        let place = places.take();
        assert!(place.is_some() && places.is_full() && places.take().is_none());
        drop(place);
        assert!(!places.is_full());
        assert!(places.take().is_some());
    }
}
