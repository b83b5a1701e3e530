//! Code that the tests share: starting a server, clients, and measures of answers.

pub mod chunked;
pub mod client;
pub mod description;
pub mod dice;
pub mod namespace;
pub mod operator;
pub mod process;
pub mod raw;
pub mod realtime;
pub mod server;
pub mod shim;
pub mod talk;
pub mod wer;
