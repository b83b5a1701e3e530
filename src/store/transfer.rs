//! Accounts and keys for another server: what several servers behind one balancer must agree on.
//!
//! A key travels as the hash that the store has of it, so the file is no way in. A revocation is never taken back, so an old
//! file opens no door.

use heed::RwTxn;
use serde::{Deserialize, Serialize};

use crate::accounts::{ACCOUNTS_MADE, Account, check_rpm};
use crate::codec::account_key;
use crate::ids::{AccountId, KeyId, Utc};
use crate::keys::{KeyRecord, check_concurrent, key_id_of};
use crate::{Store, Tables};
use vocabox_base::fault::Fault;
use vocabox_base::names::check_name;

/// An account and its keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortableAccount {
    #[serde(flatten)]
    account: Account,
    keys: Vec<KeyRecord>,
}

/// What an import of accounts changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    pub accounts_created: usize,
    pub accounts_changed: usize,
    pub keys_created: usize,
    pub keys_changed: usize,
    pub keys_revoked: usize,
    /// Accounts that were not in the file.
    pub others: Vec<String>,
}

impl Store {
    /// Returns the accounts of these names, or all, with their keys. Fault: `NotFound` for a name.
    pub fn portable_accounts(&self, names: &[String]) -> Result<Vec<PortableAccount>, Fault> {
        let tables = self.tables;
        let txn = self.env.read_txn()?;
        let accounts = match names.is_empty() {
            true => self.accounts()?,
            false => {
                let named = names.iter().map(|name| tables.account_named(&txn, name));
                named.collect::<Result<_, _>>()?
            }
        };
        let mut portable: Vec<PortableAccount> = accounts
            .into_iter()
            .map(|account| PortableAccount {
                account,
                keys: Vec::new(),
            })
            .collect();
        for entry in tables.keys.iter(&txn)? {
            let (_, record) = entry?;
            let owner = portable.iter_mut().find(|p| p.account.id == record.account);
            if let Some(owner) = owner {
                owner.keys.push(record);
            }
        }
        Ok(portable)
    }

    /// Takes accounts and keys of another server, all or nothing: what is not here is created, and what is here gets the limits
    /// of the other server; keys that are revoked there are revoked here. With `revoke_others` the keys of accounts that `portable`
    /// lacks are revoked. A second import of the same changes nothing.
    ///
    /// Faults: `Invalid` for a name, limit or hash that this server does not accept, and for a key that another account has.
    pub fn import_accounts(
        &self,
        portable: Vec<PortableAccount>,
        revoke_others: bool,
    ) -> Result<Imported, Fault> {
        for one in &portable {
            check_name(&one.account.name)?;
            check_rpm(one.account.rpm)?;
            for record in &one.keys {
                check_name(&record.name)?;
                record.rpm.map(check_rpm).transpose()?;
                record.concurrent.map(check_concurrent).transpose()?;
                hash_of(record)?;
            }
        }
        let tables = self.tables;
        let now = Utc::now();
        self.write(move |txn| {
            let mut done = Imported::default();
            let mut known = Vec::new();
            for one in &portable {
                let id = tables.import_account(txn, &one.account, &mut done)?;
                known.push(id);
                for record in &one.keys {
                    tables.import_key(txn, id, record, &mut done)?;
                }
            }
            tables.others(txn, &known, revoke_others.then_some(now), &mut done)?;
            Ok(done)
        })
    }
}

impl Tables {
    /// Creates or changes the account; returns its id here.
    fn import_account(
        &self,
        txn: &mut RwTxn<'_>,
        theirs: &Account,
        done: &mut Imported,
    ) -> Result<AccountId, Fault> {
        let named = self.account_names.get(txn, &theirs.name)?;
        let id = match named {
            Some(id) => AccountId(id),
            None => {
                let id = self.meta.get(txn, ACCOUNTS_MADE)?.unwrap_or(0) + 1;
                self.meta.put(txn, ACCOUNTS_MADE, &id)?;
                self.account_names.put(txn, &theirs.name, &id)?;
                AccountId(id)
            }
        };
        let account = Account {
            id,
            ..theirs.clone()
        };
        let before = self.accounts.get(txn, &account_key(id))?;
        match before.map(|before| Account { id, ..before }) {
            None => done.accounts_created += 1,
            Some(before) if before != account => done.accounts_changed += 1,
            Some(_) => return Ok(id),
        }
        self.accounts.put(txn, &account_key(id), &account)?;
        Ok(id)
    }

    /// Creates or changes a key of the account `owner`.
    fn import_key(
        &self,
        txn: &mut RwTxn<'_>,
        owner: AccountId,
        theirs: &KeyRecord,
        done: &mut Imported,
    ) -> Result<(), Fault> {
        let key_id = KeyId::of(&hash_of(theirs)?);
        let mut record = theirs.clone();
        record.account = owner;
        match self.keys.get(txn, &key_id.0)? {
            None => done.keys_created += 1,
            Some(ours) if ours.hash != theirs.hash || ours.account != owner => {
                return Err(Fault::invalid(format!(
                    "The key {key_id} belongs to another account here."
                )));
            }
            Some(ours) => {
                record.last_used_at = ours.last_used_at;
                record.revoked_at = ours.revoked_at.or(theirs.revoked_at);
                if ours == record {
                    return Ok(());
                }
                match ours.revoked_at != record.revoked_at {
                    true => {
                        done.keys_revoked += 1;
                        self.buckets.delete(txn, &key_id.0)?;
                    }
                    false => done.keys_changed += 1,
                }
            }
        }
        self.keys.put(txn, &key_id.0, &record)
    }

