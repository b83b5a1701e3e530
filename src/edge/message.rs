//! A request and an answer without any HTTP library: the edge translates.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::net::IpAddr;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::head;
use crate::websocket::{ClientSocket, Upgrade};
use vocabox_base::fault::Fault;
use vocabox_base::interrupted::uninterrupted;

/// The API as the edge calls it: admission from the head alone, then the answer.
pub trait Service: Send + Sync + 'static {
    /// The result of admission: endpoint, account, place. Dropping it frees the place.
    type Admitted: Send + 'static;

    /// Decides from the head alone whether the body may come. The error is the refusal to send.
    fn admit(&self, head: Head) -> Result<Self::Admitted, Answer>;

    /// Returns the most body bytes that this request may have.
    fn body_bytes_max(&self, admitted: &Self::Admitted) -> u64;

    /// Returns the number of the account whose share of slots and bytes the request uses; none for a request without one.
    fn owner(&self, admitted: &Self::Admitted) -> Option<u64>;

    /// Returns the answer to an admitted request, or its start. `left` becomes true when the client has gone. It should
    /// not panic; the edge catches a panic and answers with a refusal.
    fn answer(&self, admitted: Self::Admitted, body: Body, left: Arc<AtomicBool>) -> Answered;

    /// Returns the upgrade to answer 101 with, where the admitted request asks for a WebSocket and gets it.
    fn upgrade(&self, _: &mut Self::Admitted) -> Option<Upgrade> {
        None
    }

    /// Serves the messages of a WebSocket until it ends; the edge closes the connection then.
    fn converse(&self, _: Self::Admitted, _: &mut ClientSocket<'_>) {}

    /// Returns the answer to an admitted request whose body could not be received.
    fn abandon(&self, admitted: Self::Admitted, fault: Fault) -> Answer;

    /// Returns the answer when no request could be read (malformed, too slow, no space).
    fn refuse(&self, peer: IpAddr, fault: Fault) -> Answer;
}

/// The head of a request, whose framing the edge has checked.
#[derive(Debug, Clone)]
pub struct Head {
    /// Upper-case method, as sent (`GET`, `POST`, …).
    pub method: String,
    /// Not percent-decoded, which is the router's task; without the query.
    pub path: String,
    /// The part after `?`, raw, or empty.
    pub query: String,
    /// Names in lower case, values without control characters of ASCII (others may be in Latin-1), in the order of
    /// arrival.
    pub headers: Vec<(String, String)>,
    /// Body bytes declared by `Content-Length`; none for a chunked body, 0 where there is no body.
    pub declared_bytes: Option<u64>,
    /// The client's address: that of its connection, or the one that a trusted proxy tells.
    pub peer: IpAddr,
    /// When the first byte of the head arrived.
    pub received: Instant,
}

impl Head {
    /// Returns the head in `bytes`, from the request line to the empty line, of a request from `peer`, as the edge accepts it.
    /// Faults: `Invalid` for what is malformed, ambiguous or incomplete, `HeadTooLarge` for too many headers.
    pub fn parse(bytes: &[u8], peer: IpAddr, received: Instant) -> Result<Head, Fault> {
        match head::end(bytes, 0)? {
            Some(end) if end == bytes.len() => Ok(head::parse(bytes, peer, received)?.head),
            _ => Err(Fault::invalid("The request's head is incomplete.")),
        }
    }

    /// Returns the first value of the header `name` (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// Returns the items of all headers `name` (lower case), which have lists.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let same = self.headers.iter().filter(move |(n, _)| n == name);
        same.flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|item| !item.is_empty())
    }
}

/// A received body: in memory up to `limits::BODY_MEMORY_BYTES_MAX` and while memory has space, else in an unlinked
/// file, positioned at its start.
#[derive(Debug)]
pub enum Body {
    Memory(Vec<u8>),
    Spooled { file: File, bytes: u64 },
}

impl Body {
    /// Returns the length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Body::Memory(bytes) => bytes.len() as u64,
            Body::Spooled { bytes, .. } => *bytes,
        }
    }

    /// Whether the body is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the whole body in memory. Only for bodies whose bound is small.
    pub fn into_bytes(self) -> io::Result<Vec<u8>> {
        match self {
            Body::Memory(bytes) => Ok(bytes),
            spooled => {
                let mut bytes = Vec::with_capacity(spooled.len() as usize);
                spooled.into_reader().read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }

    /// Returns a reader that can seek over the whole body.
    pub fn into_reader(self) -> Box<dyn BodyReader> {
        self.into_source().reader()
    }

    /// Returns the body as one that can be read several times without a copy.
    pub fn into_source(self) -> BodySource {
        match self {
            Body::Memory(bytes) => BodySource::Memory(SharedBytes(Arc::new(bytes))),
            Body::Spooled { file, bytes } => BodySource::Spooled(Arc::new(file), bytes),
        }
    }
}

/// A received body that can be read several times.
#[derive(Debug)]
pub enum BodySource {
    Memory(SharedBytes),
    /// A file and its length.
    Spooled(Arc<File>, u64),
}

impl BodySource {
    /// Returns a reader over the whole body, with a position of its own.
    pub fn reader(&self) -> Box<dyn BodyReader> {
        match self {
            BodySource::Memory(bytes) => Box::new(Cursor::new(bytes.clone())),
            BodySource::Spooled(file, bytes) => Box::new(SpooledReader {
                file: Arc::clone(file),
                bytes: *bytes,
                at: 0,
            }),
        }
    }
}

/// Reads a file that other readers read, too.
struct SpooledReader {
    file: Arc<File>,
    bytes: u64,
    at: u64,
}

impl Read for SpooledReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = uninterrupted(|| self.file.read_at(out, self.at))?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for SpooledReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(at) => (at, 0),
            SeekFrom::End(by) => (self.bytes, by),
            SeekFrom::Current(by) => (self.at, by),
        };
        let before = || io::Error::new(io::ErrorKind::InvalidInput, "a position before the start");
        self.at = from.checked_add_signed(by).ok_or_else(before)?;
        Ok(self.at)
    }
}

/// Bytes that several readers have in common.
#[derive(Debug, Clone)]
pub struct SharedBytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The operations that a body's reader has.
pub trait BodyReader: Read + Seek + Send + Sync {}
impl<T: Read + Seek + Send + Sync> BodyReader for T {}

/// A handler's answer.
pub struct Answered {
    pub answer: Answer,
    /// What follows the answer's body and is still being made, so that its length is not known.
    pub rest: Option<Rest>,
    /// What follows the answer's body: it is sent directly from the file, and neither memory nor the spool holds it.
    pub file: Option<Part>,
}

/// A part of a file: `bytes` bytes from its current position on, and what follows them in the answer.
#[derive(Debug)]
pub struct Part {
    pub file: File,
    pub bytes: u64,
    pub after: &'static str,
}

impl Part {
    /// Returns the length in the answer, in bytes.
    pub fn len(&self) -> u64 {
        self.bytes + self.after.len() as u64
    }

    /// Whether nothing is sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Answer> for Answered {
    fn from(answer: Answer) -> Self {
        Answered {
            answer,
            rest: None,
            file: None,
        }
    }
}

/// Parts of a body, each to be sent as soon as it exists. At a fault the answer breaks off, so that the client notices
/// that it is incomplete. Dropping it before its end cancels the rest.
pub type Rest = Box<dyn Iterator<Item = Result<Vec<u8>, Fault>> + Send>;

/// A whole answer. Header names are fixed; values are visible ASCII (the edge removes other characters).
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}
