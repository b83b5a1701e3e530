//! What the tests share: a server to start, clients that speak to it, and measures of what it answers.

pub mod client;
pub mod process;
pub mod raw;
pub mod server;
pub mod talk;
pub mod wer;
