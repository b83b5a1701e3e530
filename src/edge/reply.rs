//! The framing of an answer: its head, and which of its parts a client may be sent. Knows no socket.

use std::time::SystemTime;

use crate::message::Answer;
use crate::websocket::Upgrade;

/// The properties of a request that determine its answer's framing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// The `x` of `HTTP/1.x` that the client speaks.
    pub(crate) minor: u8,
    /// Whether it was a HEAD request: it gets only the head of the answer, with the length that the body would have.
    pub(crate) head_only: bool,
    /// Whether another request may follow.
    pub(crate) keep_alive: bool,
}

impl Frame {
    /// The frame of an answer when no request could be read.
    pub(crate) const CLOSE: Frame = Frame {
        minor: 1,
        head_only: false,
        keep_alive: false,
    };

    /// Whether an answer with `status` to this request has a body.
    pub(crate) fn has_body(&self, status: u16) -> bool {
        !self.head_only && !matches!(status, 204 | 304)
    }
}

/// The length of an answer's body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AnswerLength {
    Bytes(u64),
    /// Not known yet: the body comes in chunks, or, for a client of HTTP/1.0, ends with the connection.
    Open,
}

/// Returns the head of an answer with a body of that length. `headers` have passed [`sound`].
pub(crate) fn head<'a>(
    frame: &Frame,
    status: u16,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    length: AnswerLength,
) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    let mut line = |name: &str, value: &str| {
        text.push_str(name);
        text.push_str(": ");
        text.push_str(value);
        text.push_str("\r\n");
    };
    for (name, value) in headers {
        line(name, value);
    }
    line("Date", &httpdate::fmt_http_date(SystemTime::now()));
    match length {
        _ if matches!(status, 204 | 304) => {}
        AnswerLength::Bytes(bytes) => line("Content-Length", &bytes.to_string()),
        AnswerLength::Open if frame.minor == 0 => {}
        AnswerLength::Open => line("Transfer-Encoding", "chunked"),
    }
    if status == 426 {
        line("Upgrade", "websocket");
    }
    match (frame.minor, frame.keep_alive) {
        (_, false) => line("Connection", "close"),
        (0, true) => line("Connection", "keep-alive"),
        (_, true) => {}
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// Returns the head of an answer that turns the connection into a WebSocket. Headers that could break it are left out.
pub(crate) fn switching(upgrade: &Upgrade) -> Vec<u8> {
    let mut text = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {}\r\n",
        upgrade.accept
    );
    let protocol = upgrade
        .protocol
        .map(|name| ("Sec-WebSocket-Protocol", name));
    let headers = upgrade.headers.iter();
    let headers = headers.map(|(name, value)| (*name, value.as_str()));
    for (name, value) in protocol.into_iter().chain(headers) {
        if is_token(name) && is_visible(value) && !is_written_by_edge(name) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    text.push_str(&format!(
        "Date: {}\r\n\r\n",
        httpdate::fmt_http_date(SystemTime::now())
    ));
    text.into_bytes()
}

/// Returns `answer` without anything that could break its framing: headers that the edge writes and names that are no
/// tokens are dropped, and values lose everything but visible ASCII. Each change is logged.
pub(crate) fn sound(mut answer: Answer) -> Answer {
    if !(200..=599).contains(&answer.status) {
        log::error!(
            "edge: an answer had the status {}; 500 was sent",
            answer.status
        );
        answer.status = 500;
    }
    if !is_visible(answer.content_type) {
        log::error!("edge: an answer's content type was not visible ASCII");
        answer.content_type = "application/octet-stream";
    }
    answer.headers.retain(|(name, _)| {
        let keep = is_token(name) && !is_written_by_edge(name);
        if !keep {
            log::error!("edge: an answer had the header {name:?}, which it may not; dropped");
        }
        keep
    });
    for (name, value) in &mut answer.headers {
        if !is_visible(value) {
            log::error!("edge: the header {name} of an answer was not visible ASCII; cleaned");
            *value = value
                .chars()
                .map(|c| if matches!(c, ' '..='~') { c } else { '?' })
                .collect();
        }
    }
    answer
}

/// Whether the edge itself writes the header `name`.
pub(crate) fn is_written_by_edge(name: &str) -> bool {
    [
        "connection",
        "content-length",
        "content-type",
        "date",
        "keep-alive",
        "server",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
    .iter()
    .any(|own| name.eq_ignore_ascii_case(own))
}

fn is_visible(value: &str) -> bool {
    value.bytes().all(|b| matches!(b, b' '..=b'~'))
}

fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Returns the customary phrase; clients use the number.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        499 => "Client Closed Request",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Answer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_cannot_break_their_framing() {
        let answer = sound(Answer {
            status: 99,
            content_type: "text/plain\r\nA: b",
            headers: vec![
                ("X-A", "a\r\nSet-Cookie: b\u{e9}".to_owned()),
                ("Content-Length", "3".to_owned()),
                ("X B", String::new()),
            ],
            body: Vec::new(),
        });
        assert_eq!(answer.status, 500);
        assert_eq!(answer.content_type, "application/octet-stream");
        assert_eq!(answer.headers, [("X-A", "a??Set-Cookie: b?".to_owned())]);
    }

    #[test]
    fn bodiless_answers_have_no_length_but_head_has_its_own() {
        let text = |frame: &Frame, status| {
            String::from_utf8(head(
                frame,
                status,
                std::iter::empty(),
                AnswerLength::Bytes(5),
            ))
            .unwrap()
        };
        let head_only = Frame {
            head_only: true,
            ..Frame::CLOSE
        };
        assert!(!text(&Frame::CLOSE, 204).contains("Content-Length"));
        assert!(!Frame::CLOSE.has_body(304));
        assert!(text(&head_only, 200).contains("Content-Length: 5\r\n"));
        assert!(!head_only.has_body(200));
    }
}
