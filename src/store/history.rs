//! History: what each account had made, the newest first. Totals are kept, never counted by a scan.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::codec::{AccountId, ItemId, Utc, count_key, index_key, item_key, item_key_of};
use super::{Store, Tables};
use crate::fault::Fault;
use crate::limits::HISTORY_PAGE_MAX;

/// What an item was made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Feature {
    Tts,
    Stt,
    Clone,
    Dub,
}

impl Feature {
    /// In the order of their codes.
    pub const ALL: [Feature; 4] = [Feature::Tts, Feature::Stt, Feature::Clone, Feature::Dub];

    /// As the API spells it.
    pub fn name(self) -> &'static str {
        match self {
            Feature::Tts => "tts",
            Feature::Stt => "stt",
            Feature::Clone => "clone",
            Feature::Dub => "dub",
        }
    }

    /// Its byte in stored keys; 0 stands for all features.
    pub(super) fn code(self) -> u8 {
        match self {
            Feature::Tts => 1,
            Feature::Stt => 2,
            Feature::Clone => 3,
            Feature::Dub => 4,
        }
    }
}

impl FromStr for Feature {
    type Err = Fault;

    /// Fault: `Invalid`, naming what is accepted.
    fn from_str(text: &str) -> Result<Self, Fault> {
        Feature::ALL
            .into_iter()
            .find(|feature| feature.name() == text)
            .ok_or_else(|| Fault::invalid("feature must be one of tts, stt, clone, dub"))
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    Error,
}

/// One generation. As JSON it is an item of `GET /voice/history`: what does not apply is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryItem {
    pub id: ItemId,
    pub feature: Feature,
    pub status: Status,
    pub created_at: Utc,
    pub key_name: String,
    pub voice_id: Option<String>,
    pub language: Option<String>,
    /// What was spoken or heard.
    pub text: Option<String>,
    /// Seconds of sound made or heard.
    pub duration_seconds: Option<f64>,
    /// Unicode scalar values of `text`, before any cut.
    pub character_count: Option<u64>,
    pub engine: Option<String>,
    pub model: Option<String>,
    /// Milliseconds from the request's head to its result.
    pub latency_ms: Option<u64>,
}

/// A part of a history.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The newest first.
    pub items: Vec<HistoryItem>,
    /// Items that the account has, of the feature that was asked for.
    pub total: u64,
}

impl Store {
    /// Adds `item` to the history of `account`; on the disk when this returns.
    /// Faults: `Internal` for an id that is there already; `Missing` and `Busy` as any write.
    pub fn append(&self, account: AccountId, item: &HistoryItem) -> Result<(), Fault> {
        // Encoded here: the writing thread serves everybody.
        let value = serde_json::to_vec(item).map_err(Fault::internal)?;
        let (id, feature) = (item.id, item.feature);
        let tables = self.tables;
        self.write(move |txn| {
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
            Ok(())
        })
    }

    /// Up to `limit` items (`HISTORY_PAGE_MAX` at the most) of `account` after the newest `offset`, of one
    /// feature or of all. Takes time in proportion to `offset + limit`.
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
            history_counts,
            ..
        } = self.tables;
        let limit = limit.min(HISTORY_PAGE_MAX);
        let view = count_key(account, feature);
        let txn = self.env.read_txn()?;
        let total = history_counts.get(&txn, &view)?.unwrap_or(0);
        // The index is walked and not the items: a hundred entries share a page of it.
        let newest_first = history_index.rev_prefix_iter(&txn, &view)?;
        let mut items = Vec::with_capacity(limit);
        for entry in newest_first.skip(offset).take(limit) {
            let key = item_key_of(entry?.0).ok_or_else(damaged)?;
            let value = history.get(&txn, &key)?.ok_or_else(damaged)?;
            items.push(serde_json::from_slice(value).map_err(Fault::internal)?);
        }
        Ok(Page { items, total })
    }
}

fn damaged() -> Fault {
    Fault::internal("the index of the history is damaged")
}
