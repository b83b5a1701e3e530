//! The declaration of an endpoint: who may call it, what it reads and answers, and how long it may take.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};

use super::body_caps::BodyKind;
use super::{Call, Context, Reply};
use crate::admit::key::Identity;
use crate::capability::Capability;
use crate::edge::websocket::ClientSocket;
use crate::fault::Fault;

/// Deadline of endpoints that compute nothing, counted from the time when the body is there.
const LIGHT: Duration = Duration::from_secs(30);

/// Answers a request, or returns why it cannot.
pub type Handler = fn(&Context, &mut Call) -> Result<Reply, Fault>;

/// Refuses a request by its head and its account, before its body is received; `declared` are the body's bytes, as far as
/// the head tells.
pub type HeadCheck = fn(&Context, &Identity, declared: u64) -> Result<(), Fault>;

/// Serves the messages of a WebSocket to its end; returns the seconds of sound that it heard.
pub type Conversation = fn(&Context, &mut Call, &mut ClientSocket<'_>) -> Result<f64, Fault>;

/// Makes the JSON Schema of a type; types that the schema refers to become definitions of the generator.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Returns the schemas of the fields of an object, by name.
pub fn fields_of(schema: SchemaOf) -> Map<String, Value> {
    let mut generator = SchemaGenerator::default();
    let schema = schema(&mut generator);
    let named = schema.get("$ref").and_then(Value::as_str).unwrap_or("");
    let definitions = generator.take_definitions(true);
    let whole = definitions.get(named.rsplit('/').next().unwrap_or(""));
    let fields = whole.and_then(|whole| whole.get("properties")?.as_object());
    fields.cloned().unwrap_or_default()
}

/// Answers no request: those of an endpoint with a WebSocket are upgraded or refused before.
fn no_answer(_: &Context, _: &mut Call) -> Result<Reply, Fault> {
    Err(Fault::internal(
        "a request for a WebSocket reached a handler",
    ))
}

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Any client that reaches the server.
    Open,
    /// A client with a key; any client where the option `--public-catalog` is set.
    Catalog,
    /// A client with a key.
    Key,
    /// A client with a key of an account that may generate.
    Entitled,
    /// The operator, with the key of the option `--admin-key-file`; no one without the option.
    Operator,
}

/// One row of the table that drives routing, admission and tests.
pub struct Endpoint {
    /// The endpoint's name in the log.
    pub id: &'static str,
    /// What it does, as in the documents and in the description of the API.
    pub about: &'static str,
    pub method: &'static str,
    /// Path; a segment in braces stands for any value, which the handler reads from [`Call::param`].
    pub path: &'static str,
    pub access: Access,
    /// The capability that it waits for; none where it answers at once.
    pub work: Option<Capability>,
    /// Whether a call costs no token, as for the status of a job, which clients poll.
    pub is_free: bool,
    pub body: BodyKind,
    /// Time from admission until the work must have ended.
    pub deadline: Duration,
    /// Statuses of the handler that [`Endpoint::statuses`] does not derive from the other fields.
    pub also: &'static [u16],
    pub handler: Handler,
    /// What serves the WebSocket that the endpoint's requests ask for; none where they get an answer.
    pub conversation: Option<Conversation>,
    /// Quotas that can be checked before the body is there; the handler checks them again.
    pub check_head: Option<HeadCheck>,
    /// Schema of the query; none if the endpoint reads none.
    pub query: Option<SchemaOf>,
    /// Schema of the form or the JSON body; none if the endpoint takes no body.
    pub request: Option<SchemaOf>,
    /// A JSON body, or the fields of a form beside its file, that the endpoint accepts.
    pub example: Option<&'static str>,
    /// Schema of the answer; none if that is not JSON.
    pub answer: Option<SchemaOf>,
    /// Media types of the answer other than JSON.
    pub media: &'static [&'static str],
    /// Whether the answer may be server-sent events.
    pub sends_events: bool,
}

impl Endpoint {
    /// A GET endpoint that needs a key, costs a token, takes no body and computes nothing; the methods below change
    /// that.
    pub const fn get(id: &'static str, path: &'static str, handler: Handler) -> Self {
        Endpoint {
            id,
            about: "",
            method: "GET",
            path,
            access: Access::Key,
            work: None,
            is_free: false,
            body: BodyKind::None,
            deadline: LIGHT,
            also: &[],
            handler,
            conversation: None,
            check_head: None,
            query: None,
            request: None,
            example: None,
            answer: None,
            media: &[],
            sends_events: false,
        }
    }

    /// An endpoint whose requests are answered 101, and whose WebSocket `conversation` serves; otherwise as [`Endpoint::get`]
    /// makes one.
    pub const fn socket(id: &'static str, path: &'static str, conversation: Conversation) -> Self {
        let mut row = Endpoint::get(id, path, no_answer);
        row.conversation = Some(conversation);
        row
    }

    /// A POST endpoint; otherwise as [`Endpoint::get`] makes one.
    pub const fn post(id: &'static str, path: &'static str, handler: Handler) -> Self {
        let mut row = Endpoint::get(id, path, handler);
        row.method = "POST";
        row
    }

    /// A PUT endpoint; otherwise as [`Endpoint::get`] makes one.
    pub const fn put(id: &'static str, path: &'static str, handler: Handler) -> Self {
        let mut row = Endpoint::get(id, path, handler);
        row.method = "PUT";
        row
    }

