//! Keeps histories within their bounds and removes those of deleted accounts: the oldest items first, in transactions so
//! small that they delay no other write, and for at most half of the time.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use heed::{RoTxn, RwTxn};

use crate::codec::{account_key, account_of, bytes_key};
use crate::history::HistorySize;
use crate::ids::{AccountId, Utc};
use crate::lmdb::Env;
use crate::writer::{Writer, lock};
use crate::{Store, Tables};
use vocabox_base::fault::Fault;
use vocabox_base::limits::{HISTORY_BYTES, HISTORY_ITEMS, PRUNE_EVERY_MS, PRUNE_ITEMS_MAX};

/// The bounds of each account's history: the newest items by their ids are kept, so that of two items of the same
/// millisecond the one that was made first is removed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    pub items_max: u64,
    /// Bytes of the items.
    pub bytes_max: u64,
    /// Days, if age removes items. An item of exactly this age is removed.
    pub days_max: Option<u32>,
}

impl Default for Retention {
    fn default() -> Self {
        Retention {
            items_max: HISTORY_ITEMS.default,
            bytes_max: HISTORY_BYTES.default,
            days_max: None,
        }
    }
}

impl Store {
    /// Returns the pruning transactions of this store.
    pub(crate) fn pruning(&self) -> Pruning {
        Pruning {
            env: self.env.clone(),
            tables: self.tables,
            writer: self.writer.clone(),
        }
    }
}

/// The transactions of pruning.
pub(crate) struct Pruning {
    pub(crate) env: Env,
    pub(crate) tables: Tables,
    pub(crate) writer: Arc<Writer>,
}

impl Pruning {
    /// Returns the account of the lowest id, `from` or above, that has a history.
    fn next_history(&self, from: AccountId) -> Result<Option<AccountId>, Fault> {
        let txn = self.env.read_txn()?;
        let counts = self.tables.history_counts;
        let count = counts.get_greater_than_or_equal_to(&txn, &account_key(from))?;
        count.map(|(key, _)| account(key)).transpose()
    }

    /// Removes up to `PRUNE_ITEMS_MAX` items of `account` that are too many, too large together or too old at `now`;
    /// returns how many.
    pub(crate) fn prune_some(
        &self,
        account: AccountId,
        retention: Retention,
        now: Utc,
    ) -> Result<usize, Fault> {
        let tables = self.tables;
        let txn = self.env.read_txn()?;
        let is_due = tables.is_over(&txn, account, retention, now)?;
        drop(txn);
        match is_due {
            false => Ok(0),
            true => (self.writer).write(move |txn| tables.prune(txn, account, retention, now)),
        }
    }

    /// Removes the oldest items of the account with the largest history, at most `PRUNE_ITEMS_MAX`, if all histories
    /// together have more than `bytes_max` bytes of pages; returns how many.
    pub(crate) fn reduce_some(&self, bytes_max: usize) -> Result<usize, Fault> {
        let tables = self.tables;
        let txn = self.env.read_txn()?;
        if tables.history_pages_bytes(&txn)? <= bytes_max {
            return Ok(0);
        }
        let largest = tables.largest_history(&txn)?;
        drop(txn);
        let Some(account) = largest else {
            return Ok(0);
        };
        self.writer.write(move |txn| {
            let removed = tables.remove_oldest(txn, account, |_, _| true)?;
            Ok(removed.items as usize)
        })
    }
}

impl Tables {
    /// Returns the account whose history has the most bytes.
    fn largest_history(&self, txn: &RoTxn) -> Result<Option<AccountId>, Fault> {
        let mut largest = None;
        for entry in self.history_counts.iter(txn)? {
            let (key, bytes) = entry?;
            let account = account(key)?;
            if key == bytes_key(account) {
                largest = largest.max(Some((bytes, account)));
            }
        }
        Ok(largest.map(|(_, account)| account))
    }

