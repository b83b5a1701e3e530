//! History: the generations of each account, the newest first. Totals are stored, never counted by a scan.

use heed::{RoTxn, RwTxn};
use serde::{Deserialize, Serialize};

use crate::codec::{
    account_key, bytes_key, count_key, index_key, item_id_of, item_key, item_key_of,
};
use crate::ids::{AccountId, Feature, ItemId, Utc};
use crate::{Store, Tables};
use vocabox_base::fault::{Fault, Kind};
use vocabox_base::limits::{HISTORY_PAGE_MAX, PRUNE_ITEMS_MAX};

/// The outcome of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    Error,
}

/// One generation. As JSON it is an item of `GET /voice/history`; a value that does not apply is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryItem {
    pub id: ItemId,
    pub feature: Feature,
    pub status: Status,
    pub created_at: Utc,
    pub key_name: String,
    pub voice_id: Option<String>,
    pub language: Option<String>,
    /// The spoken or transcribed text.
    pub text: Option<String>,
    /// Seconds of the generated or transcribed sound.
    pub duration_seconds: Option<f64>,
    /// Unicode scalar values of `text`, before any cut.
    pub character_count: Option<u64>,
    pub engine: Option<String>,
    pub model: Option<String>,
    /// Milliseconds from the request's head to its result.
    pub latency_ms: Option<u64>,
}

/// What an account's history holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HistorySize {
    pub items: u64,
    /// Bytes of their values in the store.
    pub bytes: u64,
}

/// A page of a history.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The newest first.
    pub items: Vec<HistoryItem>,
    /// The number of items that the account has, of the requested feature.
    pub total: u64,
}

impl Store {
    /// Adds `item` to the history of `account`; it is on the disk when this returns. Faults: `Unauthorized` when the
    /// account was deleted meanwhile; `Internal` for an id that exists already; `Missing` when history takes all its
    /// space, and as any write; `Busy` as any write.
    pub fn append(&self, account: AccountId, item: &HistoryItem) -> Result<(), Fault> {
        // Encoded here, because all writes share the writing thread.
        let json = serde_json::to_vec(item).map_err(Fault::internal)?;
        let (id, feature) = (item.id, item.feature);
        let value = self.seals.seal(account, id, &json)?;
        let (tables, bytes_max) = (self.tables, self.history_bytes_max);
        let bytes_kept = self.env.history_bytes_kept();
        let (held, is_store_over) = self.write(move |txn| {
            let pages_bytes = tables.history_pages_bytes(txn)?;
            if pages_bytes > bytes_max {
                return Err(Fault::missing(
                    "The history is full: its operator has to make room.",
                ));
            }
            // Otherwise requests that were still running would add to a history that is being purged.
            if !tables.has_account(txn, account)? {
                return Err(Fault::new(
                    Kind::Unauthorized,
                    "The account of this key was deleted.",
                ));
            }
            let key = item_key(account, id);
            if tables.history.get_or_put(txn, &key, &value)?.is_some() {
                return Err(Fault::internal("a history item's id was used twice"));
            }
            for view in [None, Some(feature)] {
                tables
                    .history_index
                    .put(txn, &index_key(account, view, id), &())?;
                let count = count_key(account, view);
                let items = tables.history_counts.get(txn, &count)?.unwrap_or(0);
                tables.history_counts.put(txn, &count, &(items + 1))?;
            }
            let mut held = tables.held(txn, account)?;
            held.bytes += value.len() as u64;
            let bytes = bytes_key(account);
            tables.history_counts.put(txn, &bytes, &held.bytes)?;
            Ok((held, pages_bytes > bytes_kept))
        })?;
        if let Some(pruner) = &self.pruner {
            pruner.appended(account, held, is_store_over);
        }
        Ok(())
    }

    /// Removes the item from the history of `account`. Fault: `NotFound` when there is none, also when another account
    /// has it.
    pub fn delete_item(&self, account: AccountId, id: ItemId) -> Result<(), Fault> {
        let tables = self.tables;
        self.write(move |txn| match tables.remove_items(txn, account, &[id])? {
            HistorySize { items: 0, .. } => {
                Err(Fault::not_found(format!("There is no history item {id}.")))
            }
            _ => Ok(()),
        })
    }

