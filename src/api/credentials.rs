//! Where clients put their key.

use std::borrow::Cow;

use super::message::Head;

/// Headers that hold a bare key, as clients of other speech APIs send it.
const KEY_HEADERS: [&str; 2] = ["x-api-key", "xi-api-key"];

/// What precedes the key among the subprotocols of a WebSocket: pages in browsers can send no headers.
const KEY_PROTOCOL: &str = "openai-insecure-api-key.";

/// The value of `Authorization`, or what it would be for a key in one of the other headers or among a WebSocket's
/// subprotocols; none where no key is sent. An
/// `Authorization` without a key counts as none: clients send it for servers without keys.
pub fn credentials(head: &Head) -> Option<Cow<'_, str>> {
    let authorization = head.header("authorization").map(str::trim);
    let is_bare = |value: &&str| value.is_empty() || value.eq_ignore_ascii_case("bearer");
    let sent = authorization.filter(|value| !is_bare(value));
    let keys = KEY_HEADERS.iter().filter_map(|name| head.header(name));
    let protocols = head.list("sec-websocket-protocol");
    let keys = keys.chain(protocols.filter_map(|name| name.strip_prefix(KEY_PROTOCOL)));
    let key = keys.map(str::trim).find(|key| !key.is_empty());
    let bare = || key.map(|key| Cow::Owned(format!("Bearer {key}")));
    sent.map(Cow::Borrowed).or_else(bare)
}
