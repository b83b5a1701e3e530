//! A multipart/form-data body (RFC 7578) → its fields and files, with every size bounded.
//!
//! One pass over the body finds where its parts begin and end. Fields are small and are read; a file is a
//! window into the body, which is neither copied nor held in memory. Strict where two readers could disagree
//! about where a part ends or what it is called. Knows no endpoint: which fields there are, and what they mean,
//! is for the one who asks.

use std::ops::Range;
use std::sync::Arc;

use memchr::memmem::Finder;

use super::disposition::{self, Disposition};
use super::message::Body;
use super::window::Window;
use crate::fault::{Fault, Kind};
use crate::limits::{FORM_FIELD_BYTES_MAX, FORM_FIELDS_MAX, FORM_HEAD_BYTES_MAX};

/// Bytes of the body that are looked through at a time.
const BLOCK_BYTES: usize = 64 * 1024;

/// Characters of a boundary (RFC 2046 §5.1.1).
const BOUNDARY_CHARS_MAX: usize = 70;

/// Bytes that may follow a boundary on its line: blanks that a gateway added (RFC 2046 §5.1.1), and the line's end.
const PADDING_BYTES_MAX: usize = 64;

/// A form as it was sent.
#[derive(Debug, Default)]
pub struct Form {
    /// Names and values of the parts without a file name, in their order.
    fields: Vec<(String, String)>,
    /// Names and contents of the parts with one.
    files: Vec<(String, Window)>,
}

impl Form {
    /// The form in `body`. Parts without a name are ignored, and so is what stands before the first and after the
    /// last.
    ///
    /// Faults: `UnsupportedType` when `content_type` is not multipart/form-data; `Invalid` when it has no
    /// boundary, the body is broken off or malformed, has more than `FORM_FIELDS_MAX` parts, or a field of
    /// more than `FORM_FIELD_BYTES_MAX` bytes or of no UTF-8; `Internal` when the body cannot be read.
    pub fn parse(content_type: Option<&str>, body: Body) -> Result<Form, Fault> {
        let boundary = boundary(content_type)?;
        let body = Arc::new(body);
        let mut form = Form::default();
        for part in parts(&body, &boundary)? {
            let (disposition, content) = opened(&body, part)?;
            let Disposition { name, is_file } = disposition;
            match name {
                None => {}
                Some(name) if is_file => {
                    form.files.push((name, Window::new(body.clone(), content)));
                }
                Some(name) => {
                    let value = text(&body, &name, content)?;
                    form.fields.push((name, value));
                }
            }
        }
        Ok(form)
    }

