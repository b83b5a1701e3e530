//! Accounts: whether a customer may generate, how often, and until when.

use heed::types::DecodeIgnore;
use serde::{Deserialize, Serialize};

use crate::codec::{account_key, account_of};
use crate::ids::{AccountId, Utc};
use crate::quotas::{AccountQuotas, QuotaChanges};
use crate::{Store, Tables};
use vocabox_base::fault::Fault;
use vocabox_base::limits::RPM_MAX;
use vocabox_base::names::check_name;

pub(crate) const ACCOUNTS_MADE: &str = "accounts_made";

/// One customer of the server. As JSON it is what the command line prints: all but the id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    #[serde(skip, default = "no_id")]
    pub id: AccountId,
    /// Unique among the accounts.
    pub name: String,
    /// Calls a minute that each of its keys may make.
    pub rpm: u32,
    /// Whether the account may generate.
    pub entitled: bool,
    /// When the entitlement ends; none for never.
    pub expires: Option<Utc>,
    pub created_at: Utc,
    #[serde(flatten)]
    pub quotas: AccountQuotas,
}

/// The id is the record's key and is not stored twice; the reader sets it.
fn no_id() -> AccountId {
    AccountId(0)
}

/// Whether the history of a deleted account is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryFate {
    /// It stays, and no account can list it, until it is pruned for its age or number.
    Keep,
    /// [`Store::purge_deleted`] removes it.
    Purge,
}

impl HistoryFate {
    pub const ALL: [HistoryFate; 2] = [HistoryFate::Keep, HistoryFate::Purge];

    /// Returns the name that the command line uses.
    pub fn name(self) -> &'static str {
        match self {
            HistoryFate::Keep => "keep",
            HistoryFate::Purge => "purge",
        }
    }
}

/// The changes of an account; none leaves a value unchanged.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AccountChanges {
    pub rpm: Option<u32>,
    pub entitled: Option<bool>,
    /// When the entitlement ends; `Some(None)` for never.
    pub expires: Option<Option<Utc>>,
    pub quotas: QuotaChanges,
}

impl Store {
    /// Creates an account and returns it. Faults: `Invalid` for a name that is taken or that [`check_name`] refuses, or
    /// an `rpm` that [`check_rpm`] refuses.
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
            quotas: AccountQuotas::default(),
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

    /// Makes `changes` to the account of this name and returns it; they apply from the next request on. Faults:
    /// `NotFound`; `Invalid` for an `rpm` that [`check_rpm`] refuses.
    pub fn set_account(&self, name: &str, changes: AccountChanges) -> Result<Account, Fault> {
        let AccountChanges {
            rpm,
            entitled,
            expires,
            quotas,
        } = changes;
        let rpm = rpm.map(check_rpm).transpose()?;
        let name = name.to_string();
        let tables = self.tables;
        self.write(move |txn| {
            let before = tables.account_named(txn, &name)?;
            let account = Account {
                rpm: rpm.unwrap_or(before.rpm),
                entitled: entitled.unwrap_or(before.entitled),
                expires: expires.unwrap_or(before.expires),
                quotas: before.quotas.changed(quotas),
                ..before
            };
            let key = account_key(account.id);
            tables.accounts.put(txn, &key, &account)?;
            Ok(account)
        })
    }

    /// Deletes the account of this name, its keys (which are invalid from the next request on), its cloned voices,
    /// its lexicon, its named speakers, and its jobs with all that was made of them, and returns the account. The name becomes free; the id is never used
    /// again, so that no other account inherits what is kept. Fault: `NotFound`.
    pub fn delete_account(&self, name: &str, history: HistoryFate) -> Result<Account, Fault> {
        let name = name.to_string();
        let tables = self.tables;
        let (account, voices, jobs) = self.write(move |txn| {
            let account = tables.account_named(txn, &name)?;
            tables.remove_keys(txn, account.id)?;
            let voices = tables.remove_voices(txn, account.id)?;
            let jobs = tables.remove_jobs(txn, account.id)?;
            tables.remove_lexicon(txn, account.id)?;
            tables.remove_speakers(txn, account.id)?;
            let key = account_key(account.id);
            tables.account_names.delete(txn, &account.name)?;
            tables.accounts.delete(txn, &key)?;
            if history == HistoryFate::Purge {
                tables.purges.put(txn, &key, &())?;
            }
            Ok((account, voices, jobs))
        })?;
        voices
            .into_iter()
            .for_each(|id| self.voice_files.remove_all(id));
        jobs.into_iter()
            .for_each(|id| self.job_files.remove_all(id));
        match history {
            HistoryFate::Keep => self.seals.forget_all_but_history(account.id),
            HistoryFate::Purge => self.seals.forget(account.id),
        }
        self.spoken.remove_all(account.id);
        Ok(account)
    }

    /// Returns all accounts, the oldest first.
    pub fn accounts(&self) -> Result<Vec<Account>, Fault> {
        let txn = self.env.read_txn()?;
        let mut all = Vec::new();
        for entry in self.tables.accounts.iter(&txn)? {
            let (key, account) = entry?;
            let id = account_of(key)
                .ok_or_else(|| Fault::internal("an account's key is not 8 bytes"))?;
            all.push(Account { id, ..account });
        }
        Ok(all)
    }

