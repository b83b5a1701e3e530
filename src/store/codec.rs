//! How ids, times and keys look as bytes. One place, so that a layout is never spelt twice.
//!
//! Every number in a key is big-endian: LMDB compares bytes, so that ascending bytes are ascending
//! numbers. Values are JSON: they describe themselves, and an upgrade can read an old one.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use heed::{BoxedError, BytesDecode, BytesEncode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::history::Feature;
use crate::jobs::JobId;
use crate::voices::VoiceId;

/// An instant in milliseconds since 1970, UTC. Written as RFC 3339 ending in `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Utc(u64);

impl Utc {
    /// The first instant of 1970.
    pub const EPOCH: Utc = Utc(0);

    /// The time of the machine's clock. Readings that follow each other may be equal, and an earlier one may be the greater
    /// when the clock was set: compare instants by "not after", and order by ids, which differ.
    pub fn now() -> Self {
        Utc::from(SystemTime::now())
    }

    /// Milliseconds from `earlier` to this instant; 0 when the clock went backwards between them.
    pub fn ms_since(self, earlier: Utc) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The instant so many milliseconds after this one.
    pub fn ms_after(self, ms: u64) -> Utc {
        Utc(self.0.saturating_add(ms))
    }

    /// The instant so many milliseconds before this one; not before 1970.
    pub fn ms_before(self, ms: u64) -> Utc {
        Utc(self.0.saturating_sub(ms))
    }

    /// The instant so many hours before this one; not before 1970.
    pub fn hours_before(self, hours: u64) -> Utc {
        self.ms_before(hours.saturating_mul(3_600_000))
    }

    /// The instant so many days before this one; not before 1970.
    pub fn days_before(self, days: u32) -> Utc {
        self.hours_before(24 * u64::from(days))
    }
}

impl From<SystemTime> for Utc {
    fn from(time: SystemTime) -> Self {
        let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Utc(since_1970.as_millis() as u64)
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(self.0)).fmt(f)
    }
}

impl FromStr for Utc {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match humantime::parse_rfc3339(text) {
            Ok(time) => Ok(Utc::from(time)),
            Err(error) => Err(format!(
                "{error}; a time in UTC is accepted, like 2027-01-31T00:00:00Z"
            )),
        }
    }
}

/// The id of an account: never shown, never used twice, so that a new account cannot inherit an old one's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub(crate) u64);

impl AccountId {
    /// No account has a lower id.
    pub(crate) const FIRST: AccountId = AccountId(0);

    /// The id after this one. Ids are counted from 1 on: the last is never reached.
    pub(crate) fn next(self) -> Self {
        AccountId(self.0.saturating_add(1))
    }
}

/// The public id of a key: `key_` and 16 hexadecimal digits, which are the first 8 bytes of its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub(crate) [u8; 8]);

impl KeyId {
    /// The id that belongs to the hash of a key.
    pub(crate) fn of(hash: &blake3::Hash) -> Self {
        let mut id = [0; 8];
        id.copy_from_slice(&hash.as_bytes()[..8]);
        KeyId(id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key_{:016x}", u64::from_be_bytes(self.0))
    }
}

impl FromStr for KeyId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.strip_prefix("key_")
            .filter(|digits| is_lower_hex(digits, 16))
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .map(|id| KeyId(id.to_be_bytes()))
            .ok_or_else(|| "a key's id is `key_` and 16 hexadecimal digits".to_string())
    }
}

/// The id of a history item: a version 7 UUID. Ids of one process ascend in the order in which they were made, also within
/// one millisecond and when the clock is set back; those of different processes ascend by the clock, and are in no certain
/// order within one millisecond. So the newest item has the greatest id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemId(Uuid);

impl ItemId {
    /// A new id, greater than all that this process made before.
    #[expect(clippy::new_without_default, reason = "two defaults would differ")]
    pub fn new() -> Self {
        ItemId(Uuid::now_v7())
    }

    /// When it was made: its first 48 bits are milliseconds since 1970 (RFC 9562, section 5.7).
    pub fn made_at(self) -> Utc {
        Utc((self.0.as_u128() >> 80) as u64)
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ItemId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Uuid::try_parse(text)
            .map(ItemId)
            .map_err(|_| "a history item's id is a UUID".to_string())
    }
}

/// Writes a type as the text of its `Display`, and reads it back by its `FromStr`.
macro_rules! serde_as_text {
    ($($name:ty),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    )+};
}
serde_as_text!(Utc, KeyId, ItemId, JobId);

/// Whether `text` is exactly `length` digits of `0-9a-f`.
pub(crate) fn is_lower_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Key of an account, and prefix of everything that belongs to it: 8 bytes.
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

/// The item that a key of the history stands for; none when the key is damaged.
pub(crate) fn item_id_of(item_key: &[u8]) -> Option<ItemId> {
    let (_, id) = item_key.split_at_checked(8)?;
    Uuid::from_slice(id).ok().map(ItemId)
}

/// The account that a key begins with; none when the key is damaged.
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

/// Key of the item that an entry of the index stands for; none when the entry is damaged.
pub(crate) fn item_key_of(index_entry: &[u8]) -> Option<[u8; 24]> {
    let entry: &[u8; 25] = index_entry.try_into().ok()?;
    let mut key = [0; 24];
    key[..8].copy_from_slice(&entry[..8]);
    key[8..].copy_from_slice(&entry[9..]);
    Some(key)
}

/// Key of a count, and prefix of what it counts in the index: account (8), feature (1) or 0 for all of them.
pub(crate) fn count_key(account: AccountId, feature: Option<Feature>) -> [u8; 9] {
    let mut key = [0; 9];
    key[..8].copy_from_slice(&account_key(account));
    key[8] = feature.map_or(0, Feature::code);
    key
}

/// A value stored as JSON. Fields that a version does not know are left out when it reads.
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

    #[test]
    fn an_id_says_when_it_was_made() {
        let before = Utc::now();
        let made_at = ItemId::new().made_at();
        assert!(before <= made_at && made_at <= Utc::now());
        let old: ItemId = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f".parse().unwrap();
        // The example of RFC 9562, appendix A.6.
        assert_eq!(old.made_at().to_string(), "2022-02-22T19:22:22.000Z");
        let day_before = old.made_at().days_before(1);
        assert_eq!(day_before.to_string(), "2022-02-21T19:22:22.000Z");
        assert_eq!(day_before.days_before(u32::MAX), Utc::EPOCH);
    }

    #[test]
    fn times_are_rfc_3339_in_utc() {
        let time: Utc = "2027-01-31T23:59:59.125Z".parse().unwrap();
        assert_eq!(time.to_string(), "2027-01-31T23:59:59.125Z");
        assert_eq!(
            serde_json::from_str::<Utc>("\"2027-01-31T23:59:59.125Z\"").unwrap(),
            time
        );
        assert!("2027-01-31T23:59:59+01:00".parse::<Utc>().is_err());
        assert!("tomorrow".parse::<Utc>().is_err());
        let now = Utc::now();
        assert_eq!(now.to_string().parse::<Utc>().unwrap(), now);
    }

    #[test]
    fn ids_are_read_as_they_are_written() {
        let key = KeyId([0, 1, 2, 3, 4, 5, 6, 255]);
        assert_eq!(key.to_string(), "key_00010203040506ff");
        assert_eq!(key.to_string().parse(), Ok(key));
        for wrong in ["", "key_", "key_+0010203040506ff", "key_00010203040506FF"] {
            assert!(wrong.parse::<KeyId>().is_err(), "{wrong}");
        }
        let item = ItemId::new();
        assert_eq!(item.to_string().parse(), Ok(item));
    }
}
