//! The API: what each request may be, who may send it, and what is answered.
//!
//! [`ENDPOINTS`] is the only list of endpoints. A new one is its file (parse and render) and its line there.

pub mod detail;
mod disposition;
mod fields;
mod form;
mod health;
mod history;
pub mod lifecycle;
pub mod message;
pub mod speech;
mod stt;
mod tts;
mod voices;
mod window;

use std::sync::Arc;
use std::time::Duration;

use crate::admit::key::Identity;
use crate::engine::contract::Watch;
use crate::fault::Fault;
use crate::limits;
use crate::store::{Feature, HistoryItem, ItemId, Status, Store, Utc};
use crate::work::underway::Underway;
use message::{Body, Head};
use speech::{Speaking, Transcribing};

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody who reaches the box.
    Open,
    /// Whoever has a key.
    Key,
}

/// Which workers an endpoint waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// None: it answers at once.
    Light,
    Speak,
    Transcribe,
}

/// What an endpoint's body is, and so how large it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    None,
    Json,
    /// A form with a recording.
    Audio,
}

/// Bytes that a body of each kind may have: options of the edge.
#[derive(Debug, Clone, Copy)]
pub struct BodyCaps {
    pub json_bytes_max: u64,
    pub audio_bytes_max: u64,
}

impl BodyCaps {
    /// Bytes of a body of this kind; 0 where there is none.
    pub fn bytes_max(&self, kind: BodyKind) -> u64 {
        match kind {
            BodyKind::None => 0,
            BodyKind::Json => self.json_bytes_max,
            BodyKind::Audio => self.audio_bytes_max,
        }
    }
}

/// One row of the table that drives routing, admission and tests.
pub struct Endpoint {
    /// Also the name of the handler's file, and of the endpoint in the log.
    pub id: &'static str,
    pub method: &'static str,
    pub path: &'static str,
    pub access: Access,
    pub work: Work,
    pub body: BodyKind,
    /// Time from admission to the end of its work.
    pub deadline: Duration,
    pub handler: fn(&Context, &mut Call) -> Result<Reply, Fault>,
}

const LIGHT: Duration = Duration::from_secs(30);

/// Every endpoint of the box.
pub const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        id: "tts",
        method: "POST",
        path: "/voice/tts",
        access: Access::Key,
        work: Work::Speak,
        body: BodyKind::Json,
        deadline: Duration::from_secs(limits::SPEAK_SECONDS_MAX),
        handler: tts::handle,
    },
    Endpoint {
        id: "stt",
        method: "POST",
        path: "/voice/stt",
        access: Access::Key,
        work: Work::Transcribe,
        body: BodyKind::Audio,
        deadline: Duration::from_secs(limits::TRANSCRIBE_SECONDS_MAX),
        handler: stt::handle,
    },
    Endpoint {
        id: "voices",
        method: "GET",
        path: "/voice/voices",
        access: Access::Key,
        work: Work::Light,
        body: BodyKind::None,
        deadline: LIGHT,
        handler: voices::handle,
    },
    Endpoint {
        id: "history",
        method: "GET",
        path: "/voice/history",
        access: Access::Key,
        work: Work::Light,
        body: BodyKind::None,
        deadline: LIGHT,
        handler: history::handle,
    },
    Endpoint {
        id: "healthz",
        method: "GET",
        path: "/healthz",
        access: Access::Open,
        work: Work::Light,
        body: BodyKind::None,
        deadline: LIGHT,
        handler: health::live,
    },
    Endpoint {
        id: "readyz",
        method: "GET",
        path: "/readyz",
        access: Access::Open,
        work: Work::Light,
        body: BodyKind::None,
        deadline: LIGHT,
        handler: health::ready,
    },
];

/// What handlers work with. Made once, by `app`.
pub struct Context {
    pub store: Arc<Store>,
    /// None while no pack that speaks is fetched.
    pub speaking: Option<Speaking>,
    /// None while no pack that transcribes is fetched.
    pub transcribing: Option<Transcribing>,
    pub body_caps: BodyCaps,
    pub log_content: bool,
    /// The generations under way; closed when the box was told to stop.
    pub underway: Arc<Underway>,
}

/// One admitted request, on its way through a handler.
pub struct Call {
    pub head: Head,
    pub body: Body,
    /// None on open endpoints only.
    pub identity: Option<Identity>,
    pub watch: Watch,
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

    /// A generation begins: from here on there is a history item, whatever comes of it.
    pub fn begin(&mut self, feature: Feature, engine: &str, model: &str) -> Result<(), Fault> {
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
            engine: Some(engine.to_owned()),
            model: Some(model.to_owned()),
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
}

impl Reply {
    /// A JSON body. Faults: `Internal` if `value` cannot be written as JSON.
    pub fn json(value: &impl serde::Serialize) -> Result<Self, Fault> {
        Ok(Reply {
            content_type: "application/json",
            headers: Vec::new(),
            body: serde_json::to_vec(value).map_err(Fault::internal)?,
        })
    }
}
