//! Parses a request's head: which bytes, which framing, which version are accepted. It is strict: a request whose end
//! two parsers could see in different places is refused. Knows no socket.

use std::net::IpAddr;
use std::time::Instant;

use crate::message::Head;
use vocabox_base::fault::{Fault, Kind};
use vocabox_base::limits::HEADERS_MAX;

/// How the end of a body is determined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// This many bytes; 0 also where no length was sent.
    Declared(u64),
    Chunked,
}

/// An accepted head, with the fields that the edge needs.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) head: Head,
    pub(crate) length: Length,
    /// The `x` of `HTTP/1.x`: 0 or 1.
    pub(crate) minor: u8,
    /// Whether the client wants to keep the connection open.
    pub(crate) keep_alive: bool,
    /// Whether the client waits for `100 Continue`.
    pub(crate) expects_continue: bool,
}

/// Returns where the head in `bytes` ends (after its empty line), or none while it is incomplete. The bytes before
/// `seen` were checked already. Fault: `Invalid` at the first byte that no head may have: a control character anywhere, and
/// a byte from 0x80 on in the request line. Header values may have those (`obs-text`, RFC 9110 section 5.5): proxies
/// send names of users in UTF-8 or Latin-1.
pub(crate) fn end(bytes: &[u8], seen: usize) -> Result<Option<usize>, Fault> {
    // A final CR has not been checked yet: it needs its LF.
    let from = seen.saturating_sub(1);
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        let before = at.checked_sub(1).map(|before| bytes[before]);
        if before == Some(b'\r') && *byte != b'\n' {
            return Err(Fault::invalid(
                "A line of the head has a CR without its LF.",
            ));
        }
        match byte {
            b'\n' if before != Some(b'\r') => {
                return Err(Fault::invalid("A line of the head ends in LF without CR."));
            }
            b'\n' if bytes[..=at].ends_with(b"\r\n\r\n") => return Ok(Some(at + 1)),
            b'\n' | b'\r' | b'\t' | b' '..=b'~' => {}
            0x80.. if bytes[..at].contains(&b'\n') => {}
            0x80.. => {
                return Err(Fault::invalid(
                    "The request line has a byte that is not visible ASCII. Escape it.",
                ));
            }
            _ => {
                return Err(Fault::invalid(
                    "The head has a control character. Escape it.",
                ));
            }
        }
    }
    Ok(None)
}

/// Returns the refusal of a head that has more than `bytes_max` bytes.
pub(crate) fn too_large(bytes_max: usize) -> Fault {
    Fault::new(
        Kind::HeadTooLarge,
        format!("The request's head is too large; at most {bytes_max} bytes are accepted."),
    )
}

fn too_many() -> Fault {
    Fault::new(
        Kind::HeadTooLarge,
        format!("The request has too many headers; at most {HEADERS_MAX} are accepted."),
    )
}

/// Parses `bytes`, one whole head that [`end`] accepted. Faults: `Invalid` for what is malformed or ambiguous,
/// `HeadTooLarge` for too many headers.
pub(crate) fn parse(bytes: &[u8], peer: IpAddr, received: Instant) -> Result<Parsed, Fault> {
    let mut room = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut room);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(read)) if read == bytes.len() => {}
        Ok(_) => return Err(Fault::invalid("The request's head is malformed.")),
        Err(httparse::Error::TooManyHeaders) => return Err(too_many()),
        Err(httparse::Error::Version) => {
            return Err(Fault::invalid(
                "The HTTP version is not one of those spoken here: HTTP/1.0 and HTTP/1.1.",
            ));
        }
        Err(e) => {
            return Err(Fault::invalid(format!(
                "The request's head is malformed: {e}."
            )));
        }
    }
    let (Some(method), Some(target), Some(minor)) = (request.method, request.path, request.version)
    else {
        return Err(Fault::invalid("The request line is malformed."));
    };
    if method.bytes().any(|b| b.is_ascii_lowercase()) {
        return Err(Fault::invalid("The method is not in upper case."));
    }

    let headers = request
        .headers
        .iter()
        // HTTP/1.0 has no upgrades (RFC 9110 section 7.8).
        .filter(|h| minor == 1 || !h.name.eq_ignore_ascii_case("upgrade"))
        .map(|h| (h.name.to_ascii_lowercase(), text(h.value)))
        .collect::<Vec<_>>();

    let length = length(&headers, minor)?;
    check_single(&headers, minor)?;
    let expects_continue = expects_continue(&headers, minor)?;
    let keep_alive = keep_alive(&headers, minor);
    let (path, query) = target_parts(method, target)?;
    Ok(Parsed {
        length,
        minor,
        keep_alive,
        expects_continue,
        head: Head {
            method: method.to_owned(),
            path,
            query,
            headers,
            declared_bytes: match length {
                Length::Declared(bytes) => Some(bytes),
                Length::Chunked => None,
            },
            peer,
            received,
        },
    })
}

