//! vocabox: a voice server in one file. This page describes the layers, the life of a request, and how to add an
//! endpoint, an engine, an option or a language.
//!
//! # Layers
//! Each layer may use those below it and none above. Layers marked with * are crates, so that the compiler enforces
//! this order; `src/tests/operations/tidy.rs` enforces it for the others.
//!
//! | layer | what it owns | what it must not know |
//! | --- | --- | --- |
//! | [`cli`] | the commands, one file each | HTTP |
//! | [`app`] | the wiring: settings → packs → services → listening server | |
//! | [`config`] | every option, declared once | what the options do |
//! | [`api`] | one request from its head to its log line; [`api::ENDPOINTS`] | models, worker pools |
//! | [`admit`] | who may call, and how often | endpoints |
//! | [`clone`], [`dub`] | a voice from a recording; a film that speaks another language | HTTP |
//! | [`services`] | speech, transcription, translation, speakers, voices: the only callers of the worker pools | HTTP, history |
//! | [`work`] | queues and worker threads | what the tasks do |
//! | [`capability`] | what the server can do: a row each | services, engines |
//! | `edge`* | sockets and HTTP framing, every size and time bounded; it declares the trait of a service, which `api` implements | endpoints |
//! | [`engine`]*, [`pack`]* | models, and the folders that hold them; only `engine` names ONNX Runtime and tract | requests |
//! | [`media`]* | containers of films: inspection, and copying the picture with a new sound track | |
//! | [`audio`]*, [`text`]* | decoding, signal processing, encoding; from text to phonemes | models, API |
//! | [`store`]* | accounts, keys, rate limits, history, voices, jobs; only `store` names LMDB | requests |
//! | `base`* | [`fault`] (a public sentence and a private cause), [`limits`] (every bound) | status codes |
//!
//! # The life of a request
//! `edge` accepts a connection within its caps, reads the head within its size and deadline, and checks its framing.
//! [`api::lifecycle`] decides from the head alone: endpoint (404, 405), key (401), token (429), entitlement (403),
//! declared size (411, 413), and whether the server is stopping or the queue is full (503). Only then is the body
//! received, in memory up to 1 MiB and in an unlinked file above. The lifecycle takes a permit of the endpoint's
//! capability (503 when none is free) and calls the handler, which has its own file: it parses and validates (400, 404)
//! and calls a service, whose worker runs the engine (502) piece by piece. The history item is on the disk before the
//! last byte of the answer leaves, and one log line is written.
//!
//! # How to add something
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
//! # Words defined by this project
//! | word | what it means here |
//! | --- | --- |
//! | pack | a folder with a model, its manifest `pack.toml` and the hashes of its files |
//! | fault | the reason of a refusal or a failure: a kind, one sentence for the client, a cause for the log |
//! | limit, movable | a bound; a movable one is an option with a range and a default |
//! | origin (of a voice) | the pack and the engine that speak it |
//! | style table | the vectors that make up a voice of Kokoro: one for each length of text |
//! | blend | a voice that is the weighted mean of others |
//! | piece | the unit of an engine's work: a clause of a text, a window of a recording |
//! | cancellation token | the deadline and the cancellation of a task, checked between pieces |
//! | permit | the right of one request to wait for or use a worker |
//! | segment, line | a passage of one speaker in the original recording; a passage to be spoken in another language |

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
