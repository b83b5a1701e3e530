//! The description of the API (`/openapi.json`) and the page that shows it: every other test's answers are checked against the
//! description by the client.

use std::fs;
use std::path::Path;

use serde_json::Value;
use vocabox::api::{BodyKind, ENDPOINTS};

use crate::http::cloning::{kokoro, reader};
use crate::support::server::Server;

/// The description as it was reviewed; with `UPDATE_GOLDEN` set, it is written.
#[test]
fn the_description_is_the_one_that_was_reviewed() {
    let client = Server::shared().client().with_key("");
    let answer = client.get("/openapi.json");
    assert_eq!(answer.status, 200);
    let told = serde_json::to_string_pretty(&answer.json()).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/golden/openapi.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &told).unwrap();
    }
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        told == reviewed,
        "the description has changed: UPDATE_GOLDEN=1 writes it"
    );
}

#[test]
fn the_examples_of_the_description_are_accepted() {
    let all = Server::shared().new_account("examples");
    let cloning = kokoro().new_account("examples");
    let mut sent = 0;
    for endpoint in ENDPOINTS {
        let Some(example) = endpoint.example else {
            continue;
        };
        sent += 1;
        let client = match endpoint.id {
            "clone" => &cloning,
            _ => &all,
        };
        let example: Value = serde_json::from_str(example).unwrap();
        let answer = match endpoint.body {
            BodyKind::Audio | BodyKind::Video => {
                let fields = example.as_object().unwrap().iter();
                let fields: Vec<(&str, &str)> = fields
                    .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
                    .collect();
                client.send_form(endpoint.method, endpoint.path, &reader(), &fields)
            }
            _ => {
                let body = example.to_string().into_bytes();
                client.send(
                    endpoint.method,
                    endpoint.path,
                    Some("application/json"),
                    body,
                )
            }
        };
        assert_eq!(answer.status, 200, "{}: {}", endpoint.id, answer.detail());
    }
    let with_body = ENDPOINTS.iter().filter(|e| e.body != BodyKind::None);
    assert_eq!(
        sent,
        with_body.count(),
        "each endpoint that takes a body has an example"
    );
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let client = Server::shared().client().with_key("");
    let answer = client.get("/docs");
    assert_eq!(answer.status, 200);
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let page = String::from_utf8(answer.body).unwrap();
    for elsewhere in ["http://", "https://", "src=\"", "@import"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
    assert!(page.contains("fetch(\"/openapi.json\")"));
}
