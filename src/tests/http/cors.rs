//! Pages in a browser: a page may call the server only if its origin was named.

use vocabox::api::{Access, ENDPOINTS, Endpoint};

use crate::support::client::HttpAnswer;
use crate::support::server::Server;

const OURS: &str = "https://app.example.org";

fn preflight(server: &Server, origin: &str, path: &str) -> HttpAnswer {
    let asked = [
        ("Origin", origin),
        ("Access-Control-Request-Method", "POST"),
        (
            "Access-Control-Request-Headers",
            "authorization,content-type",
        ),
    ];
    server
        .client()
        .with_key("")
        .send_with("OPTIONS", path, None, vec![], &asked)
}

fn names(answer: &HttpAnswer, header: &str, word: &str) -> bool {
    answer
        .header(header)
        .is_some_and(|value| value.split(", ").any(|w| w.eq_ignore_ascii_case(word)))
}

#[test]
fn a_named_origin_may_ask_call_and_read_the_headers() {
    let server = Server::launch(
        &crate::support::server::bare_models(),
        &["--cors-origin", OURS],
    );
    // The operator's endpoints are closed to all origins.
    let open = |e: &&Endpoint| e.access != Access::Operator;
    for endpoint in ENDPOINTS.iter().filter(open) {
        let path = endpoint.path.replace(['{', '}'], "");
        let answer = preflight(&server, OURS, &path);
        assert_eq!(answer.status, 204, "{path}");
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("access-control-allow-origin"), Some(OURS));
        assert!(names(
            &answer,
            "access-control-allow-methods",
            endpoint.method
        ));
        assert!(names(
            &answer,
            "access-control-allow-headers",
            "authorization"
        ));
        assert!(names(&answer, "vary", "origin"));
    }
    let origin = [("Origin", OURS)];
    for (key, status) in [(server.key.as_str(), 200), ("", 401)] {
        let client = server.client().with_key(key);
        let answer = client.send_with("GET", "/voice/voices", None, vec![], &origin);
        assert_eq!(answer.status, status);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(OURS),
            "errors too"
        );
        for readable in [
            "X-RateLimit-Remaining",
            "X-Vox-Metadata",
            "Retry-After",
            "X-Request-Id",
        ] {
            assert!(
                names(&answer, "access-control-expose-headers", readable),
                "{readable}"
            );
        }
    }
}

#[test]
fn no_other_origin_is_let_in_and_by_default_none() {
    let named = Server::launch(
        &crate::support::server::bare_models(),
        &["--cors-origin", OURS],
    );
    let default = Server::start();
    for (server, origin) in [
        (&named, "https://evil.example.org"),
        (&named, "https://app.example.org.evil.org"),
        (&named, "null"),
        (&default, OURS),
    ] {
        let answer = preflight(server, origin, "/voice/tts");
        assert_eq!(answer.status, 405, "{origin}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let simple = [("Origin", origin)];
        let answer = server
            .client()
            .send_with("GET", "/voice/voices", None, vec![], &simple);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
    }
    assert_eq!(preflight(&named, OURS, "/nothing").status, 404);
}
