//! Keeps the history within its bounds and removes that of deleted accounts: the oldest items first, in transactions so
//! small that they delay no other write, and for at most half of the time.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use heed::{RoTxn, RwTxn};

use crate::codec::{account_key, account_of};
use crate::ids::{AccountId, Utc};
use crate::lmdb::Env;
use crate::writer::{Writer, lock};
use crate::{Store, Tables};
use vocabox_base::fault::Fault;
use vocabox_base::limits::{HISTORY_ITEMS, PRUNE_EVERY_MS, PRUNE_ITEMS_MAX};

/// The bounds of each account's history: the newest items by their ids are kept, so that of two items of the same
/// millisecond the one that was made first is removed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    pub items_max: u64,
    /// Days, if age removes items. An item of exactly this age is removed.
    pub days_max: Option<u32>,
}

impl Default for Retention {
    fn default() -> Self {
        Retention {
            items_max: HISTORY_ITEMS.default,
            days_max: None,
        }
    }
}

impl Store {
    /// Removes the histories of deleted accounts that [`crate::HistoryFate::Purge`] marked, also those that a killed
    /// process left unfinished; returns the number of items. A server does so by itself, at its start and every
    /// `PRUNE_EVERY_MS`.
    pub fn purge_deleted(&self) -> Result<u64, Fault> {
        let work = self.pruning();
        let mut removed = 0;
        while let Some(account) = work.next_purge()? {
            let started = Instant::now();
            removed += work.purge_some(account)? as u64;
            // Lets a server beside this process write: LMDB's write lock is not fair.
            std::thread::sleep(started.elapsed());
        }
        Ok(removed)
    }

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
    env: Env,
    tables: Tables,
    writer: Arc<Writer>,
}

impl Pruning {
    /// Returns a deleted account whose history has to be removed.
    fn next_purge(&self) -> Result<Option<AccountId>, Fault> {
        let txn = self.env.read_txn()?;
        let mark = self.tables.purges.first(&txn)?;
        mark.map(|(key, ())| account(key)).transpose()
    }

    /// Returns the account of the lowest id, `from` or above, that has a history.
    fn next_history(&self, from: AccountId) -> Result<Option<AccountId>, Fault> {
        let txn = self.env.read_txn()?;
        let counts = self.tables.history_counts;
        let count = counts.get_greater_than_or_equal_to(&txn, &account_key(from))?;
        count.map(|(key, _)| account(key)).transpose()
    }

    /// Removes `PRUNE_ITEMS_MAX` items of a deleted account, or all that are left and then the mark; returns how many.
    pub(crate) fn purge_some(&self, account: AccountId) -> Result<usize, Fault> {
        let tables = self.tables;
        self.writer.write(move |txn| {
            let removed = tables.remove_oldest(txn, account, |_, _| true)?;
            if removed < PRUNE_ITEMS_MAX {
                tables.purges.delete(txn, &account_key(account))?;
            }
            Ok(removed)
        })
    }

    /// Removes up to `PRUNE_ITEMS_MAX` items of `account` that are too many or too old at `now`; returns how many.
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
}

impl Tables {
    /// Whether the oldest item of `account` has to be removed.
    fn is_over(
        &self,
        txn: &RoTxn,
        account: AccountId,
        retention: Retention,
        now: Utc,
    ) -> Result<bool, Fault> {
        if self.items(txn, account, None)? > retention.items_max {
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
        let items = self.items(txn, account, None)?;
        let over = items.saturating_sub(retention.items_max);
        let over_until = retention.days_max.map(|days| now.days_before(days));
        self.remove_oldest(txn, account, |before, item| {
            before < over || over_until.is_some_and(|until| item.made_at() <= until)
        })
    }
}

fn account(key: &[u8]) -> Result<AccountId, Fault> {
    account_of(key).ok_or_else(|| Fault::internal("a count or a mark names no account"))
}

/// The thread that prunes while a server runs.
pub(crate) struct Pruner {
    items_max: u64,
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
    /// Accounts with too many items.
    over: BTreeSet<AccountId>,
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
            items_max: retention.items_max,
            bell,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Notes that `account` has `total` items now.
    pub(crate) fn appended(&self, account: AccountId, total: u64) {
        if total > self.items_max && lock(&self.bell.asked).over.insert(account) {
            self.bell.rung.notify_all();
        }
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
                Ok(Some(account)) => self.prune(account),
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

    /// Returns the next account with too many items, or none once `patience` has passed.
    fn next_over(&self, patience: Duration) -> Result<Option<AccountId>, Cut> {
        let asked = lock(&self.bell.asked);
        let nothing = |asked: &mut Asked| !asked.stop && asked.over.is_empty();
        let waited = self.bell.rung.wait_timeout_while(asked, patience, nothing);
        let (mut asked, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match asked.stop {
            true => Err(Cut::Stop),
            false => Ok(asked.over.pop_first()),
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
        self.pruning.env.clear_stale_readers()?;
        while let Some(account) = self.pruning.next_purge()? {
            self.repeat(|| self.pruning.purge_some(account))?;
        }
        let mut from = AccountId::FIRST;
        while let Some(account) = self.pruning.next_history(from)? {
            self.prune(account)?;
            from = account.next();
        }
        Ok(())
    }

    fn prune(&self, account: AccountId) -> Result<(), Cut> {
        self.repeat(|| {
            let now = Utc::now();
            self.pruning.prune_some(account, self.retention, now)
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
