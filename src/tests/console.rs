//! The console: how its files are sent, and what it does in a browser.

use crate::operations::scripts::works_with_the_server;
use crate::support::client::Client;
use crate::support::server::Server;

/// Bytes that the first view may have over the wire.
const FIRST_VIEW_BYTES_MAX: usize = 150 * 1024;

fn get(client: &Client, path: &str, more: &[(&str, &str)]) -> crate::support::client::HttpAnswer {
    client.send_with("GET", path, None, Vec::new(), more)
}

/// The names between quotes that start with `prefix`.
fn named<'a>(text: &'a str, prefix: &str) -> Vec<&'a str> {
    let words = text.split('"').filter_map(|word| word.strip_prefix(prefix));
    words.filter(|name| !name.contains(' ')).collect()
}

#[test]
fn all_files_of_the_page_are_small_together_and_need_no_key() {
    let server = Server::start();
    let client = server.client().with_key("");
    let page = get(&client, "/", &[]);
    assert_eq!(page.status, 200);
    let text = String::from_utf8(page.body).unwrap();
    let mut left: Vec<String> = named(&text, "console/")
        .iter()
        .map(|n| n.to_string())
        .collect();
    let mut seen: Vec<String> = Vec::new();
    let mut bytes = get(&client, "/", &[("Accept-Encoding", "deflate")])
        .body
        .len();
    while let Some(name) = left.pop() {
        if seen.contains(&name) {
            continue;
        }
        let path = format!("/console/{name}");
        let plain = get(&client, &path, &[]);
        assert_eq!(plain.status, 200, "{name}");
        let packed = get(&client, &path, &[("Accept-Encoding", "gzip, deflate")]);
        assert_eq!(packed.header("content-encoding"), Some("deflate"));
        bytes += packed.body.len();
        let text = String::from_utf8(plain.body).unwrap();
        left.extend(named(&text, "./").iter().map(|n| n.to_string()));
        seen.push(name);
    }
    assert!(seen.len() > 15, "{seen:?}");
    // All views together, though the first needs few of them.
    assert!(bytes <= FIRST_VIEW_BYTES_MAX, "{bytes}");
}

#[test]
fn the_page_loads_nothing_but_its_own_files_and_a_current_copy_is_not_sent_again() {
    let server = Server::start();
    let client = server.client().with_key("");
    let page = get(&client, "/", &[]);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
    assert!(!policy.contains("unsafe"), "{policy}");
    let text = String::from_utf8_lossy(&page.body);
    for inline in [
        "<style",
        "style=",
        "<script>",
        " onclick",
        "javascript:",
        "//",
    ] {
        assert!(!text.contains(inline), "{inline}");
    }
    // Below a path of a proxy, absolute paths would lead elsewhere.
    assert!(!text.contains("=\"/"), "{text}");
    let tag = page.header("etag").unwrap();
    let again = get(&client, "/", &[("If-None-Match", tag)]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), Some(tag));
    assert_eq!(get(&client, "/console/index.html", &[]).status, 404);
    let outside = get(&client, "/console/..%2fapi%2fconsole.rs", &[]);
    assert_eq!(outside.status, 404);
}

#[test]
fn the_console_speaks_listens_clones_and_dubs_in_a_browser() {
    works_with_the_server("console.py");
}
