//! Whether an account may generate.

use crate::fault::{Fault, Kind};
use crate::store::{Account, Utc};

/// Returns nothing if the entitlement of `account` is on and has not expired at `now`; one that ends at `now` has
/// expired. Fault: `Forbidden`, with the hosted API's sentence.
pub fn entitled(account: &Account, now: Utc) -> Result<(), Fault> {
    let expired = account.expires.is_some_and(|end| end <= now);
    match account.entitled && !expired {
        true => Ok(()),
        false => Err(Fault::new(
            Kind::Forbidden,
            "VocaBusta is not active for this account. Manage it in Billing.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{AccountChanges, Store};

    #[test]
    fn an_account_is_entitled_until_the_instant_at_which_it_expires() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.create_account("ada", 60, true, None).unwrap();
        let (before, end, after) = (
            "2027-01-30T23:59:59.999Z".parse().unwrap(),
            "2027-01-31T00:00:00Z".parse().unwrap(),
            "2027-01-31T00:00:00.001Z".parse().unwrap(),
        );
        let set = |entitled, expires| {
            let changes = AccountChanges {
                entitled: Some(entitled),
                expires: Some(expires),
                ..AccountChanges::default()
            };
            let ada = store.set_account("ada", changes).unwrap();
            [before, end, after].map(|now| entitled_at(&ada, now))
        };
        assert_eq!(set(true, None), [true, true, true]);
        assert_eq!(set(true, Some(end)), [true, false, false]);
        assert_eq!(set(false, None), [false, false, false]);
        assert_eq!(set(false, Some(end)), [false, false, false]);
    }

    fn entitled_at(account: &Account, now: Utc) -> bool {
        let answer = entitled(account, now);
        if let Err(fault) = &answer {
            assert_eq!(fault.kind, Kind::Forbidden);
            let said = "VocaBusta is not active for this account. Manage it in Billing.";
            assert_eq!(fault.sentence, said);
        }
        answer.is_ok()
    }
}
