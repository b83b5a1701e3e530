//! `GET /voice/history` lists the account's generations, newest first; `DELETE /voice/history/{item_id}` deletes one.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Call, Context, Reply};
use crate::fault::Fault;
use crate::limits;
use crate::store::{Feature, HistoryItem, ItemId, Status, Utc};

const PAGE: usize = 50;

/// The query of a request for history.
#[derive(JsonSchema)]
pub struct HistoryQuery {
    #[schemars(default = "page", range(min = 1, max = limits::HISTORY_PAGE_MAX))]
    limit: usize,
    #[schemars(default, range(min = 0, max = limits::HISTORY_OFFSET_MAX))]
    offset: usize,
    #[schemars(with = "Option<String>", extend("enum" = Feature::ALL))]
    feature: Option<Feature>,
}

fn page() -> usize {
    PAGE
}

impl HistoryQuery {
    /// Reads a URL's query. Faults: `Invalid` for a field that is not accepted.
    fn read(query: &str) -> Result<Self, Fault> {
        let mut asked = HistoryQuery {
            limit: page(),
            offset: 0,
            feature: None,
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "limit" => asked.limit = whole("limit", &value, 1, limits::HISTORY_PAGE_MAX)?,
                "offset" => asked.offset = whole("offset", &value, 0, limits::HISTORY_OFFSET_MAX)?,
                "feature" => asked.feature = Some(value.parse()?),
                _ => {}
            }
        }
        Ok(asked)
    }
}

/// One page of history, the newest first.
#[derive(Serialize, JsonSchema)]
pub struct HistoryAnswer {
    #[schemars(length(max = limits::HISTORY_PAGE_MAX))]
    items: Vec<HistoryRow>,
    limit: usize,
    offset: usize,
    /// Number of items of the requested feature.
    total: u64,
}

/// One generation; fields that do not apply are null.
#[derive(Serialize, JsonSchema)]
struct HistoryRow {
    /// Characters of `text`, before any cut.
    character_count: Option<u64>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Utc,
    /// Seconds of sound made or heard.
    duration_seconds: Option<f64>,
    engine: Option<String>,
    #[schemars(with = "String", extend("enum" = Feature::ALL))]
    feature: Feature,
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: ItemId,
    key_name: String,
    language: Option<String>,
    /// Milliseconds from the request's head to its result.
    latency_ms: Option<u64>,
    model: Option<String>,
    #[schemars(with = "String", extend("enum" = [Status::Ok, Status::Error]))]
    status: Status,
    /// What was spoken or heard.
    text: Option<String>,
    voice_id: Option<String>,
}

impl From<HistoryItem> for HistoryRow {
    fn from(item: HistoryItem) -> Self {
        HistoryRow {
            character_count: item.character_count,
            created_at: item.created_at,
            duration_seconds: item.duration_seconds,
            engine: item.engine,
            feature: item.feature,
            id: item.id,
            key_name: item.key_name,
            language: item.language,
            latency_ms: item.latency_ms,
            model: item.model,
            status: item.status,
            text: item.text,
            voice_id: item.voice_id,
        }
    }
}

/// An item that was deleted.
#[derive(Serialize, JsonSchema)]
pub struct DeletedItem {
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: ItemId,
    #[schemars(extend("const" = "deleted"))]
    status: &'static str,
}

/// One page of history. Faults: `Invalid` for a `limit`, `offset` or `feature` that is not accepted.
pub fn list(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let HistoryQuery {
        limit,
        offset,
        feature,
    } = HistoryQuery::read(&call.head.query)?;
    let account = call.identity()?.account.id;
    let page = context.store.page(account, limit, offset, feature)?;
    Reply::json(&HistoryAnswer {
        items: page.items.into_iter().map(HistoryRow::from).collect(),
        limit,
        offset,
        total: page.total,
    })
}

/// Deletes one item. Faults: `NotFound` if the account has no item with this id.
pub fn delete(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let id: ItemId = call
        .param
        .parse()
        .map_err(|_| Fault::not_found("The history has no item of this id."))?;
    context.store.delete_item(call.identity()?.account.id, id)?;
    Reply::json(&DeletedItem {
        id,
        status: "deleted",
    })
}

/// The whole number of a query's field. Faults: `Invalid` outside of `min` to `max`.
pub(super) fn whole(name: &str, value: &str, min: usize, max: usize) -> Result<usize, Fault> {
    match value.parse() {
        Ok(n) if (min..=max).contains(&n) => Ok(n),
        _ => Err(Fault::invalid(format!(
            "{name} is {value:?}; a whole number from {min} to {max} is accepted"
        ))),
    }
}
