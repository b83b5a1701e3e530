//! What an operator sends: accounts and keys to create or change. The store has the bounds of names and limits, for the command line
//! as for these requests.

use vocabox_base::fault::Fault;

use crate::json::{AnyText, BoundOrDefault, JsonFlag, WholeNumber, request};

request! {
    /// An account to create.
    pub struct NewAccountFields {
        /// Unique name of the account.
        name: AnyText,
        /// Calls a minute that each of the account's keys may make.
        rpm: Option<WholeNumber>,
        /// Whether the account may generate; true by default.
        entitled: Option<JsonFlag>,
        /// When the entitlement ends, such as 2027-01-31T00:00:00Z; never by default.
        expires: Option<AnyText>,
    }
}

/// An account to create.
#[derive(Debug)]
pub struct NewAccount {
    pub name: String,
    /// None for the default.
    pub rpm: Option<u32>,
    pub entitled: bool,
    /// As it was sent.
    pub expires: Option<String>,
}

impl NewAccountFields {
    /// The request. Faults: `Invalid` for a field of another kind.
    pub fn checked(self) -> Result<NewAccount, Fault> {
        Ok(NewAccount {
            name: self.name.take()?.into_string(),
            rpm: self.rpm.take()?.map(narrowed),
            entitled: self.entitled.take()?.unwrap_or(true),
            expires: self.expires.take()?.map(AnyText::into_string),
        })
    }
}

request! {
    /// Changes of an account; fields that are absent change nothing.
    pub struct AccountChangeFields {
        /// Calls a minute that each of the account's keys may make.
        rpm: Option<WholeNumber>,
        /// Whether the account may generate.
        entitled: Option<JsonFlag>,
        /// When the entitlement ends, such as 2027-01-31T00:00:00Z, or `never`.
        expires: Option<AnyText>,
        /// Cloned voices; `default` for the server's bound.
        quota_clones: Option<BoundOrDefault>,
        /// Bytes of the files of its dubbing jobs; `default` for its share of the server's.
        quota_dub_disk: Option<BoundOrDefault>,
        /// Hours of sound in its queued and running dubbing jobs; `default` for the server's bound.
        quota_dub_hours: Option<BoundOrDefault>,
        /// Dubbing jobs that are queued or run; `default` for its share of the server's.
        quota_jobs: Option<BoundOrDefault>,
    }
}

/// A bound to set: none leaves it unchanged, `Some(None)` is the server's.
pub type BoundChange = Option<Option<u64>>;

/// Changes of an account; none leaves a value unchanged.
#[derive(Debug)]
pub struct AccountChange {
    pub rpm: Option<u32>,
    pub entitled: Option<bool>,
    /// As it was sent.
    pub expires: Option<String>,
    pub quota_clones: BoundChange,
    pub quota_dub_disk: BoundChange,
    pub quota_dub_hours: BoundChange,
    pub quota_jobs: BoundChange,
}

impl AccountChangeFields {
    /// The request. Faults: `Invalid` for a field of another kind, and for a request that changes nothing.
    pub fn checked(self) -> Result<AccountChange, Fault> {
        let change = AccountChange {
            rpm: self.rpm.take()?.map(narrowed),
            entitled: self.entitled.take()?,
            expires: self.expires.take()?.map(AnyText::into_string),
            quota_clones: self.quota_clones.take()?,
            quota_dub_disk: self.quota_dub_disk.take()?,
            quota_dub_hours: self.quota_dub_hours.take()?,
            quota_jobs: self.quota_jobs.take()?,
        };
        let AccountChange {
            rpm: None,
            entitled: None,
            expires: None,
            quota_clones: None,
            quota_dub_disk: None,
            quota_dub_hours: None,
            quota_jobs: None,
        } = change
        else {
            return Ok(change);
        };
        Err(Fault::invalid(
            "the body changes nothing; rpm, entitled, expires, quota_clones, quota_dub_disk, quota_dub_hours and quota_jobs are \
             accepted",
        ))
    }
}

request! {
    /// A key to create.
    pub struct NewKeyFields {
        /// Name of the account that the key belongs to.
        account: AnyText,
        /// Name of the key, which the history shows.
        name: AnyText,
        /// Environment that the key is for, part of its prefix.
        #[schemars(extend("enum" = ["live", "test"], "default" = "live"))]
        env: Option<AnyText>,
        /// Calls a minute; by default, and at most, those of the account.
        rpm: Option<WholeNumber>,
        /// Generations under way at once; as many as the server allows, if absent or greater.
        concurrent: Option<WholeNumber>,
    }
}

/// A key to create.
#[derive(Debug)]
pub struct NewKey {
    pub account: String,
    pub name: String,
    /// The name of the environment, as it was sent.
    pub env: Option<String>,
    pub rpm: Option<u32>,
    pub concurrent: Option<u32>,
}

impl NewKeyFields {
    /// The request. Faults: `Invalid` for a field of another kind.
    pub fn checked(self) -> Result<NewKey, Fault> {
        Ok(NewKey {
            account: self.account.take()?.into_string(),
            name: self.name.take()?.into_string(),
            env: self.env.take()?.map(AnyText::into_string),
            rpm: self.rpm.take()?.map(narrowed),
            concurrent: self.concurrent.take()?.map(narrowed),
        })
    }
}

/// A limit in the store's width; one that is wider is beyond its bound in any case.
fn narrowed(limit: u64) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{FieldValue, FromJson};

    fn read<T: FromJson>(json: &str) -> T {
        match serde_json::from_str::<FieldValue<T>>(json).unwrap() {
            FieldValue::Accepted(fields) => fields,
            _ => panic!("no object: {json}"),
        }
    }

    #[test]
    fn changes_tell_the_servers_bound_from_no_change() {
        let json = r#"{"quota_jobs":"default","quota_clones":0,"quota_dub_hours":null}"#;
        let change = read::<AccountChangeFields>(json).checked().unwrap();
        assert_eq!(change.quota_jobs, Some(None));
        assert_eq!(change.quota_clones, Some(Some(0)));
        assert_eq!(
            (change.quota_dub_hours, change.quota_dub_disk),
            (None, None)
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (json, why) in [
            ("{}", "the body changes nothing"),
            (r#"{"rpm":1.5}"#, "rpm is not a whole number"),
            (r#"{"rpm":-1}"#, "rpm is not a whole number"),
            (
                r#"{"rpm":"9"}"#,
                "rpm is a string; a whole number is accepted",
            ),
            (
                r#"{"entitled":1}"#,
                "entitled is a number; true or false is accepted",
            ),
            (
                r#"{"quota_jobs":"none"}"#,
                "quota_jobs is a string; a whole number or \"default\" is accepted",
            ),
        ] {
            let told = read::<AccountChangeFields>(json)
                .checked()
                .unwrap_err()
                .sentence;
            assert!(told.starts_with(why), "{json}: {told}");
        }
        let told = read::<NewKeyFields>(r#"{"name":"k"}"#)
            .checked()
            .unwrap_err();
        assert_eq!(told.sentence, "account is missing");
        let wide = read::<NewKeyFields>(r#"{"account":"a","name":"k","rpm":4294967296}"#);
        assert_eq!(wide.checked().unwrap().rpm, Some(u32::MAX));
    }
}
