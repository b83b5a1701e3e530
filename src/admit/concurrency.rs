//! How many generations of a key may be under way at once: each has a guard, and gives its place back when that is dropped.
//!
//! A generation is under way from the admission of its head until its answer is made: all of it, or the last part of one that
//! is sent while it is made. That is before the last byte leaves, so a client that calls again as soon as it has read the
//! answer is never refused for the call before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::fault::{Fault, Kind};
use crate::store::{Key, KeyId};

/// Seconds after which a refused client is told to come back: how long the generations of its key still take is not known.
const RETRY_AFTER_S: u32 = 1;

/// The generations under way of each key that has a limit.
#[derive(Debug)]
pub struct KeyConcurrency {
    /// The limit of every key; none leaves only the keys' own.
    per_key_max: Option<u32>,
    counts: Arc<Counts>,
}

/// Generations under way by key. A key without any has no entry, so there are no more entries than requests.
type Counts = Mutex<HashMap<KeyId, u32>>;

/// One generation under way; dropping it gives its place back.
#[derive(Debug)]
pub struct ConcurrencyGuard {
    key_id: KeyId,
    counts: Arc<Counts>,
}

impl KeyConcurrency {
    /// Nothing under way, and at most `per_key_max` for each key; none for no limit but the keys' own.
    pub fn new(per_key_max: Option<u32>) -> Self {
        KeyConcurrency {
            per_key_max,
            counts: Arc::default(),
        }
    }

    /// The guard of one more generation of `key`; none for a key without a limit. Of the key's own limit and that of every
    /// key the lower counts. Fault: `RateLimited` when as many are under way.
    pub fn enter(&self, key: &Key) -> Result<Option<ConcurrencyGuard>, Fault> {
        let limits = [self.per_key_max, key.concurrent];
        let Some(limit) = limits.into_iter().flatten().min() else {
            return Ok(None);
        };
        let mut counts = lock(&self.counts);
        let under_way = counts.get(&key.key_id).copied().unwrap_or(0);
        if under_way >= limit {
            return Err(too_many(limit));
        }
        counts.insert(key.key_id, under_way + 1);
        Ok(Some(ConcurrencyGuard {
            key_id: key.key_id,
            counts: Arc::clone(&self.counts),
        }))
    }
}

impl Drop for ConcurrencyGuard {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        if let Some(count) = counts.get_mut(&self.key_id) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key_id);
            }
        }
    }
}

fn too_many(limit: u32) -> Fault {
    Fault::new(
        Kind::RateLimited {
            retry_after_s: RETRY_AFTER_S,
        },
        format!(
            "At most {limit} of this key's generations may be under way at once. Try again in {RETRY_AFTER_S} s."
        ),
    )
}

/// No code that can panic runs under this lock, so a poisoned one is whole.
fn lock(counts: &Counts) -> MutexGuard<'_, HashMap<KeyId, u32>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;
    use crate::store::{KeyEnv, KeyLimits, Store};

    /// A new key with this limit of its own, and its store's folder.
    fn key(concurrent: Option<u32>) -> (tempfile::TempDir, Key) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.create_account("ada", 60, true, None).unwrap();
        let limits = KeyLimits {
            concurrent,
            ..KeyLimits::default()
        };
        let made = store.create_key("ada", "k", KeyEnv::Live, limits);
        (dir, made.unwrap().1)
    }

    /// How many generations of `key` may be under way at once, up to ten; all of them have ended when this returns.
    fn most(concurrency: &KeyConcurrency, key: &Key) -> usize {
        let guards = (0..10).map_while(|_| concurrency.enter(key).ok());
        guards.collect::<Vec<_>>().len()
    }

    #[test]
    fn a_key_at_its_limit_is_told_so_and_a_dropped_guard_gives_its_place_back() {
        let (_dir, ada) = key(Some(2));
        let (_other_dir, bisi) = key(Some(1));
        let concurrency = KeyConcurrency::new(None);
        let first = concurrency.enter(&ada).unwrap();
        let second = concurrency.enter(&ada).unwrap();
        let fault = concurrency.enter(&ada).unwrap_err();
        assert_eq!(fault.kind, Kind::RateLimited { retry_after_s: 1 });
        assert_eq!(
            fault.sentence,
            "At most 2 of this key's generations may be under way at once. Try again in 1 s."
        );
        assert_eq!(most(&concurrency, &bisi), 1, "keys do not share");
        drop(first);
        assert_eq!(most(&concurrency, &ada), 1);
        drop(second);
        assert_eq!(most(&concurrency, &ada), 2);
    }

    #[test]
    fn the_lower_limit_counts_and_a_key_without_one_is_not_counted() {
        for (per_key_max, own, expected) in [
            (None, None, 10),
            (None, Some(3), 3),
            (Some(2), None, 2),
            (Some(2), Some(3), 2),
            (Some(3), Some(2), 2),
        ] {
            let (_dir, key) = key(own);
            let concurrency = KeyConcurrency::new(per_key_max);
            let found = most(&concurrency, &key);
            assert_eq!(found, expected, "{per_key_max:?} {own:?}");
        }
    }

    #[test]
    fn a_key_with_nothing_under_way_takes_no_memory() {
        let (_dir, limited) = key(Some(2));
        let (_other_dir, free) = key(None);
        let concurrency = KeyConcurrency::new(None);
        let entries = || lock(&concurrency.counts).len();
        let guards = [&limited, &limited, &free].map(|key| concurrency.enter(key).unwrap());
        assert_eq!((guards.iter().flatten().count(), entries()), (2, 1));
        assert!(concurrency.enter(&limited).is_err());
        drop(guards);
        assert_eq!(entries(), 0);
    }

    #[test]
    fn as_many_callers_at_once_get_no_more_than_the_limit() {
        let (_dir, key) = key(Some(3));
        let concurrency = KeyConcurrency::new(None);
        let (start, asked) = (Barrier::new(8), Barrier::new(8));
        let granted: usize = thread::scope(|scope| {
            let callers = [(); 8].map(|()| {
                scope.spawn(|| {
                    start.wait();
                    let guard = concurrency.enter(&key);
                    // All have asked before the first guard is dropped.
                    asked.wait();
                    usize::from(guard.is_ok())
                })
            });
            callers.into_iter().map(|c| c.join().unwrap()).sum()
        });
        assert_eq!(granted, 3);
    }
}
