//! `GET /docs`: a page that shows the description of the API and tries it, without any other file.

use super::{Call, Context, Reply};
use crate::fault::Fault;

/// The page, which reads `/openapi.json`.
const PAGE: &str = include_str!("docs_page.html");

/// What the page may load: itself, and answers of this server.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
    connect-src 'self'; media-src blob:; img-src data:; form-action 'none'; frame-ancestors 'none'";

/// Sends the page.
pub fn handle(_: &Context, _: &mut Call) -> Result<Reply, Fault> {
    Ok(Reply {
        content_type: "text/html; charset=utf-8",
        headers: vec![("Content-Security-Policy", POLICY.to_owned())],
        body: PAGE.as_bytes().to_vec(),
        rest: None,
        file: None,
        is_unchanged: false,
    })
}
