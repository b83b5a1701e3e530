//! vocabox: a voice server in one file. This page describes the layers, the life of a request, and how to add an
//! endpoint, an engine, an option or a language.
//!
//! # Layers
//! A layer uses none above it. Which of those below it may use is listed in `MAY_USE` of `src/tests/operations/tidy.rs`
//! and, for the crates (marked with *), in their `Cargo.toml`, so that the compiler enforces it.
//!
//! | layer | what it owns | what it must not know |
//! | --- | --- | --- |
//! | [`cli`] | the commands, one file each | requests and answers |
//! | [`docs`] | the documents that `vocabox docs` shows | all other layers |
//! | [`app`] | the wiring: settings → packs → services → listening server | |
//! | [`config`] | every option, declared once | what the options do |
//! | [`wyoming`] | clients of the Wyoming protocol, whose requests go through [`api::lifecycle`] too | how requests are answered |
//! | [`api`] | one request from its head to its log line; [`api::ENDPOINTS`] | models, lanes |
//! | [`admit`] | who may call, and how often | endpoints |
//! | [`clone`], [`dub`] | a voice from a recording; a film that speaks another language | requests and answers |
//! | [`import`] | model files that others published → packs | requests and answers |
//! | [`services`] | speech, transcription, translation, speakers, voices, lexicons; only they run engines | requests and answers, history |
//! | [`metrics`] | what the server counts and measures of itself, each metric declared once | all other layers |
//! | [`scheduler`] | which step of which request computes next, on how many lanes; places | what the steps do |
//! | [`capability`] | what the server can do: a row each | services, engines |
//! | `edge`* | sockets and HTTP framing, every size and time bounded; it declares the trait `Service`, which [`api::lifecycle`] implements | endpoints |
//! | [`engine`]*, [`pack`]* | models, and the folders that hold them; only `engine` names ONNX Runtime and tract | requests and answers |
//! | `request`* | what clients send in bodies, read into requests whose fields are within their bounds | what endpoints do, answers |
//! | [`media`]* | containers of films: inspection, and copying the picture with a new sound track | |
//! | [`provenance`]* | content credentials: the operator's key, manifests within files, checking them; only it names c2pa, behind the feature `c2pa` | clients' words |
//! | [`audio`]*, [`text`]* | decoding, signal processing, encoding; from text to phonemes | models, requests and answers |
//! | [`store`]* | accounts, keys, rate limits, history, voices, jobs, lexicons; only `store` names LMDB | requests and answers |
//! | `base`* | [`fault`] (a public sentence and a private cause), [`limits`] (every bound), [`cpu_time`], [`memory`], `end` (of the process) | status codes |
//!
//! # The life of a request
//! `edge` accepts a connection within its caps, reads the head within its size and deadline, and checks its framing.
//! [`api::lifecycle`] decides from the head alone: endpoint (404, 405), key (401), generations of the key under way
//! (429, no token taken), token (429), entitlement (403), declared size (411, 413), and whether the server is stopping
//! or the queue is full (503). Only then is the body received, in memory up to 1 MiB and in an unlinked file above. The
//! lifecycle takes a place of the endpoint's capability (503 when all are taken or the account has its share) and calls
//! the handler, which has its own file: it has the body read and checked by `request` (400), looks up what it names (404) and calls a service, which runs the engine
//! (502) step by step on the lanes of the [`scheduler`]. The history item is on the disk before the last byte of the
//! answer leaves, and one log line is written.
//!
//! A request for a WebSocket takes a place among the sessions in place of a handler: the edge answers 101, and the thread of
//! its connection serves its messages ([`api::Endpoint::socket`], [`services::live`]) until one side ends them.
//!
//! # How to add something
//! * **an endpoint**: its file and its `mod` in `src/api`; what it reads of a body in `src/request`, and its line in
//!   `src/request/fuzzing.rs`; its row in `src/api/endpoints.rs` ([`api::ENDPOINTS`]); its row in `src/docs/api.md`; its
//!   arm in `src/tests/http/statuses.rs`. Settings reach it as fields of [`api::Context`].
//! * **an engine**: its file and its `mod` in the folder of its capability in `src/engine`: it implements the trait of
//!   [`engine::contract`] for that capability, runs its graphs through `Net` ([`engine::graph::net`]) and has a
//!   `build`; its row in `src/engine/registry.rs` ([`engine::ENGINES`]); new keys of the manifest in
//!   `src/pack/manifest.rs`; a pack.
//! * **a capability**: its row in `src/capability.rs`; its `PackKind` (`src/pack/manifest.rs`), its task and output
//!   ([`engine::contract`]) and its variant of [`engine::Build`]; its service, a field of [`services::Services`] with
//!   two arms in `src/services/mod.rs`; a variant of `Work` (`src/scheduler/estimates.rs`); the choice of its pack and
//!   its start in `src/app`. Deadline, handlers, `/readyz` and the warning at the start follow.
//! * **a model**: a folder in `models` with a `pack.toml` (see `models/README.md`), for an engine that is there.
//! * **a published layout**, for `models import`: its tensors in `src/engine/recognition.rs`, its texts in a file of `src/import`; its row in
//!   `src/docs/import.md` once it was run.
//! * **an option**: its line in a group of `src/config` (a call of the macro `settings!`: `common.rs`, `serve.rs`,
//!   `edge.rs`, `dub.rs`), a number's range in `src/base/limits.rs` (`app` checks a text), and its way through `app` to
//!   the code that uses it. Flag, variable, key of the file and `--help` follow;
//!   `UPDATE_GOLDEN=1 cargo test --test main options_document` writes the document.
//! * **a language**: to speak it, its table in `src/text/g2p/tables` and its row in `TABLES`
//!   (`src/text/g2p/rules/mod.rs`), its code in `CODES` (`src/text/languages.rs`), sentences in `benches/sentences/CODE.txt`, a preview sentence
//!   (`src/services/previews.rs`) and a voice in a pack; or only a VITS pack that reads letters, and a preview
//!   sentence. To transcribe or translate it, the list of the pack's `pack.toml`. Lists kept by hand:
//!   `src/docs/languages.md`, `models/README.md`, and the voice counts of `README.md`.
//! * **a command**: its file in `src/cli`, its variant and its arm in `src/cli/mod.rs`, its row in
//!   `src/docs/options.md`.
//! * **a metric**: its row in `src/metrics/mod.rs` with its labels; what it counts is told to [`metrics::Metrics`], what is
//!   measured when the page is asked for is a field of [`metrics::ServerMeasurements`]; its row in `src/docs/metrics.md`.
//! * **a bound**: `src/base/limits.rs`, with its unit and its reason.
//! * **a document**: its file in `src/docs`, its row in `TOPICS` (`src/docs/mod.rs`).
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
//! | lexicon | how a user's words are said: by phonemes, or by another spelling |
//! | script (of speech) | utterances one after another, by several voices, with silence between them |
//! | piece | the unit of an engine's work: a clause of a text, a window of a recording |
//! | cancellation token | the deadline and the cancellation of a task, checked at each step |
//! | step | what an engine computes before it asks whether it may go on |
//! | lane | the right to compute one step; by default as many as there are cores |
//! | place | the right of one request to compute or wait, counted for each account |
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
pub mod import;
pub mod metrics;
pub mod scheduler;
pub mod services;
pub mod wyoming;

pub use vocabox_audio as audio;
use vocabox_base::{address, end};
pub use vocabox_base::{cpu_time, fault, limits, memory};
use vocabox_edge as edge;
pub use vocabox_engine as engine;
pub use vocabox_media as media;
pub use vocabox_pack as pack;
pub use vocabox_provenance as provenance;
pub use vocabox_request as request;
pub use vocabox_store as store;
pub use vocabox_text as text;
