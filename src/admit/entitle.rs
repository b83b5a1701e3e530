use crate::fault::{Fault, Kind};
use crate::store::{Account, Utc};
pub fn entitled(a: &Account, _: Utc) -> Result<(), Fault> {
    if a.entitled {
        Ok(())
    } else {
        Err(Fault::new(
            Kind::Forbidden,
            "VocaBusta is not active for this account. Manage it in Billing.",
        ))
    }
}
