//! `/admin/accounts`: the operator lists, creates, changes and deletes accounts, by the rules of `vocabox account`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Call, Context, Reply};
use crate::fault::Fault;
use crate::request::json;
use crate::request::operator::{AccountChange, AccountChangeFields, NewAccount, NewAccountFields};
use crate::services::operator::{self, EntitlementEnd, RPM_DEFAULT};
use crate::store::{Account, AccountChanges, AccountQuotas, HistoryFate, QuotaChanges, Utc};

/// All accounts, the oldest first.
#[derive(Serialize, JsonSchema)]
pub struct AccountsAnswer {
    accounts: Vec<AccountRow>,
}

/// An account; quotas that the operator has not set are null, and the server's bounds count.
#[derive(Serialize, JsonSchema)]
pub struct AccountRow {
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Utc,
    /// Whether it may generate.
    entitled: bool,
    /// When that ends; null for never.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires: Option<Utc>,
    name: String,
    /// Cloned voices.
    quota_clones: Option<u64>,
    /// Bytes of the files of its dubbing jobs.
    quota_dub_disk: Option<u64>,
    /// Hours of sound in its queued and running dubbing jobs.
    quota_dub_hours: Option<u64>,
    /// Dubbing jobs that are queued or run.
    quota_jobs: Option<u64>,
    /// Calls a minute that each of its keys may make.
    rpm: u32,
}

impl From<Account> for AccountRow {
    fn from(account: Account) -> Self {
        let AccountQuotas {
            quota_clones,
            quota_dub_disk,
            quota_dub_hours,
            quota_jobs,
        } = account.quotas;
        AccountRow {
            created_at: account.created_at,
            entitled: account.entitled,
            expires: account.expires,
            name: account.name,
            quota_clones,
            quota_dub_disk,
            quota_dub_hours,
            quota_jobs,
            rpm: account.rpm,
        }
    }
}

/// The query of a request to delete an account.
#[derive(JsonSchema)]
pub struct DeletionQuery {
    /// Whether its history is kept until it is pruned, without being listed, or purged at once.
    #[schemars(with = "String", extend("enum" = HistoryFate::ALL.map(HistoryFate::name)))]
    _history: HistoryFate,
}

/// An account that was deleted.
#[derive(Serialize, JsonSchema)]
pub struct DeletedAccountAnswer {
    #[schemars(extend("enum" = HistoryFate::ALL.map(HistoryFate::name)))]
    history: &'static str,
    name: String,
    #[schemars(extend("const" = "deleted"))]
    status: &'static str,
}

/// Lists the accounts.
pub fn list(context: &Context, _: &mut Call) -> Result<Reply, Fault> {
    let accounts = context.store.accounts()?.into_iter();
    Reply::json(&AccountsAnswer {
        accounts: accounts.map(AccountRow::from).collect(),
    })
}

/// Creates an account. Faults: `Invalid` for a field out of its bounds or a name that is taken.
pub fn create(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let body = call.take_body();
    let NewAccount {
        name,
        rpm,
        entitled,
        expires,
    } = json::object::<NewAccountFields>(&call.head, body)?.checked()?;
    let expires = expires.as_deref().map(end).transpose()?.flatten();
    let rpm = rpm.unwrap_or(RPM_DEFAULT);
    let made = context
        .store
        .create_account(&name, rpm, entitled, expires)?;
    log::info!("the operator has created an account");
    Reply::json(&AccountRow::from(made))
}

/// Changes the account that the path names, from its next request on. Faults: `NotFound`; `Invalid` for a field out of its bounds, or
/// without a change.
pub fn change(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let body = call.take_body();
    let AccountChange {
        rpm,
        entitled,
        expires,
        quota_clones,
        quota_dub_disk,
        quota_dub_hours,
        quota_jobs,
    } = json::object::<AccountChangeFields>(&call.head, body)?.checked()?;
    let changes = AccountChanges {
        rpm,
        entitled,
        expires: expires.as_deref().map(end).transpose()?,
        quotas: QuotaChanges {
            clones: quota_clones,
            dub_disk: quota_dub_disk,
            dub_hours: quota_dub_hours,
            jobs: quota_jobs,
        },
    };
    let changed = context.store.set_account(&call.param, changes)?;
    log::info!("the operator has changed an account");
    Reply::json(&AccountRow::from(changed))
}

/// Deletes the account that the path names, and its keys: the next request with one of them is refused. A history that is purged
/// cannot be read from then on; the store's server removes it when it prunes next. Faults: `NotFound`; `Invalid` without `history`.
pub fn delete(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let mut query = form_urlencoded::parse(call.head.query.as_bytes());
    let asked = query.find(|(name, _)| name == "history");
    let asked = asked.as_ref().map(|(_, value)| &**value);
    let fate = operator::history_fate(asked);
    let fate = fate.map_err(|why| Fault::invalid(format!("history is {why}")))?;
    let deleted = operator::delete_account(&context.store, &call.param, fate)?;
    log::info!("the operator has deleted an account");
    Reply::json(&DeletedAccountAnswer {
        history: deleted.history,
        name: deleted.name,
        status: deleted.status,
    })
}

/// When an entitlement ends. Fault: `Invalid` for another text.
fn end(text: &str) -> Result<Option<Utc>, Fault> {
    let read = text.parse();
    let EntitlementEnd(at) =
        read.map_err(|why: String| Fault::invalid(format!("expires is wrong: {why}, or never")))?;
    Ok(at)
}
