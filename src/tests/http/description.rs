//! The description of the API (`/openapi.json`) and the page that shows it: every other test's answers are checked against the
//! description by the client.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use vocabox::api::{Access, BEFORE_ROUTING, BodyKind, ENDPOINTS, Endpoint};

use crate::http::cloning::{kokoro, reader};
use crate::support::operator;
use crate::support::server::{Server, bare_models};

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
    let operated = operator::launch(&bare_models(), &[]);
    let operator = operator::client(&operated);
    let mut sent = 0;
    for endpoint in ENDPOINTS {
        let Some(example) = endpoint.example else {
            continue;
        };
        sent += 1;
        let client = match endpoint.id {
            "clone" => &cloning,
            _ if endpoint.access == Access::Operator => &operator,
            _ => &all,
        };
        // The account that an example before has created.
        let path = endpoint.path.replace("{name}", "clinic");
        let example: Value = serde_json::from_str(example).unwrap();
        let answer = match endpoint.body {
            BodyKind::Audio | BodyKind::Video => {
                let fields = example.as_object().unwrap().iter();
                let fields: Vec<(&str, &str)> = fields
                    .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
                    .collect();
                client.send_form(endpoint.method, &path, &reader(), &fields)
            }
            _ => {
                let body = example.to_string().into_bytes();
                client.send(endpoint.method, &path, Some("application/json"), body)
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
    // Below a path of a proxy, absolute paths would lead elsewhere.
    for elsewhere in [
        "http://",
        "https://",
        "src=\"",
        "@import",
        "fetch(\"/",
        "href=\"/",
    ] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
    assert!(page.contains("fetch(new URL(\"openapi.json\", BASE))"));
}

#[test]
fn the_documents_have_a_row_for_each_status_and_no_other() {
    let text = include_str!("../../docs/errors.md");
    let cell = |line: &str| {
        line.strip_prefix('|')?
            .split('|')
            .next()?
            .trim()
            .parse()
            .ok()
    };
    // The document also has a table of exit codes, which are below 100.
    let rows = text.lines().filter_map(cell).filter(|code| *code >= 100);
    let rows: BTreeSet<u16> = rows.collect();
    let mut answered: BTreeSet<u16> = ENDPOINTS.iter().flat_map(Endpoint::statuses).collect();
    answered.extend(BEFORE_ROUTING);
    assert_eq!(rows, answered);
}
