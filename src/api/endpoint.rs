//! What an endpoint is: who may call it, what it reads and answers, and how long it may take.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{Call, Context, Reply};
use crate::capability::Capability;
use crate::fault::Fault;

/// Time from admission to the end for what waits for no worker.
const LIGHT: Duration = Duration::from_secs(30);

/// Answers a request, or says why not.
pub type Handler = fn(&Context, &mut Call) -> Result<Reply, Fault>;

/// Makes the JSON Schema of a type; types that it refers to are the generator's definitions.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Any client that reaches the server.
    Open,
    /// A client with a key.
    Key,
    /// A client with a key of an account that may generate.
    Entitled,
}

/// What an endpoint's body is, and so how large it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    None,
    Json,
    /// A form with a recording.
    Audio,
    /// A form with a recording or a video.
    Video,
}

/// One row of the table that drives routing, admission and tests.
pub struct Endpoint {
    /// The endpoint's name in the log.
    pub id: &'static str,
    pub method: &'static str,
    /// A segment in braces stands for any value, which the handler gets as [`Call::param`].
    pub path: &'static str,
    pub access: Access,
    /// Which workers it waits for; none where it answers at once.
    pub work: Option<Capability>,
    /// Whether it costs no token of the key's bucket: a client is told to keep asking.
    pub is_free: bool,
    pub body: BodyKind,
    /// Time from admission to the end of its work.
    pub deadline: Duration,
    /// Statuses that its handler answers beside those that the rest of the row brings: see [`Endpoint::statuses`].
    pub also: &'static [u16],
    pub handler: Handler,
    /// What its query may be; none where it is not read.
    pub query: Option<SchemaOf>,
    /// What its form or its JSON body may be; none where it takes no body.
    pub request: Option<SchemaOf>,
    /// What it answers; none where that is no JSON.
    pub answer: Option<SchemaOf>,
}

impl Endpoint {
    /// A GET endpoint: it needs a key and a token of its bucket, takes no body and waits for no worker.
    pub const fn get(id: &'static str, path: &'static str, handler: Handler) -> Self {
        Endpoint {
            id,
            method: "GET",
            path,
            access: Access::Key,
            work: None,
            is_free: false,
            body: BodyKind::None,
            deadline: LIGHT,
            also: &[],
            handler,
            query: None,
            request: None,
            answer: None,
        }
    }

    /// A POST endpoint; otherwise as [`Endpoint::get`] makes one.
    pub const fn post(id: &'static str, path: &'static str, handler: Handler) -> Self {
        let mut row = Endpoint::get(id, path, handler);
        row.method = "POST";
        row
    }

    /// A DELETE endpoint; otherwise as [`Endpoint::get`] makes one.
    pub const fn delete(id: &'static str, path: &'static str, handler: Handler) -> Self {
        let mut row = Endpoint::get(id, path, handler);
        row.method = "DELETE";
        row
    }

    /// Without a key.
    pub const fn open(mut self) -> Self {
        self.access = Access::Open;
        self
    }

    /// For accounts that may generate.
    pub const fn entitled(mut self) -> Self {
        self.access = Access::Entitled;
        self
    }

    /// Without a token of the key's bucket.
    pub const fn free(mut self) -> Self {
        self.is_free = true;
        self
    }

    /// It waits for a worker of this capability, as long as its row allows.
    pub const fn needs(mut self, capability: Capability) -> Self {
        self.work = Some(capability);
        match capability.row().request_seconds_max {
            Some(seconds) => self.deadline_s(seconds),
            None => self,
        }
    }

    /// Its work ends within so many seconds.
    pub const fn deadline_s(mut self, seconds: u64) -> Self {
        self.deadline = Duration::from_secs(seconds);
        self
    }

    /// Its query is read as a `T`.
    pub const fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(schema_of::<T>);
        self
    }

    /// Its body is JSON, read as a `T`.
    pub const fn json<T: JsonSchema>(mut self) -> Self {
        self.body = BodyKind::Json;
        self.request = Some(schema_of::<T>);
        self
    }

    /// Its body is a form with a file, read as a `T`.
    pub const fn form<T: JsonSchema>(mut self, kind: BodyKind) -> Self {
        self.body = kind;
        self.request = Some(schema_of::<T>);
        self
    }

    /// It answers a `T` as JSON.
    pub const fn answers<T: JsonSchema>(mut self) -> Self {
        self.answer = Some(schema_of::<T>);
        self
    }

    /// Statuses that its handler answers beside those that the rest of the row brings.
    pub const fn also(mut self, statuses: &'static [u16]) -> Self {
        self.also = statuses;
        self
    }

    /// Every status that the endpoint may answer, ascending. The suite reaches each of them and fails on any other.
    pub fn statuses(&self) -> Vec<u16> {
        // A body where none is taken is too large; any handler may meet a fault of ours.
        let mut all = vec![200, 413, 500];
        if self.access != Access::Open {
            // 503: the store cannot be read.
            all.extend([401, 503]);
        }
        if self.access != Access::Open && !self.is_free {
            all.push(429);
        }
        if self.access == Access::Entitled {
            all.push(403);
        }
        if self.body != BodyKind::None {
            all.extend([400, 408, 411, 415]);
        }
        if self.work.is_some() {
            all.extend([502, 503]);
        }
        all.extend(self.also);
        all.sort_unstable();
        all.dedup();
        all
    }
}