    /// Whether the oldest item of `account` has to be removed.
    fn is_over(
        &self,
        txn: &RoTxn,
        account: AccountId,
        retention: Retention,
        now: Utc,
    ) -> Result<bool, Fault> {
        let held = self.held(txn, account)?;
        if held.items > retention.items_max || held.bytes > retention.bytes_max {
            return Ok(true);
        }
        match retention.days_max {
            None => Ok(false),
            Some(days) => {
                let oldest = self.oldest_item(txn, account)?;
                Ok(oldest.is_some_and(|item| item.made_at() <= now.days_before(days)))
            }
        }
    }

    fn prune(
        &self,
        txn: &mut RwTxn,
        account: AccountId,
        retention: Retention,
        now: Utc,
    ) -> Result<usize, Fault> {
        let held = self.held(txn, account)?;
        let over_until = retention.days_max.map(|days| now.days_before(days));
        let removed = self.remove_oldest(txn, account, |removed, item| {
            held.items - removed.items > retention.items_max
                || held.bytes - removed.bytes > retention.bytes_max
                || over_until.is_some_and(|until| item.made_at() <= until)
        })?;
        Ok(removed.items as usize)
    }
}

/// Returns the account that a key starts with.
pub(crate) fn account(key: &[u8]) -> Result<AccountId, Fault> {
    account_of(key).ok_or_else(|| Fault::internal("a count or a mark names no account"))
}

