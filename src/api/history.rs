//! `GET /voice/history`: the account's own generations, newest first. `DELETE /voice/history/{item_id}`: one less.

use serde_json::json;

use super::{Call, Context, Reply};
use crate::fault::Fault;
use crate::limits;
use crate::store::{Feature, ItemId};

const PAGE: usize = 50;

/// One page of history. Faults: `Invalid` for a `limit`, `offset` or `feature` that is not accepted.
pub fn list(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let (mut limit, mut offset, mut feature) = (PAGE, 0, None);
    for (name, value) in form_urlencoded::parse(call.head.query.as_bytes()) {
        match &*name {
            "limit" => limit = whole("limit", &value, 1, limits::HISTORY_PAGE_MAX)?,
            "offset" => offset = whole("offset", &value, 0, limits::HISTORY_OFFSET_MAX)?,
            "feature" => feature = Some(value.parse::<Feature>()?),
            _ => {}
        }
    }
    let account = call.identity()?.account.id;
    let page = context.store.page(account, limit, offset, feature)?;
    Reply::json(
        &json!({ "items": page.items, "total": page.total, "limit": limit, "offset": offset }),
    )
}

/// Deletes one item. Faults: `NotFound` for an id that is none of the account's.
pub fn delete(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let id: ItemId = call
        .param
        .parse()
        .map_err(|_| Fault::not_found("The history has no item of this id."))?;
    context.store.delete_item(call.identity()?.account.id, id)?;
    Reply::json(&json!({ "status": "deleted", "id": id }))
}

fn whole(name: &str, value: &str, min: usize, max: usize) -> Result<usize, Fault> {
    match value.parse() {
        Ok(n) if (min..=max).contains(&n) => Ok(n),
        _ => Err(Fault::invalid(format!(
            "{name} is {value:?}; a whole number from {min} to {max} is accepted"
        ))),
    }
}
