//! Endpoints under `/v1`, as clients of OpenAI's audio API use them.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vocabox::audio::decode;
use vocabox::audio::pcm::{Clip, read_all};
use vocabox::request::openai_speech::OPENAI_VOICES;

use crate::support::client::{Client, HttpAnswer};
use crate::support::server::{Server, bare_models, stub_models};
use crate::support::wer::assert_words;

const SAID: &str = "Copper conducts heat better than iron does.";

fn speak(client: &Client, fields: &Value) -> HttpAnswer {
    client.post_json("/v1/audio/speech", fields)
}

fn spoken(fields: &Value) -> HttpAnswer {
    let answer = speak(&Server::shared().client(), fields);
    let body = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, 200, "{body}");
    answer
}

fn assert_heard(said: &str, file: &[u8]) {
    assert_heard_within(said, file, 0.0);
}

fn assert_heard_within(said: &str, file: &[u8], percent: f64) {
    let client = Server::shared().client();
    let heard = client
        .post_form("/voice/stt", file, &[("language", "en")])
        .json();
    assert_words(said, heard["transcript"].as_str().unwrap(), percent);
}

fn decoded(file: &[u8]) -> Clip {
    read_all(&mut decode::open(Cursor::new(file.to_vec()), 60.0).unwrap()).unwrap()
}

#[test]
fn every_format_of_openai_is_spoken_and_heard_again() {
    for (format, kind) in [
        ("mp3", "audio/mpeg"),
        ("opus", "audio/ogg"),
        ("aac", "audio/aac"),
        ("flac", "audio/flac"),
        ("wav", "audio/wav"),
    ] {
        let fields =
            json!({ "model": "tts-1", "input": SAID, "voice": "alloy", "response_format": format });
        let answer = spoken(&fields);
        assert_eq!(answer.header("content-type"), Some(kind));
        assert_heard(SAID, &answer.body);
    }
    let answer = spoken(&json!({ "input": SAID, "voice": "nova", "response_format": "pcm" }));
    assert_eq!(answer.header("content-type"), Some("audio/pcm"));
    let head = json!({ "input": SAID, "voice": "nova", "response_format": "wav" });
    // A streamed WAV has the same samples after its head of 44 bytes.
    assert!(spoken(&head).body[44..] == answer.body);
}

#[test]
fn mp3_is_the_default_and_answers_may_be_joined() {
    let ask = |text: &str| spoken(&json!({ "model": "tts-1-hd", "input": text, "voice": "onyx" }));
    let (one, other) = (ask("Copper conducts heat."), ask("Iron rusts in the rain."));
    assert_eq!(one.header("content-type"), Some("audio/mpeg"));
    let joined = [one.body.clone(), other.body.clone()].concat();
    let seconds = |file: &[u8]| decoded(file).seconds();
    let sum = seconds(&one.body) + seconds(&other.body);
    assert!((seconds(&joined) - sum).abs() < 0.01);
    assert_heard("Copper conducts heat. Iron rusts in the rain.", &joined);
}

#[test]
fn events_carry_the_same_bytes_and_end_with_the_usage() {
    let fields = json!({ "input": SAID, "voice": "echo", "response_format": "pcm" });
    let plain = spoken(&fields).body;
    let mut fields = fields;
    fields["stream_format"] = json!("sse");
    let answer = spoken(&fields);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.ends_with("\n\n"));
    let events = text
        .trim_end()
        .split("\n\n")
        .map(|event| serde_json::from_str::<Value>(event.strip_prefix("data: ").unwrap()).unwrap());
    let events: Vec<Value> = events.collect();
    let (done, deltas) = events.split_last().unwrap();
    let sound = deltas.iter().flat_map(|delta| {
        assert_eq!(delta["type"], "speech.audio.delta");
        STANDARD.decode(delta["audio"].as_str().unwrap()).unwrap()
    });
    assert!(sound.collect::<Vec<u8>>() == plain);
    assert_eq!(done["type"], "speech.audio.done");
    let tokens = |name: &str| done["usage"][name].as_u64().unwrap();
    assert_eq!(tokens("input_tokens"), SAID.len() as u64);
    assert_eq!(
        tokens("total_tokens"),
        tokens("input_tokens") + tokens("output_tokens")
    );
    // 50 ms a token, of samples of two bytes at 24 kHz.
    assert_eq!(
        tokens("output_tokens"),
        (plain.len() as u64).div_ceil(2_400)
    );
}

#[test]
fn the_slowest_and_the_fastest_speech_is_understood() {
    let seconds = |speed: f64| {
        let fields =
            json!({ "input": SAID, "voice": "alloy", "speed": speed, "response_format": "wav" });
        let file = spoken(&fields).body;
        if speed < 3.0 {
            // Stretched to four times its length, one word of seven may be misheard.
            let percent = if speed < 1.0 { 15.0 } else { 0.0 };
            assert_heard_within(SAID, &file, percent);
        }
        decoded(&file).seconds()
    };
    let usual = seconds(1.0);
    let (slow, fast) = (seconds(0.25) / usual, seconds(4.0) / usual);
    assert!((3.0..5.0).contains(&slow), "{slow}");
    assert!((0.2..0.35).contains(&fast), "{fast}");
}

