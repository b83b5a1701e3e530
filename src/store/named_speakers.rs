//! The speakers that an account has named, by which recordings are searched: one sealed record for each account.

use std::sync::Arc;

use heed::RwTxn;
use serde::{Deserialize, Serialize};

use crate::codec::account_key;
use crate::ids::{AccountId, SpeakerId, Utc};
use crate::{Store, Tables};
use vocabox_base::fault::{Fault, Kind};

/// A speaker that an account has named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedSpeaker {
    pub id: SpeakerId,
    pub name: String,
    /// The embedding of their speech, of length 1, and the encoder's pack that it is of: those of two encoders cannot be compared.
    pub direction: Vec<f32>,
    pub encoder: String,
    /// Seconds of that speech.
    pub speech_s: f32,
    pub updated_at: Utc,
}

impl Store {
    /// Returns the speakers that `account` has named, in the order of their names. Faults: the store's.
    pub fn named_speakers(&self, account: AccountId) -> Result<Vec<NamedSpeaker>, Fault> {
        let sealed = {
            let txn = self.env.read_txn()?;
            let value = self.tables.speakers.get(&txn, &account_key(account))?;
            value.map(<[u8]>::to_vec)
        };
        let Some(sealed) = sealed else {
            return Ok(Vec::new());
        };
        let json = self.seals.open_speakers(account, &sealed)?;
        serde_json::from_slice(&json).map_err(Fault::internal)
    }

    /// Adds a speaker to those of `account`, in place of one of the same name, whose id stays. Returns what is stored, which is on
    /// the disk then. Faults: `Invalid` when the account has named `most` others already; `Unauthorized` when it was deleted
    /// meanwhile; `Missing` when the lexicons and named speakers of all accounts take all their space; and as any write.
    pub fn put_named_speaker(
        &self,
        account: AccountId,
        mut speaker: NamedSpeaker,
        most: usize,
    ) -> Result<NamedSpeaker, Fault> {
        let seals = Arc::clone(&self.seals);
        let (tables, map_bytes) = (self.tables, self.env.map_bytes());
        self.write(move |txn| {
            if !tables.has_account(txn, account)? {
                return Err(Fault::new(
                    Kind::Unauthorized,
                    "The account of this key was deleted.",
                ));
            }
            let key = account_key(account);
            let mut all = read(tables, &seals, txn, account)?;
            let count = all.len();
            match all.iter_mut().find(|known| known.name == speaker.name) {
                Some(known) => {
                    speaker.id = known.id;
                    *known = speaker.clone();
                }
                None if count >= most => {
                    return Err(Fault::invalid(format!(
                        "the account has {count} named speakers; at most {most} are accepted: delete one first"
                    )));
                }
                None => all.push(speaker.clone()),
            }
            all.sort_by(|a, b| a.name.cmp(&b.name));
            let json = serde_json::to_vec(&all).map_err(Fault::internal)?;
            let sealed = seals.seal_speakers(account, &json)?;
            let record = (&key[..], &sealed[..]);
            tables.put_record(txn, tables.speakers, record, map_bytes, "speaker")?;
            Ok(speaker.clone())
        })
    }

    /// Deletes a speaker that `account` has named. Faults: `NotFound` when it has none of this id, and as any write.
    pub fn delete_named_speaker(&self, account: AccountId, id: SpeakerId) -> Result<(), Fault> {
        let (tables, seals) = (self.tables, Arc::clone(&self.seals));
        self.write(move |txn| {
            let mut all = read(tables, &seals, txn, account)?;
            let before = all.len();
            all.retain(|speaker| speaker.id != id);
            if all.len() == before {
                return Err(Fault::new(Kind::NotFound, "There is no such speaker."));
            }
            let key = account_key(account);
            // What was sealed before stays in free pages until they are used again; it opens with the account's secret only.
            if all.is_empty() {
                tables.speakers.delete(txn, &key)?;
                return Ok(());
            }
            let json = serde_json::to_vec(&all).map_err(Fault::internal)?;
            let sealed = seals.seal_speakers(account, &json)?;
            tables.speakers.put(txn, &key, &sealed)
        })
    }
}

fn read(
    tables: Tables,
    seals: &crate::seal::Seals,
    txn: &RwTxn,
    account: AccountId,
) -> Result<Vec<NamedSpeaker>, Fault> {
    match tables.speakers.get(txn, &account_key(account))? {
        Some(sealed) => {
            let json = seals.open_speakers(account, sealed)?;
            serde_json::from_slice(&json).map_err(Fault::internal)
        }
        None => Ok(Vec::new()),
    }
}

impl Tables {
    /// Deletes the named speakers of an account that is being deleted.
    pub(crate) fn remove_speakers(&self, txn: &mut RwTxn, account: AccountId) -> Result<(), Fault> {
        self.speakers.delete(txn, &account_key(account)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HistoryFate;
    use crate::tests::{account, contains, open};

    fn speaker(name: &str) -> NamedSpeaker {
        NamedSpeaker {
            id: SpeakerId::new(),
            name: name.to_owned(),
            direction: vec![0.6, 0.8],
            encoder: "an-encoder".to_owned(),
            speech_s: 12.5,
            updated_at: Utc::now(),
        }
    }

    fn names(store: &Store, account: AccountId) -> Vec<String> {
        let all = store.named_speakers(account).unwrap();
        all.into_iter().map(|s| s.name).collect()
    }

    #[test]
    fn each_account_has_its_own_speakers_up_to_a_number() {
        let (dir, store) = open();
        let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
        let first = store.put_named_speaker(ada, speaker("Zed"), 2).unwrap();
        store.put_named_speaker(ada, speaker("Ann"), 2).unwrap();
        let full = store.put_named_speaker(ada, speaker("Mia"), 2).unwrap_err();
        assert!(full.sentence.contains("2 named speakers"), "{full}");
        let again = store.put_named_speaker(ada, speaker("Zed"), 2).unwrap();
        assert_eq!(again.id, first.id, "of the same name");
        assert_eq!(names(&store, bisi), Vec::<String>::new());
        let fault = store.delete_named_speaker(bisi, first.id).unwrap_err();
        assert_eq!(fault.kind, Kind::NotFound);
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(names(&store, ada), ["Ann", "Zed"]);
        assert_eq!(store.named_speakers(ada).unwrap()[1], again);
        store.delete_named_speaker(ada, first.id).unwrap();
        assert_eq!(names(&store, ada), ["Ann"]);
    }

    #[test]
    fn a_deleted_account_takes_its_speakers_and_their_secret_along() {
        let (dir, store) = open();
        let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
        for owner in [ada, bisi] {
            store
                .put_named_speaker(owner, speaker("Tchaikovsky"), 9)
                .unwrap();
        }
        assert!(!contains(dir.path(), "Tchaikovsky"));
        let secret = |of: AccountId| dir.path().join(format!("secrets/{of}/speakers"));
        assert!(secret(ada).exists());
        store.delete_account("ada", HistoryFate::Keep).unwrap();
        assert!(!secret(ada).exists());
        assert_eq!(names(&store, ada), Vec::<String>::new());
        assert_eq!(names(&store, bisi), ["Tchaikovsky"]);
        let fault = store.put_named_speaker(ada, speaker("Ann"), 9).unwrap_err();
        assert_eq!(fault.kind, Kind::Unauthorized);
    }
}
