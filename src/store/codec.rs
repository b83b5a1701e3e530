//! The byte layouts of keys and the encoding of values, each defined once.
//!
//! Every number in a key is big-endian: LMDB compares bytes, so that ascending bytes are ascending numbers. Values are
//! JSON: they describe themselves, and an upgrade can read an old one.

use std::borrow::Cow;
use std::marker::PhantomData;

use heed::{BoxedError, BytesDecode, BytesEncode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{AccountId, Feature, ItemId, JobId, VoiceId};
use crate::lexicons::owner;

/// Key of an account, and prefix of every key that belongs to it: 8 bytes.
pub(crate) fn account_key(account: AccountId) -> [u8; 8] {
    account.0.to_be_bytes()
}

/// Key of a history item: account (8), id (16).
pub(crate) fn item_key(account: AccountId, id: ItemId) -> [u8; 24] {
    let mut key = [0; 24];
    key[..8].copy_from_slice(&account_key(account));
    key[8..].copy_from_slice(id.0.as_bytes());
    key
}

/// Key of a cloned voice: account (8), id (16).
pub(crate) fn voice_key(account: AccountId, id: VoiceId) -> [u8; 24] {
    let mut key = [0; 24];
    key[..8].copy_from_slice(&account_key(account));
    key[8..].copy_from_slice(id.0.as_bytes());
    key
}

/// Key of a job: account (8), id (16).
pub(crate) fn job_key(account: AccountId, id: JobId) -> [u8; 24] {
    let mut key = [0; 24];
    key[..8].copy_from_slice(&account_key(account));
    key[8..].copy_from_slice(id.0.as_bytes());
    key
}

/// Key of the lexicon of an account; of the command line for none, which no account's is: their ids start at 1.
pub(crate) fn lexicon_key(account: Option<AccountId>) -> [u8; 8] {
    account_key(owner(account))
}

/// Returns the item that a key of the history refers to; none when the key is damaged.
pub(crate) fn item_id_of(item_key: &[u8]) -> Option<ItemId> {
    let (_, id) = item_key.split_at_checked(8)?;
    Uuid::from_slice(id).ok().map(ItemId)
}

/// Returns the account that a key starts with; none when the key is damaged.
pub(crate) fn account_of(key: &[u8]) -> Option<AccountId> {
    let account = key.first_chunk()?;
    Some(AccountId(u64::from_be_bytes(*account)))
}

/// Key of a history item in the index by feature: account (8), feature (1) or 0 for all of them, id (16).
pub(crate) fn index_key(account: AccountId, feature: Option<Feature>, id: ItemId) -> [u8; 25] {
    let mut key = [0; 25];
    key[..9].copy_from_slice(&count_key(account, feature));
    key[9..].copy_from_slice(id.0.as_bytes());
    key
}

/// Returns the key of the item that an index entry refers to; none when the entry is damaged.
pub(crate) fn item_key_of(index_entry: &[u8]) -> Option<[u8; 24]> {
    let entry: &[u8; 25] = index_entry.try_into().ok()?;
    let mut key = [0; 24];
    key[..8].copy_from_slice(&entry[..8]);
    key[8..].copy_from_slice(&entry[9..]);
    Some(key)
}

/// Key of a count, and prefix of the index entries that it counts: account (8), feature (1) or 0 for all of them.
pub(crate) fn count_key(account: AccountId, feature: Option<Feature>) -> [u8; 9] {
    let mut key = [0; 9];
    key[..8].copy_from_slice(&account_key(account));
    key[8] = feature.map_or(0, Feature::code);
    key
}

/// Key of the bytes of an account's history, among the counts: no feature has this code.
pub(crate) fn bytes_key(account: AccountId) -> [u8; 9] {
    let mut key = [u8::MAX; 9];
    key[..8].copy_from_slice(&account_key(account));
    key
}

/// A value stored as JSON. Unknown fields are ignored when it is read.
pub(crate) struct Json<T>(PhantomData<T>);

impl<'a, T: Serialize + 'a> BytesEncode<'a> for Json<T> {
    type EItem = T;

    fn bytes_encode(value: &'a T) -> Result<Cow<'a, [u8]>, BoxedError> {
        Ok(Cow::Owned(serde_json::to_vec(value)?))
    }
}

impl<'a, T: Deserialize<'a> + 'a> BytesDecode<'a> for Json<T> {
    type DItem = T;

    fn bytes_decode(bytes: &'a [u8]) -> Result<T, BoxedError> {
        Ok(serde_json::from_slice(bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_keys_ascend_as_what_they_stand_for() {
        let accounts = [0, 1, 255, 256, 65_536, u64::MAX].map(AccountId);
        let ids: Vec<ItemId> = (0..300).map(|_| ItemId::new()).collect();
        let mut items = Vec::new();
        let mut index = Vec::new();
        for account in accounts {
            items.extend(ids.iter().map(|id| item_key(account, *id)));
            for feature in std::iter::once(None).chain(Feature::ALL.map(Some)) {
                index.extend(ids.iter().map(|id| index_key(account, feature, *id)));
            }
        }
        assert!(items.is_sorted_by(|a, b| a < b));
        assert!(index.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn an_index_entry_leads_to_its_item() {
        let (account, id) = (AccountId(7), ItemId::new());
        let entry = index_key(account, Some(Feature::Dub), id);
        assert_eq!(item_key_of(&entry), Some(item_key(account, id)));
        assert_eq!(item_key_of(&entry[1..]), None);
        assert_eq!(item_id_of(&item_key(account, id)), Some(id));
        assert_eq!(item_id_of(&entry), None);
        assert_eq!(account_of(&count_key(account, None)), Some(account));
        assert_eq!(account_of(&[7]), None);
    }
}