#[test]
fn each_of_openais_voices_is_a_voice_of_this_server_and_in_the_documents() {
    let listed = Server::shared().client().get("/v1/audio/voices").json();
    let listed = listed["voices"].as_array().unwrap();
    let page = include_str!("../../docs/openai.md");
    for (theirs, own) in OPENAI_VOICES {
        assert!(listed.iter().any(|voice| voice["id"] == own), "{own}");
        let cells = page.split('|').map(str::trim).collect::<Vec<_>>();
        let pair = [format!("`{theirs}`"), format!("`{own}`")];
        assert!(
            cells.windows(2).any(|two| two == pair),
            "{theirs} is not {own}"
        );
    }
}

#[test]
fn what_clients_add_is_ignored_and_what_is_wrong_is_named() {
    let server = Server::launch(stub_models().path(), &[]);
    let client = server.client();
    let fields = json!({
        "input": "ok", "voice": { "id": "af_heart" }, "model": null, "instructions": "Whisper.", "lang_code": "a",
        "stream": true, "backend": 7, "response_format": "",
    });
    assert_eq!(speak(&client, &fields).status, 200);
    for (fields, param, why) in [
        (json!({ "voice": "af_heart" }), "input", "input is missing"),
        (
            json!({ "input": " ", "voice": "af_heart" }),
            "input",
            "input is blank",
        ),
        (
            json!({ "input": "ok", "voice": "af_nobody" }),
            "voice",
            "voice",
        ),
        (
            json!({ "input": "ok", "voice": "af_heart", "speed": 0.1 }),
            "speed",
            "0.25 to 4",
        ),
        (
            json!({ "input": "ok", "voice": "af_heart", "response_format": "wma" }),
            "response_format",
            "response_format is \"wma\"",
        ),
        (
            json!({ "input": "ok", "voice": "af_heart", "stream_format": "ws" }),
            "stream_format",
            "audio and sse",
        ),
        (
            json!({ "input": "a".repeat(5_001), "voice": "af_heart" }),
            "input",
            "at most 5000",
        ),
    ] {
        let answer = speak(&client, &fields);
        assert_eq!(answer.status, 400, "{fields}");
        let error = &answer.json()["error"];
        assert_eq!(
            (&error["param"], &error["type"]),
            (&json!(param), &json!("invalid_request_error"))
        );
        assert!(answer.detail().contains(why), "{}", answer.detail());
    }
}

#[test]
fn keys_are_accepted_in_the_headers_of_other_apis() {
    let server = Server::launch(stub_models().path(), &[]);
    let (anonymous, key) = (server.client().with_key(""), server.key.as_str());
    let ask =
        |more: &[(&str, &str)]| anonymous.send_with("GET", "/v1/models", None, Vec::new(), more);
    for name in ["X-API-Key", "xi-api-key"] {
        assert_eq!(ask(&[(name, key)]).status, 200, "{name}");
        assert_eq!(
            ask(&[(name, key), ("Authorization", "Bearer ")]).status,
            200,
            "{name}"
        );
        assert_eq!(ask(&[(name, "satryx_live_wrong")]).status, 401);
    }
    let refused = ask(&[]);
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json()["error"]["code"], "invalid_api_key");
    // An empty one is none, and counts as no wrong key.
    assert_eq!(ask(&[("X-API-Key", ""), ("xi-api-key", key)]).status, 200);
    // A wrong key in Authorization is not replaced by another header.
    assert_eq!(
        ask(&[
            ("X-API-Key", key),
            ("Authorization", "Bearer satryx_live_wrong")
        ])
        .status,
        401
    );
}

#[test]
fn models_and_voices_are_listed_for_every_client_and_without_a_key_where_the_operator_says_so() {
    let server = Server::launch(stub_models().path(), &["--public-catalog"]);
    let anonymous = server.client().with_key("");
    for client in [&server.client(), &anonymous] {
        let models = client.get("/v1/models").json();
        assert_eq!(models["object"], "list");
        let ids: Vec<&str> = models["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["id"].as_str().unwrap())
            .collect();
        assert!(
            ids.contains(&"stub-speak") && ids.contains(&"tts-1") && ids.contains(&"whisper-1"),
            "{ids:?}"
        );
        assert_eq!(
            client.get("/v1/audio/models").json()["models"],
            models["data"]
        );
        assert_eq!(client.get("/v1/models/whisper-1").json()["id"], "whisper-1");
        let voices = client.get("/v1/audio/voices").json();
        assert_eq!(voices["voices"], voices["data"]);
        let first = &voices["voices"][0];
        assert!(
            first["id"].is_string() && first["name"].is_string(),
            "{first}"
        );
    }
    assert_eq!(anonymous.get("/voice/voices").status, 401);
    let wrong = server.client().with_key("satryx_live_wrong");
    assert_eq!(wrong.get("/v1/models").status, 401);
    let bare = Server::launch(&bare_models(), &[]);
    assert_eq!(bare.client().get("/v1/models").json()["data"], json!([]));
    assert_eq!(bare.client().with_key("").get("/v1/models").status, 401);
}

#[test]
fn a_refusal_tells_openais_packages_whether_to_try_again() {
    let bare = Server::launch(&bare_models(), &[]);
    let missing = speak(&bare.client(), &json!({ "input": "ok" }));
    assert_eq!(missing.status, 503);
    assert_eq!(missing.header("x-should-retry"), Some("false"));
    assert_eq!(missing.json()["error"]["type"], "server_error");
    let nothing = bare.client().get("/v1/nothing");
    assert_eq!(
        (nothing.status, &nothing.json()["error"]["type"]),
        (404, &json!("not_found_error"))
    );
    let twice = bare.client().get("/v1/v1/models");
    assert!(twice.detail().contains("/v1 twice"), "{}", twice.detail());
}
