//! Requests that render, and requests for their jobs and files.

use std::fs;

use super::{Recording, job, nested, wav};
use crate::support::server::models;

const RENDER: &str = "/voice/dub/render";

/// Records these requests.
pub fn rendering(record: &mut Recording) {
    let fine = r#"{"start":0,"end":0.04,"text":"Well."}"#;
    let wav = wav();
    let noise: Option<&[u8]> = Some(b"noise");
    for segments in [
        "",
        "[",
        "{}",
        "5",
        "null",
        "\"a\"",
        "[]",
        "[1]",
        "[null]",
        "[{}]",
        "[{}] x",
        "[{},]",
        r#"[{"start":0}]"#,
        r#"[{"start":null,"end":1,"text":"a"}]"#,
        r#"[{"start":"0","end":1,"text":"a"}]"#,
        r#"[{"start":-1,"end":1,"text":"a"}]"#,
        r#"[{"start":0,"end":100001,"text":"a"}]"#,
        r#"[{"start":2,"end":1,"text":5}]"#,
        r#"[{"start":1,"end":1}]"#,
        r#"[{"start":0,"end":1}]"#,
        r#"[{"start":0,"end":1,"text":5}]"#,
        r#"[{"start":0,"end":1,"text":"a","speaker":5}]"#,
        r#"[{"start":0,"end":1,"text":"a","id":[]}]"#,
        r#"[{"start":0,"end":1,"text":"a","id":true}]"#,
        r#"[{"start":0,"end":1,"text":"a","id":null}]"#,
        r#"[{"start":0,"end":1,"text":"a","id":"x","id":{}}]"#,
        r#"[{"start":0,"end":1,"text":"a","id":1},{"start":1,"end":2,"text":"a","id":1}]"#,
        r#"[{"start":0,"end":1,"text":"a","id":1},{"start":1,"end":2,"text":"a","id":"1"}]"#,
        r#"[{"start":0,"end":1,"text":"a","id":"x"},{"start":1,"end":2,"text":"a","id":"x"}]"#,
        r#"[{"start":0,"end":1,"text":"a","id":1.0},{"start":1,"end":2,"text":"a","id":1.0}]"#,
        r#"[{"start":0,"end":1.5,"text":"a"},{"start":1,"end":2,"text":"a"}]"#,
        r#"[{"start":0,"end":1.0005,"text":"a"},{"start":1,"end":2,"text":"a","speaker":null}]"#,
        r#"[{"start":0,"end":1,"text":"a","x":1e999}]"#,
        r#"[{"start":0,"end":1,"text":"a","x":"\ud800"}]"#,
        "[{\"start\":0,\n\"end\":}]",
    ] {
        record.form(RENDER, &[("segments", segments)], noise);
    }
    let line = |at: usize, more: &str| format!(r#"{{"start":{at},"end":{at}.5,"text":"a"{more}}}"#);
    let lines = |count: usize| {
        let all: Vec<String> = (0..count).map(|at| line(at, "")).collect();
        format!("[{}]", all.join(","))
    };
    record.form(RENDER, &[("segments", &lines(2_000))], noise);
    record.form(RENDER, &[("segments", &lines(2_001))], noise);
    record.form(
        RENDER,
        &[("segments", &format!("[{}]", vec!["{}"; 9_000].join(",")))],
        noise,
    );
    let name = "é".repeat(101);
    for more in [
        format!(r#","speaker":"{name}""#),
        format!(r#","id":"{name}""#),
        format!(r#","id":[],"speaker":"{name}""#),
        format!(r#","text":"{}""#, "é".repeat(5_001)),
        format!(r#","text":"{}","speaker":5"#, "é".repeat(5_001)),
    ] {
        record.form(
            RENDER,
            &[("segments", &format!("[{}]", line(0, &more)))],
            noise,
        );
    }
    for depth in [125, 126, 127] {
        let more = format!(r#","x":{}"#, nested(depth));
        record.form(
            RENDER,
            &[("segments", &format!("[{}]", line(0, &more)))],
            noise,
        );
    }
    let list = format!("[{fine}]");
    for map in [
        "",
        " ",
        "null",
        "[]",
        "{}",
        "5",
        "{",
        r#"{"a":1}"#,
        r#"{"a":"b","a":5}"#,
        r#"{"a":null}"#,
        r#"{"SPEAKER_00":"nobody"}"#,
        r#"{"SPEAKER_00":"af_heart"} x"#,
        r#"{"a":"\ud800"}"#,
        "{5:1}",
        r#"{"a":{}}"#,
        r#"{"a":"1","a":"af_heart"}"#,
        "\"a\"",
        "true",
        "{\n\"a\":\n[]}",
    ] {
        record.form(RENDER, &[("segments", &list), ("voice_map", map)], noise);
    }
    let speakers = |count: usize| {
        let all: Vec<String> = (0..count)
            .map(|n| format!(r#""s{n}":"af_heart""#))
            .collect();
        all.join(",")
    };
    for map in [
        format!("{{{}}}", speakers(256)),
        format!("{{{}}}", speakers(257)),
        format!("{{{},{}}}", speakers(200), speakers(200)),
        format!("{{{},{}}}", speakers(300), speakers(300)),
        format!("{{{},\"x\":1}}", speakers(300)),
    ] {
        record.form(RENDER, &[("segments", &list), ("voice_map", &map)], noise);
    }
    record.form(RENDER, &[], noise);
    record.form(RENDER, &[("voice_map", "[]")], noise);
    record.form(RENDER, &[("segments", "[]"), ("voice_map", "[]")], noise);
    for (name, value) in [
        ("keep_background", "maybe"),
        ("keep_background", "off"),
        ("audio_codec", "mp9"),
        ("audio_codec", "aac"),
        ("target_language", "xx"),
        ("target_language", "yo"),
        ("target_language", "auto"),
    ] {
        let fields = [
            ("segments", list.as_str()),
            ("voice_map", r#"{"SPEAKER_00":"af_heart"}"#),
            (name, value),
        ];
        record.form(RENDER, &fields, noise);
    }
    record.form(
        RENDER,
        &[("segments", &list), ("target_language", "xx")],
        None,
    );
    record.form(
        RENDER,
        &[("segments", &list), ("target_language", "en")],
        None,
    );
    record.form(
        RENDER,
        &[("segments", &list), ("target_language", "en")],
        Some(b""),
    );
    let voices = r#"{"SPEAKER_00":"af_heart"}"#;
    let named = r#"[{"start":0,"end":0.04,"text":"Well.","id":1.50},{"start":0.05,"end":0.09,"text":"Yes.","id":"two"}]"#;
    let fields = [
        ("segments", named),
        ("voice_map", voices),
        ("target_language", "en"),
    ];
    let taken = record.form(RENDER, &fields, Some(&wav));
    job(record, &taken);
    let film = fs::read(models().join("test-video/frames.mp4")).unwrap();
    let fields = [("segments", list.as_str()), ("voice_map", voices)];
    let taken = record.form(RENDER, &fields, Some(&film));
    job(record, &taken);
    let id = taken.json()["job_id"].as_str().unwrap().to_owned();
    for path in [
        "subtitles",
        "subtitles?format=vtt",
        "subtitles?format=doc",
        "subtitles?format=VTT",
    ] {
        record.get(&format!("/voice/dub/jobs/{id}/{path}"));
    }
    record.ask("DELETE", &format!("/voice/dub/jobs/{id}"), None, Vec::new());
    record.get(&format!("/voice/dub/jobs/{id}"));
    record.get(&format!("/voice/dub/jobs/{id}/video"));
    record.get("/voice/dub/jobs/nothing");
}
