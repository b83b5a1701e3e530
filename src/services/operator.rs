//! What an operator does with accounts and keys, by the command line or by the endpoints below `/admin`: the rules that the store
//! does not have.

use serde::Serialize;

use crate::fault::Fault;
use crate::store::{HistoryFate, Key, KeyEnv, KeyId, KeyLimits, Secret, Store, Utc};

/// Calls a minute of an account that is created without a limit.
pub const RPM_DEFAULT: u32 = 60;

/// The text that stands for no end.
const NEVER: &str = "never";

/// When an entitlement ends; none means never.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EntitlementEnd(pub Option<Utc>);

impl std::str::FromStr for EntitlementEnd {
    type Err = String;

    /// Reads a time of RFC 3339, or `never`; the error is the sentence for the operator.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            NEVER => Ok(EntitlementEnd(None)),
            _ => text.parse().map(|at| EntitlementEnd(Some(at))),
        }
    }
}

/// A key that was created: the only time that it is shown.
#[derive(Serialize)]
pub struct CreatedKey {
    pub key: String,
    pub key_id: KeyId,
    pub account: String,
    pub name: String,
    pub env: KeyEnv,
    pub rpm: Option<u32>,
    pub concurrent: Option<u32>,
}

impl CreatedKey {
    fn of(secret: &Secret, key: Key) -> Self {
        CreatedKey {
            key: secret.reveal().to_owned(),
            key_id: key.key_id,
            account: key.account,
            name: key.name,
            env: key.env,
            rpm: key.rpm,
            concurrent: key.concurrent,
        }
    }
}

/// Creates a key. Faults: those of [`Store::create_key`].
pub fn create_key(
    store: &Store,
    account: &str,
    name: &str,
    env: KeyEnv,
    limits: KeyLimits,
) -> Result<CreatedKey, Fault> {
    let (secret, key) = store.create_key(account, name, env, limits)?;
    Ok(CreatedKey::of(&secret, key))
}

/// The environment of this name, `live` without one. The error is the sentence for the operator.
pub fn key_env(name: Option<&str>) -> Result<KeyEnv, String> {
    let named = |name: &str| KeyEnv::ALL.into_iter().find(|env| env.name() == name);
    match name {
        None => Ok(KeyEnv::Live),
        Some(name) => named(name).ok_or_else(|| {
            let all = KeyEnv::ALL.map(KeyEnv::name).join(" and ");
            format!("no environment of keys; {all} are accepted")
        }),
    }
}

/// The fate of a history of this name, which has to be told. The error is the sentence for the operator.
pub fn history_fate(name: Option<&str>) -> Result<HistoryFate, String> {
    let mut all = HistoryFate::ALL.into_iter();
    let found = all.find(|fate| Some(fate.name()) == name);
    let all = HistoryFate::ALL.map(HistoryFate::name).join(" or ");
    match name {
        None => Err(format!("missing; {all} is accepted")),
        Some(_) => found.ok_or_else(|| format!("unknown; {all} is accepted")),
    }
}

/// An account that was deleted.
#[derive(Serialize)]
pub struct DeletedAccount {
    pub status: &'static str,
    pub name: String,
    pub history: &'static str,
}

/// Deletes an account, its keys, and all that is its own. What is left of a history to be purged cannot be read from then on, and the
/// store's server removes it. Faults: those of [`Store::delete_account`].
pub fn delete_account(
    store: &Store,
    name: &str,
    history: HistoryFate,
) -> Result<DeletedAccount, Fault> {
    let account = store.delete_account(name, history)?;
    Ok(DeletedAccount {
        status: "deleted",
        name: account.name,
        history: history.name(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_wrong_ones_say_what_is_accepted() {
        assert_eq!(key_env(None), Ok(KeyEnv::Live));
        assert_eq!(key_env(Some("test")), Ok(KeyEnv::Test));
        assert!(key_env(Some("Live")).unwrap_err().contains("live and test"));
        assert_eq!(history_fate(Some("purge")), Ok(HistoryFate::Purge));
        for wrong in [None, Some(""), Some("delete")] {
            assert!(history_fate(wrong).unwrap_err().contains("keep or purge"));
        }
        let end: Utc = "2027-01-31T00:00:00Z".parse().unwrap();
        assert_eq!(end.to_string().parse(), Ok(EntitlementEnd(Some(end))));
        assert_eq!("never".parse(), Ok(EntitlementEnd(None)));
        let told = "tomorrow".parse::<EntitlementEnd>().unwrap_err();
        assert!(told.contains("2027-01-31T00:00:00Z"), "{told}");
    }
}
