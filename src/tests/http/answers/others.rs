//! Requests that transcribe, clone, and list.

use serde_json::json;

use super::{Recording, job, wav};
use crate::http::cloning;

/// Records requests that transcribe.
pub fn listening(record: &mut Recording) {
    let wav = wav();
    for path in ["/voice/stt", "/voice/dub/analyze"] {
        record.form(path, &[], None);
        record.form(path, &[], Some(b""));
        record.form(path, &[], Some(b"noise"));
        for (name, value) in [
            ("word_timestamps", "maybe"),
            ("diarize", "maybe"),
            ("language", " EN "),
            ("language", "fail"),
            ("language", "Klingon"),
        ] {
            let answer = record.form(path, &[(name, value)], Some(&wav));
            if path != "/voice/stt" && answer.status == 200 {
                job(record, &answer);
            }
        }
        record.json(path, "{}");
    }
    record.form("/voice/stt", &[("prompt", "fail")], Some(&wav));
}

/// Records requests that list and delete.
pub fn lists(record: &mut Recording) {
    for path in [
        "/voice/voices",
        "/voice/voices?language=en&category=premade",
        "/voice/voices?language=yo",
        "/voice/voices?category=cloned",
        "/voice/voices?category=nothing",
        "/voice/voices/nobody/preview",
        "/voice/voices/af_heart/preview",
        "/voice/history?limit=0",
        "/voice/history?limit=201",
        "/voice/history?limit=x",
        "/voice/history?limit=",
        "/voice/history?limit=-1",
        "/voice/history?limit=%201",
        "/voice/history?limit=2&limit=0",
        "/voice/history?limit=0&limit=2",
        "/voice/history?limit=99999999999999999999999",
        "/voice/history?offset=100001",
        "/voice/history?offset=-1",
        "/voice/history?offset=x&limit=x",
        "/voice/history?feature=nothing",
        "/voice/history?feature=nothing&limit=0",
        "/voice/history?feature=",
        "/voice/history?junk=1&limit=1&offset=1&feature=tts",
        "/voice/history?limit=3",
        "/voice/history?limit=2&feature=dub",
        "/voice/history?limit=2&feature=stt",
        "/voice/history?limit=2&offset=1&feature=tts",
        "/voice/history?limit=200",
        "/voice/history?feature=clone",
        "/healthz",
        "/readyz",
        "/voice/nothing",
    ] {
        record.get(path);
    }
    for path in [
        "/voice/voices/af_heart",
        "/voice/voices/nobody",
        "/voice/voices/cloned_nobody",
        "/voice/history/nothing",
        "/voice/history/019aaaaa-0000-7000-8000-000000000000",
        "/voice/dub/jobs/nothing",
        "/voice/history",
    ] {
        record.ask("DELETE", path, None, Vec::new());
    }
    let newest = record.client.get("/voice/history?limit=1").json();
    let id = newest["items"][0]["id"].as_str().unwrap().to_owned();
    record.ask("DELETE", &format!("/voice/history/{id}"), None, Vec::new());
}

/// Records requests that clone.
pub fn clones(record: &mut Recording) {
    const CLONE: &str = "/voice/clone";
    let reader = cloning::reader();
    let (long, longer) = ("é".repeat(101), "é".repeat(1_001));
    for fields in [
        &[][..],
        &[("name", "")],
        &[("name", &*long)],
        &[("name", "a"), ("description", &*longer)],
        &[("name", "a"), ("consent", "maybe")],
        &[("name", "a"), ("language", "xx")],
        &[("name", "a")],
    ] {
        record.form(CLONE, fields, Some(b"noise"));
    }
    record.form(CLONE, &[("name", "a")], None);
    record.form(CLONE, &[("name", "a")], Some(b""));
    let fields = [("name", "A \"b\""), ("description", "é")];
    let made = record.form(CLONE, &fields, Some(&reader));
    let id = made.json()["voice_id"].as_str().unwrap().to_owned();
    for body in [
        json!({ "text": "Hi.", "voice_id": id }),
        json!({ "text": "Hi.", "voice_id": id, "language": "xx" }),
        json!({ "text": "Hi.", "voice_id": id, "language": "l".repeat(300) }),
        json!({ "text": "Hi.", "voice_id": id, "exaggeration": 0.5 }),
    ] {
        record.json("/voice/tts", body.to_string());
    }
    record.get("/voice/voices?category=cloned");
    record.get("/voice/history?feature=clone");
    record.ask("DELETE", &format!("/voice/voices/{id}"), None, Vec::new());
}
