//! A multipart/form-data body (RFC 7578) → its fields and files, with every size bounded.
//!
//! The body is read in pieces and never whole: fields are small, the file stays in memory up to `BODY_MEMORY_BYTES_MAX`
//! and goes to an unlinked file beyond that. Knows no endpoint: which fields there are, and what they mean, the caller
//! decides.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::task::{Context, Poll};

use futures::StreamExt;
use futures::stream::poll_fn;
use futures::task::noop_waker_ref;
use multer::{Error, Field, Multipart};
use schemars::{Schema, SchemaGenerator, json_schema};

use vocabox_base::cancellation::CancellationToken;
use vocabox_base::fault::{Fault, Kind};
use vocabox_base::limits::{
    BODY_MEMORY_BYTES_MAX, FORM_FIELD_BYTES_MAX, FORM_FIELDS_MAX, FORM_LONG_FIELD_BYTES_MAX,
    FORM_TEXT_BYTES_MAX,
};
use vocabox_edge::message::{Body, BodyReader};

/// Bytes that the parser gets at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Consecutive polls, of one or two chunks each, that may yield neither a part nor data of one: bounds the preamble and
/// the part headers, which the parser would buffer without a limit.
const IDLE_POLLS_MAX: usize = 8;

/// Characters of a boundary (RFC 2046 §5.1.1).
const BOUNDARY_CHARS_MAX: usize = 70;

/// The field of the one file that a form of this API may have: the first part of this name is the file, with whatever file
/// name, or none. Other files are skipped, so that no form costs more than one file descriptor.
const FILE_FIELD: &str = "file";

/// A parsed form.
#[derive(Debug, Default)]
pub struct Form {
    /// Names and values of the parts without a file name, in the order of the body.
    fields: Vec<(String, String)>,
    file: Option<Body>,
}

impl Form {
    /// The form in a request's body. A file that does not fit in memory is written to an unlinked file in `spool_dir`; the
    /// fields called `long` or `long[]` may have `FORM_LONG_FIELD_BYTES_MAX` bytes together.
    ///
    /// Parts without a name are ignored, and so are all files except the first of the field `file`.
    ///
    /// Faults: `UnsupportedType` when `content_type` is not multipart/form-data; `Invalid` when it has no boundary, or
    /// the body is cut off or malformed, has more than `FORM_FIELDS_MAX` parts, a field of more than
    /// `FORM_FIELD_BYTES_MAX` bytes or that is not UTF-8, or more than `FORM_TEXT_BYTES_MAX` bytes of fields; `Missing` when the disk is full, `Internal` when a file
    /// cannot be written for another reason; `Busy` and `Cancelled` when the request's time is over.
    pub fn parse(
        content_type: Option<&str>,
        body: Body,
        spool_dir: &Path,
        long: &str,
        cancellation: &CancellationToken,
    ) -> Result<Form, Fault> {
        let boundary = boundary(content_type)?;
        let reader = body.into_reader();
        let mut parts = Multipart::new(chunks(reader), boundary);
        let mut form = Form::default();
        let mut count = 0;
        let (mut long_bytes, mut text_bytes) = (0, 0);
        while let Some(mut part) = drive(|cx| parts.poll_next_field(cx))? {
            count += 1;
            if count > FORM_FIELDS_MAX {
                return Err(Fault::invalid(format!(
                    "the form has more than {FORM_FIELDS_MAX} fields, which is the most that is accepted"
                )));
            }
            let is_file = names_file(&part);
            match part.name().map(str::to_owned) {
                Some(field) if field == FILE_FIELD && form.file.is_none() => {
                    form.file = Some(upload(&mut part, spool_dir, cancellation)?);
                }
                Some(field) if field != FILE_FIELD && !is_file => {
                    let is_long = !long.is_empty() && bare(&field) == long;
                    let (used, bounds) = match is_long {
                        true => (&mut long_bytes, [FORM_LONG_FIELD_BYTES_MAX; 2]),
                        false => (&mut text_bytes, [FORM_FIELD_BYTES_MAX, FORM_TEXT_BYTES_MAX]),
                    };
                    let value = text(&field, &mut part, *used, bounds)?;
                    *used += value.len();
                    form.fields.push((field, value));
                }
                _ => {
                    while data(&mut part)?.is_some() {
                        in_time(cancellation)?;
                    }
                }
            }
        }
        Ok(form)
    }

