//! The headers of one part of a form → what it is called, and whether it is a file.

use super::form::malformed;
use crate::fault::Fault;
use crate::limits::{FORM_HEAD_BYTES_MAX, FORM_HEADERS_MAX};

/// What `Content-Disposition` says of a part.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Disposition {
    pub name: Option<String>,
    /// It has a file name, whichever: nothing goes by a client's name for a file.
    pub is_file: bool,
}

/// What the headers at the start of `part` say, and their length with the empty line. Without a
/// `Content-Disposition` it has no name.
///
/// Faults: `Invalid` for headers that are malformed, more than `FORM_HEADERS_MAX` or longer than
/// `FORM_HEAD_BYTES_MAX`, and for a disposition that is not form-data, came twice or names one thing twice.
pub fn of(part: &[u8]) -> Result<(Disposition, usize), Fault> {
    let mut room = [httparse::EMPTY_HEADER; FORM_HEADERS_MAX];
    let (read, headers) = match httparse::parse_headers(part, &mut room) {
        Ok(httparse::Status::Complete(whole)) => whole,
        Ok(httparse::Status::Partial) if part.len() >= FORM_HEAD_BYTES_MAX => {
            return Err(Fault::invalid(format!(
                "a part of the form has headers of more than {FORM_HEAD_BYTES_MAX} bytes, which is the most that is accepted"
            )));
        }
        Ok(httparse::Status::Partial) => return Err(malformed("a part ends within its headers")),
        Err(error) => return Err(malformed(&error.to_string())),
    };
    let mut told = headers
        .iter()
        .filter(|h| h.name.eq_ignore_ascii_case("Content-Disposition"));
    let disposition = match (told.next(), told.next()) {
        (None, _) => Disposition::default(),
        (Some(header), None) => disposition(header.value)?,
        (Some(_), Some(_)) => return Err(malformed("a part has two dispositions")),
    };
    Ok((disposition, read))
}

fn disposition(value: &[u8]) -> Result<Disposition, Fault> {
    let value = str::from_utf8(value).map_err(|_| malformed("a disposition is not UTF-8"))?;
    let kind = value.split(';').next().unwrap_or("").trim();
    if !kind.eq_ignore_ascii_case("form-data") {
        return Err(malformed("a disposition is not form-data"));
    }
    let given = parameters(value).ok_or_else(|| malformed("a disposition is malformed"))?;
    let only = |wanted: &str| {
        let mut named = given.iter().filter(|(name, _)| name == wanted);
        match (named.next(), named.next()) {
            (_, Some(_)) => Err(malformed("a disposition names one thing twice")),
            (first, None) => Ok(first.map(|(_, value)| value.clone())),
        }
    };
    Ok(Disposition {
        name: only("name")?,
        is_file: only("filename")?.is_some(),
    })
}

/// The parameters of a header's value `what; name=value; name="value"`, names in lower case, or none when they are
/// malformed. In quotes, a backslash stands before a quote only: older browsers send Windows paths as they are.
pub fn parameters(value: &str) -> Option<Vec<(String, String)>> {
    let mut parameters = Vec::new();
    let mut rest = value.find(';').map_or("", |at| &value[at..]);
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some(parameters);
        }
        rest = rest.strip_prefix(';')?.trim_start();
        if rest.is_empty() {
            return Some(parameters);
        }
        let (name, behind) = rest.split_once('=')?;
        let name = name.trim();
        if name.is_empty() || name.contains([';', '"', ' ', '\t']) {
            return None;
        }
        let behind = behind.trim_start();
        let (given, behind) = match behind.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let end = behind.find([';', ' ', '\t']).unwrap_or(behind.len());
                let (given, behind) = behind.split_at(end);
                (given.to_owned(), behind)
            }
        };
        parameters.push((name.to_ascii_lowercase(), given));
        rest = behind;
    }
}

/// The text up to the closing quote, and what follows that.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((text, &quoted[at + 1..])),
            '\\' if characters.next_if(|(_, next)| *next == '"').is_some() => text.push('"'),
            other => text.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: &str) -> Option<(Option<String>, bool)> {
        let part = format!("X: y\r\ncontent-disposition: {value}\r\n\r\nrest");
        let (disposition, read) = of(part.as_bytes()).ok()?;
        assert_eq!(&part[read..], "rest");
        Some((disposition.name, disposition.is_file))
    }

    #[test]
    fn names_are_read_as_browsers_and_tools_write_them() {
        for (value, name, is_file) in [
            (
                "form-data; name=\"file\"; filename=\"a; name=b.wav\"",
                "file",
                true,
            ),
            (
                "form-data; filename=\"a name=\\\"b\\\".wav\"; name=\"file\"",
                "file",
                true,
            ),
            (
                "form-data; name=\"file\"; filename=\"C:\\dir\\\"",
                "file",
                false,
            ),
            ("Form-Data;name=plain ; FileName=x", "plain", true),
            (
                "form-data; name=\"it says \\\"no\\\"\"",
                "it says \"no\"",
                false,
            ),
            ("form-data; name=\"ünï; x\";", "ünï; x", false),
            ("form-data; name=\"\"; filename=\"\"", "", true),
            ("form-data; name=\"a\"; filename*=UTF-8''b", "a", false),
        ] {
            if value.contains("C:") {
                // A path that ends in a backslash swallows the closing quote: nobody can tell where it ends.
                assert_eq!(told(value), None);
            } else {
                assert_eq!(
                    told(value),
                    Some((Some(name.to_owned()), is_file)),
                    "{value}"
                );
            }
        }
        assert_eq!(told("form-data"), Some((None, false)));
        assert_eq!(of(b"\r\nrest").unwrap(), (Disposition::default(), 2));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for value in [
            "attachment; name=\"a\"",
            "form-data name=\"a\"",
            "form-data; name=\"a\"; name=\"b\"",
            "form-data; name=\"a\"; filename=b; filename=c",
            "form-data; name=\"a",
            "form-data; name=\"a\" b",
            "form-data; =b",
            "form-data; a b=c",
            "form-data; name",
            "form-data; name=a\r\nContent-Disposition: form-data; name=b",
        ] {
            assert_eq!(told(value), None, "{value}");
        }
    }

    #[test]
    fn headers_are_bounded() {
        let many = "A: b\r\n".repeat(FORM_HEADERS_MAX + 1) + "\r\n";
        assert!(of(many.as_bytes()).is_err());
        let long = format!("A: {}", "b".repeat(FORM_HEAD_BYTES_MAX));
        let fault = of(&long.as_bytes()[..FORM_HEAD_BYTES_MAX]).unwrap_err();
        assert!(fault.sentence.contains("8192 bytes"), "{fault}");
    }
}
