//! Values from clients appear, if at all, where they cannot break an answer or a line of the log.

use serde_json::{Value, json};

use crate::support::raw::{RawAnswer, ask, is_well, tts};
use crate::support::server::{Server, stub_models};

/// A header that would appear if a line were broken.
const INJECTED: &str = "X-Injected";
const LINE_BREAKS: [&str; 6] = ["\r\n", "\n", "\r", "\0\r\n", "\u{2028}", "\u{85}"];

#[track_caller]
fn is_clean(answer: &RawAnswer) {
    assert_eq!(answer.header(INJECTED), None);
    for header in ["X-Request-Id", "Content-Type"] {
        assert_eq!(answer.count(header), 1, "{header}");
    }
}

fn post(server: &Server, body: &Value) -> RawAnswer {
    let body = body.to_string();
    let length = body.len();
    ask(
        server.addr,
        format!("{}Content-Length: {length}\r\n\r\n{body}", tts(&server.key)),
    )
}

#[test]
fn fields_of_json_cannot_inject() {
    let models = stub_models();
    let server = Server::launch(models.path(), &["--log-content"]);
    for line_break in LINE_BREAKS {
        let evil = format!("a{line_break}{INJECTED}: 1{line_break}{line_break}<html>");
        let spoken = post(&server, &json!({ "text": evil }));
        assert_eq!(spoken.status, 200);
        is_clean(&spoken);
        let metadata: Value =
            serde_json::from_str(spoken.header("X-Vox-Metadata").unwrap()).unwrap();
        assert_eq!(metadata["text"], evil.as_str());
        for (body, status) in [
            (json!({ "text": "a", "voice_id": evil }), 404),
            (json!({ "text": "a", "language": [evil] }), 400),
            (json!({ "text": "a", evil.as_str(): evil }), 200),
        ] {
            let answer = post(&server, &body);
            assert_eq!(answer.status, status, "{body}");
            is_clean(&answer);
        }
    }
    is_well(&server);
    is_never_logged(&server);
}

#[test]
fn fields_and_file_names_of_forms_cannot_inject() {
    let models = stub_models();
    let server = Server::launch(models.path(), &["--log-content"]);
    let long = "x".repeat(70_000);
    for name in [
        "file\\r\\nX-Injected: 1",
        "file\"; x=\"\u{2028}X-Injected: 1",
        "file\u{85}X-Injected: 1",
        "a\\\" status=200 \\\"",
    ] {
        for part in [
            format!("name=\"{name}\"\r\n\r\n{long}"),
            format!("name=\"{name}\"; filename=\"a\"\r\n\r\nx"),
            format!("name=\"file\"; filename=\"{name}\"\r\n\r\nnot audio"),
            format!("name=\"language\"\r\n\r\n{name}\r\nX-Injected: 1"),
        ] {
            let body = format!("--XX\r\nContent-Disposition: form-data; {part}\r\n--XX--\r\n");
            let answer = ask(
                server.addr,
                format!(
                    "POST /voice/stt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: {}\r\n\r\n{body}",
                    server.key,
                    body.len()
                ),
            );
            answer.is_refusal(400);
            is_clean(&answer);
        }
    }
    is_well(&server);
    is_never_logged(&server);
}

#[test]
fn heads_cannot_inject() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let key = format!("Authorization: Bearer {}\r\n", server.key);
    for (target, headers, status) in [
        (
            "/voice/history?limit=%0d%0aX-Injected:%201",
            key.as_str(),
            400,
        ),
        ("/voice/history?feature=%0aX-Injected:%201%00", &key, 400),
        ("/voice/history?%0d%0aX-Injected:%201=1", &key, 200),
        ("/voice/voices?language=%0d%0aX-Injected:%201", &key, 200),
        ("/%0d%0aX-Injected:%201", &key, 404),
        ("/nowhere", "X-Request-Id: a%0d%0aX-Injected: 1\r\n", 404),
        ("/nowhere", "X-Request-Id: a\tX-Injected: 1\r\n", 404),
        (
            "/voice/voices",
            "Authorization: Bearer %0d%0aX-Injected: 1\r\n",
            401,
        ),
        ("/voice/voices", "Authorization: X-Injected: 1\r\n", 401),
        ("/healthz", "Origin: https://x%0d%0aX-Injected: 1\r\n", 200),
    ] {
        let answer = ask(
            server.addr,
            format!("GET {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n"),
        );
        assert_eq!(answer.status, status, "{target} {headers}");
        is_clean(&answer);
    }
    let unread = format!(
        "{}Content-Length: 2\r\n\r\n{{}}",
        tts(&server.key).replace("application/json", "text/%0d%0aX-Injected: 1")
    );
    let answer = ask(server.addr, unread);
    answer.is_refusal(415);
    is_clean(&answer);
    is_well(&server);
    is_never_logged(&server);
}

/// Checks that no line of the log so far begins with a value from a client.
#[track_caller]
fn is_never_logged(server: &Server) {
    // A marker request ends the part of the log to check.
    let mark = "the-end-of-the-attack";
    ask(
        server.addr,
        format!("GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: {mark}\r\n\r\n"),
    );
    let lines = server.logged_until(mark);
    assert!(lines.len() > 5, "the log was read: {lines:?}");
    for line in lines {
        // Each begins with its time, such as 2026-01-31T….
        let begins = line
            .get(..4)
            .is_some_and(|year| year.parse::<u16>().is_ok());
        assert!(
            begins && !line.contains('\u{2028}') && !line.contains('\u{85}'),
            "{line:?}"
        );
    }
}