    /// Names the accounts other than `known`, and revokes their keys if `at` says when.
    fn others(
        &self,
        txn: &mut RwTxn<'_>,
        known: &[AccountId],
        at: Option<Utc>,
        done: &mut Imported,
    ) -> Result<(), Fault> {
        for entry in self.account_names.iter(txn)? {
            let (name, id) = entry?;
            if !known.contains(&AccountId(id)) {
                done.others.push(name.to_owned());
            }
        }
        let Some(at) = at else {
            return Ok(());
        };
        let mut valid = Vec::new();
        for entry in self.keys.iter(txn)? {
            let (id, record) = entry?;
            if record.revoked_at.is_none() && !known.contains(&record.account) {
                valid.push((key_id_of(id)?, record));
            }
        }
        for (id, mut record) in valid {
            record.revoked_at = Some(at);
            self.keys.put(txn, &id.0, &record)?;
            self.buckets.delete(txn, &id.0)?;
            done.keys_revoked += 1;
        }
        Ok(())
    }
}

/// The hash of a key that came from elsewhere. Fault: `Invalid`.
fn hash_of(record: &KeyRecord) -> Result<blake3::Hash, Fault> {
    blake3::Hash::from_hex(&record.hash)
        .map_err(|_| Fault::invalid(format!("The key {:?} has no hash.", record.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::open;
    use crate::{AccountChanges, KeyEnv, KeyLimits};
    use vocabox_base::fault::Kind;

    #[test]
    fn an_import_makes_keys_valid_elsewhere_and_a_second_one_changes_nothing() {
        let (_from_dir, from) = open();
        let (_to_dir, to) = open();
        // Other ids than at the source.
        to.create_account("local", 5, true, None).unwrap();
        let (local, _) = key(&to, "local");
        from.create_account("ada", 20, true, None).unwrap();
        from.create_account("bisi", 30, true, None).unwrap();
        let (ada, ada_key) = key(&from, "ada");
        let (bisi, _) = key(&from, "bisi");
        let portable = from.portable_accounts(&[]).unwrap();
        let done = to.import_accounts(portable.clone(), false).unwrap();
        let expected = Imported {
            accounts_created: 2,
            keys_created: 2,
            others: vec!["local".to_owned()],
            ..Imported::default()
        };
        assert_eq!(done, expected);
        for (secret, name, rpm) in [(&ada, "ada", 20), (&bisi, "bisi", 30), (&local, "local", 5)] {
            let (found, account) = to.find_key(secret).unwrap().unwrap();
            assert_eq!((found.account.as_str(), account.rpm), (name, rpm));
        }
        let again = to.import_accounts(portable.clone(), false).unwrap();
        let nothing = Imported {
            others: vec!["local".to_owned()],
            ..Imported::default()
        };
        assert_eq!(again, nothing);

        // What changes at the source changes here, and an old file does not take a revocation back.
        let changes = AccountChanges {
            rpm: Some(99),
            ..AccountChanges::default()
        };
        from.set_account("bisi", changes).unwrap();
        from.revoke_key(ada_key.key_id).unwrap();
        let done = to
            .import_accounts(from.portable_accounts(&[]).unwrap(), false)
            .unwrap();
        assert_eq!((done.accounts_changed, done.keys_revoked), (1, 1));
        to.import_accounts(portable, true).unwrap();
        assert!(to.find_key(&ada).unwrap().unwrap().0.revoked_at.is_some());
        assert!(to.find_key(&bisi).unwrap().unwrap().0.revoked_at.is_none());
        // The account that the file lacks has no valid key any more.
        assert!(to.find_key(&local).unwrap().unwrap().0.revoked_at.is_some());
    }

    #[test]
    fn what_this_server_does_not_accept_changes_nothing() {
        let (_dir, from) = open();
        from.create_account("ada", 20, true, None).unwrap();
        key(&from, "ada");
        let portable = from.portable_accounts(&["ada".to_owned()]).unwrap();
        let (_dir, to) = open();
        let wrong: [fn(&mut PortableAccount); 3] = [
            |one| one.account.rpm = 0,
            |one| one.account.name = " ".to_owned(),
            |one| one.keys[0].hash = "no hash".to_owned(),
        ];
        for spoil in wrong {
            let mut spoilt = portable.clone();
            spoil(&mut spoilt[0]);
            let fault = to.import_accounts(spoilt, false).unwrap_err();
            assert_eq!(fault.kind, Kind::Invalid);
            assert!(to.accounts().unwrap().is_empty());
        }
        // The same key, of another account here.
        to.import_accounts(portable.clone(), false).unwrap();
        let mut other = portable;
        other[0].account.name = "eve".to_owned();
        assert_eq!(
            to.import_accounts(other, false).unwrap_err().kind,
            Kind::Invalid
        );
        assert_eq!(to.accounts().unwrap().len(), 1);
        assert_eq!(
            from.portable_accounts(&["eve".to_owned()])
                .unwrap_err()
                .kind,
            Kind::NotFound
        );
    }

    fn key(store: &Store, account: &str) -> (crate::Secret, crate::Key) {
        store
            .create_key(account, "k", KeyEnv::Live, KeyLimits::default())
            .unwrap()
    }
}
