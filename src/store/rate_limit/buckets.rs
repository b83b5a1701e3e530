//! The token buckets of all keys: in memory while their keys call, with records in the store for a restart. `bucket.rs`
//! has the rules of a bucket.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use heed::{RoTxn, RwTxn};
use serde::{Deserialize, Serialize};

use crate::ids::KeyId;
use crate::rate_limit::bucket::{Bucket, Level, Taken};
use crate::rate_limit::clock::{Clock, Moment};
use crate::writer::{PendingWrite, lock};
use crate::{Store, Tables};
use vocabox_base::fault::{Fault, Kind};
use vocabox_base::limits::{BUCKET_RECORDS_MAX, BUCKET_SHARDS, BUCKETS_MAX};

/// Buckets of a shard from which on it drops idle ones.
const SWEEP_AT_MIN: usize = 64;
const SHARD_BUCKETS_MAX: usize = BUCKETS_MAX / BUCKET_SHARDS;

/// A bucket's record, stored under the id of its key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BucketRecord {
    units: u64,
    limit: u32,
    at: Moment,
}

/// The result of an attempt to take a token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// Whether there was one; it is then taken.
    pub granted: bool,
    /// The level afterwards.
    pub level: Level,
}

impl Store {
    /// Takes a token from the bucket of `key`, which holds `limit` tokens and is refilled with as many a minute. Waits
    /// for a commit at the key's first call, and where no commit came while a quarter of its tokens was used. Faults:
    /// those of a write; `Busy` when `BUCKETS_MAX` keys called within a minute.
    pub fn take_token(&self, key: KeyId, limit: u32) -> Result<Draw, Fault> {
        let (taken, level) = self
            .buckets
            .take(key, limit, || self.stored_level(key, limit))?;
        if taken == Taken::OnRecord {
            let (tables, buckets) = (self.tables, self.buckets.clone());
            let settled = self.buckets.clone();
            self.writer.write_and_tell(
                move |txn| buckets.write(txn, tables, key, false),
                move |outcome| settled.settle(key, outcome.is_ok()),
            )?;
        }
        Ok(Draw {
            granted: taken != Taken::Nothing,
            level,
        })
    }

    /// Returns the current level of the bucket of `key`, under that `limit`. Faults: those of a read.
    pub fn tokens(&self, key: KeyId, limit: u32) -> Result<Level, Fault> {
        match self.buckets.level(key, limit) {
            Some(level) => Ok(level),
            None => Ok(self.stored_level(key, limit)?.with_limit(limit)),
        }
    }

    /// Returns the number of bucket records in the store. Faults: those of a read.
    pub fn stored_buckets(&self) -> Result<u64, Fault> {
        let txn = self.env.read_txn()?;
        self.tables.buckets.len(&txn)
    }

    /// Returns the level that the store promises for `key`, now; full where it has no record.
    fn stored_level(&self, key: KeyId, limit: u32) -> Result<Level, Fault> {
        let txn = self.env.read_txn()?;
        let record = self.tables.buckets.get(&txn, &key.0)?;
        let clock = &self.buckets.clock;
        let now_ns = clock.now_ns();
        Ok(match record {
            None => Level::full(limit, now_ns),
            Some(BucketRecord {
                units,
                limit: limit_then,
                at,
            }) => {
                let elapsed_ns = clock.ns_since(&at, now_ns, clock.wall());
                Level::restored(units, limit_then, elapsed_ns, limit, now_ns)
            }
        })
    }
}

/// The buckets in memory.
pub(crate) struct Buckets {
    clock: Clock,
    shards: [Mutex<Shard>; BUCKET_SHARDS],
    /// Buckets whose reserve runs low: their records join the next commit.
    noted: Mutex<Vec<KeyId>>,
}

struct Shard {
    buckets: HashMap<KeyId, Bucket>,
    sweep_at: usize,
}

