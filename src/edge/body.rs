//! Receives a request's body: by declared length or in chunks, never more than the request may have, never slower than
//! the minimum rate. Knows no routes and no handlers.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use crate::client_stream::{ClientStream, Pace};
use crate::head::Length;
use crate::spool::{Sink, Spool, Stored};
use vocabox_base::budget::{Budget, Share};
use vocabox_base::fault::{Fault, Kind};

/// Bytes of one chunk's size line, CRLF included: sixteen hexadecimal digits are a `u64`.
const CHUNK_LINE_BYTES_MAX: usize = 18;

/// The bounds of receiving one body.
pub(crate) struct Terms<'a> {
    pub(crate) length: Length,
    pub(crate) bytes_max: u64,
    pub(crate) pace: Pace,
    pub(crate) spool: &'a Spool,
    /// Whose share of slots and spool it uses.
    pub(crate) owner: Option<u64>,
    /// Slots for uploads that are large or slow.
    pub(crate) uploads: &'a Arc<Budget>,
}

/// A body that is being received.
pub(crate) struct Receipt<'a> {
    terms: Terms<'a>,
    sink: Sink<'a>,
    /// Taken once the body is large or slow, given back when it is complete.
    place: Share,
}

impl<'a> Receipt<'a> {
    /// Starts receiving. Faults, before the first byte: `TooLarge`, and `Busy` for a body that is declared as large
    /// while all slots of large uploads are taken.
    pub(crate) fn open(terms: Terms<'a>) -> Result<Self, Fault> {
        let receipt = Receipt {
            sink: terms.spool.sink(terms.owner),
            place: terms.uploads.share(terms.owner),
            terms,
        };
        match receipt.terms.length {
            Length::Declared(bytes) if bytes > receipt.terms.bytes_max => {
                Err(receipt.too_large(Some(bytes)))
            }
            Length::Declared(bytes) if bytes > receipt.terms.spool.memory_bytes_max() => {
                receipt.with_place()
            }
            _ => Ok(receipt),
        }
    }

    /// Returns the whole body. Faults: `Invalid` when it is malformed or ends early, `TooLarge`, `TooSlow`, `Busy`
    /// without space, `Cancelled` when the connection broke.
    pub(crate) fn receive(mut self, line: &mut ClientStream<'_>) -> Result<Stored, Fault> {
        match self.terms.length {
            Length::Declared(bytes) => self.copy(line, bytes)?,
            Length::Chunked => {
                loop {
                    let size = self.chunk_size(line)?;
                    if size == 0 {
                        break;
                    }
                    if size > self.terms.bytes_max - self.sink.bytes() {
                        return Err(self.too_large(None));
                    }
                    self.copy(line, size)?;
                    if self.text_line(line, 2)? != b"\r\n" {
                        return Err(Fault::invalid(
                            "A chunk of the body is longer than it says.",
                        ));
                    }
                }
                self.drop_trailers(line)?;
            }
        }
        self.sink.finish()
    }

    /// Moves exactly `bytes` from the client's stream to the sink.
    fn copy(&mut self, line: &mut ClientStream<'_>, bytes: u64) -> Result<(), Fault> {
        let mut left = bytes;
        while left > 0 {
            if line.ahead().is_empty() {
                self.fill(line)?;
            }
            let part =
                usize::try_from(left).map_or(line.ahead().len(), |l| l.min(line.ahead().len()));
            self.sink.write(&line.ahead()[..part])?;
            line.consume(part);
            left -= part as u64;
            if self.sink.bytes() > self.terms.spool.memory_bytes_max() {
                self.take_place()?;
            }
        }
        Ok(())
    }