/// Returns a header's value as text: read as UTF-8 where it is that, else as Latin-1; tabs are spaces.
fn text(value: &[u8]) -> String {
    let text = match str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().map(|b| char::from(*b)).collect(),
    };
    // Only what HTTP calls white space: U+00A0 belongs to the value.
    text.replace('\t', " ").trim_matches(' ').to_owned()
}

type Headers = [(String, String)];

fn values<'a>(headers: &'a Headers, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .iter()
        .filter(move |(n, _)| n == name)
        .map(|(_, v)| v.as_str())
}

/// Returns the framing: exactly one length of digits, or exactly `chunked`, or neither (RFC 9112 §6.3, without its
/// leniencies).
fn length(headers: &Headers, minor: u8) -> Result<Length, Fault> {
    let mut lengths = values(headers, "content-length");
    let mut encodings = values(headers, "transfer-encoding");
    match (
        lengths.next(),
        lengths.next(),
        encodings.next(),
        encodings.next(),
    ) {
        (None, _, None, _) => Ok(Length::Declared(0)),
        (Some(digits), None, None, _) => {
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(Fault::invalid(
                    "Content-Length is not a number of bytes in digits.",
                ));
            }
            // A number too large for `u64` is a valid length all the same, and exceeds every endpoint's bound.
            Ok(Length::Declared(digits.parse().unwrap_or(u64::MAX)))
        }
        (None, _, Some(encoding), None) if minor == 1 => {
            if encoding.eq_ignore_ascii_case("chunked") {
                Ok(Length::Chunked)
            } else {
                Err(Fault::invalid(
                    "Transfer-Encoding is not `chunked`, the only one accepted.",
                ))
            }
        }
        (None, _, Some(_), None) => Err(Fault::invalid("HTTP/1.0 has no Transfer-Encoding.")),
        (Some(_), _, Some(_), _) => Err(Fault::invalid(
            "Content-Length and Transfer-Encoding came together; send one.",
        )),
        (Some(_), Some(_), ..) => Err(Fault::invalid("Content-Length came twice; send one.")),
        (.., Some(_)) => Err(Fault::invalid("Transfer-Encoding came twice; send one.")),
    }
}

/// Headers that must not occur twice: a proxy and this server might each use another one.
const SINGLE: [&str; 6] = [
    "host",
    "authorization",
    "content-type",
    "origin",
    "x-api-key",
    "xi-api-key",
];

fn check_single(headers: &Headers, minor: u8) -> Result<(), Fault> {
    for name in SINGLE {
        match values(headers, name).count() {
            0 if name == "host" && minor == 1 => {
                return Err(Fault::invalid("The Host header is missing."));
            }
            0 | 1 => {}
            _ => {
                return Err(Fault::invalid(format!(
                    "The header {name} came twice; send one."
                )));
            }
        }
    }
    Ok(())
}