impl Shard {
    /// Makes room for one more bucket, dropping idle ones; false when there is none.
    fn has_room(&mut self, now_ns: u64) -> bool {
        if self.buckets.len() >= self.sweep_at {
            self.buckets.retain(|_, bucket| !bucket.is_idle(now_ns));
            self.sweep_at = (2 * self.buckets.len()).clamp(SWEEP_AT_MIN, SHARD_BUCKETS_MAX);
        }
        self.buckets.len() < SHARD_BUCKETS_MAX
    }
}

impl Buckets {
    /// Returns an empty set of buckets that use `clock`.
    pub(crate) fn new(clock: Clock) -> Self {
        Buckets {
            clock,
            shards: std::array::from_fn(|_| {
                Mutex::new(Shard {
                    buckets: HashMap::new(),
                    sweep_at: SWEEP_AT_MIN,
                })
            }),
            noted: Mutex::default(),
        }
    }

    /// The lock is never held while the disk writes, so that no key waits for another.
    fn shard(&self, key: KeyId) -> &Mutex<Shard> {
        // Ids are parts of hashes: any of their bytes is evenly distributed.
        &self.shards[usize::from(key.0[0]) % BUCKET_SHARDS]
    }

    /// Takes a token of `key`; `stored` returns what the disk promises of a bucket that is not in memory.
    fn take(
        &self,
        key: KeyId,
        limit: u32,
        stored: impl FnOnce() -> Result<Level, Fault>,
    ) -> Result<(Taken, Level), Fault> {
        let shard = &mut *lock(self.shard(key));
        let now_ns = self.clock.now_ns();
        if !shard.buckets.contains_key(&key) {
            if !shard.has_room(now_ns) {
                return Err(Fault::new(
                    Kind::Busy { retry_after_s: 1 },
                    "Too many keys call at once. Try again.",
                ));
            }
            shard.buckets.insert(key, Bucket::new(stored()?));
        }
        let bucket = shard.buckets.get_mut(&key);
        let bucket =
            bucket.ok_or_else(|| Fault::internal("a bucket is gone that was put there"))?;
        let taken = bucket.take(limit, now_ns);
        if taken == Taken::Covered && !bucket.is_noted && bucket.wants_record(now_ns) {
            bucket.is_noted = true;
            lock(&self.noted).push(key);
        }
        Ok((taken, bucket.level(limit, now_ns)))
    }

    fn level(&self, key: KeyId, limit: u32) -> Option<Level> {
        let shard = lock(self.shard(key));
        let bucket = shard.buckets.get(&key)?;
        Some(bucket.level(limit, self.clock.now_ns()))
    }

    /// Returns the write of the records that are due: of the noted buckets, or `exact` ones of all that hold more than
    /// the disk promises. None when there is nothing to write.
    pub(crate) fn due(
        self: &Arc<Self>,
        tables: Tables,
        exact: bool,
    ) -> Option<Box<dyn PendingWrite>> {
        let keys: Vec<KeyId> = match exact {
            true => self.ahead(),
            false => {
                let mut noted = lock(&self.noted);
                let count = noted.len().min(BUCKET_RECORDS_MAX);
                noted.drain(..count).collect()
            }
        };
        let buckets = self.clone();
        (!keys.is_empty()).then(|| {
            Box::new(Records {
                keys,
                exact,
                buckets,
                tables,
            }) as Box<dyn PendingWrite>
        })
    }

    fn ahead(&self) -> Vec<KeyId> {
        let now_ns = self.clock.now_ns();
        let mut keys = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            let ahead = (shard.buckets.iter()).filter(|(_, bucket)| bucket.is_ahead(now_ns));
            keys.extend(ahead.map(|(key, _)| *key));
        }
        keys
    }

    /// Writes a record of the bucket of `key`, unless it was dropped meanwhile: then the disk promises it full.
    fn write(
        &self,
        txn: &mut RwTxn<'_>,
        tables: Tables,
        key: KeyId,
        exact: bool,
    ) -> Result<(), Fault> {
        let record = {
            let mut shard = lock(self.shard(key));
            let Some(bucket) = shard.buckets.get_mut(&key) else {
                return Ok(());
            };
            let now_ns = self.clock.now_ns();
            let promise = bucket.record(exact, now_ns);
            BucketRecord {
                units: promise.units(),
                limit: promise.limit(),
                at: self.clock.moment(now_ns),
            }
        };
        // A key that was revoked meanwhile gets no record.
        match tables.is_in_force(txn, key)? {
            true => Ok(tables.buckets.put(txn, &key.0, &record)?),
            false => Ok(()),
        }
    }

    /// Notes whether the record that was written last for `key` is on the disk.
    fn settle(&self, key: KeyId, is_on_disk: bool) {
        let mut shard = lock(self.shard(key));
        if let Some(bucket) = shard.buckets.get_mut(&key) {
            match is_on_disk {
                true => bucket.recorded(),
                false => bucket.refused(self.clock.now_ns()),
            }
        }
    }
}

