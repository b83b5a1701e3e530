//! vocabox: a voice service in one file.
//!
//! # Layers
//! The lower layers are crates of their own, so that the compiler holds them apart; each `Cargo.toml` names what its crate
//! uses, of the others and of libraries. This crate has the names of them all.
//!
//! | crate | what it owns | uses |
//! | --- | --- | --- |
//! | [`vocabox_base`] | faults, limits, the end of the process | |
//! | [`audio`] | samples: decoding, signal processing, loudness, encoding | base |
//! | [`media`] | containers of films, copied with another sound track | base, audio |
//! | [`text`] | sentences, normalization, phonemes | base |
//! | [`store`] | what must survive a power cut, in LMDB | base |
//! | [`pack`] | model folders and their manifests | |
//! | [`engine`] | models, and the libraries that run their graphs | base, audio, text, pack |
//! | `vocabox_edge` | sockets and HTTP, for anything that is a [`Service`](vocabox_edge::message::Service) | base |
//!
//! Above them, in this crate: `api` (one request, top to bottom) → `admit` (who may) → `work` (queues and workers) → `engine`.
//! Arrows point to the right only; `src/tests/tidy.rs` holds that.
//!
//! # The life of a request
//! `edge` accepts a connection within its caps, reads the head within its size and deadline and checks its framing.
//! [`api::lifecycle`] decides from the head alone: endpoint, key, declared size, a place. Only then is the body received, in
//! memory up to 1 MiB and to an unlinked file above. The handler, one file an endpoint, parses and validates, runs the
//! task on a worker and renders. The history item is on the disk before the answer's first byte leaves, and one log
//! line is written.
//!
//! # To add
//! * an engine: its file in `engine`, written against [`engine::graph::net::Net`], and its line in [`engine::ENGINES`];
//! * an endpoint: its file in `api` and its line in [`api::ENDPOINTS`];
//! * a model: a folder in `models` with a `pack.toml`.

pub mod admit;
pub mod api;
pub mod app;
pub mod cli;
pub mod clone;
pub mod config;
pub mod dub;
pub mod work;

pub use vocabox_audio as audio;
use vocabox_base::end;
pub use vocabox_base::{fault, limits};
use vocabox_edge as edge;
pub use vocabox_engine as engine;
pub use vocabox_media as media;
pub use vocabox_pack as pack;
pub use vocabox_store as store;
pub use vocabox_text as text;