fn expects_continue(headers: &Headers, minor: u8) -> Result<bool, Fault> {
    let mut expectations = values(headers, "expect");
    match expectations.next() {
        None => Ok(false),
        Some(what) if what.eq_ignore_ascii_case("100-continue") => {
            Ok(minor == 1 && expectations.next().is_none())
        }
        Some(_) => Err(Fault::invalid(
            "The Expect header is not `100-continue`, the only one accepted.",
        )),
    }
}

fn keep_alive(headers: &Headers, minor: u8) -> bool {
    let mut tokens = values(headers, "connection")
        .flat_map(|v| v.split(','))
        .map(str::trim);
    if minor == 0 {
        tokens.any(|t| t.eq_ignore_ascii_case("keep-alive"))
    } else {
        !tokens.any(|t| t.eq_ignore_ascii_case("close"))
    }
}

/// Returns path and query of a request target: `/path?query`, the same after `http://host` (which every server has to
/// accept), or `*` for OPTIONS.
fn target_parts(method: &str, target: &str) -> Result<(String, String), Fault> {
    let origin = if target.starts_with('/') || (target == "*" && method == "OPTIONS") {
        target
    } else {
        let scheme_end = ["http://", "https://"]
            .iter()
            .find(|s| {
                target
                    .get(..s.len())
                    .is_some_and(|t| t.eq_ignore_ascii_case(s))
            })
            .map(|s| s.len())
            .ok_or_else(|| Fault::invalid("The request target does not begin with a slash."))?;
        let rest = &target[scheme_end..];
        match rest.find(['/', '?']) {
            Some(0) => return Err(Fault::invalid("The request target names no host.")),
            Some(at) => &rest[at..],
            None => "/",
        }
    };
    if origin.contains('#') {
        return Err(Fault::invalid("The request target has a fragment (`#`)."));
    }
    let (path, query) = origin.split_once('?').unwrap_or((origin, ""));
    let path = if path.is_empty() { "/" } else { path };
    Ok((path.to_owned(), query.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn read(text: &str) -> Result<Parsed, Fault> {
        let whole = end(text.as_bytes(), 0)?.expect("a whole head");
        assert_eq!(whole, text.len());
        parse(
            text.as_bytes(),
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            Instant::now(),
        )
    }

    fn with(header: &str) -> Result<Parsed, Fault> {
        read(&format!("POST /a HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n"))
    }

    #[test]
    fn lengths_that_two_readers_could_read_differently_are_refused() {
        for header in [
            "Content-Length: +3",
            "Content-Length: -1",
            "Content-Length: 3, 3",
            "Content-Length: 0x3",
            "Content-Length: 3 3",
            "Content-Length:",
            "Content-Length: 3\r\nContent-Length: 3",
            "Content-Length : 3",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 3",
            "Transfer-Encoding: identity",
            "Transfer-Encoding:",
            "A: b\r\n Content-Length: 3",
            "Host: y",
            "Authorization: Bearer a\r\nauthorization: Bearer b",
            "X-API-Key: a\r\nx-api-key: b",
            "xi-api-key: a\r\nxi-api-key: a",
            "Content-Type: a/b\r\nContent-Type: a/b",
            "Expect: a miracle",
            ": no name",
            "a b: c",
        ] {
            let refused = with(header).expect_err(header);
            assert_eq!(refused.kind, Kind::Invalid, "{header}");
        }
        assert!(read("POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn lengths_that_are_clear_pass() {
        let length = |header: &str| with(header).unwrap().length;
        assert_eq!(length("A: b"), Length::Declared(0));
        assert_eq!(length("content-LENGTH:  17 "), Length::Declared(17));
        assert_eq!(length("Content-Length: 007"), Length::Declared(7));
        assert_eq!(
            length("Content-Length: 99999999999999999999999"),
            Length::Declared(u64::MAX)
        );
        assert_eq!(length("Transfer-Encoding: Chunked"), Length::Chunked);
    }

    #[test]
    fn request_lines_that_are_not_http_1_are_refused() {
        for line in [
            "GET / HTTP/2.0",
            "GET / HTTP/0.9",
            "GET / HTTP/1.2",
            "GET /",
            "GET  / HTTP/1.1",
            "GET / HTTP/1.1 ",
            "get / HTTP/1.1",
            "G@T / HTTP/1.1",
            "GET a/b HTTP/1.1",
            "GET /a#b HTTP/1.1",
            "GET http:///a HTTP/1.1",
            "GET ftp://x/a HTTP/1.1",
            "GET * HTTP/1.1",
            "CONNECT example.org:443 HTTP/1.1",
            " GET / HTTP/1.1",
        ] {
            assert!(
                read(&format!("{line}\r\nHost: x\r\n\r\n")).is_err(),
                "{line}"
            );
        }
        assert!(read("GET / HTTP/1.1\r\n\r\n").is_err(), "no Host");
    }

    #[test]
    fn targets_come_apart() {
        let parts = |line: &str| {
            let head = read(&format!("{line} HTTP/1.1\r\nHost: x\r\n\r\n"))
                .unwrap()
                .head;
            (head.path, head.query)
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(parts("GET /a?b=c?d"), pair("/a", "b=c?d"));
        assert_eq!(parts("GET HTTP://x:1/a?b"), pair("/a", "b"));
        assert_eq!(parts("GET http://x"), pair("/", ""));
        assert_eq!(parts("GET http://x?q"), pair("/", "q"));
        assert_eq!(parts("OPTIONS *"), pair("*", ""));
    }

    #[test]
    fn bytes_that_no_head_may_have_are_refused_at_once() {
        for bytes in [
            &b"GET / HTTP/1.1\n"[..],
            b"GET / HTTP/1.1\r\nA: b\0",
            b"GET / HTTP/1.1\r\nA: b\rc",
            b"GET /caf\xc3\xa9 HTTP/1.1\r\n",
            b"GET / HTTP/1.1\r\nA: \x7f",
            b"GET / HTTP/1.1\r\nA: caf\xc3\xa9\x1b",
            b"\x16\x03\x01",
        ] {
            assert!(end(bytes, 0).is_err());
            // The same result when the bytes come one by one.
            let found = (1..=bytes.len()).any(|n| end(&bytes[..n], n - 1).is_err());
            assert!(found);
        }
        let whole = b"GET / HTTP/1.1\r\n\r\nrest";
        let found = (1..=whole.len()).find_map(|n| end(&whole[..n], n - 1).unwrap());
        assert_eq!(found, Some(18));
    }

    #[test]
    fn header_values_may_have_bytes_beyond_ascii_and_names_may_not() {
        let value = |bytes: &[u8]| {
            let head = [b"GET / HTTP/1.1\r\nHost: x\r\nA: ", bytes, b"\r\n\r\n"].concat();
            assert_eq!(end(&head, 0).unwrap(), Some(head.len()));
            let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let parsed = parse(&head, peer, Instant::now()).unwrap();
            parsed.head.header("a").unwrap().to_owned()
        };
        assert_eq!(value("J\u{f6}rg".as_bytes()), "J\u{f6}rg");
        assert_eq!(value(b"J\xf6rg"), "J\u{f6}rg");
        assert_eq!(value(b"\xa0\xff\xa0 \t"), "\u{a0}\u{ff}\u{a0}");
        assert_eq!(value(b"a\tb"), "a b");
        for wrong in [&b"J\xf6rg: a"[..], b"Content-Length: 3\xa0", b"\xa0Host: y"] {
            let head = [b"GET / HTTP/1.1\r\nHost: x\r\n", wrong, b"\r\n\r\n"].concat();
            let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
            assert!(parse(&head, peer, Instant::now()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn connections_are_kept_as_their_version_says() {
        assert!(with("A: b").unwrap().keep_alive);
        assert!(!with("Connection: x, Close").unwrap().keep_alive);
        let old = |header: &str| read(&format!("GET / HTTP/1.0\r\n{header}\r\n\r\n")).unwrap();
        assert!(!old("A: b").keep_alive);
        assert!(old("Connection: Keep-Alive").keep_alive);
    }
}
