//! Requests that speak, and bodies that are not valid requests.

use serde_json::json;

use super::{Recording, nested};

const TTS: &str = "/voice/tts";

/// Records bodies that are wrong or unusual for any JSON endpoint.
pub fn bodies(record: &mut Recording, path: &str) {
    for body in [
        "",
        " ",
        "{",
        "[",
        "[1]",
        "[1,",
        "\"a\"",
        "null",
        "5",
        "true",
        "-",
        "{}",
        "{} x",
        "{},",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "// a\n{}",
        "\u{feff}{}",
        "nul",
        "{\"text\":NaN}",
        "{\"text\":Infinity}",
        "{\"text\":\"\\ud800\"}",
        "{\"x\":\"\\ud800\"}",
        "{\"x\":\"\\q\"}",
        "{\"x\":\"a\nb\"}",
        "{\"x\":1e999}",
        "{\"x\":[1e999]}",
        "{\"x\":01}",
        "{\"x\":1.}",
        "{\"x\":+1}",
        "{\"x\":.5}",
        "{\"text\":5,\"x\":}",
        "{\"\\ud800\":1}",
        "{\n\"text\": tru}",
        "{\"x\":{\"y\":[1,2,{\"z\":}]}}",
        "{1:2}",
        "{\"x\":\"",
        "{\"x",
    ] {
        record.json(path, body);
    }
    record.json(path, b"{\"x\":\"\xff\"}".to_vec());
    record.json(path, b"{\"\xff\":1}".to_vec());
    for depth in [126, 127, 128, 5_000] {
        record.json(path, format!("{{\"x\":{}}}", nested(depth)));
        record.json(path, format!("{{\"text\":{}}}", nested(depth)));
    }
    for kind in [
        "text/plain",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/jsonl",
    ] {
        record.ask("POST", path, Some(kind), b"{}".to_vec());
    }
}

/// Records requests that speak.
pub fn speech(record: &mut Recording) {
    bodies(record, TTS);
    for body in [
        r#"{"text":"Hi."}"#,
        r#" { "te\u0078t" : "Hi." , "junk" : [1, {"a": null}] } "#,
        r#"{"text":"naïve 🎙 \u007f \u001f \"q\" \\"}"#,
        r#"{"text":null}"#,
        r#"{"text":5}"#,
        r#"{"text":true}"#,
        r#"{"text":[]}"#,
        r#"{"text":{}}"#,
        r#"{"text":""}"#,
        r#"{"text":" \n\t"}"#,
        r#"{"text":5,"text":"last"}"#,
        r#"{"text":"first","text":5}"#,
        r#"{"text":"first","text":null}"#,
        r#"{"text":"a","speed":0.5}"#,
        r#"{"text":"a","speed":2}"#,
        r#"{"text":"a","speed":2.0000001}"#,
        r#"{"text":"a","speed":0.49}"#,
        r#"{"text":"a","speed":-0.0}"#,
        r#"{"text":"a","speed":-3}"#,
        r#"{"text":"a","speed":1e2}"#,
        r#"{"text":"a","speed":1e308}"#,
        r#"{"text":"a","speed":18446744073709551616}"#,
        r#"{"text":"a","speed":18446744073709551615}"#,
        r#"{"text":"a","speed":"1"}"#,
        r#"{"text":"a","speed":null}"#,
        r#"{"text":"a","speed":false}"#,
        r#"{"text":"a","speed":[1]}"#,
        r#"{"text":"a","speed":{"a":1}}"#,
        r#"{"text":"a","speed":NaN}"#,
        r#"{"text":"a","speed":3,"speed":1}"#,
        r#"{"text":"a","stability":1.1}"#,
        r#"{"text":"a","stability":"x"}"#,
        r#"{"text":"a","similarity":-0.1}"#,
        r#"{"text":"a","similarity":[]}"#,
        r#"{"text":"a","exaggeration":2}"#,
        r#"{"text":"a","exaggeration":null,"cfg_weight":1.5}"#,
        r#"{"text":"a","cfg_weight":{}}"#,
        r#"{"text":"a","stability":0,"similarity":1,"exaggeration":0.25,"cfg_weight":0.75}"#,
        r#"{"text":"a","language":7}"#,
        r#"{"text":"a","language":"xx"}"#,
        r#"{"text":"a","voice_id":7}"#,
        r#"{"text":"a","voice_id":null}"#,
        r#"{"text":"a","voice_id":""}"#,
        r#"{"text":"a","voice_id":"nobody"}"#,
        r#"{"text":"a","voice_id":"cloned_nobody"}"#,
        r#"{"text":"a","voice_id":"af_heart+fail"}"#,
        r#"{"text":"a","voice_id":"af_heart:99+fail"}"#,
        r#"{"text":"a","voice_id":"fail"}"#,
        r#"{"text":"fail"}"#,
        // Of several wrong fields, the answer names one.
        r#"{"text":5,"speed":"x"}"#,
        r#"{"speed":"x","text":""}"#,
        r#"{"text":"a","speed":9,"language":7}"#,
        r#"{"text":"a","language":7,"exaggeration":9}"#,
        r#"{"text":"a","exaggeration":9,"cfg_weight":9}"#,
        r#"{"text":"a","cfg_weight":9,"voice_id":7}"#,
        r#"{"text":"a","voice_id":7,"stability":9}"#,
        r#"{"text":"a","stability":9,"similarity":9}"#,
        r#"{"text":"a","similarity":9,"voice_id":"nobody"}"#,
        r#"{"speed":9}"#,
    ] {
        record.json(TTS, body);
    }
    for text in [
        "a".repeat(5_000) + "b",
        " ".repeat(5_001),
        "é".repeat(5_001),
        "7".repeat(5_000),
        "a".repeat(4_000),
    ] {
        record.json(TTS, json!({ "text": text }).to_string());
        record.json(TTS, json!({ "text": text, "speed": "x" }).to_string());
    }
    let far =
        json!({ "text": "a", "language": "l".repeat(60_000), "voice_id": "v".repeat(60_000) });
    record.json(TTS, far.to_string());
    for (path, body) in [
        ("/voice/tts?format=flac", r#"{"text":"Hi."}"#),
        ("/voice/tts?format=none", r#"{"text":"Hi."}"#),
        ("/voice/tts?format=none", r#"{"text":""}"#),
        ("/voice/tts/stream", r#"{"text":"Hi you."}"#),
        ("/voice/tts/stream", r#"{"text":"Hi you.","speed":"fast"}"#),
        ("/voice/tts/stream", r#"{"text":"fail"}"#),
        ("/voice/tts/stream", "[]"),
    ] {
        record.json(path, body);
    }
    record.ask("GET", TTS, None, Vec::new());
}
