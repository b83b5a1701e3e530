//! A request and an answer, free of any HTTP library: the edge translates.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use vocabox_base::fault::Fault;

/// What the edge asks of the API: admission from the head alone, then the answer.
pub trait Service: Send + Sync + 'static {
    /// What was decided from the head: endpoint, account, place. Dropping it gives the place back.
    type Admitted: Send + 'static;

    /// Decides from the head alone whether the body may come. The error is the refusal to send.
    fn admit(&self, head: Head) -> Result<Self::Admitted, Answer>;

    /// Bytes of body that this request may have.
    fn body_bytes_max(&self, admitted: &Self::Admitted) -> u64;

    /// The answer to an admitted request, or its begin. `left` becomes true when the client has gone.
    /// Never panics: a panic below is caught here and answered.
    fn answer(&self, admitted: Self::Admitted, body: Body, left: Arc<AtomicBool>) -> Answered;

    /// The answer to an admitted request whose body could not be received.
    fn abandon(&self, admitted: Self::Admitted, fault: Fault) -> Answer;

    /// The answer to what never became a request (malformed, too slow, no room).
    fn refuse(&self, peer: IpAddr, fault: Fault) -> Answer;
}

/// The head of a request, already checked for framing by the edge.
#[derive(Debug, Clone)]
pub struct Head {
    /// Upper-case method, as sent (`GET`, `POST`, …).
    pub method: String,
    /// Percent-decoding is left to the router; no query.
    pub path: String,
    /// What stood behind `?`, raw, or empty.
    pub query: String,
    /// Names in lower case, values of visible ASCII, in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// Body bytes declared by `Content-Length`; none for a chunked body, 0 where there is no body.
    pub declared_bytes: Option<u64>,
    /// The client's address.
    pub peer: IpAddr,
    /// When the first byte of the head arrived.
    pub received: Instant,
}

impl Head {
    /// The first value of the header `name` (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }
}

/// A received body: in memory up to `limits::BODY_MEMORY_BYTES_MAX` and while memory has room, else an unlinked file at
/// its start.
#[derive(Debug)]
pub enum Body {
    Memory(Vec<u8>),
    Spooled { file: File, bytes: u64 },
}

impl Body {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Body::Memory(bytes) => bytes.len() as u64,
            Body::Spooled { bytes, .. } => *bytes,
        }
    }

    /// Whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole body in memory. Only for bodies that are small by their cap.
    pub fn into_bytes(self) -> io::Result<Vec<u8>> {
        match self {
            Body::Memory(bytes) => Ok(bytes),
            spooled => {
                let mut bytes = Vec::with_capacity(spooled.len() as usize);
                spooled.into_reader()?.read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }

    /// Reads and seeks over the whole body.
    pub fn into_reader(self) -> io::Result<Box<dyn BodyReader>> {
        Ok(match self {
            Body::Memory(bytes) => Box::new(Cursor::new(bytes)),
            Body::Spooled { mut file, .. } => {
                file.seek(SeekFrom::Start(0))?;
                Box::new(file)
            }
        })
    }
}

/// What a body can be read as.
pub trait BodyReader: Read + Seek + Send + Sync {}
impl<T: Read + Seek + Send + Sync> BodyReader for T {}

/// What a handler answers.
pub struct Answered {
    pub answer: Answer,
    /// What follows the answer's body and is still being made: its length is not known then.
    pub rest: Option<Rest>,
    /// What is sent in the place of the answer's body, which is empty then: the client reads it from there, and neither memory
    /// nor the spool holds it.
    pub file: Option<Part>,
}

/// A part of a file: what follows from where it stands.
#[derive(Debug)]
pub struct Part {
    pub file: File,
    pub bytes: u64,
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

/// Parts of a body, each to be sent as soon as it is there. At a fault the answer breaks off, so that the client sees
/// that it is not whole. Dropping it before its end says that nobody wants the rest.
pub type Rest = Box<dyn Iterator<Item = Result<Vec<u8>, Fault>> + Send>;

/// A whole answer. Header names are fixed; values are visible ASCII (the edge refuses others).
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}