    fn chunk_size(&mut self, line: &mut ClientStream<'_>) -> Result<u64, Fault> {
        let text = self.text_line(line, CHUNK_LINE_BYTES_MAX)?;
        let digits = text.strip_suffix(b"\r\n").unwrap_or_default();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(Fault::invalid(
                "A chunk of the body does not begin with its size in hexadecimal digits alone.",
            ));
        }
        Ok(digits.iter().fold(0, |size, digit| {
            (size << 4) | u64::from(char::from(*digit).to_digit(16).unwrap_or(0))
        }))
    }

    /// Reads the trailers up to the empty line and drops them, because none is used.
    fn drop_trailers(&mut self, line: &mut ClientStream<'_>) -> Result<(), Fault> {
        let mut bytes = 0;
        loop {
            let text = self.text_line(line, line.capacity() - bytes)?;
            if text == b"\r\n" {
                return Ok(());
            }
            bytes += text.len();
        }
    }

    /// Reads one line with its CRLF, of at most `bytes_max` bytes.
    fn text_line(
        &mut self,
        line: &mut ClientStream<'_>,
        bytes_max: usize,
    ) -> Result<Vec<u8>, Fault> {
        let mut seen = 0;
        loop {
            let ahead = line.ahead();
            if let Some(at) = ahead[seen..].iter().position(|b| *b == b'\n') {
                let length = seen + at + 1;
                let text = ahead[..length].to_vec();
                if length > bytes_max || !text.ends_with(b"\r\n") {
                    return Err(malformed());
                }
                line.consume(length);
                return Ok(text);
            }
            seen = ahead.len();
            if seen >= bytes_max {
                return Err(malformed());
            }
            self.fill(line)?;
        }
    }

    fn fill(&mut self, line: &mut ClientStream<'_>) -> Result<(), Fault> {
        let Pace { grace, most, .. } = self.terms.pace;
        let lasts = self.terms.pace.started.elapsed();
        if lasts > grace {
            self.take_place()?;
        }
        // Where bytes are always available, as those of tiny chunks may be, no wait would notice the deadline.
        if lasts > most {
            return Err(self.broken(&ErrorKind::TimedOut.into()));
        }
        match line.fill(self.terms.pace.until(self.sink.bytes())) {
            Ok(0) => Err(Fault::invalid(format!(
                "The body ended after {} bytes, before its announced end.",
                self.sink.bytes()
            ))),
            Ok(_) => Ok(()),
            Err(e) => Err(self.broken(&e)),
        }
    }

    fn broken(&self, e: &io::Error) -> Fault {
        if e.kind() == ErrorKind::TimedOut {
            let Pace {
                rate_min,
                grace,
                most,
                ..
            } = self.terms.pace;
            Fault::new(
                Kind::TooSlow,
                format!(
                    "The body came too slowly: {} bytes in {:.1} s; at least {rate_min} bytes/s after {:.1} s, and the end within {:.0} s, are accepted.",
                    self.sink.bytes(),
                    self.terms.pace.started.elapsed().as_secs_f64(),
                    grace.as_secs_f64(),
                    most.as_secs_f64(),
                ),
            )
        } else {
            Fault::new(Kind::Cancelled, "The connection broke while the body came.").because(e)
        }
    }

    fn with_place(mut self) -> Result<Self, Fault> {
        self.take_place()?;
        Ok(self)
    }

    fn take_place(&mut self) -> Result<(), Fault> {
        if self.place.units() > 0 || self.place.grow(1) {
            return Ok(());
        }
        Err(Fault::new(
            Kind::Busy { retry_after_s: 1 },
            "Too many large or slow uploads are under way. Try again.",
        ))
    }

    fn too_large(&self, declared: Option<u64>) -> Fault {
        let came = declared.map_or_else(
            || "The body is larger than is accepted".to_owned(),
            |bytes| format!("The body has {bytes} bytes"),
        );
        Fault::new(
            Kind::TooLarge,
            format!(
                "{came}; at most {} bytes are accepted.",
                self.terms.bytes_max
            ),
        )
    }
}

fn malformed() -> Fault {
    Fault::invalid("The chunks of the body are malformed.")
}
