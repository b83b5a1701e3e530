//! One key's token bucket: how it fills and empties, and what of it may be forgotten in a crash.
//!
//! Pure: time is an argument, in nanoseconds of one clock that only goes forward. A level is counted in tokens times the
//! nanoseconds of a minute, so that limit × elapsed time is a whole number and nothing is ever rounded.
//!
//! # What a crash may forget
//! The disk holds for each key a level and its instant: a promise that, net of every token taken until the next record,
//! the bucket holds at least that level and what refilled since. A record promises less than there is, by a reserve
//! of a quarter of a minute's tokens. Tokens of the reserve are given at once, for no promise is broken by them; one that
//! is not covered waits until a newer record is on the disk. So whenever the process dies, what the next one finds is never
//! more than what was there, and less by the reserve at the most, which refills within a quarter of a minute.

/// One token. A limit of n tokens a minute refills n of these units each nanosecond.
const TOKEN: u64 = 60_000_000_000;
/// Part of the capacity that a record keeps as a reserve; at least one token.
const RESERVE_PARTS: u64 = 4;

/// How full a bucket is at one instant. Its capacity is what refills in a minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    units: u64,
    /// Tokens a minute.
    limit: u32,
    at_ns: u64,
}

impl Level {
    /// All that it can hold.
    pub(crate) fn full(limit: u32, now_ns: u64) -> Self {
        Level {
            units: u64::from(limit) * TOKEN,
            limit,
            at_ns: now_ns,
        }
    }

    /// What was `units` of a limit `elapsed_ns` ago, refilled since by the lower of that limit and today's `limit`:
    /// when it was changed is not known.
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

    /// The level at `now_ns`, if no token is taken until then. The same instant again, or one that has passed, refills nothing.
    pub(crate) fn at(self, now_ns: u64) -> Self {
        let elapsed = now_ns.saturating_sub(self.at_ns);
        let refilled = u64::from(self.limit).saturating_mul(elapsed);
        Level {
            units: self.units.saturating_add(refilled).min(self.capacity()),
            at_ns: self.at_ns.max(now_ns),
            ..self
        }
    }

    /// The same with another limit: cut to its capacity, never filled up to it.
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

    /// Exact, in parts of a token of which 60 000 000 000 make one.
    pub(crate) fn units(self) -> u64 {
        self.units
    }

    /// Tokens a minute, and tokens that it holds when it is full.
    pub fn limit(self) -> u32 {
        self.limit
    }

    /// Whole tokens in it.
    pub fn tokens(self) -> u32 {
        (self.units / TOKEN) as u32
    }

    /// Nanoseconds until there is a whole token, rounded up; 0 when there is one.
    pub fn ns_until_token(self) -> u64 {
        TOKEN
            .saturating_sub(self.units)
            .div_ceil(u64::from(self.limit))
    }

    /// Nanoseconds until it is full, rounded up.
    pub fn ns_until_full(self) -> u64 {
        (self.capacity().saturating_sub(self.units)).div_ceil(u64::from(self.limit))
    }
}

/// What became of a wish for a token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Taken {
    /// There was none.
    Nothing,
    /// It is taken and may be used.
    Covered,
    /// It is taken, and may be used once a record that was begun after it is on the disk.
    OnRecord,
}

/// A bucket in memory, and what the disk promises of it.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    level: Level,
    /// What a start after a crash would find.
    promised: Level,
    /// What it would find if the record that is on its way has arrived.
    on_its_way: Option<Level>,
    /// Whether it waits for a record to ride along in a commit.
    pub(crate) is_noted: bool,
}

impl Bucket {
    /// A bucket as the disk promises it; full when the disk knows nothing of it.
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

    /// The level at `now_ns` under today's `limit`.
    pub(crate) fn level(&self, limit: u32, now_ns: u64) -> Level {
        self.level.at(now_ns).with_limit(limit)
    }

    /// Whether the reserve is so far used up that the next commit should bring a new record.
    pub(crate) fn wants_record(&self, now_ns: u64) -> bool {
        let left = (self.level.at(now_ns).units).saturating_sub(self.promised.at(now_ns).units);
        left < reserve(self.level.limit) / 2
    }

    /// Whether it holds more than the disk promises.
    pub(crate) fn is_ahead(&self, now_ns: u64) -> bool {
        self.level.at(now_ns).units > self.promised.at(now_ns).units
    }

    /// Whether nothing is lost when it is forgotten: it is full, and the disk promises so.
    pub(crate) fn is_idle(&self, now_ns: u64) -> bool {
        self.on_its_way.is_none()
            && self.level.at(now_ns).is_full()
            && self.promised.at(now_ns).is_full()
            && self.promised.limit == self.level.limit
    }

    /// Begins a record: what is to be written. `exact` leaves no reserve, for a store that is being closed.
    pub(crate) fn record(&mut self, exact: bool, now_ns: u64) -> Level {
        let mut promise = self.level.at(now_ns);
        if !exact {
            promise.units = promise.units.saturating_sub(reserve(promise.limit));
        }
        self.is_noted = false;
        self.on_its_way = Some(promise);
        promise
    }

    /// The record that was begun last is on the disk.
    pub(crate) fn recorded(&mut self) {
        if let Some(promise) = self.on_its_way.take() {
            self.promised = promise;
        }
    }

    /// A record was refused. Whether the disk has it is not known, so that nothing is covered until another one arrives.
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
