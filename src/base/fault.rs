//! What can go wrong, in the terms of the one who has to act on it.
//!
//! A [`Fault`] carries one public sentence (names the field and the bound, never a path, a key or a stack
//! trace) and, when there is one, a private cause for the log. It knows no status code:
//! `api::detail` is the only place that maps a [`Kind`] to HTTP.

use std::fmt;
use std::io::{self, ErrorKind};

/// One kind per thing a caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong: change it.
    Invalid,
    /// No key, or not a valid one.
    Unauthorized,
    /// The caller is known, and its account may not generate.
    Forbidden,
    /// The key has called too often, or generates too much at once: come back after this many seconds.
    RateLimited { retry_after_s: u32 },
    /// The route, voice, item or job does not exist for this caller.
    NotFound,
    /// The route exists, with the methods named here.
    MethodNotAllowed(&'static str),
    /// The body's length must be declared.
    LengthRequired,
    /// The body is larger than is accepted.
    TooLarge,
    /// The body is of a type that the endpoint does not read.
    UnsupportedType,
    /// No byte of what was asked for is there: it has so many.
    OutOfRange { bytes: u64 },
    /// The head of the request is larger than is accepted.
    HeadTooLarge,
    /// The client sent too slowly.
    TooSlow,
    /// Something that the request needs is not installed or cannot be reached.
    Missing,
    /// No room just now: come back after this many seconds.
    Busy { retry_after_s: u32 },
    /// The inference engine failed, died or ran out of time.
    Engine,
    /// Nobody waits for the answer any more.
    Cancelled,
    /// A fault of ours.
    Internal,
}

/// A refusal or failure: its kind, the public sentence, and a private cause for the log.
#[derive(Debug, Clone)]
pub struct Fault {
    pub kind: Kind,
    pub sentence: String,
    pub cause: Option<String>,
}

impl Fault {
    /// A fault of `kind` that tells the caller `sentence`.
    pub fn new(kind: Kind, sentence: impl Into<String>) -> Self {
        Fault {
            kind,
            sentence: sentence.into(),
            cause: None,
        }
    }

    /// The request is wrong; `sentence` names the field and what is accepted.
    pub fn invalid(sentence: impl Into<String>) -> Self {
        Fault::new(Kind::Invalid, sentence)
    }

    /// What was asked for does not exist for this caller.
    pub fn not_found(sentence: impl Into<String>) -> Self {
        Fault::new(Kind::NotFound, sentence)
    }

    /// A dependency (model, library, store) is missing.
    pub fn missing(sentence: impl Into<String>) -> Self {
        Fault::new(Kind::Missing, sentence)
    }

    /// The engine failed; callers see a fixed sentence, the log sees `cause`.
    pub fn engine(cause: impl fmt::Display) -> Self {
        Fault::new(
            Kind::Engine,
            "The inference engine failed on this request. Try again.",
        )
        .because(cause)
    }

    /// A fault of ours; callers see a fixed sentence, the log sees `cause`.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Fault::new(
            Kind::Internal,
            "An unexpected fault happened. The log has it under this request's id.",
        )
        .because(cause)
    }

    /// Something could not be written or read: callers are told when that is because the disk is full.
    pub fn disk(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                let full = "The disk of this box is full: its operator has to make room.";
                Fault::missing(full).because(error)
            }
            _ => Fault::internal(error),
        }
    }

    /// The same fault with a private cause for the log.
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "{} ({cause})", self.sentence),
            None => f.write_str(&self.sentence),
        }
    }
}

impl std::error::Error for Fault {}
