//! Who may do what: decisions over what the store holds. Time is an argument.

pub mod bucket;
pub mod concurrency;
pub mod entitle;
pub mod key;
