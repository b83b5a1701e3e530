//! What the server can do, whoever asks: the API, the command line, dubbing and cloning.

pub mod file_cache;
pub mod permits;
pub mod speech;
pub mod style_cache;
pub mod translation;
