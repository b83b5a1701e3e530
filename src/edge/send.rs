//! Sends a complete answer to the client, within the bounds of writing. Knows neither the answer's source nor its
//! meaning.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::time::Instant;

use crate::Bounds;
use crate::client_stream::{ClientStream, Pace};
use crate::inner::relay::Fetched;
use crate::message::{Answer, Body, Part};
use crate::reply::{self, AnswerLength, Frame, sound};
use crate::spool::Stored;

/// Most bytes of a body that are sent together with the head.
const TOGETHER_BYTES_MAX: usize = 16 * 1024;
/// Bytes of one read from a spooled answer.
const BLOCK_BYTES: usize = 64 * 1024;

/// Sends an answer that the service gave directly to the gate.
pub(crate) fn given(
    line: &mut ClientStream<'_>,
    frame: Frame,
    answer: Answer,
    bounds: &Bounds,
) -> io::Result<()> {
    let answer = sound(answer);
    let headers = answer
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain([("Content-Type", answer.content_type)]);
    let length = AnswerLength::Bytes(answer.body.len() as u64);
    let head = reply::head(&frame, answer.status, headers, length);
    let body = frame
        .has_body(answer.status)
        .then_some((Body::Memory(answer.body), None));
    write(line, head, body, bounds)
}

/// Sends a handler's answer.
pub(crate) fn fetched(
    line: &mut ClientStream<'_>,
    frame: Frame,
    fetched: Fetched,
    bounds: &Bounds,
) -> io::Result<()> {
    let Stored { body, share } = fetched.stored;
    let file = fetched.file;
    let headers = fetched
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let bytes = body.len() + file.as_ref().map_or(0, Part::len);
    let head = reply::head(&frame, fetched.status, headers, AnswerLength::Bytes(bytes));
    let body = frame.has_body(fetched.status).then_some((body, file));
    let sent = write(line, head, body, bounds);
    drop(share);
    sent
}

/// Sends the head, the body and the part of a file that follows it. Each wait for the client is bounded, and on average the
/// client has to read at the minimum rate of uploads.
fn write(
    line: &mut ClientStream<'_>,
    mut head: Vec<u8>,
    body: Option<(Body, Option<Part>)>,
    bounds: &Bounds,
) -> io::Result<()> {
    let pace = Pace {
        started: Instant::now(),
        grace: bounds.upload_grace,
        rate_min: bounds.rate_min,
        most: bounds.answer,
    };
    let mut moved = 0;
    let mut send = |bytes: &[u8]| line.send(bytes, bounds.write_block, &pace, &mut moved);
    let Some((body, file)) = body else {
        return send(&head);
    };
    match body {
        Body::Memory(bytes) if bytes.len() <= TOGETHER_BYTES_MAX => {
            head.extend_from_slice(&bytes);
            send(&head)?;
        }
        Body::Memory(bytes) => {
            send(&head)?;
            send(&bytes)?;
        }
        Body::Spooled { file, bytes } => {
            send(&head)?;
            send_file(file, bytes, &mut send)?;
        }
    }
    let Some(Part { file, bytes, after }) = file else {
        return Ok(());
    };
    send_file(file, bytes, &mut send)?;
    match after.is_empty() {
        true => Ok(()),
        false => send(after.as_bytes()),
    }
}

/// Sends `bytes` bytes of `file`, which may continue after them.
fn send_file(
    file: File,
    bytes: u64,
    send: &mut impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut part = file.take(bytes);
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        match part.read(&mut block)? {
            0 if part.limit() > 0 => return Err(ErrorKind::UnexpectedEof.into()),
            0 => return Ok(()),
            read => send(&block[..read])?,
        }
    }
}
