//! The order of ids: each is greater than those before, also when the clock is set back, and over a restart.
//!
//! Ids begin with the time, and the newest item and the newest job are those with the greatest id. After a restart with a
//! clock that was set back, new items would be older than the ones that are there: listed below them, and the first to be
//! removed. So a server continues after the greatest id of its store.

use std::sync::Mutex;

use heed::RoTxn;
use uuid::{ContextV7, Timestamp, Uuid};
use vocabox_base::fault::Fault;
use vocabox_base::limits::ORDER_AHEAD_DAYS_MAX;

use crate::codec::count_key;
use crate::ids::Utc;
use crate::{Store, Tables};

/// The last time, and the last number within its millisecond.
type Order = Mutex<ContextV7>;

/// The order of the ids that this process makes.
static ORDER: Order = Mutex::new(ContextV7::new());

/// Returns a version 7 UUID that is greater than all that this process made before.
pub(crate) fn next() -> Uuid {
    Uuid::new_v7(Timestamp::now(&ORDER))
}

/// Returns when a version 7 UUID was made: its first 48 bits are milliseconds since 1970 (RFC 9562, section 5.7).
pub(crate) fn made_at(id: Uuid) -> Utc {
    Utc::EPOCH.ms_after((id.as_u128() >> 80) as u64)
}

/// Has all later ids of `order` follow those that were made at `last`. Does nothing when the clock is more than
/// `ORDER_AHEAD_DAYS_MAX` days behind: then it was wrong by so much that ids, which tell how old an item is, must not
/// inherit that.
fn continue_after(order: &Order, last: Utc, now: Utc) {
    if last.ms_since(now) <= u64::from(ORDER_AHEAD_DAYS_MAX) * 24 * 3_600_000 {
        let next_ms = last.ms_after(1).ms_since(Utc::EPOCH);
        // Making it moves the order; it is needed for nothing else.
        let nanoseconds = (next_ms % 1_000) as u32 * 1_000_000;
        Timestamp::from_unix(order, next_ms / 1_000, nanoseconds);
    }
}

impl Store {
    /// Has all later ids follow those of the store's items and jobs.
    pub(crate) fn continue_order(&self) -> Result<(), Fault> {
        let txn = self.env.read_txn()?;
        let last = self.tables.newest(&txn)?;
        continue_after(&ORDER, last, Utc::now());
        Ok(())
    }
}

impl Tables {
    /// Returns when the newest item or job was made; `Utc::EPOCH` where there is none.
    pub(crate) fn newest(&self, txn: &RoTxn) -> Result<Utc, Fault> {
        let mut last = Utc::EPOCH;
        let mut see = |key: &[u8]| {
            // Keys of items and jobs end in their ids.
            let id = key.last_chunk().map(|id| Uuid::from_bytes(*id));
            last = last.max(id.map_or(Utc::EPOCH, made_at));
        };
        for entry in self.accounts.iter(txn)? {
            let items = count_key(entry?.1.id, None);
            let newest = self.history_index.rev_prefix_iter(txn, &items)?.next();
            newest.transpose()?.iter().for_each(|(key, ())| see(key));
        }
        for entry in self.jobs.iter(txn)? {
            see(entry?.0);
        }
        Ok(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_those_of_a_clock_that_was_ahead_but_for_one_that_was_wrong_by_weeks() {
        let now = Utc::now();
        let ahead = |days: u64| now.ms_after(days * 24 * 3_600_000);
        // Of its own: other tests of this process make ids, too.
        let order = Order::default();
        let make = || Uuid::new_v7(Timestamp::now(&order));
        let weeks = ahead(u64::from(ORDER_AHEAD_DAYS_MAX) + 1);
        continue_after(&order, weeks, now);
        let (first, second) = (make(), make());
        assert!(first < second && made_at(second) < ahead(1));
        let day = ahead(1);
        continue_after(&order, day, now);
        let ids: Vec<Uuid> = (0..1_000).map(|_| make()).collect();
        assert!(ids.is_sorted() && day < made_at(ids[0]));
        assert!(made_at(ids[999]) < ahead(2));
    }
}
