//! The operator's endpoints: off by default, closed to every other key, and with the rules of the command line.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use vocabox::api::{Access, ENDPOINTS};

use crate::support::client::{Client, HttpAnswer};
use crate::support::operator::{self, KEY};
use crate::support::server::{Server, bare_models, json as command, run, stub_models, vocabox};

const ACCOUNTS: &str = "/admin/accounts";
const KEYS: &str = "/admin/keys";

fn speak(client: &Client) -> HttpAnswer {
    client.post_json("/voice/tts", &json!({ "text": "Hi." }))
}

fn create(operator: &Client, path: &str, body: Value) -> Value {
    let made = operator.post_json(path, &body);
    assert_eq!(made.status, 200, "{}", made.detail());
    made.json()
}

fn change(operator: &Client, name: &str, body: Value) -> HttpAnswer {
    let body = body.to_string().into_bytes();
    let path = format!("{ACCOUNTS}/{name}");
    operator.send("PATCH", &path, Some("application/json"), body)
}

fn delete(operator: &Client, path: &str) -> HttpAnswer {
    operator.send("DELETE", path, None, Vec::new())
}

#[test]
fn without_the_option_there_are_no_such_endpoints() {
    let server = Server::start();
    let clients = [
        server.client(),
        operator::client(&server),
        server.client().with_key(""),
    ];
    for endpoint in ENDPOINTS.iter().filter(|e| e.access == Access::Operator) {
        let path = endpoint.path.replace(['{', '}'], "");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            for client in &clients {
                let answer = client.send(method, &path, None, Vec::new());
                assert_eq!(answer.status, 404, "{method} {path}");
            }
        }
    }
    assert_eq!(server.client().get("/admin").status, 404);
}

#[test]
fn another_key_is_refused_more_and_more_and_the_right_one_never_is() {
    let server = operator::launch(&bare_models(), &["--failed-keys", "2"]);
    let (operator, account) = (operator::client(&server), server.client());
    assert_eq!(
        server.client().with_key("").get(ACCOUNTS).status,
        401,
        "no key is no guess"
    );
    let refused = account.get(ACCOUNTS);
    assert_eq!(
        (refused.status, &*refused.detail()),
        (401, "This is not the operator's key.")
    );
    let bare = |header: &str, value: &str| {
        let none = server.client().with_key("");
        none.send_with("GET", ACCOUNTS, None, Vec::new(), &[(header, value)])
            .status
    };
    assert_eq!(bare("X-API-Key", KEY), 401, "another header is none");
    assert_eq!(account.with_key(&KEY[1..]).get(KEYS).status, 401);
    let slowed = account.get(KEYS);
    assert_eq!(slowed.status, 429);
    assert!(slowed.header("retry-after").is_some());
    assert_eq!(operator.get(KEYS).status, 200);
    // And it opens nothing else.
    assert!(matches!(operator.get("/voice/history").status, 401 | 429));
    let cross = [("Origin", "https://app.example")];
    let answer = operator.send_with("GET", KEYS, None, Vec::new(), &cross);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    server.stop();
    let log = server.logged_to_the_end().concat();
    assert!(
        log.contains("/admin") || log.contains("admin_keys"),
        "{log}"
    );
    assert!(
        !log.contains(&KEY[..20]) && !log.contains(&KEY[1..20]),
        "{log}"
    );
}

#[test]
fn pages_of_other_origins_may_not_call_them() {
    let server = operator::launch(&bare_models(), &["--cors-origin", "*"]);
    let asked = [
        ("Origin", "https://app.example"),
        ("Access-Control-Request-Method", "GET"),
    ];
    let preflight = |path: &str| {
        let none = server.client().with_key("");
        none.send_with("OPTIONS", path, None, Vec::new(), &asked)
    };
    assert_eq!(preflight("/voice/voices").status, 204);
    assert_eq!(preflight(ACCOUNTS).status, 405);
}