    /// Returns up to `limit` items (`HISTORY_PAGE_MAX` at most) of `account` after the newest `offset`, of one feature
    /// or of all. The time is proportional to `offset + limit`.
    pub fn page(
        &self,
        account: AccountId,
        limit: usize,
        offset: usize,
        feature: Option<Feature>,
    ) -> Result<Page, Fault> {
        let Tables {
            history,
            history_index,
            ..
        } = self.tables;
        let limit = limit.min(HISTORY_PAGE_MAX);
        let view = count_key(account, feature);
        let txn = self.env.read_txn()?;
        let total = self.tables.items(&txn, account, feature)?;
        // Walks the index instead of the items: a hundred entries fit in one of its pages.
        let newest_first = history_index.rev_prefix_iter(&txn, &view)?;
        let opener = self.seals.opener(account)?;
        let mut items = Vec::with_capacity(limit);
        for entry in newest_first.skip(offset).take(limit) {
            let key = item_key_of(entry?.0).ok_or_else(damaged)?;
            let id = item_id_of(&key).ok_or_else(damaged)?;
            let value = history.get(&txn, &key)?.ok_or_else(damaged)?;
            let json = opener.open(id, value)?;
            items.push(serde_json::from_slice(&json).map_err(Fault::internal)?);
        }
        Ok(Page { items, total })
    }
}

impl Tables {
    /// Returns the bytes of the pages that hold history. LMDB stores that number.
    pub(crate) fn history_pages_bytes(&self, txn: &RoTxn) -> Result<usize, Fault> {
        let items = self.history.stat(txn)?.non_free_page_size();
        Ok(items + self.history_index.stat(txn)?.non_free_page_size())
    }

    /// Returns how many items `account` has of `feature`, or of all.
    pub(crate) fn items(
        &self,
        txn: &RoTxn,
        account: AccountId,
        feature: Option<Feature>,
    ) -> Result<u64, Fault> {
        let count = self.history_counts.get(txn, &count_key(account, feature))?;
        Ok(count.unwrap_or(0))
    }

    /// Returns what the history of `account` holds.
    pub(crate) fn held(&self, txn: &RoTxn, account: AccountId) -> Result<HistorySize, Fault> {
        Ok(HistorySize {
            items: self.items(txn, account, None)?,
            bytes: (self.history_counts.get(txn, &bytes_key(account))?).unwrap_or(0),
        })
    }

    /// Returns the oldest item of `account`, if it has one.
    pub(crate) fn oldest_item(
        &self,
        txn: &RoTxn,
        account: AccountId,
    ) -> Result<Option<ItemId>, Fault> {
        let mut oldest_first = self.history.prefix_iter(txn, &account_key(account))?;
        let oldest = oldest_first.next().transpose()?;
        oldest
            .map(|(key, _)| item_id_of(key).ok_or_else(damaged))
            .transpose()
    }

    /// Removes the oldest items of `account`, at most `PRUNE_ITEMS_MAX`, as long as `is_doomed` is true for the next
    /// item and what was removed so far. Returns what was removed.
    pub(crate) fn remove_oldest(
        &self,
        txn: &mut RwTxn,
        account: AccountId,
        is_doomed: impl Fn(HistorySize, ItemId) -> bool,
    ) -> Result<HistorySize, Fault> {
        let mut doomed = Vec::with_capacity(PRUNE_ITEMS_MAX);
        let mut removed = HistorySize::default();
        let oldest_first = self.history.prefix_iter(txn, &account_key(account))?;
        for entry in oldest_first.take(PRUNE_ITEMS_MAX) {
            let (key, value) = entry?;
            let id = item_id_of(key).ok_or_else(damaged)?;
            if !is_doomed(removed, id) {
                break;
            }
            removed.items += 1;
            removed.bytes += value.len() as u64;
            doomed.push(id);
        }
        self.remove_items(txn, account, &doomed)
    }

    /// Removes the items of `items` that `account` has; returns what was removed.
    fn remove_items(
        &self,
        txn: &mut RwTxn,
        account: AccountId,
        items: &[ItemId],
    ) -> Result<HistorySize, Fault> {
        let mut removed = HistorySize::default();
        for id in items {
            let key = item_key(account, *id);
            if let Some(value) = self.history.get(txn, &key)? {
                removed.items += 1;
                removed.bytes += value.len() as u64;
                self.history.delete(txn, &key)?;
            }
        }
        let bytes = self.held(txn, account)?.bytes;
        self.put_count(
            txn,
            &bytes_key(account),
            bytes.saturating_sub(removed.bytes),
        )?;
        // The index tells the item's feature, so that its text need not be read.
        for view in std::iter::once(None).chain(Feature::ALL.map(Some)) {
            let mut gone = 0;
            for id in items {
                let entry = index_key(account, view, *id);
                gone += u64::from(self.history_index.delete(txn, &entry)?);
            }
            let left = self.items(txn, account, view)?.saturating_sub(gone);
            if gone > 0 {
                self.put_count(txn, &count_key(account, view), left)?;
            }
        }
        Ok(removed)
    }

    /// Sets a count; 0 has no record.
    fn put_count(&self, txn: &mut RwTxn, key: &[u8; 9], count: u64) -> Result<(), Fault> {
        match count {
            0 => self.history_counts.delete(txn, key).map(drop),
            _ => self.history_counts.put(txn, key, &count),
        }
    }
}

fn damaged() -> Fault {
    Fault::internal("the index of the history is damaged")
}
