//! The integration suite: the built binary over real sockets, with real models, and the tree's own rules.

mod attacks;
mod audio;
mod contract;
mod damage;
mod durability;
mod http;
mod listening;
mod memory;
mod packs;
mod parity;
mod server;
mod startup;
mod tidy;
mod voice;
mod wer;
