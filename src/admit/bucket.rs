//! How often a key may call: each call takes one token from the key's bucket, which holds as many tokens as calls a
//! minute are allowed.

use super::key::Identity;
use crate::fault::Fault;
use crate::store::{Level, Store};

/// What remains of a key's rate limit; the rate headers are made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Calls a minute; also the calls that a full bucket allows at once.
    pub limit: u32,
    /// Calls that the key may make now.
    pub remaining: u32,
    /// Seconds until `remaining` is `limit` again, rounded up.
    pub reset_s: u32,
    /// Whole seconds until the next call is granted, at least 1; none if this call was granted.
    pub retry_after_s: Option<u32>,
}

/// Takes the token of one call. An empty bucket is not a fault: `retry_after_s` of the allowance then says how long to
/// wait. Faults: those of a write to the store, because a spent token must survive a crash; the caller must then refuse
/// the call.
pub fn take(store: &Store, identity: &Identity) -> Result<Allowance, Fault> {
    let draw = store.take_token(identity.key.key_id, limit(identity))?;
    let allowance = allowance(draw.level);
    let wait_s = seconds(draw.level.ns_until_token()).max(1);
    Ok(Allowance {
        retry_after_s: (!draw.granted).then_some(wait_s),
        ..allowance
    })
}

/// The allowance without taking a token, for calls that cost none. Faults: those of a read of the store.
pub fn peek(store: &Store, identity: &Identity) -> Result<Allowance, Fault> {
    let level = store.tokens(identity.key.key_id, limit(identity))?;
    Ok(allowance(level))
}

/// Calls a minute: the smaller of the account's limit and the key's own.
fn limit(identity: &Identity) -> u32 {
    let plan = identity.account.rpm;
    identity.key.rpm.map_or(plan, |own| own.min(plan))
}

fn allowance(level: Level) -> Allowance {
    Allowance {
        limit: level.limit(),
        remaining: level.tokens(),
        reset_s: seconds(level.ns_until_full()),
        retry_after_s: None,
    }
}

