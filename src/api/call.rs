//! One request on its way through a handler, and the handler's reply.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Context;
use super::message::{Body, Head, Part};
use crate::admit::key::Identity;
use crate::engine::contract::CancellationToken;
use crate::fault::Fault;
use crate::limits;
use crate::metrics::{Direction, Generated};
use crate::request::form::Form;
use crate::scheduler::{LaneShare, LaneTimes};
use crate::services::ModelName;
use crate::store::{Feature, HistoryItem, ItemId, Status, Utc};

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
    /// Time that the request's tasks waited for lanes, and that they computed on them.
    pub times: Arc<LaneTimes>,
    /// Time for which the client had a part of the answer to take.
    pub unsent: Duration,
    /// Why the answer ends early, where a part of it tells that itself.
    pub told: Option<Fault>,
    /// Time on lanes that metrics have already.
    pub counted: Duration,
}

impl Call {
    /// The caller. Faults: `Internal` on an open endpoint, whose requests have none.
    pub fn identity(&self) -> Result<&Identity, Fault> {
        let missing = || Fault::internal("an endpoint without a key asked who calls");
        self.identity.as_ref().ok_or_else(missing)
    }

    /// The share of the lanes that the caller's account has. Faults: as [`Call::identity`].
    pub fn share(&self) -> Result<LaneShare, Fault> {
        Ok(LaneShare {
            times: Arc::clone(&self.times),
            ..LaneShare::request(self.identity()?.account.id)
        })
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
    pub(super) fn put_on_record(&mut self, context: &Context, status: Status) -> Result<(), Fault> {
        let took = self.head.received.elapsed();
        self.put_on_record_after(context, status, took)
    }

    /// As [`Call::put_on_record`], of a generation that took this long.
    pub(super) fn put_on_record_after(
        &mut self,
        context: &Context,
        status: Status,
        took: Duration,
    ) -> Result<(), Fault> {
        let Some(mut item) = self.record.take() else {
            return Ok(());
        };
        self.count(context, &item);
        item.status = status;
        item.latency_ms = Some(took.as_millis() as u64);
        if context.policy.get().log_content {
            log::info!("content item={} text={:?}", item.id, item.text);
        }
        let text = item.text.take();
        item.text = text.filter(|_| context.history_text).map(shortened);
        let stored = context.store.append(self.identity()?.account.id, &item);
        self.record = Some(item);
        stored
    }

    /// Counts what was spoken or transcribed, whole or not. Of cloning and dubbing, the lanes count the time.
    fn count(&mut self, context: &Context, item: &HistoryItem) {
        let direction = match item.feature {
            Feature::Tts => Direction::Out,
            Feature::Stt => Direction::In,
            Feature::Clone | Feature::Dub => return,
        };
        let spoken = item.character_count.filter(|_| direction == Direction::Out);
        let ran = self.times.sums().ran;
        context.metrics.generated(&Generated {
            engine: item.engine.as_deref().unwrap_or("none"),
            direction,
            seconds: item.duration_seconds.unwrap_or(0.0),
            characters: spoken.unwrap_or(0),
            ran: ran.saturating_sub(self.counted),
        });
        self.counted = ran;
    }

    /// Notes, of a text that is spoken, how long after its head the first sound is there to be sent.
    pub(super) fn first_sound(&self, context: &Context, received: Instant) {
        let item = self.record.as_ref();
        let item =
            item.filter(|item| item.feature == Feature::Tts && item.duration_seconds.is_some());
        if let Some(engine) = item.and_then(|item| item.engine.as_deref()) {
            context.metrics.first_audio(engine, received.elapsed());
        }
    }

    /// The form in the body. Faults: those of [`Form::parse`].
    pub fn form(&mut self, spool_dir: &Path) -> Result<Form, Fault> {
        self.long_form(spool_dir, "")
    }

    /// As [`Call::form`], except that the field `long` may be long.
    pub fn long_form(&mut self, spool_dir: &Path, long: &str) -> Result<Form, Fault> {
        let body = self.take_body();
        let content_type = self.head.header("content-type");
        Form::parse(content_type, body, spool_dir, long, &self.cancellation)
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
    /// A section of a file that is sent after `body`.
    pub file: Option<FileSection>,
    /// Whether the client has the current content already, so that it is answered 304 without a body.
    pub is_unchanged: bool,
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

/// The content type of plain text.
pub const PLAIN_TEXT: &str = "text/plain; charset=utf-8";

impl Reply {
    /// A body of text.
    pub fn text(content_type: &'static str, text: String) -> Self {
        Reply {
            content_type,
            headers: Vec::new(),
            body: text.into_bytes(),
            rest: None,
            file: None,
            is_unchanged: false,
        }
    }

    /// A JSON body. Faults: `Internal` if `value` cannot be written as JSON.
    pub fn json(value: &impl serde::Serialize) -> Result<Self, Fault> {
        Ok(Reply {
            content_type: "application/json",
            headers: Vec::new(),
            body: serde_json::to_vec(value).map_err(Fault::internal)?,
            rest: None,
            file: None,
            is_unchanged: false,
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
