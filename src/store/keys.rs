//! API keys: only a hash of the secret is stored. A key's id is the start of that hash, so that one lookup finds the
//! key; then the whole hash is compared in constant time.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;

use heed::RwTxn;
use serde::{Deserialize, Serialize};

use crate::accounts::{Account, check_rpm};
use crate::ids::{AccountId, KeyId, Utc, is_lower_hex};
use crate::writer::{PendingWrite, lock};
use crate::{Store, Tables};
use vocabox_base::fault::Fault;
use vocabox_base::limits::{CONCURRENT, LAST_USED_MS};
use vocabox_base::names::check_name;

/// Bytes of randomness in a key, written as twice as many hexadecimal digits.
const SECRET_BYTES: usize = 32;

/// The environment of a key; part of its visible prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyEnv {
    Live,
    Test,
}

impl KeyEnv {
    pub const ALL: [KeyEnv; 2] = [KeyEnv::Live, KeyEnv::Test];

    /// Returns the name in the command line and the prefix.
    pub fn name(self) -> &'static str {
        match self {
            KeyEnv::Live => "live",
            KeyEnv::Test => "test",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            KeyEnv::Live => "satryx_live_",
            KeyEnv::Test => "satryx_test_",
        }
    }
}

/// A key as its owner holds it. It is shown once, when it is created; never stored, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    fn random(env: KeyEnv) -> Result<Self, Fault> {
        let mut bytes = [0; SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(Fault::internal)?;
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        Ok(Secret(
            env.prefix().to_string() + &digits.collect::<String>(),
        ))
    }

    /// Returns the key itself, to be shown to its creator only.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> blake3::Hash {
        blake3::hash(self.0.as_bytes())
    }
}

/// Parses what a client sent; the error has no text, so that it cannot leak a part of a key.
impl FromStr for Secret {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let well_formed = KeyEnv::ALL
            .iter()
            .filter_map(|env| text.strip_prefix(env.prefix()))
            .any(|digits| is_lower_hex(digits, 2 * SECRET_BYTES));
        well_formed.then(|| Secret(text.to_string())).ok_or(())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The limits of a key's own, each none for that of its account or of the server.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyLimits {
    /// Calls a minute.
    pub rpm: Option<u32>,
    /// Generations under way at once.
    pub concurrent: Option<u32>,
}

/// One key of an account. As JSON it is what `key list` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Key {
    pub key_id: KeyId,
    /// Name of its account.
    pub account: String,
    pub name: String,
    pub env: KeyEnv,
    /// Calls a minute, when its limit is lower than its account's.
    pub rpm: Option<u32>,
    /// Generations under way at once, when it has a limit of its own.
    pub concurrent: Option<u32>,
    pub created_at: Utc,
    pub revoked_at: Option<Utc>,
    /// Accurate to `LAST_USED_MS`.
    pub last_used_at: Option<Utc>,
}

/// A key's record, stored under its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeyRecord {
    pub(crate) account: AccountId,
    /// BLAKE3 of the whole key, prefix included, in hexadecimal.
    pub(crate) hash: String,
    pub(crate) name: String,
    env: KeyEnv,
    pub(crate) rpm: Option<u32>,
    /// Absent before layout 4, and none then.
    pub(crate) concurrent: Option<u32>,
    created_at: Utc,
    pub(crate) revoked_at: Option<Utc>,
    pub(crate) last_used_at: Option<Utc>,
}

impl KeyRecord {
    /// Whether this is the key with that hash. The comparison takes the same time for any hash (`blake3::Hash`).
    fn is(&self, hash: &blake3::Hash) -> bool {
        blake3::Hash::from_hex(&self.hash).is_ok_and(|stored| stored == *hash)
    }

    fn into_key(self, key_id: KeyId, account: &Account) -> Key {
        Key {
            key_id,
            account: account.name.clone(),
            name: self.name,
            env: self.env,
            rpm: self.rpm,
            concurrent: self.concurrent,
            created_at: self.created_at,
            revoked_at: self.revoked_at,
            last_used_at: self.last_used_at,
        }
    }
}

impl Store {
    /// Creates a key and returns it with its secret, which is not stored. Faults: `NotFound` for the account, `Invalid`
    /// for name or `limits`.
    pub fn create_key(
        &self,
        account: &str,
        name: &str,
        env: KeyEnv,
        limits: KeyLimits,
    ) -> Result<(Secret, Key), Fault> {
        let secret = Secret::random(env)?;
        let hash = secret.hash();
        let account = account.to_string();
        let name = check_name(name)?;
        let rpm = limits.rpm.map(check_rpm).transpose()?;
        let concurrent = limits.concurrent.map(check_concurrent).transpose()?;
        let created_at = Utc::now();
        let tables = self.tables;
        let key = self.write(move |txn| {
            let account = tables.account_named(txn, &account)?;
            let key_id = KeyId::of(&hash);
            let record = KeyRecord {
                account: account.id,
                hash: hash.to_hex().to_string(),
                name: name.clone(),
                env,
                rpm,
                concurrent,
                created_at,
                revoked_at: None,
                last_used_at: None,
            };
            if tables.keys.get_or_put(txn, &key_id.0, &record)?.is_some() {
                return Err(Fault::internal("two keys share an id: create it again"));
            }
            Ok(record.into_key(key_id, &account))
        })?;
        Ok((secret, key))
    }

