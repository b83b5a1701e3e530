//! Every status of the operator's endpoints, for `statuses`.

use std::sync::OnceLock;

use serde_json::json;
use vocabox::api::Endpoint;

use crate::support::client::Client;
use crate::support::server::{Server, bare_models, json as command};
use crate::support::{operator, raw};

/// Servers that stay until the process ends: with the endpoints, with one wrong key a minute, and without them.
struct Operated {
    server: Server,
    strict: Server,
    without: Server,
}

fn operated() -> &'static Operated {
    static OPERATED: OnceLock<Operated> = OnceLock::new();
    OPERATED.get_or_init(|| Operated {
        server: operator::launch(&bare_models(), &[]),
        strict: operator::launch(&bare_models(), &["--failed-keys", "1"]),
        without: Server::start(),
    })
}

/// Sends a request of the endpoint that is answered 200 on a server with the endpoints.
fn ask(server: &Server, client: &Client, endpoint: &Endpoint, more: &[(&str, &str)]) -> u16 {
    let name = uuid::Uuid::now_v7().to_string();
    let account = || command(&server.data, &["account", "create", &name]);
    let (mut path, mut body) = (endpoint.path.to_owned(), None);
    match endpoint.id {
        "admin_accounts" | "admin_keys" => {}
        "admin_account_create" => body = Some(json!({ "name": name })),
        "admin_account_change" => {
            account();
            path = path.replace("{name}", &name);
            body = Some(json!({ "rpm": 7 }));
        }
        "admin_account_delete" => {
            account();
            path = path.replace("{name}", &name) + "?history=keep";
        }
        "admin_key_create" => {
            account();
            body = Some(json!({ "account": name, "name": "k" }));
        }
        "admin_key_revoke" => {
            account();
            let words = ["key", "create", "--account", &name, "--name", "k"];
            let made = command(&server.data, &words);
            path = path.replace("{key_id}", made["key_id"].as_str().unwrap());
        }
        other => panic!("the endpoint {other} is new: say how it is asked"),
    }
    let kind = body.as_ref().map(|_| "application/json");
    let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
    (client.send_with(endpoint.method, &path, kind, body, more)).status
}

/// The server's answer to a request that provokes `status`.
pub(super) fn provoke(endpoint: &Endpoint, status: u16) -> u16 {
    let Operated {
        server,
        strict,
        without,
    } = operated();
    let good = operator::client(server);
    let raw = |length: &str| {
        let path = endpoint.path.replace(['{', '}'], "");
        let head = format!(
            "{} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n{length}\r\n",
            endpoint.method,
            operator::KEY
        );
        let answer = raw::ask(server.addr, head);
        answer.is_refusal(answer.status);
        answer.status
    };
    let send = |path: &str, kind: Option<&str>, body: &str| {
        good.send(endpoint.method, path, kind, body.as_bytes().to_vec())
            .status
    };
    match (status, endpoint.id) {
        (200, _) => ask(server, &good, endpoint, &[]),
        (400, "admin_account_delete") => send("/admin/accounts/test?history=burn", None, ""),
        (400, "admin_key_revoke") => send("/admin/keys/nothing", None, ""),
        (400, _) => send(endpoint.path, Some("application/json"), "{}"),
        (401, _) => ask(server, &good.with_key("unknown"), endpoint, &[]),
        (404, _) => ask(without, &operator::client(without), endpoint, &[]),
        (408, _) => raw("Content-Length: 9\r\n"),
        (411, _) => raw(""),
        (413, _) => raw("Content-Length: 99999999999\r\n"),
        (415, _) => send(endpoint.path, Some("text/plain"), "ok"),
        (429, _) => {
            let wrong = strict.client().with_key("unknown");
            ask(strict, &wrong, endpoint, &[]);
            ask(strict, &wrong, endpoint, &[])
        }
        (500, _) => ask(server, &good, endpoint, &[("X-Rehearse", "panic")]),
        (503, _) => ask(server, &good, endpoint, &[("X-Rehearse", "store")]),
        _ => panic!("{} documents {status}: say how it is reached", endpoint.id),
    }
}
