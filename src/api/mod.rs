//! The API: endpoints, admission, request parsing and answers.
//!
//! [`ENDPOINTS`] is the only list of endpoints. A new endpoint is a file (parse and render) and a row in that list.

mod clone;
pub mod cors;
pub mod detail;
pub mod drain;
mod dub;
mod dub_files;
mod dub_render;
mod dub_translate;
mod endpoint;
mod endpoints;
mod fault_injection;
mod form;
mod health;
mod history;
mod languages;
pub mod lifecycle;
mod preview;
mod request;
pub mod route;
mod streamed_answer;
mod stt;
mod trace;
mod tts;
mod tts_stream;
mod voices;

pub use crate::edge::message;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::admit::key::Identity;
use crate::api::drain::DrainGate;
use crate::clone::Cloning;
use crate::dub::jobs::Dubbing;
use crate::engine::contract::CancellationToken;
use crate::engine::graph::device::Device;
use crate::fault::Fault;
use crate::limits;
use crate::services::ModelName;
use crate::services::previews::Previews;
use crate::services::speech::SpeechService;
use crate::services::transcription::TranscriptionService;
use crate::services::translation::TranslationService;
use crate::services::voices::VoiceCatalog;
use crate::store::{Feature, HistoryItem, ItemId, Status, Store, Utc};
pub use endpoint::{Access, BodyKind, Capability, Endpoint};
pub use endpoints::ENDPOINTS;
use message::{Body, Head, Part};

/// Bytes that a body of each kind may have, as the options set them.
#[derive(Debug, Clone, Copy)]
pub struct BodyCaps {
    pub json_bytes_max: u64,
    pub audio_bytes_max: u64,
    pub video_bytes_max: u64,
}

impl BodyCaps {
    /// Bytes that a body of this kind may have; 0 for endpoints without a body.
    pub fn bytes_max(&self, kind: BodyKind) -> u64 {
        match kind {
            BodyKind::None => 0,
            BodyKind::Json => self.json_bytes_max,
            BodyKind::Audio => self.audio_bytes_max,
            BodyKind::Video => self.video_bytes_max,
        }
    }
}

/// Statuses of requests that are refused before their endpoint is known: malformed, no such route, no such method, head
/// too slow, head too large, too many connections.
pub const BEFORE_ROUTING: &[u16] = &[400, 404, 405, 408, 431, 503];

/// What handlers use: services, store and settings. `app` makes it once.
pub struct Context {
    pub store: Arc<Store>,
    /// The voices that can be spoken; empty while no pack that speaks is fetched.
    pub voices: Arc<VoiceCatalog>,
    /// None while no pack that speaks is fetched.
    pub speech: Option<Arc<SpeechService>>,
    /// None while no pack that transcribes is fetched.
    pub transcription: Option<Arc<TranscriptionService>>,
    /// None while no pack that translates is fetched.
    pub translation: Option<TranslationService>,
    /// Samples of the stock voices, each spoken once.
    pub previews: Previews,
    /// None while a pack that cloning needs is not fetched.
    pub cloning: Option<Arc<Cloning>>,
    /// Cloned voices that an account may have.
    pub clones_max: usize,
    /// Whether a request that clones must declare that the speaker agreed.
    pub require_clone_consent: bool,
    /// Folder of the unlinked files that hold large bodies.
    pub spool_dir: PathBuf,
    /// None while a pack that dubbing needs is not fetched.
    pub dubbing: Option<Dubbing>,
    /// Origins whose pages may read answers.
    pub origins: cors::Origins,
    pub body_caps: BodyCaps,
    /// The device that runs the models.
    pub device: Device,
    /// Whether history items keep texts and transcripts.
    pub history_text: bool,
    pub log_content: bool,
    /// Counts the generations under way; closed once the server is told to stop.
    pub drain: Arc<DrainGate>,
}

