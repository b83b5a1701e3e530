//! Authentication: from an `Authorization` header to a key and its account.

use crate::fault::{Fault, Kind};
use crate::store::{Account, Key, KeyId, Secret, Store, Utc};

/// The key and the account of a request.
#[derive(Debug, Clone)]
pub struct Identity {
    pub account: Account,
    pub key: Key,
}

/// The identity that the value of the `Authorization` header (`None` if the header is absent) names; the store records
/// that the key was used at `now`. Faults: `Unauthorized` for a key that is missing, malformed, unknown or revoked,
/// with a sentence that never contains the key; `Missing` if the store cannot be read.
pub fn authenticate(
    store: &Store,
    authorization: Option<&str>,
    now: Utc,
) -> Result<Identity, Fault> {
    let authorization = authorization.ok_or_else(|| {
        refused("An API key is needed: send the header `Authorization: Bearer <key>`.")
    })?;
    let secret = bearer(authorization)
        .ok_or_else(|| refused("The Authorization header must read `Bearer <key>`."))?;
    let secret: Secret = secret.parse().map_err(|()| {
        refused(
            "The API key is malformed: it must be whole, from `satryx_live_` or `satryx_test_` on.",
        )
    })?;
    in_force(store, store.find_key(&secret)?, now)
}

/// As [`authenticate`], for the key with the id `key_id` of a listener whose clients send none.
pub fn of_listener(store: &Store, key_id: KeyId, now: Utc) -> Result<Identity, Fault> {
    in_force(store, store.key_with_id(key_id)?, now)
}

fn in_force(store: &Store, found: Option<(Key, Account)>, now: Utc) -> Result<Identity, Fault> {
    let (key, account) = found.ok_or_else(|| refused("The API key is unknown."))?;
    if key.revoked_at.is_some() {
        return Err(refused("The API key was revoked."));
    }
    store.note_use(&key, now);
    Ok(Identity { account, key })
}

/// The credentials after the scheme `Bearer`, whose case does not matter (RFC 7235, section 2.1); none for another
/// scheme.
pub(super) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, rest) = authorization.trim().split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| rest.trim_start())
}

/// The fault of a request without a valid key.
pub(super) fn refused(sentence: &str) -> Fault {
    Fault::new(Kind::Unauthorized, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{KeyEnv, KeyLimits};

    #[test]
    fn a_key_opens_until_it_is_revoked() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.create_account("ada", 60, true, None).unwrap();
        let limits = KeyLimits {
            rpm: Some(5),
            concurrent: Some(2),
        };
        let (secret, key) = store
            .create_key("ada", "laptop", KeyEnv::Live, limits)
            .unwrap();
        let header = format!("Bearer {}", secret.reveal());
        let now = Utc::now();
        let caller = authenticate(&store, Some(&header), now).unwrap();
        assert_eq!((caller.account.name.as_str(), &caller.key), ("ada", &key));
        let lower = format!("bearer   {} ", secret.reveal());
        assert!(authenticate(&store, Some(&lower), now).is_ok());

        let unknown = format!("Bearer satryx_live_{}", "0".repeat(64));
        let test_env = header.replace("live", "test");
        let upper = header.to_uppercase();
        let (basic, short) = (
            header.replace("Bearer", "Basic"),
            &header[..header.len() - 1],
        );
        for wrong in [
            None,
            Some(""),
            Some("Bearer"),
            Some("Bearer "),
            Some(secret.reveal()),
            Some(&basic),
            Some(short),
            Some(&upper),
            Some(&unknown),
            Some(&test_env),
        ] {
            let fault = authenticate(&store, wrong, now).unwrap_err();
            assert_eq!(fault.kind, Kind::Unauthorized, "{wrong:?}");
            assert!(fault.cause.is_none());
            assert!(!fault.sentence.contains(&secret.reveal()[20..30]));
        }

        let revoked = store.revoke_key(key.key_id).unwrap();
        assert!(revoked.revoked_at.is_some());
        let again = store.revoke_key(key.key_id).unwrap();
        assert_eq!(again.revoked_at, revoked.revoked_at);
        let fault = authenticate(&store, Some(&header), now).unwrap_err();
        assert_eq!(fault.sentence, "The API key was revoked.");
        let nobody = "key_0000000000000000".parse().unwrap();
        assert_eq!(store.revoke_key(nobody).unwrap_err().kind, Kind::NotFound);
    }
}
