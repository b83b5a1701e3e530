//! Each endpoint answers over a socket as the API's contract says.

use serde_json::{Value, json};

use crate::support::client::{Client, HttpAnswer};
use crate::support::server::{Server, json as command, recording};

fn client() -> Client {
    Server::shared().client()
}

fn speak(body: Value) -> HttpAnswer {
    client().post_json("/voice/tts", &body)
}

#[test]
fn tts_answers_a_whole_wav_with_metadata() {
    let answer =
        speak(json!({ "text": "Naïve café, isn’t it?", "voice_id": "bf_emma", "speed": 1.2 }));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("audio/wav"));
    assert_eq!(
        answer.header("content-length").unwrap(),
        answer.body.len().to_string()
    );
    let wav = hound::WavReader::new(answer.body.as_slice()).unwrap();
    let spec = wav.spec();
    assert_eq!(
        (spec.channels, spec.sample_rate, spec.bits_per_sample),
        (1, 24_000, 16)
    );
    let metadata: Value = serde_json::from_str(answer.header("x-vox-metadata").unwrap()).unwrap();
    let seconds = f64::from(wav.duration()) / 24_000.0;
    assert!(
        seconds > 0.5 && (metadata["duration_seconds"].as_f64().unwrap() - seconds).abs() < 1e-3
    );
    assert_eq!(metadata["voice_id"], "bf_emma");
    assert_eq!(metadata["text"], "Naïve café, isn’t it?");
    assert_eq!(metadata["character_count"], 21);
    assert_eq!(metadata["sample_rate"], 24_000);
    for name in ["id", "voice_name", "created_at"] {
        assert!(metadata[name].is_string(), "{metadata}");
    }
}

#[test]
fn tts_refuses_wrong_fields_and_names_them() {
    let long = "a".repeat(5_001);
    for (body, field) in [
        (json!({}), "text"),
        (json!({ "text": "" }), "text"),
        (json!({ "text": " \n\t" }), "text"),
        (json!({ "text": long }), "5001"),
        (json!({ "text": 7 }), "text"),
        (json!({ "text": "a", "speed": 2.01 }), "speed"),
        (json!({ "text": "a", "speed": "1" }), "speed"),
        (json!({ "text": "a", "stability": 1.1 }), "stability"),
        (json!({ "text": "a", "similarity": -0.1 }), "similarity"),
        (json!({ "text": "a", "exaggeration": 2 }), "exaggeration"),
        (json!({ "text": "a", "cfg_weight": true }), "cfg_weight"),
        (json!({ "text": "a", "voice_id": 3 }), "voice_id"),
        (json!(["text"]), "object"),
    ] {
        let answer = speak(body.clone());
        assert_eq!(answer.status, 400, "{body}");
        assert!(
            answer.detail().contains(field),
            "{field}: {}",
            answer.detail()
        );
    }
    for rubbish in ["", "{", "{\"text\": NaN}", "{\"text\": \"\\ud800\"}"] {
        let answer = client().send(
            "POST",
            "/voice/tts",
            Some("application/json"),
            rubbish.into(),
        );
        assert_eq!(answer.status, 400, "{rubbish}");
    }
    let answer = client().send("POST", "/voice/tts", Some("text/plain"), b"hello".to_vec());
    assert_eq!(answer.status, 415);
}

#[test]
fn unknown_fields_and_nulls_are_ignored() {
    let answer = speak(json!({ "text": "Yes.", "speed": null, "language": null, "colour": "red" }));
    assert_eq!(answer.status, 200);
}

#[test]
fn unknown_voices_are_404_and_unpronounceable_texts_400() {
    assert_eq!(
        speak(json!({ "text": "a", "voice_id": "nobody" })).status,
        404
    );
    assert_eq!(speak(json!({ "text": "😀😀" })).status, 400);
}

#[test]
fn a_fast_voice_takes_less_time() {
    let seconds = |speed: f64| {
        let answer = speak(json!({ "text": "It was the best of times.", "speed": speed }));
        f64::from(
            hound::WavReader::new(answer.body.as_slice())
                .unwrap()
                .duration(),
        )
    };
    let (slow, fast) = (seconds(0.7), seconds(1.6));
    assert!(fast < 0.7 * slow, "{fast} {slow}");
}

