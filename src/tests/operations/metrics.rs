//! `GET /metrics`: what is counted, that nothing of clients is in it, and who may read it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::http::listening::two_cities;
use crate::http::realtime::pcm;
use crate::support::client::Client;
use crate::support::process::until;
use crate::support::raw;
use crate::support::realtime::RealtimeClient;
use crate::support::server::{Server, bare_models, json as command, models, stub_models};

/// The samples of a page, by name and labels.
fn samples(page: &str) -> BTreeMap<&str, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').expect(line);
            (series, value.parse().expect(line))
        })
        .collect()
}

fn page(client: &Client) -> String {
    let answer = client.get("/metrics");
    assert_eq!(answer.status, 200);
    String::from_utf8(answer.body).unwrap()
}

/// The value of a series; 0 for one that is not there yet.
#[track_caller]
fn value(page: &str, series: &str) -> f64 {
    samples(page).get(series).copied().unwrap_or(0.0)
}

#[test]
fn what_was_answered_spoken_heard_and_refused_is_counted_once() {
    let models = stub_models();
    let server = Server::launch(models.path(), &["--queue", "2"]);
    let client = server.new_account("counted");
    let read = || page(&server.client());
    let before = read();
    assert_eq!(
        value(
            &before,
            r#"vocabox_requests_total{route="tts",status="200"}"#
        ),
        0.0
    );
    let spoken = client.post_json("/voice/tts", &json!({ "text": "Hello." }));
    assert_eq!(spoken.status, 200);
    let streamed = client.post_json("/voice/tts/stream", &json!({ "text": "Hello." }));
    assert_eq!(streamed.status, 200);
    assert_eq!(
        client
            .post_json("/voice/tts", &json!({ "text": "" }))
            .status,
        400
    );
    // This key may make one call a minute; on a slow machine, its minute may be over before the second.
    let once = client.with_key(&limited(&server));
    until("a refusal", || once.get("/voice/voices").status == 429);
    assert_eq!(client.with_key("wrong").get("/voice/voices").status, 401);
    assert_eq!(client.get("/voice/nothing").status, 404);
    let huge = "POST /voice/tts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nContent-Length: 99999999999\r\n\r\n";
    assert_eq!(
        raw::ask(server.addr, huge.replace("KEY", &server.key)).status,
        413
    );
    let after = read();
    for (series, count) in [
        (r#"vocabox_requests_total{route="tts",status="200"}"#, 1.0),
        (r#"vocabox_requests_total{route="tts",status="400"}"#, 1.0),
        (r#"vocabox_requests_total{route="tts",status="413"}"#, 1.0),
        (
            r#"vocabox_requests_total{route="tts_stream",status="200"}"#,
            1.0,
        ),
        (
            r#"vocabox_requests_total{route="voices",status="429"}"#,
            1.0,
        ),
        (
            r#"vocabox_requests_total{route="voices",status="401"}"#,
            1.0,
        ),
        (r#"vocabox_requests_total{route="none",status="404"}"#, 1.0),
        (
            r#"vocabox_request_duration_seconds_count{route="tts"}"#,
            3.0,
        ),
        (
            r#"vocabox_time_to_first_audio_seconds_count{engine="stub-speak"}"#,
            2.0,
        ),
        (r#"vocabox_queue_wait_seconds_count{pool="speak"}"#, 2.0),
        (r#"vocabox_rejected_total{reason="rate"}"#, 1.0),
        (r#"vocabox_rejected_total{reason="auth"}"#, 1.0),
        (r#"vocabox_rejected_total{reason="size"}"#, 1.0),
        (r#"vocabox_queue_depth{pool="speak"}"#, 0.0),
        ("vocabox_characters_total", 12.0),
        ("vocabox_history_items", 2.0),
        ("vocabox_ready", 1.0),
    ] {
        assert_eq!(value(&after, series), count, "{series} in\n{after}");
    }
    let sound = value(
        &after,
        r#"vocabox_audio_seconds_total{direction="out",engine="stub-speak"}"#,
    );
    let metadata = |answer: &crate::support::client::HttpAnswer| {
        let told = answer.header("x-vox-metadata").unwrap();
        let told: serde_json::Value = serde_json::from_str(told).unwrap();
        told["duration_seconds"].as_f64()
    };
    let whole = metadata(&spoken).expect("a whole answer tells its length");
    assert!((sound - 2.0 * whole).abs() < 1e-6, "{sound}, twice {whole}");
    for positive in [
        r#"vocabox_workers{pool="lanes"}"#,
        r#"vocabox_lane_seconds_total{work="speak"}"#,
        r#"vocabox_engine_seconds_total{engine="stub-speak"}"#,
        r#"vocabox_queue_places{pool="translate"}"#,
        "vocabox_store_bytes",
        "vocabox_store_map_bytes",
        "vocabox_data_free_bytes",
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
    ] {
        assert!(value(&after, positive) > 0.0, "{positive} in\n{after}");
    }
}

/// A key of the account `counted` that may make one call a minute.
fn limited(server: &Server) -> String {
    let named = ["--account", "counted", "--name", "Margaret", "--rpm", "1"];
    let made = command(&server.data, &[&["key", "create"], &named[..]].concat());
    made["key"].as_str().unwrap().to_owned()
}

#[test]
fn sessions_count_their_sound_and_no_page_has_anything_of_clients() {
    let server = Server::launch(&models(), &[]);
    let client = server.new_account("Hospital");
    let text = "Nevertheless, Wolverhampton.";
    let asked = json!({ "text": text, "voice_id": "bf_emma" });
    assert_eq!(client.post_json("/voice/tts", &asked).status, 200);
    let mut session = RealtimeClient::open(&server, &server.key);
    let read = || page(&server.client());
    until("a session", || {
        value(&read(), "vocabox_realtime_sessions") == 1.0
    });
    session.append(&pcm(&two_cities(), 10), 24_000);
    session.commit();
    session.until("conversation.item.input_audio_transcription.completed");
    drop(session);
    let ended = r#"vocabox_requests_total{route="realtime",status="101"}"#;
    until("its end", || value(&read(), ended) == 1.0);
    let page = read();
    assert_eq!(value(&page, "vocabox_realtime_sessions"), 0.0);
    assert!(
        value(&page, "vocabox_realtime_lag_seconds_count") >= 1.0,
        "{page}"
    );
    let heard = r#"vocabox_audio_seconds_total{direction="in",engine="whisper"}"#;
    assert!(value(&page, heard) > 1.0, "{page}");
    assert!(value(&page, r#"vocabox_engine_seconds_total{engine="whisper"}"#) > 0.0);
    for of_clients in [
        "satryx_",
        &server.key,
        "key_",
        "Hospital",
        "bf_emma",
        "af_heart",
        "Wolverhampton",
        "127.0.0.1",
    ] {
        assert!(!page.contains(of_clients), "{of_clients} in\n{page}");
    }
    for (engine, pack) in [
        ("kokoro", "kokoro"),
        ("whisper", "whisper-base"),
        ("silero", "silero-vad"),
    ] {
        let series =
            format!("vocabox_engine_info{{engine=\"{engine}\",pack=\"{pack}\",device=\"cpu\"}}");
        assert_eq!(value(&page, &series), 1.0, "{series} in\n{page}");
    }
    assert!(
        page.contains("vocabox_build_info{version=\"0.1.0\",onnxruntime=\"1."),
        "{page}"
    );
}

#[test]
fn the_option_says_who_reads_metrics_and_in_which_format() {
    let models = bare_models();
    let server = Server::launch(&models, &[]);
    let client = server.client().with_key("");
    let answer = client.get("/metrics");
    let open_metrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(open_metrics));
    assert!(answer.body.ends_with(b"# EOF\n"));
    let plain = client.send_with("GET", "/metrics", None, vec![], &[("Accept", "text/plain")]);
    assert!(
        plain
            .header("content-type")
            .unwrap()
            .starts_with("text/plain")
    );
    for header in ["X-Forwarded-For", "Forwarded", "Via"] {
        let passed_on = client.send_with(
            "GET",
            "/metrics",
            None,
            vec![],
            &[(header, "for=192.0.2.1")],
        );
        assert_eq!(passed_on.status, 403, "{header}");
        assert!(
            passed_on.detail().contains("--metrics"),
            "{}",
            passed_on.detail()
        );
    }
    // A trusted proxy's client is the one that counts, on the loopback or not.
    let options = ["--trusted-proxy", "127.0.0.1", "--metrics", "192.0.2.0/24"];
    let server = Server::launch(&models, &options);
    let client = server.client().with_key("");
    let from = |address: &str| {
        let header = [("X-Forwarded-For", address)];
        client
            .send_with("GET", "/metrics", None, vec![], &header)
            .status
    };
    assert_eq!(
        (from("192.0.2.7"), from("198.51.100.7"), from("127.0.0.1")),
        (200, 403, 403)
    );
    assert_eq!(client.get("/metrics").status, 200);
    let server = Server::launch(&models, &["--metrics", "all"]);
    let client = server.client().with_key("");
    let passed_on = [("X-Forwarded-For", "198.51.100.7")];
    assert_eq!(
        client
            .send_with("GET", "/metrics", None, vec![], &passed_on)
            .status,
        200
    );
}

/// The names and types of a page's metrics, of the document's table.
#[test]
fn the_document_has_a_row_for_each_metric_and_no_other() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/docs/metrics.md");
    let document = std::fs::read_to_string(path).unwrap();
    let declared = include_str!("../../metrics/mod.rs");
    let mut names: Vec<String> = Vec::new();
    for line in declared.lines() {
        let Some((kind, rest)) = line.split_once("= \"") else {
            continue;
        };
        let name = rest.split('"').next().unwrap();
        let is_counter = kind.contains("Counter") || kind.contains("Sum");
        names.push(format!("{name}{}", if is_counter { "_total" } else { "" }));
    }
    assert!(names.len() > 25, "{names:?}");
    let row = |line: &str| {
        line.strip_prefix("| `")?
            .split('`')
            .next()
            .map(str::to_owned)
    };
    let told = document.lines().filter_map(row);
    let told: Vec<String> = told.filter(|name| name.contains('_')).collect();
    names.retain(|name| name.contains('_'));
    assert_eq!(told, names);
}