    /// The value of the field `name`; of several, the first counts.
    pub fn text<'a>(&'a self, name: &str) -> Option<&'a str> {
        self.texts(name).next()
    }

    /// All values of the field `name`, in their order: for fields like `timestamp_granularities[]`.
    pub fn texts<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.fields
            .iter()
            .filter(move |(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// The field `name` as a truth value: true, false, 1, 0, yes, no, on or off in any case; `default` when
    /// it is absent or empty.
    ///
    /// Faults: `Invalid` for any other value.
    pub fn boolean(&self, name: &str, default: bool) -> Result<bool, Fault> {
        let Some(value) = self.text(name) else {
            return Ok(default);
        };
        match value.trim().to_ascii_lowercase().as_str() {
            "" => Ok(default),
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(Fault::invalid(format!(
                "{name} is not a boolean; true, false, 1, 0, yes, no, on and off are accepted"
            ))),
        }
    }

    /// The content of the file of the field `name`; of several, the first counts.
    pub fn file(&self, name: &str) -> Option<&Window> {
        let named = self.files.iter().find(|(field, _)| field == name);
        named.map(|(_, content)| content)
    }
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
    let mut given = disposition::parameters(told).unwrap_or_default();
    given.retain(|(name, boundary)| {
        name == "boundary" && (1..=BOUNDARY_CHARS_MAX).contains(&boundary.len())
    });
    match given.pop() {
        Some((_, boundary)) if given.is_empty() => Ok(boundary),
        _ => Err(Fault::invalid(format!(
            "the Content-Type multipart/form-data needs one boundary of 1 to {BOUNDARY_CHARS_MAX} characters"
        ))),
    }
}

/// Where the parts of `body` are, each with its headers.
fn parts(body: &Body, boundary: &str) -> Result<Vec<Range<u64>>, Fault> {
    // A line break belongs to the delimiter behind it. The first one may stand at the very start: so as if one came
    // before the body, and all positions are by two too large.
    let delimiter = format!("\r\n--{boundary}");
    let finder = Finder::new(&delimiter);
    let mut block = b"\r\n".to_vec();
    let mut block_at = 0;
    let mut parts = Vec::new();
    let mut begins: Option<u64> = None;
    loop {
        let fresh = block.len();
        block.resize(fresh + BLOCK_BYTES, 0);
        let at = block_at + fresh as u64 - 2;
        let read = body.read_at(&mut block[fresh..], at);
        let read = read.map_err(Fault::internal)?;
        block.truncate(fresh + read);
        if read == 0 {
            return Err(broken_off());
        }
        let mut looked_through = 0;
        for found in finder.find_iter(&block) {
            looked_through = found + delimiter.len();
            let end = block_at + found as u64;
            if let Some(start) = begins {
                // The line break before its end may be the one that its own delimiter's line ended with.
                parts.push(start..start.max(end - 2));
            }
            if parts.len() > FORM_FIELDS_MAX {
                return Err(Fault::invalid(format!(
                    "the form has more than {FORM_FIELDS_MAX} fields, which is the most that is accepted"
                )));
            }
            match line_end(body, end + delimiter.len() as u64 - 2)? {
                Some(start) => begins = Some(start),
                None => return Ok(parts),
            }
        }
        // What may be the start of a delimiter stays.
        let keep = (delimiter.len() - 1).min(block.len() - looked_through);
        block_at += (block.len() - keep) as u64;
        block.drain(..block.len() - keep);
    }
}

/// Where the part begins whose delimiter ends at `at`, or none behind the last one.
fn line_end(body: &Body, at: u64) -> Result<Option<u64>, Fault> {
    let rest = read(body, at, PADDING_BYTES_MAX)?;
    let blanks = rest
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    match rest[blanks..] {
        _ if rest.starts_with(b"--") => Ok(None),
        [b'\r', b'\n', ..] => Ok(Some(at + blanks as u64 + 2)),
        [] | [b'\r'] | [b'-'] if rest.len() < PADDING_BYTES_MAX => Err(broken_off()),
        _ => Err(malformed("a boundary is not alone on its line")),
    }
}

/// What the headers of `part` say of it, and where its content is.
fn opened(body: &Body, part: Range<u64>) -> Result<(Disposition, Range<u64>), Fault> {
    let bytes = (part.end - part.start).min(FORM_HEAD_BYTES_MAX as u64);
    let head = read(body, part.start, bytes as usize)?;
    let (disposition, read) = disposition::of(&head)?;
    Ok((disposition, part.start + read as u64..part.end))
}

fn text(body: &Body, name: &str, content: Range<u64>) -> Result<String, Fault> {
    let bytes = content.end - content.start;
    if bytes > FORM_FIELD_BYTES_MAX as u64 {
        return Err(Fault::invalid(format!(
            "the field {name} has more than {FORM_FIELD_BYTES_MAX} bytes, which is the most that is accepted; a file needs a file name"
        )));
    }
    String::from_utf8(read(body, content.start, bytes as usize)?)
        .map_err(|_| Fault::invalid(format!("the field {name} is not UTF-8")))
}

/// The bytes of `body` from `at` on, `most` of them or as many as there are.
fn read(body: &Body, at: u64, most: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![0; most];
    let mut filled = 0;
    while filled < most {
        match body.read_at(&mut bytes[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) => return Err(Fault::internal(error)),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn broken_off() -> Fault {
    Fault::invalid("the form breaks off: its closing boundary is missing")
}

/// A form that is not what RFC 7578 says, with what is wrong for the log.
pub(super) fn malformed(why: &str) -> Fault {
    Fault::invalid("the form is not valid multipart/form-data").because(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    const TYPE: Option<&str> = Some("multipart/form-data; boundary=XX");

    fn part(head: &str, content: &str) -> String {
        format!("--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    }

    fn parse(body: impl Into<Vec<u8>>) -> Result<Form, Fault> {
        Form::parse(TYPE, Body::Memory(body.into()))
    }

    fn sentence(body: impl Into<Vec<u8>>) -> String {
        let fault = parse(body).unwrap_err();
        assert_eq!(fault.kind, Kind::Invalid);
        fault.sentence
    }

    #[test]
    fn fields_and_files_are_read() {
        let body = [
            &part("name=\"language\"", "sw"),
            &part("name=\"language\"", "en"),
            &part("name=\"flag\"", " On "),
            &part("name=\"odd\"", "maybe"),
            &part("name=\"file\"; filename=\"a b.wav\"", "RIFF\r\n--X"),
            "--XX--\r\n",
        ]
        .concat();
        let form = parse(body).unwrap();
        assert_eq!(form.text("language"), Some("sw"));
        assert_eq!(form.texts("language").count(), 2);
        assert_eq!(form.text("none"), None);
        assert!(form.boolean("flag", false).unwrap());
        assert!(form.boolean("none", true).unwrap());
        assert_eq!(form.boolean("odd", true).unwrap_err().kind, Kind::Invalid);
        assert_eq!(content(&form, "file"), "RIFF\r\n--X");
        assert!(form.file("other").is_none());
    }

    fn content(form: &Form, name: &str) -> String {
        let mut read = String::new();
        let mut file = form.file(name).unwrap().clone();
        file.read_to_string(&mut read).unwrap();
        assert_eq!(file.len(), read.len() as u64);
        read
    }

    #[test]
    fn files_are_whole_wherever_the_blocks_of_the_search_end() {
        // Two files and a field, so that each of the three delimiters comes to lie across the end of a block.
        for bytes in BLOCK_BYTES - 160..BLOCK_BYTES + 8 {
            let first = "\r\n-".repeat(bytes / 3) + &"x".repeat(bytes % 3);
            let body = [
                &part("name=\"file\"; filename=\"a\"", &first),
                &part("name=\"text\"", "between"),
                &part("name=\"second\"; filename=\"b\"", "x--XX"),
                "--XX--\r\nrest",
            ]
            .concat();
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(body.as_bytes()).unwrap();
            let bytes = body.len() as u64;
            let spooled = Form::parse(TYPE, Body::Spooled { file, bytes }).unwrap();
            for form in [spooled, parse(body).unwrap()] {
                assert!(content(&form, "file") == first, "{bytes}");
                assert_eq!(content(&form, "second"), "x--XX");
                assert_eq!(form.text("text"), Some("between"));
            }
        }
    }

    #[test]
    fn what_stands_around_the_parts_is_ignored() {
        let form = part("name=\"a\"", "x").replacen("--XX\r\n", "--XX \t\r\n", 1) + "--XX--";
        for around in [
            form.clone(),
            format!("before\r\n{form}"),
            format!("\r\n{form}\r\nafter"),
        ] {
            assert_eq!(parse(around).unwrap().text("a"), Some("x"));
        }
        let nameless = "--XX\r\nContent-Type: text/plain\r\n\r\nx\r\n--XX--";
        assert!(parse(nameless).unwrap().fields.is_empty());
        assert!(parse("--XX--").unwrap().fields.is_empty());
        let empty = parse(part("name=\"a\"", "") + "--XX--").unwrap();
        assert_eq!(empty.text("a"), Some(""));
    }

    #[test]
    fn another_type_is_refused_and_a_boundary_needed() {
        let try_type = |told| Form::parse(told, Body::Memory(Vec::new())).unwrap_err();
        for told in [
            None,
            Some("application/json"),
            Some("multipart/mixed; boundary=X"),
            Some("???"),
        ] {
            assert_eq!(try_type(told).kind, Kind::UnsupportedType);
        }
        for told in [
            "multipart/form-data",
            "multipart/form-data; boundary=\"\"",
            "multipart/form-data; boundary=a; boundary=b",
            "multipart/form-data; boundary=\"a",
        ] {
            assert_eq!(try_type(Some(told)).kind, Kind::Invalid);
        }
    }

    #[test]
    fn a_broken_form_is_invalid() {
        let whole =
            part("name=\"a\"", "text") + &part("name=\"f\"; filename=\"f\"", "data") + "--XX--";
        for end in 0..whole.len() {
            assert!(
                sentence(&whole.as_bytes()[..end]).contains("breaks off"),
                "{end}"
            );
        }
        for malformed in [
            "--XX\r\nbad header\r\n\r\n\r\n--XX--",
            "--XX\r\nA: b\r\n--XX--",
            "--XX\r\n--XX--",
            "--XXY\r\n\r\nx\r\n--XX--",
            "--XX\n\r\nx\r\n--XX--",
        ] {
            assert!(sentence(malformed).contains("not valid"), "{malformed}");
        }
    }

    #[test]
    fn every_size_is_bounded() {
        let many = part("name=\"a\"", "x").repeat(FORM_FIELDS_MAX + 1) + "--XX--";
        assert!(sentence(many).contains("more than 32 fields"));
        let long = part("name=\"a\"", &"x".repeat(FORM_FIELD_BYTES_MAX + 1)) + "--XX--";
        assert!(sentence(long).contains("the field a has more than"));
        let header = format!("--XX\r\nA: {}\r\n\r\n\r\n--XX--", "x".repeat(2_000_000));
        assert!(sentence(header).contains("headers of more than"));
    }

    #[test]
    fn a_field_must_be_utf8() {
        let mut body = part("name=\"a\"", "?").into_bytes();
        let at = body.iter().position(|byte| *byte == b'?').unwrap();
        body[at] = 0xFF;
        body.extend_from_slice(b"--XX--");
        assert!(sentence(body).contains("not UTF-8"));
    }
}
