//! The API: endpoints, admission and answers.
//!
//! [`ENDPOINTS`] is the only list of endpoints. A new endpoint is a file (what it does, and its answer) and a row in that list; what it
//! reads of a body is a file of the crate `request`.

mod admin_accounts;
mod admin_keys;
mod body_caps;
mod call;
mod carried_sound;
mod clone;
mod console;
mod context;
pub mod cors;
mod credentials;
pub mod detail;
mod docs_page;
pub mod drain;
mod dub;
mod dub_files;
mod dub_jobs;
mod dub_render;
mod dub_translate;
mod endpoint;
mod endpoints;
mod events;
mod fault_injection;
mod health;
mod heard_track;
mod history;
mod lexicon;
pub mod lifecycle;
pub mod metrics_page;
pub mod models;
mod openai;
pub mod openapi;
pub mod policy;
mod preview;
mod realtime;
mod recording_to_hear;
pub mod route;
mod speakers;
mod split_channels;
mod streamed_answer;
mod stt;
mod timed_speech;
mod trace;
mod tts;
mod tts_stream;
mod voices;

pub use crate::edge::message;
pub use body_caps::{BodyCaps, BodyKind};
pub use call::{BodyStream, Call, FileSection, Reply};
pub use context::Context;
pub use endpoint::{Access, Endpoint};
pub use endpoints::ENDPOINTS;

/// Statuses of requests that are refused before their endpoint is known: malformed, no such route, no such method, head
/// too slow, head too large, too many connections.
pub const BEFORE_ROUTING: &[u16] = &[400, 404, 405, 408, 431, 503];