#[test]
fn accounts_and_keys_are_created_limited_and_revoked_and_it_counts_at_once() {
    let models = stub_models();
    let server = operator::launch(models.path(), &[]);
    let operator = operator::client(&server);
    let made = create(
        &operator,
        ACCOUNTS,
        json!({ "name": "Clínica/1", "rpm": 50 }),
    );
    assert_eq!(
        (&made["rpm"], &made["entitled"], &made["expires"]),
        (&json!(50), &json!(true), &Value::Null)
    );
    assert_eq!(
        create(&operator, ACCOUNTS, json!({ "name": "other" }))["rpm"],
        60
    );
    let key = |account: &str, more: Value| {
        let mut asked = json!({ "account": account, "name": "ward 3" });
        asked
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        create(&operator, KEYS, asked)
    };
    let (first, second) = (
        key("Clínica/1", json!({ "rpm": 20, "concurrent": 2 })),
        key("Clínica/1", json!({ "env": "test" })),
    );
    let other = key("other", json!({}));
    let client = |key: &Value| server.client().with_key(key["key"].as_str().unwrap());
    let limit = |answer: &HttpAnswer| answer.header("x-ratelimit-limit").unwrap().to_owned();
    assert!(second["key"].as_str().unwrap().starts_with("satryx_test_"));
    let (one, two, three) = (client(&first), client(&second), client(&other));
    for (client, calls) in [(&one, "20"), (&two, "50"), (&three, "60")] {
        let spoken = speak(client);
        assert_eq!((spoken.status, &*limit(&spoken)), (200, calls));
    }
    let named = one.get("/voice/history").json();
    assert_eq!(named["items"][0]["key_name"], "ward 3");
    assert_eq!(three.get("/voice/history").json()["total"], 1, "its own");

    // What is listed is what the command line lists, and no secret.
    let listed = operator.get(ACCOUNTS).json();
    assert_eq!(
        listed["accounts"],
        command(&server.data, &["account", "list"])
    );
    let keys = operator.get(KEYS);
    let told = keys.json();
    assert_eq!(told["keys"], command(&server.data, &["key", "list"]));
    let text = String::from_utf8(keys.body).unwrap();
    for key in [&first, &second, &other] {
        assert!(!text.contains(&key["key"].as_str().unwrap()[12..40]));
    }
    let own = operator.get(&format!("{KEYS}?account=other")).json();
    assert_eq!(own["keys"].as_array().map(Vec::len), Some(1));

    // Limits.
    let path = "Cl%C3%ADnica%2F1";
    let changed = change(
        &operator,
        path,
        json!({ "rpm": 30, "entitled": false, "quota_jobs": 3 }),
    )
    .json();
    assert_eq!(
        (&changed["rpm"], &changed["quota_jobs"]),
        (&json!(30), &json!(3))
    );
    let refused = speak(&two);
    assert_eq!((refused.status, &*limit(&refused)), (403, "30"));
    assert_eq!(speak(&three).status, 200, "of another account");
    let past = json!({ "entitled": true, "expires": "2020-01-01T00:00:00Z" });
    assert_eq!(
        change(&operator, path, past).json()["expires"],
        "2020-01-01T00:00:00.000Z"
    );
    assert_eq!(speak(&two).status, 403);
    let open = json!({ "expires": "never", "quota_jobs": "default" });
    let changed = change(&operator, path, open).json();
    assert_eq!(
        (&changed["expires"], &changed["quota_jobs"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(speak(&two).status, 200);

    // Revoking and deleting.
    let revoked = delete(
        &operator,
        &format!("{KEYS}/{}", first["key_id"].as_str().unwrap()),
    );
    assert!(revoked.json()["revoked_at"].is_string());
    let refused = speak(&one);
    assert_eq!(
        (refused.status, &*refused.detail()),
        (401, "The API key was revoked.")
    );
    assert_eq!(speak(&two).status, 200, "the other key of the account");
    let gone = delete(&operator, &format!("{ACCOUNTS}/{path}?history=purge")).json();
    assert_eq!(
        gone,
        json!({ "status": "deleted", "name": "Clínica/1", "history": "purge" })
    );
    assert_eq!(speak(&two).status, 401);
    assert_eq!(speak(&three).status, 200);
    assert_eq!(operator.get(&format!("{KEYS}?account={path}")).status, 404);
    server.stop();
    let log = server.logged_to_the_end().concat();
    for key in [&first, &second, &other] {
        assert!(!log.contains(&key["key"].as_str().unwrap()[12..40]));
    }
}

/// Each wrong request has the sentence that the command line has for the same.
#[test]
fn what_the_command_line_refuses_is_refused_in_its_words() {
    let server = operator::launch(&bare_models(), &[]);
    let operator = operator::client(&server);
    let long = "n".repeat(101);
    let new = |name: &str, more: Value| {
        let mut asked = json!({ "name": name });
        asked
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        operator.post_json(ACCOUNTS, &asked)
    };
    let new_key = |asked: Value| operator.post_json(KEYS, &asked);
    let revoke = |id: &str| delete(&operator, &format!("{KEYS}/{id}"));
    let never = "key_0000000000000000";
    let pairs: [(HttpAnswer, &[&str]); 13] = [
        (new("", json!({})), &["account", "create", ""]),
        (new(&long, json!({})), &["account", "create", &long]),
        (new("a\u{7}", json!({})), &["account", "create", "a\u{7}"]),
        (new("test", json!({})), &["account", "create", "test"]),
        (
            new("a", json!({ "rpm": 0 })),
            &["account", "create", "a", "--rpm", "0"],
        ),
        (
            new("a", json!({ "rpm": 100001 })),
            &["account", "create", "a", "--rpm", "100001"],
        ),
        (
            new("a", json!({ "expires": "tomorrow" })),
            &["account", "create", "a", "--expires", "tomorrow"],
        ),
        (
            change(&operator, "unknown", json!({ "rpm": 5 })),
            &["account", "set", "unknown", "--rpm", "5"],
        ),
        (
            delete(&operator, &format!("{ACCOUNTS}/unknown?history=keep")),
            &["account", "delete", "unknown", "--history", "keep"],
        ),
        (
            new_key(json!({ "account": "unknown", "name": "k" })),
            &["key", "create", "--account", "unknown", "--name", "k"],
        ),
        (
            new_key(json!({ "account": "test", "name": "k", "concurrent": 0 })),
            &[
                "key",
                "create",
                "--account",
                "test",
                "--name",
                "k",
                "--concurrent",
                "0",
            ],
        ),
        (revoke(never), &["key", "revoke", never]),
        (revoke("satryx_live_1"), &["key", "revoke", "satryx_live_1"]),
    ];
    for (answer, words) in pairs {
        let data = server.data.to_str().unwrap();
        let ran = run(&[words, &["--data-dir", data]].concat());
        let said = String::from_utf8(ran.stderr).unwrap();
        let told = answer.detail();
        assert!(
            matches!(answer.status, 400 | 404) && !ran.status.success(),
            "{words:?}: {told}"
        );
        // The field is named before the sentence, the option before that of the command line.
        let sentence = told
            .trim_start_matches("expires is wrong: ")
            .trim_start_matches("key_id is wrong: ")
            .trim_end_matches(", or never");
        assert!(said.contains(sentence), "{words:?}: {told:?} and {said:?}");
    }
    for (asked, field) in [
        (new("a", json!({ "entitled": "yes" })), "entitled"),
        (
            new_key(json!({ "account": "test", "name": "k", "env": "prod" })),
            "env",
        ),
        (delete(&operator, &format!("{ACCOUNTS}/test")), "history"),
        (
            change(&operator, "test", json!({})),
            "the body changes nothing",
        ),
    ] {
        assert_eq!(asked.status, 400);
        assert!(asked.detail().starts_with(field), "{}", asked.detail());
    }
    assert_eq!(
        operator.get(ACCOUNTS).json()["accounts"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn a_file_that_is_no_secret_keeps_the_server_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.key");
    let said = |content: Option<&str>, mode: u32| {
        if let Some(content) = content {
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let mut command = vocabox(&["serve", "--listen", "127.0.0.1:0", "--log-level", "error"]);
        command.arg("--data-dir").arg(folder.path().join("data"));
        command.arg("--models-dir").arg(bare_models());
        let output = command.arg("--admin-key-file").arg(&path).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_eq!(
            said.lines().filter(|line| !line.is_empty()).count(),
            1,
            "{said}"
        );
        assert!(!said.contains(&KEY[..16]), "{said}");
        said
    };
    assert!(said(None, 0).contains("cannot be read"));
    assert!(said(Some(KEY), 0o644).contains("has the mode 644"));
    assert!(said(Some(&KEY[..31]), 0o600).contains("31 characters; at least 32"));
}
