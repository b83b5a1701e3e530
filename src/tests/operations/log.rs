//! The log has one line per request, with key, endpoint and times, and no secrets.

use serde_json::{Value, json};

use crate::support::server::{Server, stub_models};

const TEXT: &str = "Nobody else should read this.";

#[test]
fn every_request_is_one_line_that_names_key_status_times_and_sizes() {
    let models = stub_models();
    let server = Server::launch(models.path(), &["--log-format", "json"]);
    let client = server.client();
    let answer = client.post_json("/voice/tts", &json!({ "text": TEXT }));
    assert_eq!(answer.status, 200);
    let line = server.logged("\"endpoint\":\"tts\"");
    let fields: Value = serde_json::from_str(&line).expect("a JSON object a line");
    assert_eq!(fields["id"].as_str(), answer.header("x-request-id"));
    assert_eq!(
        (
            &fields["level"],
            &fields["message"],
            &fields["status"],
            &fields["peer"]
        ),
        (
            &json!("INFO"),
            &json!("request"),
            &json!(200),
            &json!("127.0.0.1")
        )
    );
    assert!(fields["key"].as_str().unwrap().starts_with("key_"));
    assert_eq!(fields["bytes_out"], answer.body.len());
    let letters = TEXT.split_whitespace().map(str::len).sum::<usize>();
    assert!((fields["audio_s"].as_f64().unwrap() - 0.1 * letters as f64).abs() < 0.01);
    for time in ["receive_ms", "queue_ms", "run_ms", "total_ms"] {
        assert!(fields[time].is_u64(), "{time}");
    }
    assert!(fields["time"].as_str().unwrap().ends_with('Z'));
    assert!(
        !line.contains(TEXT) && !line.contains(&server.key),
        "{line}"
    );

    let answer = client.post_json("/voice/tts", &json!({ "text": "fail" }));
    assert_eq!(answer.status, 502);
    let line: Value = serde_json::from_str(&server.logged("\"endpoint\":\"tts\"")).unwrap();
    let fault = line["fault"].as_str().unwrap();
    assert!(
        fault.contains("told to fail"),
        "the cause is in the log only: {fault}"
    );
    assert!(!answer.detail().contains("told to fail"));
}

#[test]
fn a_line_for_people_has_the_same_fields_and_no_key() {
    let server = Server::start();
    let client = server.client();
    client.get("/voice/voices?secret=query");
    let line = server.logged("endpoint=voices");
    assert!(
        line.contains(" INFO request id=") && line.contains(" status=200 "),
        "{line}"
    );
    assert!(
        !line.contains(&server.key) && !line.contains("secret"),
        "{line}"
    );
    client.with_key("satryx_live_wrong").get("/voice/voices");
    let line = server.logged("status=401");
    assert!(
        line.contains("key=-") && !line.contains("satryx_live_wrong"),
        "{line}"
    );
}
