use crate::admit::key::Identity;
use crate::fault::Fault;
use crate::store::Store;
pub struct Allowance {
    pub limit: u32,
    pub remaining: u32,
    pub reset_s: u32,
    pub retry_after_s: Option<u32>,
}
pub fn take(_: &Store, i: &Identity) -> Result<Allowance, Fault> {
    let limit = i.account.rpm.min(i.key.rpm.unwrap_or(u32::MAX));
    Ok(Allowance {
        limit,
        remaining: limit,
        reset_s: 0,
        retry_after_s: None,
    })
}
