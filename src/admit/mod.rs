//! Authentication, rate limits and entitlements: decisions from what the store holds. Functions take the time as an
//! argument, or read the store's own clock.

pub mod bucket;
pub mod concurrency;
pub mod entitle;
pub mod key;