    /// Returns the keys of the account of this name, or of all accounts, the oldest first; those of the same
    /// millisecond by their ids. Fault: `NotFound` for the account.
    pub fn keys(&self, account: Option<&str>) -> Result<Vec<Key>, Fault> {
        let tables = self.tables;
        let txn = self.env.read_txn()?;
        let only = account
            .map(|name| tables.account_named(&txn, name))
            .transpose()?
            .map(|account| account.id);
        let mut keys = Vec::new();
        for entry in tables.keys.iter(&txn)? {
            let (id, record) = entry?;
            if only.is_none_or(|id| record.account == id) {
                let id = key_id_of(id)?;
                let owner = tables.account_by_id(&txn, record.account)?;
                keys.push(record.into_key(id, &owner));
            }
        }
        keys.sort_by_key(|key| (key.created_at, key.key_id));
        Ok(keys)
    }

    /// Revokes a key, unless it was revoked before, and returns it. Fault: `NotFound`.
    pub fn revoke_key(&self, key_id: KeyId) -> Result<Key, Fault> {
        let now = Utc::now();
        let tables = self.tables;
        self.write(move |txn| {
            let mut record = tables
                .keys
                .get(txn, &key_id.0)?
                .ok_or_else(|| Fault::not_found(format!("No key has the id {key_id}.")))?;
            if record.revoked_at.is_none() {
                record.revoked_at = Some(now);
                tables.keys.put(txn, &key_id.0, &record)?;
                tables.buckets.delete(txn, &key_id.0)?;
            }
            let account = tables.account_by_id(txn, record.account)?;
            Ok(record.into_key(key_id, &account))
        })
    }

    /// Returns the key with this secret and its account, also when the key is revoked; none when no key has this
    /// secret. Read from the store at each call, so that a change by another process applies at once.
    pub fn find_key(&self, secret: &Secret) -> Result<Option<(Key, Account)>, Fault> {
        let hash = secret.hash();
        let key_id = KeyId::of(&hash);
        let txn = self.env.read_txn()?;
        match self.tables.keys.get(&txn, &key_id.0)? {
            Some(record) if record.is(&hash) => {
                let account = self.tables.account_by_id(&txn, record.account)?;
                Ok(Some((record.into_key(key_id, &account), account)))
            }
            _ => Ok(None),
        }
    }

    /// Returns the key with this id and its account, also when the key is revoked; none when there is none. Read from the
    /// store at each call.
    pub fn key_with_id(&self, key_id: KeyId) -> Result<Option<(Key, Account)>, Fault> {
        let txn = self.env.read_txn()?;
        let Some(record) = self.tables.keys.get(&txn, &key_id.0)? else {
            return Ok(None);
        };
        let account = self.tables.account_by_id(&txn, record.account)?;
        Ok(Some((record.into_key(key_id, &account), account)))
    }

    /// Records that `key` was used at `now`; a later commit writes it, at most every `LAST_USED_MS`.
    pub fn note_use(&self, key: &Key, now: Utc) {
        if key
            .last_used_at
            .is_none_or(|before| now.ms_since(before) >= LAST_USED_MS)
        {
            lock(&self.uses.0).insert(key.key_id, now);
        }
    }
}

impl Tables {
    /// Removes all keys of an account, and their token buckets.
    pub(crate) fn remove_keys(&self, txn: &mut RwTxn<'_>, account: AccountId) -> Result<(), Fault> {
        let mut ids = Vec::new();
        for entry in self.keys.iter(txn)? {
            let (id, record) = entry?;
            if record.account == account {
                ids.push(key_id_of(id)?);
            }
        }
        for id in ids {
            self.keys.delete(txn, &id.0)?;
            self.buckets.delete(txn, &id.0)?;
        }
        Ok(())
    }
}

/// Generations under way at once, if they may be so many. Fault: `Invalid`.
pub fn check_concurrent(concurrent: u32) -> Result<u32, Fault> {
    match (CONCURRENT.min..=CONCURRENT.max).contains(&concurrent.into()) {
        true => Ok(concurrent),
        false => Err(Fault::invalid(format!(
            "concurrent is {concurrent}; {} to {} generations at once are accepted",
            CONCURRENT.min, CONCURRENT.max
        ))),
    }
}

pub(crate) fn key_id_of(bytes: &[u8]) -> Result<KeyId, Fault> {
    let id = bytes.try_into();
    id.map(KeyId)
        .map_err(|_| Fault::internal("a key's id is not 8 bytes"))
}

/// Uses of keys that wait to be written.
#[derive(Default)]
pub(crate) struct Uses(Mutex<HashMap<KeyId, Utc>>);