    /// All values of fields called `name` or `name[]`, as clients name a list, without those that are blank.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let own = self.fields.iter().filter(|(field, _)| bare(field) == name);
        let values = own.map(|(_, value)| value.trim());
        values.filter(|value| !value.is_empty()).collect()
    }

    /// The value of the first field called `name`.
    pub fn text<'a>(&'a self, name: &str) -> Option<&'a str> {
        self.texts(name).next()
    }

    /// All values of fields called `name`, in the order of the body.
    pub fn texts<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.fields
            .iter()
            .filter(move |(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// Takes the file out of the form. Faults: `Invalid` if there is none, or it is empty.
    pub fn take_file(&mut self) -> Result<Body, Fault> {
        let file = self.file.take();
        let file = file.ok_or_else(|| Fault::invalid("file is missing"))?;
        match file.is_empty() {
            true => Err(Fault::invalid("file is empty")),
            false => Ok(file),
        }
    }
}

/// The name of a field without the mark of a list.
fn bare(field: &str) -> &str {
    field.strip_suffix("[]").unwrap_or(field)
}

/// Whether the part has a file name, in any of the ways in which clients write one: `filename`, also in Latin-1, which the
/// parser does not give, and `filename*` (RFC 6266).
fn names_file(part: &Field<'_>) -> bool {
    let disposition = part.headers().get("content-disposition");
    let disposition = disposition.map_or(&b""[..], |value| value.as_bytes());
    let mut is_quoted = false;
    let outside = disposition.iter().filter(|byte| {
        is_quoted ^= **byte == b'"';
        !is_quoted
    });
    let outside: Vec<u8> = outside.map(u8::to_ascii_lowercase).collect();
    outside.split(|byte| *byte == b';').any(|parameter| {
        let name = parameter.trim_ascii_start();
        name.starts_with(b"filename=") || name.starts_with(b"filename*=")
    })
}

/// The schema of the field `file`.
pub fn file_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "binary" })
}

/// True: the default, in schemas, of form fields that are on unless turned off.
pub fn on() -> bool {
    true
}

/// The boundary that `content_type` names.
fn boundary(content_type: Option<&str>) -> Result<String, Fault> {
    let told = content_type.unwrap_or("");
    let essence = told.split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("multipart/form-data") {
        let what = if essence.is_empty() {
            "missing"
        } else {
            essence
        };
        return Err(Fault::new(
            Kind::UnsupportedType,
            format!("Content-Type is {what}; this endpoint reads multipart/form-data"),
        ));
    }
    let boundary = multer::parse_boundary(told).unwrap_or_default();
    if !(1..=BOUNDARY_CHARS_MAX).contains(&boundary.len()) {
        return Err(Fault::invalid(format!(
            "the Content-Type multipart/form-data needs a boundary of 1 to {BOUNDARY_CHARS_MAX} characters"
        )));
    }
    Ok(boundary)
}