/// Records of many buckets, written without a waiting caller.
struct Records {
    keys: Vec<KeyId>,
    exact: bool,
    buckets: Arc<Buckets>,
    tables: Tables,
}

impl PendingWrite for Records {
    fn run(&mut self, txn: &mut RwTxn<'_>) -> Result<(), Fault> {
        let keys = self.keys.iter();
        let mut writes = keys.map(|key| self.buckets.write(txn, self.tables, *key, self.exact));
        writes.try_for_each(|written| written)
    }

    fn done(self: Box<Self>, outcome: Result<(), Fault>) {
        for key in &self.keys {
            self.buckets.settle(*key, outcome.is_ok());
        }
    }
}

impl Tables {
    /// Whether `key` exists and is not revoked.
    fn is_in_force(&self, txn: &RoTxn, key: KeyId) -> Result<bool, Fault> {
        let record = self.keys.get(txn, &key.0)?;
        Ok(record.is_some_and(|record| record.revoked_at.is_none()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(shard: u8, number: u64) -> KeyId {
        let mut id = number.to_be_bytes();
        id[0] = shard;
        KeyId(id)
    }

    fn take(buckets: &Buckets, key: KeyId, limit: u32) -> Result<Taken, Fault> {
        let full = || Ok(Level::full(limit, buckets.clock.now_ns()));
        buckets.take(key, limit, full).map(|(taken, _)| taken)
    }

    fn count(buckets: &Buckets) -> usize {
        let counts = buckets.shards.iter().map(|s| lock(s).buckets.len());
        counts.sum()
    }

    #[test]
    fn buckets_that_are_full_again_are_forgotten() {
        let clock = Clock::by_hand();
        let buckets = Buckets::new(clock.clone());
        for number in 0..200_000 {
            // A token of so many a minute is back after 600 µs, which is after 120 more keys: two in each shard.
            let taken = take(&buckets, key(number as u8, number), 100_000).unwrap();
            assert_eq!(taken, Taken::OnRecord);
            clock.advance(5_000);
        }
        let left = count(&buckets);
        assert!(left <= BUCKET_SHARDS * SWEEP_AT_MIN, "{left}");
    }

    #[test]
    fn where_too_many_keys_call_the_others_go_on() {
        let buckets = Buckets::new(Clock::by_hand());
        for number in 0..SHARD_BUCKETS_MAX as u64 {
            take(&buckets, key(0, number), 1).unwrap();
        }
        let fault = take(&buckets, key(0, u64::MAX), 1).unwrap_err();
        assert_eq!(fault.kind, Kind::Busy { retry_after_s: 1 });
        assert_eq!(take(&buckets, key(0, 0), 1).unwrap(), Taken::Nothing);
        assert_eq!(take(&buckets, key(1, 0), 1).unwrap(), Taken::OnRecord);
    }

    #[test]
    fn a_commit_takes_a_bounded_number_of_records_along() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let buckets = Arc::new(Buckets::new(Clock::by_hand()));
        let keys: Vec<_> = (0..BUCKET_RECORDS_MAX as u64 + 1)
            .map(|n| key(7, n))
            .collect();
        lock(&buckets.noted).extend(&keys);
        assert!(buckets.due(store.tables, false).is_some());
        assert_eq!(*lock(&buckets.noted), keys[BUCKET_RECORDS_MAX..]);
        assert!(buckets.due(store.tables, false).is_some());
        assert!(buckets.due(store.tables, false).is_none());
    }
}
