//! Cloning.
pub mod kriging;
pub mod likeness;
pub mod search;