/// `reader` as a stream of chunks, each followed by one `Pending`: the parser buffers all that is ready before it
/// parses, and would buffer the whole body.
fn chunks(
    mut reader: Box<dyn BodyReader>,
) -> impl futures::Stream<Item = std::io::Result<Vec<u8>>> + Send {
    let mut rest = false;
    poll_fn(move |_| {
        rest = !rest;
        if !rest {
            return Poll::Pending;
        }
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        match reader
            .by_ref()
            .take(CHUNK_BYTES as u64)
            .read_to_end(&mut chunk)
        {
            Ok(0) => Poll::Ready(None),
            Ok(_) => Poll::Ready(Some(Ok(chunk))),
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    })
}

/// Polls until there is an outcome. The source never waits, so a `Pending` only means that the chunks so far gave no
/// outcome: no waker is needed, and no form can block a thread.
fn drive<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<multer::Result<T>>) -> Result<T, Fault> {
    let mut context = Context::from_waker(noop_waker_ref());
    for _ in 0..=IDLE_POLLS_MAX {
        if let Poll::Ready(outcome) = poll(&mut context) {
            return outcome.map_err(broken);
        }
    }
    Err(Fault::invalid(format!(
        "the form has more than {} KiB before or between its parts",
        IDLE_POLLS_MAX * CHUNK_BYTES / 1024
    )))
}

/// The next data of `part`, none at its end.
fn data(part: &mut Field<'_>) -> Result<Option<impl AsRef<[u8]>>, Fault> {
    drive(|cx| part.poll_next_unpin(cx).map(Option::transpose))
}

/// The text of a field, after `used` bytes of others: `bounds` are those of its bytes, and of the bytes of all.
fn text(
    field: &str,
    part: &mut Field<'_>,
    used: usize,
    [field_max, all_max]: [usize; 2],
) -> Result<String, Fault> {
    let mut value = Vec::new();
    while let Some(piece) = data(part)? {
        value.extend_from_slice(piece.as_ref());
        if value.len() > field_max {
            return Err(Fault::invalid(format!(
                "the field {field} has more than {field_max} bytes, which is the most that is accepted; a file needs a file name"
            )));
        }
        if used + value.len() > all_max {
            return Err(Fault::invalid(format!(
                "the form has more than {all_max} bytes of text up to the field {field}, which is the most that is accepted"
            )));
        }
    }
    String::from_utf8(value).map_err(|_| Fault::invalid(format!("the field {field} is not UTF-8")))
}

/// Faults: `Busy` when the request's time is over, which only a slow disk explains; `Cancelled` when its client left.
fn in_time(cancellation: &CancellationToken) -> Result<(), Fault> {
    cancellation.check().map_err(|fault| match fault.kind {
        Kind::Cancelled => fault,
        _ => Fault::new(
            Kind::Busy { retry_after_s: 10 },
            "The form could not be read in time. Try again.",
        ),
    })
}

/// The content of a file's part.
fn upload(
    part: &mut Field<'_>,
    spool_dir: &Path,
    cancellation: &CancellationToken,
) -> Result<Body, Fault> {
    let mut held = Vec::new();
    let mut spool: Option<File> = None;
    let mut bytes = 0;
    while let Some(piece) = data(part)? {
        in_time(cancellation)?;
        let piece = piece.as_ref();
        bytes += piece.len() as u64;
        if spool.is_none() && held.len() + piece.len() > BODY_MEMORY_BYTES_MAX {
            let mut file = tempfile::tempfile_in(spool_dir).map_err(Fault::disk)?;
            file.write_all(&held).map_err(Fault::disk)?;
            held = Vec::new();
            spool = Some(file);
        }
        match &mut spool {
            Some(file) => file.write_all(piece).map_err(Fault::disk)?,
            None => held.extend_from_slice(piece),
        }
    }
    Ok(match spool {
        Some(file) => Body::Spooled { file, bytes },
        None => Body::Memory(held),
    })
}

/// The fault of an error of the parser.
fn broken(error: Error) -> Fault {
    match error {
        Error::StreamReadFailed(cause) => Fault::internal(cause),
        Error::IncompleteStream | Error::IncompleteFieldData { .. } | Error::IncompleteHeaders => {
            Fault::invalid("the form breaks off: its closing boundary is missing").because(error)
        }
        _ => Fault::invalid("the form is not valid multipart/form-data").because(error),
    }
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
