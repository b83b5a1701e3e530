//! Instants, ids and features: the values that keys are made of, and their text.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::order;
use vocabox_base::fault::Fault;

const JOB_PREFIX: &str = "job_";
/// That of a named speaker.
const SPEAKER_PREFIX: &str = "speaker_";
/// The prefix of every id of a clone.
const VOICE_PREFIX: &str = "cloned_";

/// An instant in milliseconds since 1970, UTC. Written as RFC 3339 ending in `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Utc(u64);

impl Utc {
    /// The first instant of 1970.
    pub const EPOCH: Utc = Utc(0);

    /// Returns the time of the machine's clock. Consecutive readings may be equal, and an earlier one may be the
    /// greater when the clock was set: compare instants by "not after", and order by ids, which differ.
    pub fn now() -> Self {
        Utc::from(SystemTime::now())
    }

    /// Returns the milliseconds from `earlier` to this instant; 0 when the clock went backwards between them.
    pub fn ms_since(self, earlier: Utc) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns the instant so many milliseconds after this one.
    pub fn ms_after(self, ms: u64) -> Utc {
        Utc(self.0.saturating_add(ms))
    }

    /// Returns the instant so many milliseconds before this one; not before 1970.
    pub fn ms_before(self, ms: u64) -> Utc {
        Utc(self.0.saturating_sub(ms))
    }

    /// Returns the instant so many hours before this one; not before 1970.
    pub fn hours_before(self, hours: u64) -> Utc {
        self.ms_before(hours.saturating_mul(3_600_000))
    }

    /// Returns the instant so many days before this one; not before 1970.
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

/// The id of an account: never shown to clients, never used twice, so that a new account cannot inherit an old one's
/// history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub(crate) u64);

impl AccountId {
    /// No account has a lower id.
    pub(crate) const FIRST: AccountId = AccountId(0);

    /// Returns the id as a number.
    pub fn number(self) -> u64 {
        self.0
    }

    /// Returns the id after this one. Ids are counted from 1 on; the last is never reached.
    pub(crate) fn next(self) -> Self {
        AccountId(self.0.saturating_add(1))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The public id of a key: `key_` and 16 hexadecimal digits, which are the first 8 bytes of its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub(crate) [u8; 8]);

impl KeyId {
    /// Returns the id that belongs to the hash of a key.
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

/// The id of a history item: a version 7 UUID. Ids of a store ascend in the order in which they were made, also within one
/// millisecond, when the clock is set back, and over restarts (`crate::order`). So the newest item has the greatest id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemId(pub(crate) Uuid);

impl ItemId {
    /// Returns a new id, greater than all that this process made before.
    #[expect(clippy::new_without_default, reason = "two defaults would differ")]
    pub fn new() -> Self {
        ItemId(order::next())
    }

    /// Returns when it was made.
    pub fn made_at(self) -> Utc {
        order::made_at(self.0)
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

/// The id of a cloned voice: `cloned_` and 32 hexadecimal digits of a version 7 UUID, which cannot be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VoiceId(pub(crate) Uuid);

impl VoiceId {
    /// Returns a new id, greater than all that this process made before.
    #[expect(clippy::new_without_default, reason = "two defaults would differ")]
    pub fn new() -> Self {
        VoiceId(order::next())
    }

    /// Whether `text` has the prefix of a clone's id.
    pub fn is_like(text: &str) -> bool {
        text.starts_with(VOICE_PREFIX)
    }
}

impl fmt::Display for VoiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VOICE_PREFIX}{}", self.0.simple())
    }
}

impl FromStr for VoiceId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.strip_prefix(VOICE_PREFIX)
            .filter(|digits| is_lower_hex(digits, 32))
            .and_then(|digits| Uuid::try_parse(digits).ok())
            .map(VoiceId)
            .ok_or_else(|| "a clone's id is `cloned_` and 32 hexadecimal digits".to_string())
    }
}

/// The id of a speaker that an account has named: `speaker_` and 32 hexadecimal digits of a version 7 UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpeakerId(pub(crate) Uuid);

impl SpeakerId {
    /// Returns a new id, greater than all that this process made before.
    #[expect(clippy::new_without_default, reason = "two defaults would differ")]
    pub fn new() -> Self {
        SpeakerId(order::next())
    }
}

impl fmt::Display for SpeakerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SPEAKER_PREFIX}{}", self.0.simple())
    }
}

impl FromStr for SpeakerId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.strip_prefix(SPEAKER_PREFIX)
            .filter(|digits| is_lower_hex(digits, 32))
            .and_then(|digits| Uuid::try_parse(digits).ok())
            .map(SpeakerId)
            .ok_or_else(|| "a speaker's id is `speaker_` and 32 hexadecimal digits".to_string())
    }
}

/// The id of a job: `job_` and 32 hexadecimal digits of a version 7 UUID, which cannot be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub(crate) Uuid);

impl JobId {
    /// Returns a new id, greater than all that this process made before.
    #[expect(clippy::new_without_default, reason = "two defaults would differ")]
    pub fn new() -> Self {
        JobId(order::next())
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{JOB_PREFIX}{}", self.0.simple())
    }
}

impl FromStr for JobId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.strip_prefix(JOB_PREFIX)
            .filter(|digits| is_lower_hex(digits, 32))
            .and_then(|digits| Uuid::try_parse(digits).ok())
            .map(JobId)
            .ok_or_else(|| "a job's id is `job_` and 32 hexadecimal digits".to_string())
    }
}

/// The feature that made an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Feature {
    Tts,
    Stt,
    Clone,
    Dub,
}

impl Feature {
    /// In the order of their codes.
    pub const ALL: [Feature; 4] = [Feature::Tts, Feature::Stt, Feature::Clone, Feature::Dub];

    /// Returns the name that the API uses.
    pub fn name(self) -> &'static str {
        match self {
            Feature::Tts => "tts",
            Feature::Stt => "stt",
            Feature::Clone => "clone",
            Feature::Dub => "dub",
        }
    }

    /// Returns its byte in stored keys; 0 stands for all features.
    pub(crate) fn code(self) -> u8 {
        match self {
            Feature::Tts => 1,
            Feature::Stt => 2,
            Feature::Clone => 3,
            Feature::Dub => 4,
        }
    }
}

impl FromStr for Feature {
    type Err = Fault;

    /// Fault: `Invalid`, with the accepted names.
    fn from_str(text: &str) -> Result<Self, Fault> {
        Feature::ALL
            .into_iter()
            .find(|feature| feature.name() == text)
            .ok_or_else(|| Fault::invalid("feature must be one of tts, stt, clone, dub"))
    }
}

/// Serializes a type as the text of its `Display`, and parses it by its `FromStr`.
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
serde_as_text!(Utc, KeyId, ItemId, VoiceId, SpeakerId, JobId);

/// Whether `text` is exactly `length` digits of `0-9a-f`.
pub(crate) fn is_lower_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

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
