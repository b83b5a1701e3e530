//! The integration suite: the built binary over real sockets, with real models, and the tree's own rules.

mod attacks;
mod audio;
mod contract;
mod durability;
mod http;
mod memory;
mod packs;
mod parity;
mod server;
mod speech;
mod startup;
mod tidy;
mod voice;
mod wer;
