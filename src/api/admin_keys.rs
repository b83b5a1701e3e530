//! `/admin/keys`: the operator lists, creates and revokes keys, by the rules of `vocabox key`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Call, Context, Reply};
use crate::fault::Fault;
use crate::request::json;
use crate::request::operator::{NewKey, NewKeyFields};
use crate::services::operator::{self, CreatedKey};
use crate::store::{Key, KeyEnv, KeyId, KeyLimits, Utc};

/// The query of a request for keys.
#[derive(JsonSchema)]
pub struct KeysQuery {
    /// Only the keys of the account of this name.
    #[schemars(rename = "account")]
    _account: Option<String>,
}

/// Keys, the oldest first, revoked ones too.
#[derive(Serialize, JsonSchema)]
pub struct KeysAnswer {
    keys: Vec<KeyRow>,
}

/// A key, without its secret.
#[derive(Serialize, JsonSchema)]
pub struct KeyRow {
    /// Name of its account.
    account: String,
    /// Generations under way at once, where it has a limit of its own.
    concurrent: Option<u32>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Utc,
    #[schemars(with = "String", extend("enum" = KeyEnv::ALL.map(KeyEnv::name)))]
    env: KeyEnv,
    #[schemars(with = "String")]
    key_id: KeyId,
    /// To within some seconds.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    last_used_at: Option<Utc>,
    name: String,
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    revoked_at: Option<Utc>,
    /// Calls a minute, where it has a limit of its own.
    rpm: Option<u32>,
}

impl From<Key> for KeyRow {
    fn from(key: Key) -> Self {
        KeyRow {
            account: key.account,
            concurrent: key.concurrent,
            created_at: key.created_at,
            env: key.env,
            key_id: key.key_id,
            last_used_at: key.last_used_at,
            name: key.name,
            revoked_at: key.revoked_at,
            rpm: key.rpm,
        }
    }
}

/// A key that was created.
#[derive(Serialize, JsonSchema)]
pub struct CreatedKeyAnswer {
    account: String,
    concurrent: Option<u32>,
    #[schemars(with = "String", extend("enum" = KeyEnv::ALL.map(KeyEnv::name)))]
    env: KeyEnv,
    /// The key itself, which is shown here only.
    key: String,
    #[schemars(with = "String")]
    key_id: KeyId,
    name: String,
    rpm: Option<u32>,
}

/// Lists the keys. Fault: `NotFound` for an account that is not there.
pub fn list(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let mut query = form_urlencoded::parse(call.head.query.as_bytes());
    let asked = query.find(|(name, _)| name == "account");
    let account = asked.as_ref().map(|(_, name)| &**name);
    let keys = context.store.keys(account)?.into_iter();
    Reply::json(&KeysAnswer {
        keys: keys.map(KeyRow::from).collect(),
    })
}

/// Creates a key, which the answer alone shows. Faults: `NotFound` for the account, `Invalid` for a field out of its bounds.
pub fn create(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let body = call.take_body();
    let NewKey {
        account,
        name,
        env,
        rpm,
        concurrent,
    } = json::object::<NewKeyFields>(&call.head, body)?.checked()?;
    let env = operator::key_env(env.as_deref());
    let env = env.map_err(|why| Fault::invalid(format!("env is {why}")))?;
    let limits = KeyLimits { rpm, concurrent };
    let CreatedKey {
        key,
        key_id,
        account,
        name,
        env,
        rpm,
        concurrent,
    } = operator::create_key(&context.store, &account, &name, env, limits)?;
    log::info!("the operator has created the key {key_id}");
    let mut reply = Reply::json(&CreatedKeyAnswer {
        account,
        concurrent,
        env,
        key,
        key_id,
        name,
        rpm,
    })?;
    reply.headers = vec![("Cache-Control", "no-store".to_owned())];
    Ok(reply)
}

/// Revokes the key whose id the path has: the next request with it is refused. Faults: `Invalid` for what is no id, which is not repeated
/// because it may be a key; `NotFound`.
pub fn revoke(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let key_id: KeyId = call
        .param
        .parse()
        .map_err(|why| Fault::invalid(format!("key_id is wrong: {why}")))?;
    let revoked = context.store.revoke_key(key_id)?;
    log::info!("the operator has revoked the key {key_id}");
    Reply::json(&KeyRow::from(revoked))
}