impl Uses {
    /// Takes all of them as one write; none when there is nothing to write.
    pub(crate) fn take(&self, tables: Tables) -> Option<Box<dyn PendingWrite>> {
        let uses = std::mem::take(&mut *lock(&self.0));
        (!uses.is_empty()).then(|| Box::new(WriteUses { uses, tables }) as Box<dyn PendingWrite>)
    }
}

struct WriteUses {
    uses: HashMap<KeyId, Utc>,
    tables: Tables,
}

impl PendingWrite for WriteUses {
    fn run(&mut self, txn: &mut RwTxn<'_>) -> Result<(), Fault> {
        for (id, at) in &self.uses {
            if let Some(mut record) = self.tables.keys.get(txn, &id.0)? {
                record.last_used_at = record.last_used_at.max(Some(*at));
                self.tables.keys.put(txn, &id.0, &record)?;
            }
        }
        Ok(())
    }

    /// A lost time of use does no harm, and the next use of the key writes it again.
    fn done(self: Box<Self>, _: Result<(), Fault>) {}
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::Feature;
    use crate::codec::Json;
    use crate::tests::{account, item, open};
    use vocabox_base::fault::Kind;

    #[test]
    fn keys_are_listed_by_account() {
        let (_dir, store) = open();
        account(&store, "ada");
        account(&store, "bisi");
        let made: Vec<_> = ["ada", "bisi", "ada"]
            .into_iter()
            .map(|owner| {
                store
                    .create_key(owner, "k", KeyEnv::Test, KeyLimits::default())
                    .unwrap()
            })
            .collect();
        assert!(made[0].0.reveal().starts_with("satryx_test_"));
        assert_ne!(made[0].0, made[2].0);
        let ids = |keys: Vec<Key>| keys.iter().map(|key| key.key_id).collect::<HashSet<_>>();
        let of = |owner| ids(store.keys(Some(owner)).unwrap());
        assert_eq!(
            of("ada"),
            HashSet::from([made[0].1.key_id, made[2].1.key_id])
        );
        assert_eq!(of("bisi"), HashSet::from([made[1].1.key_id]));
        assert_eq!(store.keys(None).unwrap().len(), 3);
        assert_eq!(store.keys(Some("eve")).unwrap_err().kind, Kind::NotFound);
        let fault = store.create_key("eve", "k", KeyEnv::Live, KeyLimits::default());
        assert_eq!(fault.unwrap_err().kind, Kind::NotFound);
        assert_eq!(format!("{:?}", made[0].0), "Secret(…)");
    }

    /// The id is a part of the hash: the rest of the hash must still decide.
    #[test]
    fn the_whole_hash_is_compared_not_only_the_id() {
        let (_dir, store) = open();
        account(&store, "ada");
        let (secret, key) = store
            .create_key("ada", "k", KeyEnv::Live, KeyLimits::default())
            .unwrap();
        assert!(store.find_key(&secret).unwrap().is_some());
        let records = store
            .tables
            .keys
            .remap_data_type::<Json<serde_json::Value>>();
        let id = key.key_id.0;
        store
            .write(move |txn| {
                let mut record = records.get(txn, &id)?.unwrap();
                let hash = record["hash"].as_str().unwrap();
                let last = if hash.ends_with('0') { "1" } else { "0" };
                record["hash"] = format!("{}{last}", &hash[..63]).into();
                records.put(txn, &id, &record)
            })
            .unwrap();
        assert!(store.find_key(&secret).unwrap().is_none());
    }

    #[test]
    fn the_secret_is_not_in_the_files() {
        let (dir, store) = open();
        account(&store, "ada");
        let (secret, _) = store
            .create_key("ada", "k", KeyEnv::Live, KeyLimits::default())
            .unwrap();
        drop(store);
        let data = std::fs::read(dir.path().join("store/data.mdb")).unwrap();
        let digits = &secret.reveal().as_bytes()["satryx_live_".len()..];
        assert!(!data.windows(digits.len()).any(|window| window == digits));
    }

    #[test]
    fn last_use_is_written_with_a_later_commit_and_not_more_than_once_a_minute() {
        let (dir, store) = open();
        let ada = account(&store, "ada");
        let (_, key) = store
            .create_key("ada", "k", KeyEnv::Live, KeyLimits::default())
            .unwrap();
        let last_use = |store: &Store| store.keys(None).unwrap().remove(0);
        let first = Utc::now();
        store.note_use(&key, first);
        assert_eq!(last_use(&store).last_used_at, None);
        store.append(ada, &item(Feature::Tts, "a")).unwrap();
        let used = last_use(&store);
        assert_eq!(used.last_used_at, Some(first));

        store.note_use(&used, first.ms_after(LAST_USED_MS - 1));
        store.append(ada, &item(Feature::Tts, "b")).unwrap();
        assert_eq!(last_use(&store).last_used_at, Some(first));
        store.note_use(&used, first.ms_after(LAST_USED_MS));
        store.close();
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(
            last_use(&store).last_used_at,
            Some(first.ms_after(LAST_USED_MS))
        );
    }
}