#[test]
fn stt_answers_a_transcript_with_ordered_segments() {
    let file = std::fs::read(recording("two_cities.wav")).unwrap();
    let answer = client().post_form(
        "/voice/stt",
        &file,
        &[("language", "en_ng"), ("word_timestamps", "No")],
    );
    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!(
        (&body["language"], &body["engine"]),
        (&json!("en_ng"), &json!("whisper"))
    );
    assert!(body["id"].is_string() && body["model"].is_string());
    let seconds = body["duration_seconds"].as_f64().unwrap();
    assert!((seconds - 44.38).abs() < 0.1, "{seconds}");
    let mut end = 0.0;
    let segments = body["segments"].as_array().unwrap();
    assert!(segments.len() > 2);
    for (id, segment) in segments.iter().enumerate() {
        assert_eq!(segment["id"], id);
        let (from, to) = (
            segment["start"].as_f64().unwrap(),
            segment["end"].as_f64().unwrap(),
        );
        assert!(end <= from && from <= to && to <= seconds, "{segment}");
        end = to;
    }
    let joined: Vec<&str> = segments
        .iter()
        .map(|s| s["text"].as_str().unwrap())
        .collect();
    assert_eq!(body["transcript"], joined.join(" "));
}

#[test]
fn stt_refuses_wrong_forms_and_files() {
    let client = client();
    let refused = |file: &[u8], fields: &[(&str, &str)], named: &str| {
        let answer = client.post_form("/voice/stt", file, fields);
        assert_eq!(answer.status, 400);
        assert!(answer.detail().contains(named), "{}", answer.detail());
    };
    refused(b"", &[], "file");
    refused(b"this is no recording", &[], "file");
    refused(b"RIFF\xff\xff\xff\xffWAVE", &[], "file");
    refused(b"x", &[("word_timestamps", "maybe")], "word_timestamps");
    let kind = Some("multipart/form-data; boundary=b");
    let no_file =
        b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--\r\n".to_vec();
    assert_eq!(client.send("POST", "/voice/stt", kind, no_file).status, 400);
    let cut =
        b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx".to_vec();
    assert_eq!(client.send("POST", "/voice/stt", kind, cut).status, 400);
    assert_eq!(client.post_json("/voice/stt", &json!({})).status, 415);
}

#[test]
fn keys_are_needed_and_forgotten_when_revoked() {
    let server = Server::shared();
    let client = server.client();
    for (path, key) in [
        ("/voice/voices", ""),
        ("/voice/history", "satryx_live_wrong"),
        ("/voice/voices", "x"),
    ] {
        assert_eq!(client.with_key(key).get(path).status, 401);
    }
    let made = command(
        &server.data,
        &["key", "create", "--account", "test", "--name", "second"],
    );
    let second = client.with_key(made["key"].as_str().unwrap());
    assert_eq!(
        second.get("/voice/voices").status,
        200,
        "a key made while the server runs works at once"
    );
    let id = made["key_id"].as_str().unwrap();
    let data = server.data.to_str().unwrap();
    assert!(
        crate::support::server::run(&["--data-dir", data, "key", "revoke", id])
            .status
            .success()
    );
    assert_eq!(second.get("/voice/voices").status, 401);
    let refused = client
        .with_key("")
        .post_json("/voice/tts", &json!({ "text": "a" }));
    assert_eq!(refused.status, 401, "before anything is read of the body");
}

#[test]
fn routes_methods_and_sizes_are_checked_first() {
    let client = client();
    assert_eq!(client.with_key("").get("/voice/nothing").status, 404);
    let wrong = client.get("/voice/tts");
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("POST")));
    let wrong = client.send("POST", "/healthz", Some("text/plain"), vec![]);
    assert_eq!(
        (wrong.status, wrong.header("allow")),
        (405, Some("GET, HEAD"))
    );
    let large = vec![b' '; 1024 * 1024 + 1];
    let answer = client.send("POST", "/voice/tts", Some("application/json"), large);
    assert_eq!(answer.status, 413);
    assert!(answer.detail().contains("1048576"), "{}", answer.detail());
}

