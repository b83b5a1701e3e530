//! What real clients and proxies send beside the plainest form of it, and the server takes.

use serde_json::{Value, json};

use super::voice::wav;
use crate::dubbing::jobs::{over, stubs};
use crate::support::raw::{RawAnswer, ask};
use crate::support::server::{Server, stub_models};

/// A tone of one second.
fn sound() -> Vec<u8> {
    wav(16_000, (0..16_000).map(|n| (n as f32 * 0.05).sin() * 0.3))
}

/// Sends these bytes after the first line, with the server's key.
fn send(server: &Server, line: &str, kind: &str, body: &[u8]) -> RawAnswer {
    let head = format!(
        "{line}\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        server.key,
        body.len()
    );
    ask(server.addr, [head.as_bytes(), body].concat())
}

fn said(answer: &RawAnswer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

#[test]
fn header_values_in_utf8_and_latin_1_are_taken_and_not_logged_or_repeated() {
    let server = Server::start();
    for name in ["J\u{f6}rg".as_bytes(), b"J\xf6rg", b"\x80\xff", b"\xa0"] {
        for path in ["/healthz", "/voice/voices"] {
            let head = format!(
                "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n",
                server.key
            );
            let more = [
                b"X-Forwarded-User: ",
                name,
                b"\r\nOrigin: http://",
                name,
                b"\r\n\r\n",
            ];
            let answer = ask(server.addr, [head.as_bytes(), &more.concat()].concat());
            assert_eq!(answer.status, 200, "{path} {name:?}");
            let line = server.logged("endpoint=");
            assert!(line.is_ascii() && !line.contains("rg"), "{line}");
        }
    }
}

#[test]
fn an_origin_beyond_ascii_is_not_allowed_even_where_all_are() {
    let server = Server::launch(
        &crate::support::server::bare_models(),
        &["--cors-origin", "*"],
    );
    for (origin, is_allowed) in [
        (&b"http://a.example"[..], true),
        (b"http://\xf6.example", false),
    ] {
        let head = [
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nOrigin: ",
            origin,
            b"\r\n\r\n",
        ];
        let answer = ask(server.addr, head.concat());
        assert_eq!(answer.status, 200);
        let allowed = answer.header("Access-Control-Allow-Origin");
        assert_eq!(allowed.is_some(), is_allowed, "{allowed:?}");
    }
    // The answer needed no cleaning, which would be an error of this server.
    server.tell_to_stop();
    let log = server.logged_to_the_end();
    assert!(!log.iter().any(|line| line.contains(" ERROR ")), "{log:#?}");
}

#[test]
fn the_part_called_file_is_the_file_however_its_name_is_written() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    for head in [
        &b"name=\"file\"; filename*=UTF-8\'\'a.wav"[..],
        b"name=\"file\"; filename*=UTF-8\'\'J%C3%B6rg.wav",
        b"name=\"file\"; filename=\"J\xf6rg.wav\"",
        "name=\"file\"; filename=\"J\u{f6}rg.wav\"".as_bytes(),
        b"name=\"file\"; filename=\"\"",
        b"name=\"file\"",
    ] {
        let sound = sound();
        let body = [
            b"--b\r\nContent-Disposition: form-data; ",
            head,
            b"\r\n\r\n",
            &sound,
            b"\r\n--b--\r\n",
        ];
        let kind = "multipart/form-data; boundary=b";
        let answer = send(&server, "POST /voice/stt HTTP/1.1", kind, &body.concat());
        assert_eq!(
            answer.status,
            200,
            "{}: {}",
            head.escape_ascii(),
            said(&answer)
        );
    }
}

#[test]
fn a_byte_order_mark_before_json_is_skipped() {
    let models = stubs();
    let server = Server::launch(models.path(), &[]);
    let marked = |json: Value| [b"\xef\xbb\xbf", json.to_string().as_bytes()].concat();
    for (line, body) in [
        ("POST /voice/tts", json!({ "text": "Yes." })),
        ("POST /voice/tts/stream", json!({ "text": "Yes." })),
        (
            "PUT /voice/lexicon",
            json!({ "entries": [{ "word": "a", "spelling": "b" }] }),
        ),
    ] {
        let line = format!("{line} HTTP/1.0");
        let answer = send_to_end(&server, &line, &marked(body));
        assert_eq!(answer, 200, "{line}");
    }
    // The JSON of a form's field, too.
    let mut order = crate::dubbing::render::order();
    order[0].1.insert(0, '\u{feff}');
    let form = crate::dubbing::render::form(&sound(), &order);
    let kind = "multipart/form-data; boundary=b";
    let answer = send(&server, "POST /voice/dub/render HTTP/1.1", kind, &form);
    assert_eq!(answer.status, 200, "{}", said(&answer));
}

