//! Removes whole histories: those of deleted accounts, and what an account has now.

use std::collections::{BTreeSet, HashSet};
use std::time::Instant;

use heed::types::DecodeIgnore;

use crate::Store;
use crate::codec::{account_key, item_id_of};
use crate::ids::{AccountId, Utc};
use crate::lexicons::owner;
use crate::prune::{Pruning, account};
use vocabox_base::fault::Fault;
use vocabox_base::limits::PRUNE_ITEMS_MAX;

impl Store {
    /// Marks the kept histories of deleted accounts, for [`Store::purge_deleted`] to remove, and returns how many there
    /// are.
    pub fn purge_kept(&self) -> Result<usize, Fault> {
        let tables = self.tables;
        let purged = self.write(move |txn| {
            let mut kept = BTreeSet::new();
            for entry in tables.history_counts.iter(txn)? {
                kept.insert(account(entry?.0)?);
            }
            let mut purged = Vec::new();
            for account in kept {
                if !tables.has_account(txn, account)? {
                    tables.purges.put(txn, &account_key(account), &())?;
                    purged.push(account);
                }
            }
            Ok(purged)
        })?;
        for account in &purged {
            self.seals.forget(*account);
        }
        Ok(purged.len())
    }

    /// Removes the items that the account of this name has now; returns how many. Fault: `NotFound`.
    pub fn purge_account(&self, name: &str) -> Result<u64, Fault> {
        let (account, until) = (self.account(name)?.id, Utc::now());
        self.purge_until_done(|work| work.purge_before(account, until))
    }

    /// Removes the secrets of accounts that neither exist nor have a history. For the only server of a data folder.
    pub(crate) fn sweep_secrets(&self) -> Result<(), Fault> {
        let txn = self.env.read_txn()?;
        // The lexicon of the command line has a secret, too.
        let (mut accounts, mut kept) = (HashSet::from([owner(None).to_string()]), HashSet::new());
        for entry in self
            .tables
            .accounts
            .remap_data_type::<DecodeIgnore>()
            .iter(&txn)?
        {
            accounts.insert(account(entry?.0)?.to_string());
        }
        for entry in self.tables.history_counts.iter(&txn)? {
            kept.insert(account(entry?.0)?.to_string());
        }
        for entry in self.tables.purges.iter(&txn)? {
            let purged = account(entry?.0)?.to_string();
            accounts.remove(&purged);
            kept.remove(&purged);
        }
        self.seals.sweep(&accounts, &kept);
        Ok(())
    }

    /// Checks that what is sealed can be opened: of each account's history one item, all lexicons and named speakers. Fault:
    /// `Internal`.
    pub(crate) fn check_secrets(&self) -> Result<(), Fault> {
        let txn = self.env.read_txn()?;
        let mut checked = None;
        for entry in self.tables.history.iter(&txn)? {
            let (key, value) = entry?;
            let account = account(key)?;
            let id = item_id_of(key)
                .ok_or_else(|| Fault::internal("a key of the history is damaged"))?;
            let is_purged = self
                .tables
                .purges
                .get(&txn, &account_key(account))?
                .is_some();
            if checked != Some(account) && !is_purged {
                self.seals.opener(account)?.open(id, value)?;
                checked = Some(account);
            }
        }
        for entry in self.tables.lexicons.iter(&txn)? {
            let (key, value) = entry?;
            self.seals.open_lexicon(account(key)?, value)?;
        }
        for entry in self.tables.speakers.iter(&txn)? {
            let (key, value) = entry?;
            self.seals.open_speakers(account(key)?, value)?;
        }
        Ok(())
    }

    /// Removes the histories of deleted accounts that [`crate::HistoryFate::Purge`] marked, also those that a killed
    /// process left unfinished; returns the number of items. A server does so by itself, at its start and every
    /// `PRUNE_EVERY_MS`.
    pub fn purge_deleted(&self) -> Result<u64, Fault> {
        self.purge_until_done(|work| match work.next_purge()? {
            Some(account) => work.purge_some(account).map(Some),
            None => Ok(None),
        })
    }

    /// Repeats `step`, which returns how many items it removed, until there is nothing left to do; returns the sum.
    fn purge_until_done(
        &self,
        step: impl Fn(&Pruning) -> Result<Option<usize>, Fault>,
    ) -> Result<u64, Fault> {
        let work = self.pruning();
        let mut removed = 0;
        loop {
            let started = Instant::now();
            let Some(items) = step(&work)? else {
                return Ok(removed);
            };
            removed += items as u64;
            // Lets a server beside this process write: LMDB's write lock is not fair.
            std::thread::sleep(started.elapsed());
        }
    }
}

impl Pruning {
    /// Returns a deleted account whose history has to be removed.
    pub(crate) fn next_purge(&self) -> Result<Option<AccountId>, Fault> {
        let txn = self.env.read_txn()?;
        let mark = self.tables.purges.first(&txn)?;
        mark.map(|(key, ())| account(key)).transpose()
    }

    /// Removes `PRUNE_ITEMS_MAX` items of a deleted account, or all that are left and then the mark; returns how many.
    pub(crate) fn purge_some(&self, account: AccountId) -> Result<usize, Fault> {
        let tables = self.tables;
        self.writer.write(move |txn| {
            let removed = tables.remove_oldest(txn, account, |_, _| true)?.items as usize;
            if removed < PRUNE_ITEMS_MAX {
                tables.purges.delete(txn, &account_key(account))?;
            }
            Ok(removed)
        })
    }

    /// Removes `PRUNE_ITEMS_MAX` items of `account` that were made at `until` or before, or all that are left; returns how
    /// many, and none when there was none.
    fn purge_before(&self, account: AccountId, until: Utc) -> Result<Option<usize>, Fault> {
        let tables = self.tables;
        let removed = self.writer.write(move |txn| {
            tables.remove_oldest(txn, account, |_, item| item.made_at() <= until)
        })?;
        Ok((removed.items > 0).then_some(removed.items as usize))
    }
}
