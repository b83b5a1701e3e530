//! The API: what each request may be, who may send it, and what is answered.
//!
//! [`ENDPOINTS`] is the only list of endpoints. A new one is its file (parse and render) and its line there.

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

use crate::admit::concurrency::KeyConcurrency;
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

/// Bytes that a body of each kind may have: options of the edge.
#[derive(Debug, Clone, Copy)]
pub struct BodyCaps {
    pub json_bytes_max: u64,
    pub audio_bytes_max: u64,
    pub video_bytes_max: u64,
}

impl BodyCaps {
    /// Bytes of a body of this kind; 0 where there is none.
    pub fn bytes_max(&self, kind: BodyKind) -> u64 {
        match kind {
            BodyKind::None => 0,
            BodyKind::Json => self.json_bytes_max,
            BodyKind::Audio => self.audio_bytes_max,
            BodyKind::Video => self.video_bytes_max,
        }
    }
}

/// What is answered before it is known which endpoint was meant: malformed, no such route, no such method, too slow
/// a head, too large a head, too many connections.
pub const BEFORE_ROUTING: &[u16] = &[400, 404, 405, 408, 431, 503];

/// What handlers work with. Made once, by `app`.
pub struct Context {
    pub store: Arc<Store>,
    /// The voices that can be spoken; none while no pack that speaks is fetched.
    pub voices: Arc<VoiceCatalog>,
    /// None while no pack that speaks is fetched.
    pub speech: Option<Arc<SpeechService>>,
    /// None while no pack that transcribes is fetched.
    pub transcription: Option<Arc<TranscriptionService>>,
    /// None while no pack that translates is fetched.
    pub translation: Option<TranslationService>,
    /// What voices sound like, spoken once.
    pub previews: Previews,
    /// None while a pack that cloning needs is not fetched.
    pub cloning: Option<Arc<Cloning>>,
    /// Cloned voices of an account.
    pub clones_max: usize,
    /// Whether a request that clones has to say that the speaker agreed.
    pub require_clone_consent: bool,
    /// Where files of multipart bodies go while they are worked on.
    pub spool_dir: PathBuf,
    /// None while no packs that dubbing needs are fetched.
    pub dubbing: Option<Dubbing>,
    /// Origins whose pages may read answers.
    pub origins: cors::Origins,
    pub body_caps: BodyCaps,
    /// What runs the models.
    pub device: Device,
    /// Whether history keeps what was spoken and heard.
    pub history_text: bool,
    pub log_content: bool,
    /// The generations under way; closed when the server was told to stop.
    pub drain: Arc<DrainGate>,
    /// The generations of each key that are under way.
    pub concurrency: KeyConcurrency,
}

/// One admitted request, on its way through a handler.
pub struct Call {
    pub head: Head,
    /// What stands in its path where the endpoint's has braces, decoded; else empty.
    pub param: String,
    pub body: Body,
    /// None on open endpoints only.
    pub identity: Option<Identity>,
    pub cancellation: CancellationToken,
    /// The history item of a generation, from the moment it begins; the lifecycle completes and stores it.
    pub record: Option<HistoryItem>,
    /// Time in the queue and in the engine.
    pub queued: Duration,
    pub ran: Duration,
}

impl Call {
    /// The caller. Faults: `Internal` on an open endpoint, which has none.
    pub fn identity(&self) -> Result<&Identity, Fault> {
        let missing = || Fault::internal("an endpoint without a key asked who calls");
        self.identity.as_ref().ok_or_else(missing)
    }

    /// A generation begins: from here on there is a history item, also of a failure.
    pub fn begin(&mut self, feature: Feature, name: &ModelName) -> Result<(), Fault> {
        self.record = Some(HistoryItem {
            id: ItemId::new(),
            feature,
            // What it is until the end is known.
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

    /// Notes what is known of the generation, and gives its item. Faults: `Internal` before [`Call::begin`].
    pub fn item(&mut self) -> Result<&mut HistoryItem, Fault> {
        self.record
            .as_mut()
            .ok_or_else(|| Fault::internal("no generation has begun"))
    }

    /// Completes the history item, if a generation has begun, and makes it durable. Faults: the store's.
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
    /// What follows the body, where that is only its first part.
    pub rest: Option<BodyStream>,
    /// What is sent in the place of the body, which is empty then.
    pub file: Option<FileSection>,
}

/// A section of a file of `whole` bytes; what is not all of it is answered 206.
#[derive(Debug)]
pub struct FileSection {
    pub part: Part,
    pub whole: u64,
}

/// The next part of a body that is sent while it is made, none at its end. It notes in the call what was made.
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

/// A text as history keeps it: cut, with a mark, where it is longer than one item may be.
fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(limits::HISTORY_TEXT_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}