/// One admitted request, as its handler sees it.
pub struct Call {
    pub head: Head,
    /// The decoded part of the path that the braces of the endpoint's path stand for; empty if it has none.
    pub param: String,
    pub body: Body,
    /// The caller; none only on open endpoints.
    pub identity: Option<Identity>,
    pub cancellation: CancellationToken,
    /// The history item of a generation, from [`Call::begin`] on; the lifecycle completes and stores it.
    pub record: Option<HistoryItem>,
    /// Time that the request's tasks waited for a worker, and that they ran.
    pub queued: Duration,
    pub ran: Duration,
}

impl Call {
    /// The caller. Faults: `Internal` on an open endpoint, whose requests have none.
    pub fn identity(&self) -> Result<&Identity, Fault> {
        let missing = || Fault::internal("an endpoint without a key asked who calls");
        self.identity.as_ref().ok_or_else(missing)
    }

    /// Begins a generation: from here on the request leaves a history item, even if it fails. Faults: `Internal` on an
    /// open endpoint.
    pub fn begin(&mut self, feature: Feature, name: &ModelName) -> Result<(), Fault> {
        self.record = Some(HistoryItem {
            id: ItemId::new(),
            feature,
            // The status until the generation ends.
            status: Status::Error,
            created_at: Utc::now(),
            key_name: self.identity()?.key.name.clone(),
            voice_id: None,
            language: None,
            text: None,
            duration_seconds: None,
            character_count: None,
            engine: Some(name.engine.clone()),
            model: Some(name.model.clone()),
            latency_ms: None,
        });
        Ok(())
    }

    /// The generation's history item, for the handler to fill in. Faults: `Internal` before [`Call::begin`].
    pub fn item(&mut self) -> Result<&mut HistoryItem, Fault> {
        self.record
            .as_mut()
            .ok_or_else(|| Fault::internal("no generation has begun"))
    }

    /// Completes the history item, if a generation began, and waits until it is durable. Faults: those of the store.
    fn put_on_record(&mut self, context: &Context, status: Status) -> Result<(), Fault> {
        let Some(mut item) = self.record.take() else {
            return Ok(());
        };
        item.status = status;
        item.latency_ms = Some(self.head.received.elapsed().as_millis() as u64);
        if context.log_content {
            log::info!("content item={} text={:?}", item.id, item.text);
        }
        let text = item.text.take();
        item.text = text.filter(|_| context.history_text).map(shortened);
        let stored = context.store.append(self.identity()?.account.id, &item);
        self.record = Some(item);
        stored
    }

    /// Takes the body, leaving an empty one.
    pub fn take_body(&mut self) -> Body {
        std::mem::replace(&mut self.body, Body::Memory(Vec::new()))
    }
}

/// A handler's success.
pub struct Reply {
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// The source of the parts after `body`, if the answer is sent while it is made.
    pub rest: Option<BodyStream>,
    /// A file that is sent instead of the body, which is then empty.
    pub file: Option<FileSection>,
}

/// A section of a file of `whole` bytes; a section that is not the whole file is answered with 206.
#[derive(Debug)]
pub struct FileSection {
    pub part: Part,
    pub whole: u64,
}

/// Returns the next part of a body that is sent while it is made, and none at its end; it completes the call's history
/// item.
pub type BodyStream = Box<dyn FnMut(&mut Call) -> Result<Option<Vec<u8>>, Fault> + Send>;

impl Reply {
    /// A JSON body. Faults: `Internal` if `value` cannot be written as JSON.
    pub fn json(value: &impl serde::Serialize) -> Result<Self, Fault> {
        Ok(Reply {
            content_type: "application/json",
            headers: Vec::new(),
            body: serde_json::to_vec(value).map_err(Fault::internal)?,
            rest: None,
            file: None,
        })
    }
}

/// A text as history keeps it: one that is longer than an item may hold is cut and ends in a mark.
fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(limits::HISTORY_TEXT_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}