/// Nanoseconds as whole seconds, rounded up. The value fits: a bucket is full after at most a minute.
fn seconds(ns: u64) -> u32 {
    ns.div_ceil(1_000_000_000) as u32
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::admit::key::authenticate;
    use crate::fault::Kind;
    use crate::store::{AccountChanges, Clock, HistoryFate, KeyEnv, KeyLimits, StoreBounds, Utc};

    const SECOND_NS: u64 = 1_000_000_000;

    /// A store whose clock only the test advances: no bucket refills while a test runs, however long that takes.
    fn open() -> (tempfile::TempDir, Arc<Store>, Clock) {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::by_hand();
        let store = serve(&dir, &clock);
        store.create_account("ada", 20, true, None).unwrap();
        (dir, store, clock)
    }

    fn serve(dir: &tempfile::TempDir, clock: &Clock) -> Arc<Store> {
        Store::serve_by(dir.path(), StoreBounds::default(), clock.clone()).unwrap()
    }

    /// The `Authorization` header of a new key of the account `ada`.
    fn key(store: &Store, rpm: Option<u32>) -> String {
        let limits = KeyLimits {
            rpm,
            ..KeyLimits::default()
        };
        let (secret, _) = store.create_key("ada", "k", KeyEnv::Live, limits).unwrap();
        format!("Bearer {}", secret.reveal())
    }

    /// Authenticates and takes a token, as each request does.
    fn call(store: &Store, header: &str) -> Allowance {
        let caller = authenticate(store, Some(header), Utc::now()).unwrap();
        take(store, &caller).unwrap()
    }

    fn drain(store: &Store, header: &str) -> u32 {
        let granted = |allowance: &Allowance| allowance.retry_after_s.is_none();
        std::iter::repeat_with(|| call(store, header))
            .take_while(granted)
            .count() as u32
    }

    #[test]
    fn twenty_a_minute_are_twenty_at_once_and_a_refusal_says_when_to_come_back() {
        let (_dir, store, clock) = open();
        let key = key(&store, None);
        let first = call(&store, &key);
        assert_eq!((first.limit, first.remaining, first.reset_s), (20, 19, 3));
        assert_eq!(first.retry_after_s, None);
        assert_eq!(1 + drain(&store, &key), 20);
        let refused = call(&store, &key);
        assert_eq!((refused.remaining, refused.reset_s), (0, 60));
        assert_eq!(refused.retry_after_s, Some(3));
        // One token is added every 3 s, at the end of the 3 s and not before.
        clock.advance(3 * SECOND_NS - 1);
        assert_eq!(call(&store, &key).retry_after_s, Some(1));
        clock.advance(1);
        assert_eq!(drain(&store, &key), 1);
    }

    #[test]
    fn a_peek_costs_nothing() {
        let (_dir, store, _clock) = open();
        let key = key(&store, Some(1));
        let caller = authenticate(&store, Some(&key), Utc::now()).unwrap();
        for _ in 0..3 {
            assert_eq!(peek(&store, &caller).unwrap().remaining, 1);
        }
        assert_eq!(take(&store, &caller).unwrap().retry_after_s, None);
        let allowance = peek(&store, &caller).unwrap();
        assert_eq!((allowance.limit, allowance.remaining), (1, 0));
        assert_eq!((allowance.reset_s, allowance.retry_after_s), (60, None));
    }

    #[test]
    fn keys_do_not_share_and_the_tighter_limit_counts() {
        let (_dir, store, _clock) = open();
        let (first, second) = (key(&store, Some(2)), key(&store, Some(1_000)));
        assert_eq!(call(&store, &first).limit, 2);
        call(&store, &first);
        assert!(call(&store, &first).retry_after_s.is_some());
        let other = call(&store, &second);
        assert_eq!((other.limit, other.remaining), (20, 19));
    }

    #[test]
    fn a_clean_stop_neither_refills_nor_empties() {
        let (dir, store, clock) = open();
        let keys = [
            key(&store, Some(1)),
            key(&store, Some(1)),
            key(&store, None),
        ];
        call(&store, &keys[0]);
        for _ in 0..7 {
            call(&store, &keys[2]);
        }
        store.close();
        drop(store);
        let store = serve(&dir, &clock);
        let left = keys.map(|key| {
            let caller = authenticate(&store, Some(&key), Utc::now()).unwrap();
            peek(&store, &caller).unwrap().remaining
        });
        assert_eq!(left, [0, 1, 13]);
    }

    #[test]
    fn a_limit_changed_by_another_process_counts_at_the_next_call() {
        let (_dir, store, _clock) = open();
        let key = key(&store, None);
        assert_eq!(call(&store, &key).limit, 20);
        let changes = AccountChanges {
            rpm: Some(1),
            ..AccountChanges::default()
        };
        store.set_account("ada", changes).unwrap();
        let allowance = call(&store, &key);
        assert_eq!((allowance.limit, allowance.remaining), (1, 0));
        assert!(call(&store, &key).retry_after_s.is_some());
    }

    #[test]
    fn as_many_callers_at_once_get_no_more_than_one_would() {
        let (_dir, store, _clock) = open();
        let key = key(&store, Some(1));
        store.create_account("bisi", 5_000, true, None).unwrap();
        let (secret, _) = store
            .create_key("bisi", "k", KeyEnv::Live, KeyLimits::default())
            .unwrap();
        let other = format!("Bearer {}", secret.reveal());
        let granted: u32 = thread::scope(|scope| {
            let callers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| drain(&store, &other)))
                .collect();
            let single: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| drain(&store, &key)))
                .collect();
            let single: u32 = single.into_iter().map(|c| c.join().unwrap()).sum();
            assert_eq!(single, 1);
            callers.into_iter().map(|c| c.join().unwrap()).sum()
        });
        assert_eq!(granted, 5_000);
    }

    #[test]
    fn a_key_that_is_gone_leaves_no_bucket_behind() {
        let (dir, store, _clock) = open();
        let keys = [key(&store, None), key(&store, None)];
        keys.iter().for_each(|key| {
            call(&store, key);
        });
        assert_eq!(store.stored_buckets().unwrap(), 2);
        let revoked = store.keys(Some("ada")).unwrap().remove(0);
        store.revoke_key(revoked.key_id).unwrap();
        assert_eq!(store.stored_buckets().unwrap(), 1);
        store.delete_account("ada", HistoryFate::Keep).unwrap();
        for key in keys {
            let fault = authenticate(&store, Some(&key), Utc::now()).unwrap_err();
            assert_eq!(fault.kind, Kind::Unauthorized);
        }
        // The store still had these buckets in memory; closing it must not write them.
        store.close();
        drop(store);
        assert_eq!(
            Store::open(dir.path()).unwrap().stored_buckets().unwrap(),
            0
        );
    }
}