/// The status of an answer that may be streamed.
fn send_to_end(server: &Server, line: &str, body: &[u8]) -> u16 {
    let head = format!(
        "{line}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        server.key,
        body.len()
    );
    let mut client = crate::support::raw::RawClient::call(server.addr);
    client.send([head.as_bytes(), body].concat());
    client.read(false).status
}

#[test]
fn a_slash_at_the_end_of_a_path_finds_its_endpoint() {
    let server = Server::start();
    let client = server.client();
    for path in [
        "/healthz/",
        "/voice/voices/",
        "/voice/voices/?language=en-gb",
        "/voice/history/?limit=1",
        "/voice/lexicon/",
        "/voice/dub/jobs/",
    ] {
        assert_eq!(client.get(path).status, 200, "{path}");
    }
    let missing = client.send("DELETE", "/voice/history/nothing/", None, Vec::new());
    assert_eq!(missing.detail(), "The history has no item of this id.");
    assert_eq!(
        client.send("POST", "/healthz/", None, Vec::new()).status,
        405
    );
    for path in ["//", "/healthz//", "//healthz", "/voice//voices", "/voice/"] {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
    // It is no way around the key.
    let keyless = client.with_key("");
    assert_eq!(keyless.get("/voice/voices/").status, 401);
}

#[test]
fn load_balancers_may_ask_for_the_options_of_the_whole_server() {
    let server = Server::start();
    for request in [
        "OPTIONS / HTTP/1.0\r\n\r\n",
        "OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let mut client = crate::support::raw::RawClient::call(server.addr);
        client.send(request);
        let answer = client.read(false);
        assert_eq!(answer.status, 204, "{request}");
        let allow = answer.header("Allow").unwrap();
        assert!(
            allow.contains("GET") && allow.contains("OPTIONS"),
            "{allow}"
        );
    }
    let others = [("/nothing", 404), ("/voice/tts", 405)];
    for (path, status) in others {
        let answer = server.client().send("OPTIONS", path, None, Vec::new());
        assert_eq!(answer.status, status, "{path}");
    }
}

#[test]
fn an_account_lists_its_own_dubbing_jobs_newest_first_and_page_by_page() {
    let models = stubs();
    let server = Server::launch(models.path(), &[]);
    let (client, other) = (server.client(), server.new_account("other"));
    let add = |client: &crate::support::client::Client| {
        let taken = client.post_form("/voice/dub/analyze", &sound(), &[]);
        taken.json()["job_id"].as_str().unwrap().to_owned()
    };
    let ids: Vec<String> = (0..3).map(|_| add(&client)).collect();
    let foreign = add(&other);
    over(&client, &ids[2]);
    let page = |query: &str| client.get(&format!("/voice/dub/jobs{query}")).json();
    let listed = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|job| job["job_id"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = page("");
    assert_eq!(listed(&all), [&*ids[2], &ids[1], &ids[0]]);
    assert_eq!(
        (&all["total"], &all["limit"], &all["offset"]),
        (&json!(3), &json!(50), &json!(0))
    );
    let row = &all["items"][0];
    assert_eq!(
        (&row["kind"], &row["status"], &row["progress"]),
        (&json!("analyze"), &json!("done"), &json!(1.0))
    );
    assert!(
        row["result"].is_null() && row["created_at"].is_string(),
        "{row}"
    );
    let second = page("?limit=1&offset=1");
    assert_eq!(listed(&second), [&*ids[1]]);
    assert_eq!(second["total"], 3);
    assert_eq!(listed(&page("?offset=3")), Vec::<String>::new());
    for query in ["?limit=0", "?limit=201", "?offset=-1", "?limit=many"] {
        assert_eq!(
            client.get(&format!("/voice/dub/jobs{query}")).status,
            400,
            "{query}"
        );
    }
    assert_eq!(listed(&other.get("/voice/dub/jobs").json()), [foreign]);
    let path = format!("/voice/dub/jobs/{}", ids[1]);
    assert_eq!(client.send("DELETE", &path, None, Vec::new()).status, 200);
    assert_eq!(listed(&page("")), [&*ids[2], &ids[0]]);
}