#[test]
fn voices_are_those_that_can_be_spoken_here() {
    // Other tests clone voices for the shared account.
    let client = Server::shared().new_account("listener");
    let all = client.get("/voice/voices").json();
    let voices = all["voices"].as_array().unwrap();
    assert_eq!(
        voices.len(),
        56,
        "29 of English, 13 of five other languages, 14 of Africa; none of Japanese and Chinese"
    );
    for voice in voices {
        let code = voice["language"].as_str().unwrap();
        assert!(!["ja", "zh"].contains(&code), "{voice}");
        let african = voice["voice_id"]
            .as_str()
            .unwrap()
            .starts_with("vocabusta_");
        let category = if african { "vocabusta" } else { "premade" };
        let (engine, rate_hz) = match voice["voice_id"] == "piper_joe" {
            true => ("vits", 22_050),
            false => ("kokoro", 24_000),
        };
        assert_eq!(
            (&voice["category"], &voice["engine"], &voice["sample_rate"]),
            (&json!(category), &json!(engine), &json!(rate_hz))
        );
        let description = voice["description"].as_str().unwrap();
        assert_eq!(african, description.contains("experimental"), "{voice}");
    }
    let language = |code: &str| {
        let languages = all["languages"].as_array().unwrap();
        languages
            .iter()
            .find(|l| l["code"] == code)
            .cloned()
            .unwrap()
    };
    assert_eq!(
        language("en"),
        json!({ "code": "en", "name": "English", "tts": true, "stt": true, "dub": true })
    );
    for code in ["es", "fr", "hi", "it", "pt", "ha", "sw", "yo"] {
        assert_eq!(language(code)["tts"], true, "{code}");
    }
    assert_eq!(language("ja")["tts"], false);
    let swahili = client
        .get("/voice/voices?language=sw&category=vocabusta")
        .json();
    assert_eq!(swahili["voices"].as_array().unwrap().len(), 2);
    let british = client
        .get("/voice/voices?language=en-GB&category=premade")
        .json();
    assert_eq!(british["voices"].as_array().unwrap().len(), 8);
    let cloned = client.get("/voice/voices?category=cloned").json();
    assert_eq!(cloned["voices"], json!([]));
}

#[test]
fn history_shows_an_accounts_own_generations_newest_first() {
    let server = Server::shared();
    let client = server.new_account("historian");
    assert_eq!(
        client.get("/voice/history").json()["total"],
        0,
        "nothing of the other account"
    );
    for text in ["One.", "Two."] {
        assert_eq!(
            client
                .post_json("/voice/tts", &json!({ "text": text }))
                .status,
            200
        );
    }
    let wav = client
        .post_json("/voice/tts", &json!({ "text": "Three." }))
        .body;
    assert_eq!(client.post_form("/voice/stt", &wav, &[]).status, 200);
    let page = client
        .get("/voice/history?limit=2&offset=1&feature=tts")
        .json();
    assert_eq!(
        (&page["total"], &page["limit"], &page["offset"]),
        (&json!(3), &json!(2), &json!(1))
    );
    let items = page["items"].as_array().unwrap();
    assert_eq!(
        items
            .iter()
            .map(|i| i["text"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["Two.", "One."]
    );
    let item = &items[0];
    assert_eq!(
        (&item["status"], &item["voice_id"], &item["key_name"]),
        (&json!("ok"), &json!("af_heart"), &json!("k"))
    );
    assert!(
        item["latency_ms"].as_u64().unwrap() > 0
            && item["duration_seconds"].as_f64().unwrap() > 0.2
    );
    let newest = &client.get("/voice/history").json()["items"][0];
    assert_eq!(
        (&newest["feature"], &newest["engine"]),
        (&json!("stt"), &json!("whisper"))
    );
    for wrong in [
        "limit=0",
        "limit=201",
        "limit=x",
        "offset=-1",
        "feature=sing",
    ] {
        assert_eq!(
            client.get(&format!("/voice/history?{wrong}")).status,
            400,
            "{wrong}"
        );
    }
}

#[test]
fn health_needs_no_key_and_a_clients_request_id_is_kept() {
    let client = client().with_key("");
    assert_eq!(client.get("/healthz").status, 200);
    let ready = client.get("/readyz").json();
    assert_eq!(
        (&ready["speak"], &ready["transcribe"]),
        (&json!("kokoro"), &json!("whisper-base"))
    );
    let ids: Vec<String> = (0..2)
        .map(|_| {
            client
                .get("/healthz")
                .header("x-request-id")
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_box_without_fetched_models_says_so() {
    let server = Server::start();
    let client = server.client();
    assert_eq!(
        client
            .post_json("/voice/tts", &json!({ "text": "a" }))
            .status,
        503
    );
    assert_eq!(client.post_form("/voice/stt", b"x", &[]).status, 503);
    assert_eq!(client.get("/readyz").status, 503);
    assert_eq!(client.get("/healthz").status, 200);
    assert_eq!(client.get("/voice/voices").json()["voices"], json!([]));
}
