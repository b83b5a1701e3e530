//! Each endpoint over a socket: what it answers, refuses and promises.

mod answers;
pub mod cloning;
mod contract;
mod cors;
mod hostile_texts;
mod listening;
mod previews;
mod speech;
mod statuses;
mod streaming;
mod translation;
pub mod voice;