/// The thread that prunes while a server runs.
pub(crate) struct Pruner {
    retention: Retention,
    bell: Arc<Bell>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Messages to the thread.
#[derive(Default)]
struct Bell {
    asked: Mutex<Asked>,
    rung: Condvar,
}

#[derive(Default)]
struct Asked {
    /// Accounts with too many items, or too large ones.
    over: BTreeSet<AccountId>,
    /// Whether all histories together are too large.
    is_store_over: bool,
    stop: bool,
}

impl Pruner {
    /// Starts the thread.
    pub(crate) fn start(pruning: Pruning, retention: Retention) -> Result<Self, std::io::Error> {
        let bell = Arc::new(Bell::default());
        let thread = PruneThread {
            pruning,
            retention,
            bell: bell.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("store-pruner".into())
            .spawn(move || thread.serve())?;
        Ok(Pruner {
            retention,
            bell,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Notes that `account` has `held` now, and whether all histories together have become too large.
    pub(crate) fn appended(&self, account: AccountId, held: HistorySize, is_store_over: bool) {
        let Retention {
            items_max,
            bytes_max,
            ..
        } = self.retention;
        let is_over = held.items > items_max || held.bytes > bytes_max;
        if !is_over && !is_store_over {
            return;
        }
        let mut asked = lock(&self.bell.asked);
        if is_over {
            asked.over.insert(account);
        }
        asked.is_store_over |= is_store_over;
        self.bell.rung.notify_all();
    }

    /// Ends the thread after its transaction.
    pub(crate) fn stop(&self) {
        lock(&self.bell.asked).stop = true;
        self.bell.rung.notify_all();
        if let Some(thread) = lock(&self.thread).take() {
            // It fails only when the thread panicked, and then it has ended too.
            let _ = thread.join();
        }
    }
}

/// The state of the pruning thread.
struct PruneThread {
    pruning: Pruning,
    retention: Retention,
    bell: Arc<Bell>,
}

/// What has become too large.
enum Over {
    Account(AccountId),
    /// All histories together.
    Store,
}

/// Why a task was interrupted.
enum Cut {
    /// The store is being closed.
    Stop,
    Fault(Fault),
}

impl From<Fault> for Cut {
    fn from(fault: Fault) -> Self {
        Cut::Fault(fault)
    }
}

impl PruneThread {
    fn serve(&self) {
        let every = Duration::from_millis(PRUNE_EVERY_MS);
        let mut due = Instant::now();
        loop {
            let outcome = match self.next_over(due.saturating_duration_since(Instant::now())) {
                Err(cut) => Err(cut),
                Ok(Some(Over::Account(account))) => self.prune(account),
                Ok(Some(Over::Store)) => self.reduce(),
                Ok(None) => {
                    due = Instant::now() + every;
                    self.round()
                }
            };
            match outcome {
                Ok(()) => {}
                Err(Cut::Stop) => return,
                // The next append or the next round tries again.
                Err(Cut::Fault(fault)) => log::warn!("the history could not be pruned: {fault}"),
            }
        }
    }

    /// Returns what has become too large next, or none once `patience` has passed.
    fn next_over(&self, patience: Duration) -> Result<Option<Over>, Cut> {
        let asked = lock(&self.bell.asked);
        let nothing =
            |asked: &mut Asked| !asked.stop && asked.over.is_empty() && !asked.is_store_over;
        let waited = self.bell.rung.wait_timeout_while(asked, patience, nothing);
        let (mut asked, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let (stop, is_store_over) = (asked.stop, std::mem::take(&mut asked.is_store_over));
        match (stop, is_store_over) {
            (true, _) => Err(Cut::Stop),
            (false, true) => Ok(Some(Over::Store)),
            (false, false) => Ok(asked.over.pop_first().map(Over::Account)),
        }
    }

    fn pause(&self, pause: Duration) -> Result<(), Cut> {
        let asked = lock(&self.bell.asked);
        let waited = (self.bell.rung).wait_timeout_while(asked, pause, |asked| !asked.stop);
        match waited.unwrap_or_else(PoisonError::into_inner).0.stop {
            true => Err(Cut::Stop),
            false => Ok(()),
        }
    }

    /// Checks everything once: readers that were killed, deleted accounts to purge, then the bounds of all histories.
    fn round(&self) -> Result<(), Cut> {
        // So that it is known later when the clock was seen. A store that cannot note it can still be reduced.
        if let Err(fault) = self.pruning.trusts(Utc::now()) {
            log::warn!("the time could not be noted: {fault}");
        }
        self.pruning.env.clear_stale_readers()?;
        while let Some(account) = self.pruning.next_purge()? {
            self.repeat(|| self.pruning.purge_some(account))?;
        }
        let mut from = AccountId::FIRST;
        while let Some(account) = self.pruning.next_history(from)? {
            self.prune(account)?;
            from = account.next();
        }
        self.reduce()
    }

    /// Removes the oldest items of the largest histories until all together fit. An account that fills the store loses its
    /// own items; a small history loses none.
    fn reduce(&self) -> Result<(), Cut> {
        let bytes_max = self.pruning.env.history_bytes_kept();
        loop {
            let started = Instant::now();
            if self.pruning.reduce_some(bytes_max)? == 0 {
                return Ok(());
            }
            self.pause(started.elapsed())?;
        }
    }

    fn prune(&self, account: AccountId) -> Result<(), Cut> {
        self.repeat(|| {
            let now = Utc::now();
            let days_max = self.retention.days_max;
            // Age removes nothing while the clock is in doubt, or cannot be noted; the other bounds hold all the same.
            let is_aged = days_max.is_some() && self.pruning.trusts(now).unwrap_or(false);
            let retention = Retention {
                days_max: days_max.filter(|_| is_aged),
                ..self.retention
            };
            self.pruning.prune_some(account, retention, now)
        })
    }

    /// Repeats `step` as long as it removes a full transaction's items; between two steps it pauses for as long as the
    /// step took, so that other writes go through.
    fn repeat(&self, step: impl Fn() -> Result<usize, Fault>) -> Result<(), Cut> {
        loop {
            let started = Instant::now();
            if step()? < PRUNE_ITEMS_MAX {
                return Ok(());
            }
            self.pause(started.elapsed())?;
        }
    }
}

#[cfg(test)]
#[path = "prune_tests.rs"]
mod tests;
