//! vocabox: a voice server in one file. This page says what is where, and where to add something.
//!
//! # Layers
//! Each layer may use those below it and none above. Those marked with * are crates of their own, so that the compiler
//! holds the arrows; `src/tests/operations/tidy.rs` holds the others.
//!
//! | layer | what it owns | what it must not know |
//! | --- | --- | --- |
//! | [`cli`] | one file a command | HTTP |
//! | [`app`] | the only wiring: settings → packs → services → listening server | |
//! | [`config`] | every option, declared once | what the options do |
//! | [`api`] | one request from its head to its log line; [`api::ENDPOINTS`] | models, worker pools |
//! | [`admit`] | who may call, and how often | endpoints |
//! | [`clone`], [`dub`] | a voice from a recording; a film that speaks another language | HTTP |
//! | [`services`] | speech, transcription, translation, speakers, voices: the only callers of the worker pools | HTTP, history |
//! | [`work`] | queues and worker threads | what the tasks do |
//! | [`capability`] | what the server can do: a row each | services, engines |
//! | `edge`* | sockets and HTTP framing, every size and time bounded; it declares what a service is, `api` implements it | endpoints |
//! | [`engine`]*, [`pack`]* | models, and the folders that they come in; the only crate that names ONNX Runtime and tract | requests |
//! | [`media`]* | containers of films: inspection, and the same picture with another sound | |
//! | [`audio`]*, [`text`]* | decoding, signal processing, encoding; from text to phonemes | models, API |
//! | [`store`]* | accounts, keys, rate limits, history, voices, jobs; the only crate that names LMDB | requests |
//! | `base`* | [`fault`] (a public sentence and a private cause), [`limits`] (every bound) | status codes |
//!
//! # The life of a request
//! `edge` accepts a connection within its caps, reads the head within its size and deadline, and checks its framing.
//! [`api::lifecycle`] decides from the head alone: endpoint (404, 405), key (401), token (429), entitlement (403), declared
//! size (411, 413), and whether the server is stopping (503). Only then is the body received, in memory up to 1 MiB and in an
//! unlinked file above. A permit of the endpoint's capability is taken (503 when there is none), the handler, one file an
//! endpoint, parses and validates (400, 404) and calls a service, whose worker runs the engine (502) piece by piece. The
//! history item is on the disk before the last byte of the answer leaves, and one log line is written.
//!
//! # To add
//! * **an endpoint**: its file in `src/api` (parse and render), its row in [`api::ENDPOINTS`], its test in `src/tests/http`;
//! * **an engine**: its file in `src/engine`, written against its `Net` trait, its row in [`engine::ENGINES`], and a pack;
//! * **a capability**: its row in [`capability`]; its service, a field of [`services::Services`], which `app` starts; its engine
//!   with a kind of pack; permits, deadline, `/readyz` and the choice of packs follow;
//! * **a model**: a folder in `models` with a `pack.toml` (see `models/README.md`), for an engine that is there;
//! * **an option**: its line in the `settings!` group of the part that uses it (`src/config`), its range in [`limits`]; flag,
//!   variable, key of the file, check, `--help` and documents follow;
//! * **a language**: speech: its table in `src/text/g2p/tables` and a voice in a pack; transcription and translation: the list of the
//!   pack's `pack.toml`.
//!
//! # Words that are ours
//! | word | what it means here |
//! | --- | --- |
//! | pack | a folder with a model, its manifest `pack.toml` and the hashes of its files |
//! | fault | why something was refused or failed: a kind, one sentence for the client, a cause for the log |
//! | limit, movable | a bound; one that an operator may move has a range and a default |
//! | origin (of a voice) | the pack and the engine that speak it |
//! | style table | the rows by which Kokoro's graph knows a voice: one for each length of text |
//! | blend | a voice that is the weighted mean of others |
//! | piece | what an engine makes without a pause in between: a clause of a text, a window of a recording |
//! | cancellation token | the deadline and the cancellation of a task, asked between pieces |
//! | permit | the right of one request to wait for, or hold, a worker |
//! | segment, line | what one speaker says in one go, heard; the same as it will be spoken in another language |

pub mod admit;
pub mod api;
pub mod app;
pub mod capability;
pub mod cli;
pub mod clone;
pub mod config;
pub mod docs;
pub mod dub;
pub mod services;
pub mod work;

pub use vocabox_audio as audio;
use vocabox_base::end;
pub use vocabox_base::{cpu_time, fault, limits};
use vocabox_edge as edge;
pub use vocabox_engine as engine;
pub use vocabox_media as media;
pub use vocabox_pack as pack;
pub use vocabox_store as store;
pub use vocabox_text as text;