    /// A PATCH endpoint; otherwise as [`Endpoint::get`] makes one.
    pub const fn patch(id: &'static str, path: &'static str, handler: Handler) -> Self {
        let mut row = Endpoint::get(id, path, handler);
        row.method = "PATCH";
        row
    }

    /// A DELETE endpoint; otherwise as [`Endpoint::get`] makes one.
    pub const fn delete(id: &'static str, path: &'static str, handler: Handler) -> Self {
        let mut row = Endpoint::get(id, path, handler);
        row.method = "DELETE";
        row
    }

    /// What the endpoint does.
    pub const fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// A body that it accepts.
    pub const fn example(mut self, body: &'static str) -> Self {
        self.example = Some(body);
        self
    }

    /// The answer may be of these media types.
    pub const fn sends(mut self, media: &'static [&'static str]) -> Self {
        self.media = media;
        self
    }

    /// The answer may be server-sent events.
    pub const fn sends_events(mut self) -> Self {
        self.sends_events = true;
        self
    }

    /// The endpoint needs no key.
    pub const fn open(mut self) -> Self {
        self.access = Access::Open;
        self
    }

    /// The endpoint needs no key where the option `--public-catalog` is set.
    pub const fn catalog(mut self) -> Self {
        self.access = Access::Catalog;
        self
    }

    /// The endpoint needs a key of an account that may generate.
    pub const fn entitled(mut self) -> Self {
        self.access = Access::Entitled;
        self
    }

    /// The endpoint needs the operator's key.
    pub const fn operator(mut self) -> Self {
        self.access = Access::Operator;
        self
    }

    /// A call costs no token.
    pub const fn free(mut self) -> Self {
        self.is_free = true;
        self
    }

    /// The endpoint waits for this capability, as long as its row allows.
    pub const fn needs(mut self, capability: Capability) -> Self {
        self.work = Some(capability);
        match capability.row().request_seconds_max {
            Some(seconds) => self.deadline_s(seconds),
            None => self,
        }
    }

    /// The work must end within `seconds` of admission.
    pub const fn deadline_s(mut self, seconds: u64) -> Self {
        self.deadline = Duration::from_secs(seconds);
        self
    }

    /// The handler reads the query as a `T`.
    pub const fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(schema_of::<T>);
        self
    }

    /// The body is JSON, which the handler reads as a `T`.
    pub const fn json<T: JsonSchema>(mut self) -> Self {
        self.body = BodyKind::Json;
        self.request = Some(schema_of::<T>);
        self
    }

    /// The body is a lexicon, which the handler reads as a `T` if it is JSON.
    pub const fn lexicon<T: JsonSchema>(mut self) -> Self {
        self.body = BodyKind::Lexicon;
        self.request = Some(schema_of::<T>);
        self
    }

    /// The body is a form with a file, which the handler reads as a `T`.
    pub const fn form<T: JsonSchema>(mut self, kind: BodyKind) -> Self {
        self.body = kind;
        self.request = Some(schema_of::<T>);
        self
    }

    /// The request is refused before its body is received where `check` finds a reason.
    pub const fn checks_head(mut self, check: HeadCheck) -> Self {
        self.check_head = Some(check);
        self
    }

    /// The answer is a `T` as JSON.
    pub const fn answers<T: JsonSchema>(mut self) -> Self {
        self.answer = Some(schema_of::<T>);
        self
    }

    /// Adds statuses of the handler that [`Endpoint::statuses`] does not derive from the other fields.
    pub const fn also(mut self, statuses: &'static [u16]) -> Self {
        self.also = statuses;
        self
    }

    /// The name under which metrics count its requests: its own, but one for all of the operator's endpoints, so that the page of
    /// metrics stays small.
    pub fn counted_as(&self) -> &'static str {
        match self.access {
            Access::Operator => "admin",
            _ => self.id,
        }
    }

    /// The name under which metrics have the duration of its requests: its own where they compute or take recordings, one
    /// for all others, so that the page of metrics stays small; none for sessions, whose clients end them.
    pub fn timed_as(&self) -> Option<&'static str> {
        let computes = self.work.is_some();
        let takes = matches!(self.body, BodyKind::Audio | BodyKind::Video);
        match (self.conversation, computes || takes) {
            (Some(_), _) => None,
            (None, true) => Some(self.id),
            (None, false) => Some("other"),
        }
    }

    /// Every status that the endpoint may answer, ascending. The integration tests reach each of them and fail on any
    /// other.
    pub fn statuses(&self) -> Vec<u16> {
        // 413 also for a body where the endpoint takes none; 500 for an internal fault, which any handler may meet.
        let mut all = vec![200, 413, 500];
        if self.access != Access::Open {
            // 429: the key calls too often, or too many wrong keys came from the address; 503: the store cannot be read.
            all.extend([401, 429, 503]);
        }
        if self.access == Access::Entitled {
            all.push(403);
        }
        if self.access == Access::Operator {
            // A server without the operator's key has none of these endpoints.
            all.push(404);
        }
        if self.body != BodyKind::None {
            all.extend([400, 408, 411, 415]);
        }
        if self.work.is_some() {
            all.extend([502, 503]);
        }
        if self.conversation.is_some() {
            // What fails after the upgrade is told in messages.
            all.retain(|status| !matches!(status, 200 | 502));
            all.extend([101, 400, 426]);
        }
        all.extend(self.also);
        all.sort_unstable();
        all.dedup();
        all
    }
}
