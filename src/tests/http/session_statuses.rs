//! Every status of the endpoint that speaks WebSocket, for `statuses`.

use std::path::Path;

use crate::support::raw;
use crate::support::realtime::{PATH, RealtimeClient};
use crate::support::server::{Server, json};

/// A new key.
pub(super) fn key(data: &Path, account: &str, more: &[&str]) -> String {
    let words = ["key", "create", "--account", account, "--name", "k"];
    let made = json(data, &[&words, more].concat());
    made["key"].as_str().unwrap().to_owned()
}

/// The server's answer to a request for a session that provokes `status`. The account `idle` may not generate.
pub(super) fn provoke(server: &Server, status: u16) -> u16 {
    let open = |path: &str, key: &str, rehearsed: &str| {
        let bearer = format!("Bearer {key}");
        let headers = [
            ("Authorization", bearer.as_str()),
            ("X-Rehearse", rehearsed),
        ];
        match RealtimeClient::try_open(server.addr, path, &headers) {
            Ok(_) => 101,
            Err((status, _)) => status,
        }
    };
    let good = server.key.as_str();
    match status {
        101 => open(&format!("{PATH}&model=any"), good, ""),
        400 => open(&PATH.replace("transcription", "conversation"), good, ""),
        401 => open(PATH, "unknown", ""),
        403 => open(PATH, &key(&server.data, "idle", &[]), ""),
        413 => {
            let head = format!(
                "GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {good}\r\nContent-Length: 99999999999\r\n\r\n"
            );
            let answer = raw::ask(server.addr, head);
            answer.is_refusal(answer.status);
            answer.status
        }
        426 => server.client().get(PATH).status,
        429 => {
            let once = key(&server.data, "test", &["--rpm", "1"]);
            assert_eq!(open(PATH, &once, ""), 101);
            open(PATH, &once, "")
        }
        500 => open(PATH, good, "panic"),
        503 => open(PATH, good, "store"),
        _ => panic!("a session documents {status}: say how it is reached"),
    }
}