    /// Returns the account of this name. Fault: `NotFound`.
    pub fn account(&self, name: &str) -> Result<Account, Fault> {
        let txn = self.env.read_txn()?;
        self.tables.account_named(&txn, name)
    }
}

impl Tables {
    /// Returns the account of this name as `txn` sees it. Fault: `NotFound`.
    pub(crate) fn account_named(&self, txn: &heed::RoTxn, name: &str) -> Result<Account, Fault> {
        // LMDB refuses an empty or an overlong key; no account has such a name.
        let id = match check_name(name) {
            Ok(name) => self.account_names.get(txn, &name)?,
            Err(_) => None,
        };
        id.ok_or_else(|| Fault::not_found(format!("No account is named {name:?}.")))
            .and_then(|id| self.account_by_id(txn, AccountId(id)))
    }

    /// Whether the account exists in `txn`.
    pub(crate) fn has_account(&self, txn: &heed::RoTxn, id: AccountId) -> Result<bool, Fault> {
        let accounts = self.accounts.remap_data_type::<DecodeIgnore>();
        Ok(accounts.get(txn, &account_key(id))?.is_some())
    }

    /// Returns the account with this id. Fault: `Internal` when there is none, because records with its id are deleted
    /// with it.
    pub(crate) fn account_by_id(&self, txn: &heed::RoTxn, id: AccountId) -> Result<Account, Fault> {
        let account = self.accounts.get(txn, &account_key(id))?;
        let account = account.ok_or_else(|| Fault::internal(format!("no account {id:?}")))?;
        Ok(Account { id, ..account })
    }
}

/// Returns `rpm`, if an account or key may have so many calls a minute. Fault: `Invalid`.
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
    use crate::tests::open;
    use crate::{KeyEnv, KeyLimits};
    use vocabox_base::fault::Kind;
    use vocabox_base::limits::NAME_CHARS_MAX;

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
        let told = ["created_at", "entitled", "expires", "name"];
        let quotas = ["clones", "dub_disk", "dub_hours", "jobs"].map(|of| format!("quota_{of}"));
        assert_eq!(fields[..4], told);
        assert_eq!(fields[4..8], quotas);
        assert_eq!(fields[8..], ["rpm"]);
    }

    #[test]
    fn what_is_not_said_stays_as_it_is() {
        let (_dir, store) = open();
        let ada = store.create_account("ada", 20, true, None).unwrap();
        let end = "2030-01-01T00:00:00Z".parse().unwrap();
        let nothing = AccountChanges::default();
        assert_eq!(store.set_account("ada", nothing).unwrap(), ada);
        let changes = AccountChanges {
            expires: Some(Some(end)),
            ..nothing
        };
        let changed = store.set_account("ada", changes).unwrap();
        let expected = Account {
            expires: Some(end),
            ..ada.clone()
        };
        assert_eq!(changed, expected);
        let changes = AccountChanges {
            rpm: Some(7),
            entitled: Some(false),
            expires: Some(None),
            quotas: QuotaChanges {
                jobs: Some(Some(3)),
                ..QuotaChanges::default()
            },
        };
        let changed = store.set_account("ada", changes).unwrap();
        assert_eq!(changed.quotas.quota_jobs, Some(3));
        assert_eq!(changed.quotas.quota_clones, None);
        assert_eq!((changed.rpm, changed.entitled), (7, false));
        assert_eq!(
            (changed.expires, changed.created_at),
            (None, ada.created_at)
        );
        assert_eq!(store.account("ada").unwrap(), changed);
        let fault = store.set_account("eve", changes).unwrap_err();
        assert_eq!(fault.kind, Kind::NotFound);
        let changes = AccountChanges {
            rpm: Some(0),
            ..nothing
        };
        let fault = store.set_account("ada", changes).unwrap_err();
        assert_eq!(fault.kind, Kind::Invalid);
        assert_eq!(store.account("ada").unwrap(), changed);
    }

    #[test]
    fn a_deleted_account_takes_its_keys_along_and_frees_its_name_only() {
        let (_dir, store) = open();
        let key = |owner| {
            store
                .create_key(owner, "k", KeyEnv::Live, KeyLimits::default())
                .unwrap()
                .0
        };
        let ada = store.create_account("ada", 20, true, None).unwrap();
        store.create_account("bisi", 20, true, None).unwrap();
        let (keys, bisis) = ([key("ada"), key("ada")], key("bisi"));
        let deleted = store.delete_account("ada", HistoryFate::Keep).unwrap();
        assert_eq!(deleted, ada);
        for key in &keys {
            assert!(store.find_key(key).unwrap().is_none());
        }
        assert!(store.find_key(&bisis).unwrap().is_some());
        assert_eq!(store.keys(None).unwrap().len(), 1);
        let fault = store.delete_account("ada", HistoryFate::Keep).unwrap_err();
        assert_eq!(fault.kind, Kind::NotFound);
        let again = store.create_account("ada", 20, true, None).unwrap();
        assert!(again.id > ada.id);
        assert!(store.find_key(&keys[0]).unwrap().is_none());
    }
}
