//! Accounts: who may be served, how much, until when.

use serde::{Deserialize, Serialize};

use super::codec::{AccountId, Utc, account_key};
use super::{Store, Tables};
use crate::fault::Fault;
use crate::limits::{NAME_CHARS_MAX, RPM_MAX};

const ACCOUNTS_MADE: &str = "accounts_made";

/// One customer of the box. As JSON it is what the command line prints: all but the id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    #[serde(skip, default = "no_id")]
    pub id: AccountId,
    /// Unique among the accounts.
    pub name: String,
    /// Calls a minute that each of its keys may make.
    pub rpm: u32,
    /// Whether it may generate at all.
    pub entitled: bool,
    /// When the entitlement ends, if ever.
    pub expires: Option<Utc>,
    pub created_at: Utc,
}

/// The id is the record's key and is not stored twice; the reader fills it in.
fn no_id() -> AccountId {
    AccountId(0)
}

impl Store {
    /// The new account. Faults: `Invalid` for a name that is taken or [`check_name`] refuses, or an `rpm`
    /// that [`check_rpm`] refuses.
    pub fn create_account(
        &self,
        name: &str,
        rpm: u32,
        entitled: bool,
        expires: Option<Utc>,
    ) -> Result<Account, Fault> {
        let account = Account {
            id: no_id(),
            name: check_name(name)?,
            rpm: check_rpm(rpm)?,
            entitled,
            expires,
            created_at: Utc::now(),
        };
        let Tables {
            meta,
            accounts,
            account_names,
            ..
        } = self.tables;
        self.write(move |txn| {
            if account_names.get(txn, &account.name)?.is_some() {
                return Err(Fault::invalid(format!(
                    "An account named {:?} exists already.",
                    account.name
                )));
            }
            let id = meta.get(txn, ACCOUNTS_MADE)?.unwrap_or(0) + 1;
            let account = Account {
                id: AccountId(id),
                ..account.clone()
            };
            meta.put(txn, ACCOUNTS_MADE, &id)?;
            account_names.put(txn, &account.name, &id)?;
            accounts.put(txn, &account_key(account.id), &account)?;
            Ok(account)
        })
    }

    /// All accounts, the oldest first.
    pub fn accounts(&self) -> Result<Vec<Account>, Fault> {
        let txn = self.env.read_txn()?;
        let mut all = Vec::new();
        for entry in self.tables.accounts.iter(&txn)? {
            let (key, account) = entry?;
            let id = key
                .try_into()
                .map_err(|_| Fault::internal("an account's key is not 8 bytes"))?;
            let id = AccountId(u64::from_be_bytes(id));
            all.push(Account { id, ..account });
        }
        Ok(all)
    }

    /// The account of this name. Fault: `NotFound`.
    pub fn account(&self, name: &str) -> Result<Account, Fault> {
        let txn = self.env.read_txn()?;
        self.tables.account_named(&txn, name)
    }
}

impl Tables {
    pub(super) fn account_named(&self, txn: &heed::RoTxn, name: &str) -> Result<Account, Fault> {
        // LMDB refuses an empty or an overlong key; neither is anybody's name.
        let id = match check_name(name) {
            Ok(name) => self.account_names.get(txn, &name)?,
            Err(_) => None,
        };
        id.ok_or_else(|| Fault::not_found(format!("No account is named {name:?}.")))
            .and_then(|id| self.account_by_id(txn, AccountId(id)))
    }

    /// Fault: `Internal` when there is none, for ids come from records that are deleted with their account.
    pub(super) fn account_by_id(&self, txn: &heed::RoTxn, id: AccountId) -> Result<Account, Fault> {
        let account = self.accounts.get(txn, &account_key(id))?;
        let account = account.ok_or_else(|| Fault::internal(format!("no account {id:?}")))?;
        Ok(Account { id, ..account })
    }
}

/// The name of an account or a key, if it may be one. Fault: `Invalid` when it is blank, longer than
/// `NAME_CHARS_MAX` characters, or holds a control character (it would reach terminals and logs).
pub fn check_name(name: &str) -> Result<String, Fault> {
    let chars = name.chars().count();
    if name.trim().is_empty() {
        Err(Fault::invalid(format!(
            "name is blank; 1 to {NAME_CHARS_MAX} characters are accepted"
        )))
    } else if chars > NAME_CHARS_MAX {
        Err(Fault::invalid(format!(
            "name has {chars} characters; 1 to {NAME_CHARS_MAX} are accepted"
        )))
    } else if name.chars().any(char::is_control) {
        Err(Fault::invalid("name holds a control character"))
    } else {
        Ok(name.to_string())
    }
}

/// Calls a minute, if they may be so many. Fault: `Invalid`.
pub fn check_rpm(rpm: u32) -> Result<u32, Fault> {
    match rpm {
        1..=RPM_MAX => Ok(rpm),
        _ => Err(Fault::invalid(format!(
            "rpm is {rpm}; 1 to {RPM_MAX} calls a minute are accepted"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Kind;
    use crate::store::tests::open;

    #[test]
    fn accounts_are_what_was_asked_for() {
        let (dir, store) = open();
        let expires = "2030-01-01T00:00:00Z".parse().unwrap();
        let ada = store
            .create_account("ada", 20, false, Some(expires))
            .unwrap();
        let bisi = store.create_account("Bísí & co.", 60, true, None).unwrap();
        assert_ne!(ada.id, bisi.id);
        for (name, rpm) in [
            ("", 60),
            (" ", 60),
            ("a\nb", 60),
            ("eve", 0),
            ("eve", u32::MAX),
        ] {
            let fault = store.create_account(name, rpm, true, None).unwrap_err();
            assert_eq!(fault.kind, Kind::Invalid, "{name:?} {rpm}");
        }
        assert!(
            store
                .create_account(&"é".repeat(101), 60, true, None)
                .is_err()
        );
        let longest = store
            .create_account(&"\u{10ffff}".repeat(NAME_CHARS_MAX), 60, true, None)
            .unwrap();
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.account("ada").unwrap(), ada);
        assert_eq!(store.accounts().unwrap(), [ada, bisi, longest]);
        for name in ["", "nobody", &"n".repeat(600)] {
            assert_eq!(store.account(name).unwrap_err().kind, Kind::NotFound);
        }
        let json = serde_json::to_value(store.account("ada").unwrap()).unwrap();
        let fields: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
        assert_eq!(fields, ["created_at", "entitled", "expires", "name", "rpm"]);
    }
}
