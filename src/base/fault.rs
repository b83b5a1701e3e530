//! Refusals and failures, sorted by what the caller can do about them.
//!
//! A [`Fault`] carries one public sentence (names the field and the bound, never a path, a key or a stack
//! trace) and, when there is one, a private cause for the log. It knows no status code:
//! `api::detail` is the only place that maps a [`Kind`] to HTTP.

use std::fmt;
use std::io::{self, ErrorKind};

use crate::disk;

/// The kind of a fault: one for each thing that a caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong; the caller has to change it.
    Invalid,
    /// No key, or not a valid one.
    Unauthorized,
    /// The key is valid, but its account may not generate.
    Forbidden,
    /// The key has called too often, or has too many generations at once, or the client's address has sent too many wrong
    /// keys; the caller may repeat the call after this many seconds.
    RateLimited { retry_after_s: u32 },
    /// The route, voice, item or job does not exist for this caller.
    NotFound,
    /// The route exists, but only with the methods named here.
    MethodNotAllowed(&'static str),
    /// The body's length must be declared.
    LengthRequired,
    /// The endpoint speaks WebSocket only, version 13.
    UpgradeRequired,
    /// The body is larger than is accepted.
    TooLarge,
    /// The body is of a type that the endpoint does not read.
    UnsupportedType,
    /// The requested range starts past the end of a file of this many bytes.
    OutOfRange { bytes: u64 },
    /// The head of the request is larger than is accepted.
    HeadTooLarge,
    /// The client sent too slowly.
    TooSlow,
    /// Something that the request needs is not installed or cannot be reached.
    Missing,
    /// There is no capacity at the moment; the caller may repeat the call after this many seconds.
    Busy { retry_after_s: u32 },
    /// The inference engine failed, died or ran out of time.
    Engine,
    /// The client has left or the task was cancelled: no answer is needed.
    Cancelled,
    /// A defect of the server.
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
    /// Returns a fault of `kind` whose public sentence is `sentence`.
    pub fn new(kind: Kind, sentence: impl Into<String>) -> Self {
        Fault {
            kind,
            sentence: sentence.into(),
            cause: None,
        }
    }

    /// Returns an `Invalid` fault: the request is wrong. `sentence` names the field and what is accepted.
    pub fn invalid(sentence: impl Into<String>) -> Self {
        Fault::new(Kind::Invalid, sentence)
    }

    /// Returns a `NotFound` fault: the route, voice, item or job does not exist for this caller.
    pub fn not_found(sentence: impl Into<String>) -> Self {
        Fault::new(Kind::NotFound, sentence)
    }

    /// Returns a `Missing` fault: a dependency (model, library, store) is missing.
    pub fn missing(sentence: impl Into<String>) -> Self {
        Fault::new(Kind::Missing, sentence)
    }

    /// Returns an `Engine` fault. Callers see a fixed sentence; the log has `cause`.
    pub fn engine(cause: impl fmt::Display) -> Self {
        Fault::new(
            Kind::Engine,
            "The inference engine failed on this request. Try again.",
        )
        .because(cause)
    }

    /// Returns an `Internal` fault. Callers see a fixed sentence; the log has `cause`.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Fault::new(
            Kind::Internal,
            "An unexpected fault happened. The log has it under this request's id.",
        )
        .because(cause)
    }

    /// Returns the fault for an error of the file system. Callers are told when the disk is full; other errors are
    /// `Internal`.
    pub fn disk(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                disk::note_full();
                let full = "The disk of this server is full: its operator has to make room.";
                Fault::missing(full).because(error)
            }
            _ => Fault::internal(error),
        }
    }

    /// Returns the same fault with `cause`, which only the log shows.
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
