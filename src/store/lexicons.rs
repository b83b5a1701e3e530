//! Pronunciation lexicons: one for each account, and one for the command line, which has no account.

use std::sync::Arc;

use heed::RwTxn;
use serde::{Deserialize, Serialize};

use crate::codec::lexicon_key;
use crate::ids::{AccountId, Utc};
use crate::{Store, Tables};
use vocabox_base::fault::{Fault, Kind};

/// How a word is said, as it is stored; `text` checks it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LexiconEntry {
    pub word: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phonemes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spelling: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A lexicon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LexiconRecord {
    pub entries: Vec<LexiconEntry>,
    pub updated_at: Utc,
}

impl Store {
    /// Returns the lexicon of `account`; of the command line for none. None where there is none.
    pub fn lexicon(&self, account: Option<AccountId>) -> Result<Option<LexiconRecord>, Fault> {
        let sealed = {
            let txn = self.env.read_txn()?;
            let value = self.tables.lexicons.get(&txn, &lexicon_key(account))?;
            value.map(<[u8]>::to_vec)
        };
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        let json = self.seals.open_lexicon(owner(account), &sealed)?;
        serde_json::from_slice(&json).map_err(Fault::internal)
    }

    /// Makes `entries` the lexicon of `account`, in place of the one that it has. It is on the disk when this returns.
    /// Faults: `Unauthorized` when the account was deleted meanwhile; `Missing` when the lexicons and named speakers of all accounts
    /// take all their space; and as any write.
    pub fn put_lexicon(
        &self,
        account: Option<AccountId>,
        entries: Vec<LexiconEntry>,
    ) -> Result<LexiconRecord, Fault> {
        let (tables, map_bytes) = (self.tables, self.env.map_bytes());
        let record = LexiconRecord {
            entries,
            updated_at: Utc::now(),
        };
        let json = serde_json::to_vec(&record).map_err(Fault::internal)?;
        let seals = Arc::clone(&self.seals);
        self.write(move |txn| {
            if let Some(account) = account
                && !tables.has_account(txn, account)?
            {
                return Err(Fault::new(
                    Kind::Unauthorized,
                    "The account of this key was deleted.",
                ));
            }
            // Here, because only one process writes at a time: two would make two secrets.
            let sealed = seals.seal_lexicon(owner(account), &json)?;
            let record = (&lexicon_key(account)[..], &sealed[..]);
            tables.put_record(txn, tables.lexicons, record, map_bytes, "lexicon")
        })?;
        Ok(record)
    }

    /// Deletes the lexicon of `account`; returns whether there was one. Faults: as any write.
    pub fn delete_lexicon(&self, account: Option<AccountId>) -> Result<bool, Fault> {
        let tables = self.tables;
        self.write(move |txn| tables.lexicons.delete(txn, &lexicon_key(account)))
    }
}

impl Tables {
    /// Deletes the lexicon of an account that is being deleted.
    pub(crate) fn remove_lexicon(&self, txn: &mut RwTxn, account: AccountId) -> Result<(), Fault> {
        self.lexicons
            .delete(txn, &lexicon_key(Some(account)))
            .map(drop)
    }
}

/// The account that stands for `account` in keys and files: 0, which no account has, for the command line.
pub(crate) fn owner(account: Option<AccountId>) -> AccountId {
    account.unwrap_or(AccountId(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{account, contains, open};
    use crate::{HistoryFate, StoreBounds};

    fn entry(word: &str, spelling: &str) -> LexiconEntry {
        LexiconEntry {
            word: word.to_owned(),
            phonemes: None,
            spelling: Some(spelling.to_owned()),
            language: None,
        }
    }

    #[test]
    fn each_account_and_the_command_line_have_their_own_lexicon() {
        let (dir, store) = open();
        let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
        let owners = [Some(ada), Some(bisi), None];
        for owner in owners {
            assert_eq!(store.lexicon(owner).unwrap(), None);
        }
        store.put_lexicon(Some(ada), vec![entry("a", "b")]).unwrap();
        let second = vec![entry("c", "d"), entry("e", "f")];
        store.put_lexicon(Some(ada), second.clone()).unwrap();
        store.put_lexicon(None, vec![entry("g", "h")]).unwrap();
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        let entries = |owner| store.lexicon(owner).unwrap().map(|l| l.entries);
        assert_eq!(
            owners.map(entries),
            [Some(second), None, Some(vec![entry("g", "h")])]
        );
        assert!(!store.delete_lexicon(Some(bisi)).unwrap());
        assert!(store.delete_lexicon(Some(ada)).unwrap());
        assert_eq!(
            owners.map(entries),
            [None, None, Some(vec![entry("g", "h")])]
        );
    }

    #[test]
    fn a_deleted_account_takes_its_lexicon_along_and_gets_no_new_one() {
        let (_dir, store) = open();
        let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
        for owner in [ada, bisi] {
            store
                .put_lexicon(Some(owner), vec![entry("a", "b")])
                .unwrap();
        }
        store.delete_account("ada", HistoryFate::Keep).unwrap();
        assert_eq!(store.lexicon(Some(ada)).unwrap(), None);
        assert!(store.lexicon(Some(bisi)).unwrap().is_some());
        let fault = store.put_lexicon(Some(ada), Vec::new()).unwrap_err();
        assert_eq!(fault.kind, Kind::Unauthorized);
        assert_eq!(store.lexicon(Some(ada)).unwrap(), None);
    }

    #[test]
    fn the_words_of_a_lexicon_are_in_no_file_and_their_secret_goes_with_the_account() {
        let (dir, store) = open();
        let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
        for owner in [Some(ada), Some(bisi), None] {
            let words = vec![entry("Tchaikovsky", "chai koff ski")];
            store.put_lexicon(owner, words).unwrap();
        }
        assert!(!contains(dir.path(), "Tchaikovsky"));
        assert!(!contains(dir.path(), "chai koff"));
        let secret = |of: AccountId| dir.path().join(format!("secrets/{of}/lexicon"));
        assert!(secret(ada).exists());
        store.delete_account("ada", HistoryFate::Keep).unwrap();
        assert!(!secret(ada).exists());
        drop(store);
        // Nor does a server take the secrets of others for remains.
        let store = Store::serve(dir.path(), StoreBounds::default()).unwrap();
        for owner in [Some(bisi), None] {
            let entries = store.lexicon(owner).unwrap().unwrap().entries;
            assert_eq!(entries[0].word, "Tchaikovsky");
        }
    }
}
