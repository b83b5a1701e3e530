//! The integration suite: the built binary over real sockets, with real models, and the tree's own rules.

mod accounts;
mod attacks;
mod audio;
mod contract;
mod cors;
mod damage;
mod draining;
mod durability;
mod http;
mod licences;
mod listening;
mod log;
mod loudness;
mod memory;
mod overload;
mod packs;
mod parity;
mod server;
mod speech;
mod startup;
mod statuses;
mod streaming;
mod tidy;
mod voice;
mod wer;
