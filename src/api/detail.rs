//! The only place that turns a [`Fault`] into a status, headers and the `{"detail": …}` envelope.

use schemars::JsonSchema;
use serde::Serialize;

use super::message::Answer;
use super::openai::envelope;
use crate::edge::websocket::WEBSOCKET_VERSION;
use crate::fault::{Fault, Kind};

/// The body of every error answer.
#[derive(Serialize, JsonSchema)]
pub struct ErrorAnswer<'a> {
    /// What is wrong, in one sentence.
    pub detail: &'a str,
}

/// The content type of every error answer.
const JSON: &str = "application/json";

/// The status code of a kind of fault.
pub fn status(kind: Kind) -> u16 {
    match kind {
        Kind::Invalid => 400,
        Kind::Unauthorized => 401,
        Kind::Forbidden => 403,
        Kind::NotFound => 404,
        Kind::MethodNotAllowed(_) => 405,
        Kind::TooSlow => 408,
        Kind::LengthRequired => 411,
        Kind::TooLarge => 413,
        Kind::UnsupportedType => 415,
        Kind::OutOfRange { .. } => 416,
        Kind::UpgradeRequired => 426,
        Kind::RateLimited { .. } => 429,
        Kind::HeadTooLarge => 431,
        // The number that nginx uses for a client that left: it is logged and never sent.
        Kind::Cancelled => 499,
        Kind::Internal => 500,
        Kind::Engine => 502,
        Kind::Missing | Kind::Busy { .. } => 503,
    }
}

/// The shape of an error answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorShape {
    /// [`ErrorAnswer`].
    Detail,
    /// `{"error": {"message": …}}`, as OpenAI's packages read it.
    OpenAi,
}

impl ErrorShape {
    /// The shape of errors of this path.
    pub fn of(path: &str) -> Self {
        match envelope::covers(path) {
            true => ErrorShape::OpenAi,
            false => ErrorShape::Detail,
        }
    }
}

/// The whole answer to a fault of the endpoint `id`, if that is known, without the fault's private cause.
pub fn answer(fault: &Fault, shape: ErrorShape, id: Option<&str>) -> Answer {
    let mut headers = match fault.kind {
        Kind::Unauthorized => vec![("WWW-Authenticate", "Bearer".to_owned())],
        Kind::MethodNotAllowed(allow) => vec![("Allow", allow.to_owned())],
        Kind::Busy { retry_after_s } | Kind::RateLimited { retry_after_s } => {
            vec![("Retry-After", retry_after_s.to_string())]
        }
        Kind::UpgradeRequired => vec![("Sec-WebSocket-Version", WEBSOCKET_VERSION.to_owned())],
        Kind::OutOfRange { bytes } => vec![("Content-Range", format!("bytes */{bytes}"))],
        _ => Vec::new(),
    };
    let body = match shape {
        ErrorShape::Detail => serde_json::to_vec(&ErrorAnswer {
            detail: &fault.sentence,
        }),
        ErrorShape::OpenAi => {
            headers.extend(envelope::headers(fault));
            serde_json::to_vec(&envelope::body(fault, id))
        }
    };
    Answer {
        status: status(fault.kind),
        content_type: JSON,
        headers,
        // Serializing strings cannot fail.
        body: body.unwrap_or_default(),
    }
}
