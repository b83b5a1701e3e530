//! One key's token bucket: how it fills and empties, and what a crash may lose of it.
//!
//! Pure: time is an argument, in nanoseconds of one clock that never goes back. A level is counted in tokens times the
//! nanoseconds of a minute, so that limit × elapsed time is a whole number and nothing is rounded.
//!
//! # What a crash may lose
//! The disk has a level and its time for each key. The record promises that, after every token taken until the next
//! record, the bucket still holds at least that level plus the refill since. A record therefore promises less than the
//! bucket holds, by a reserve of a quarter of a minute's tokens. Tokens of the reserve are granted at once, because
//! they break no promise; a token beyond it waits until a newer record is on the disk. So after a crash the next
//! process never finds more than there was, and at most the reserve less, which is refilled within a quarter of a
//! minute.

/// One token. A limit of n tokens a minute refills n of these units each nanosecond.
const TOKEN: u64 = 60_000_000_000;
/// The reserve that a record keeps, as a divisor of the capacity; at least one token.
const RESERVE_PARTS: u64 = 4;

/// The level of a bucket at one instant. Its capacity is the tokens of a minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    units: u64,
    /// Tokens a minute.
    limit: u32,
    at_ns: u64,
}

impl Level {
    /// Returns a full bucket.
    pub(crate) fn full(limit: u32, now_ns: u64) -> Self {
        Level {
            units: u64::from(limit) * TOKEN,
            limit,
            at_ns: now_ns,
        }
    }

    /// Returns the level of a bucket that had `units` under `limit_then` `elapsed_ns` ago, refilled since at the lower
    /// of that limit and today's `limit`, because the time of the change is not known.
    pub(crate) fn restored(
        units: u64,
        limit_then: u32,
        elapsed_ns: u64,
        limit: u32,
        now_ns: u64,
    ) -> Self {
        let then = Level {
            units,
            limit: limit_then.min(limit),
            at_ns: 0,
        };
        Level {
            limit: limit_then,
            at_ns: now_ns,
            ..then.at(elapsed_ns)
        }
    }

    /// Returns the level at `now_ns`, if no token is taken until then. The same or an earlier instant refills nothing.
    pub(crate) fn at(self, now_ns: u64) -> Self {
        let elapsed = now_ns.saturating_sub(self.at_ns);
        let refilled = u64::from(self.limit).saturating_mul(elapsed);
        Level {
            units: self.units.saturating_add(refilled).min(self.capacity()),
            at_ns: self.at_ns.max(now_ns),
            ..self
        }
    }

    /// Returns the level under another limit: cut to its capacity, never filled up to it.
    pub(crate) fn with_limit(self, limit: u32) -> Self {
        let level = Level { limit, ..self };
        Level {
            units: self.units.min(level.capacity()),
            ..level
        }
    }

    fn capacity(self) -> u64 {
        u64::from(self.limit) * TOKEN
    }

    fn is_full(self) -> bool {
        self.units >= self.capacity()
    }

    /// Returns the exact level, in parts of a token of which 60 000 000 000 make one.
    pub(crate) fn units(self) -> u64 {
        self.units
    }

    /// Returns the tokens a minute, which are also the capacity.
    pub fn limit(self) -> u32 {
        self.limit
    }

    /// Returns the whole tokens.
    pub fn tokens(self) -> u32 {
        (self.units / TOKEN) as u32
    }

    /// Returns the nanoseconds until there is a whole token, rounded up; 0 when there is one.
    pub fn ns_until_token(self) -> u64 {
        TOKEN
            .saturating_sub(self.units)
            .div_ceil(u64::from(self.limit))
    }

    /// Returns the nanoseconds until it is full, rounded up.
    pub fn ns_until_full(self) -> u64 {
        (self.capacity().saturating_sub(self.units)).div_ceil(u64::from(self.limit))
    }
}

/// The outcome of an attempt to take a token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Taken {
    /// There was no token.
    Nothing,
    /// The token is taken and may be used.
    Covered,
    /// The token is taken, and may be used once a record that was started later is on the disk.
    OnRecord,
}

/// A bucket in memory, and what the disk promises of it.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    level: Level,
    /// The level that a start after a crash would find.
    promised: Level,
    /// The level that it would find once the record that is being written has reached the disk.
    on_its_way: Option<Level>,
    /// Whether it waits for a record to join a commit.
    pub(crate) is_noted: bool,
}

impl Bucket {
    /// Returns a bucket with the level that the disk promises; full when the disk has no record of it.
    pub(crate) fn new(promised: Level) -> Self {
        Bucket {
            level: promised,
            promised,
            on_its_way: None,
            is_noted: false,
        }
    }

    /// Takes a token at `now_ns` under today's `limit`.
    pub(crate) fn take(&mut self, limit: u32, now_ns: u64) -> Taken {
        self.level = self.level.at(now_ns).with_limit(limit);
        if self.level.units < TOKEN {
            return Taken::Nothing;
        }
        self.level.units -= TOKEN;
        let promises = [Some(self.promised), self.on_its_way];
        let covered = promises.into_iter().flatten().all(|promise| {
            // A promise made under another limit refills at another rate.
            promise.limit == limit && promise.at(now_ns).units <= self.level.units
        });
        match covered {
            true => Taken::Covered,
            false => Taken::OnRecord,
        }
    }

    /// Returns the level at `now_ns` under today's `limit`.
    pub(crate) fn level(&self, limit: u32, now_ns: u64) -> Level {
        self.level.at(now_ns).with_limit(limit)
    }

    /// Whether so much of the reserve is used that the next commit should write a new record.
    pub(crate) fn wants_record(&self, now_ns: u64) -> bool {
        let left = (self.level.at(now_ns).units).saturating_sub(self.promised.at(now_ns).units);
        left < reserve(self.level.limit) / 2
    }

    /// Whether it holds more than the disk promises.
    pub(crate) fn is_ahead(&self, now_ns: u64) -> bool {
        self.level.at(now_ns).units > self.promised.at(now_ns).units
    }

    /// Whether it can be dropped without loss: it is full, and the disk promises so.
    pub(crate) fn is_idle(&self, now_ns: u64) -> bool {
        self.on_its_way.is_none()
            && self.level.at(now_ns).is_full()
            && self.promised.at(now_ns).is_full()
            && self.promised.limit == self.level.limit
    }

    /// Starts a record and returns the level to write. `exact` leaves no reserve, for a store that is being closed.
    pub(crate) fn record(&mut self, exact: bool, now_ns: u64) -> Level {
        let mut promise = self.level.at(now_ns);
        if !exact {
            promise.units = promise.units.saturating_sub(reserve(promise.limit));
        }
        self.is_noted = false;
        self.on_its_way = Some(promise);
        promise
    }

    /// Notes that the record that was started last is on the disk.
    pub(crate) fn recorded(&mut self) {
        if let Some(promise) = self.on_its_way.take() {
            self.promised = promise;
        }
    }

    /// Notes that a record failed. The disk may have it or not, so that nothing is covered until another one arrives.
    pub(crate) fn refused(&mut self, now_ns: u64) {
        self.on_its_way = None;
        self.promised = Level::full(self.level.limit, now_ns);
    }
}

fn reserve(limit: u32) -> u64 {
    (u64::from(limit) * TOKEN / RESERVE_PARTS).max(TOKEN)
}

#[cfg(test)]
#[path = "bucket_tests.rs"]
mod tests;
