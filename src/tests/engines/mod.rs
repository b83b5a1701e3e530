//! Decoders, models and packs on real recordings and real graphs, without a server.

pub mod audio;
pub mod damage;
mod diarization;
mod fuzzed;
mod loudness;
mod packs;
mod parity;
