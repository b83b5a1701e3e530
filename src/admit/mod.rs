//! Authentication, rate limits and entitlements: decisions from what the store holds, and from how often an address has
//! failed. Functions take the time as an argument, or read the store's own clock.

pub mod bucket;
pub mod concurrency;
pub mod entitle;
pub mod failed_keys;
pub mod key;
pub mod operator;
