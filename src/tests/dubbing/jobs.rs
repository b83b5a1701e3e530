//! Dubbing jobs: analyses, and the life of a job.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::voice::{samples, wav};
use crate::support::client::Client;
use crate::support::process::{until, until_within};
use crate::support::raw::ask;
use crate::support::server::{Server, json as command, link, recording, stub_models};
use crate::support::wer::assert_words;

const ANALYZE: &str = "/voice/dub/analyze";

/// Submits an analysis; returns the id of its job.
pub fn analyze(client: &Client, file: &[u8], language: &str) -> String {
    let answer = client.post_form(ANALYZE, file, &[("language", language)]);
    assert_eq!(
        answer.status,
        200,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    answer.json()["job_id"].as_str().unwrap().to_owned()
}

/// The job's status, as the API answers it.
pub fn job(client: &Client, id: &str) -> Value {
    client.get(&format!("/voice/dub/jobs/{id}")).json()
}

/// Waits for the end of the job; up to five minutes, because requests of other tests have priority.
pub fn over(client: &Client, id: &str) -> Value {
    let mut seen = Value::Null;
    until_within(Duration::from_secs(300), "the job's end", || {
        seen = job(client, id);
        ["done", "error"].contains(&seen["status"].as_str().unwrap())
    });
    seen
}

/// The test recording, a reading of 44 s.
pub fn two_cities() -> Vec<u8> {
    fs::read(recording("two_cities.mp3")).unwrap()
}

/// Models with stub engines that transcribe, and real ones that detect speech and speakers.
pub fn stubs() -> tempfile::TempDir {
    let models = stub_models();
    link(models.path(), "speaker-campplus");
    link(models.path(), "segmentation-pyannote");
    models
}

#[test]
fn a_conversation_is_parted_into_lines_of_its_speakers() {
    let client = Server::shared().new_account("conversation");
    let lines = [
        (
            "af_heart",
            "Good morning. Did you see the new bridge across the river this week?",
        ),
        (
            "am_michael",
            "I did. They have worked on it for almost three years, and it looks very good.",
        ),
        (
            "af_heart",
            "My brother says that the trains will run over it from next month on.",
        ),
    ];
    let mut sound = Vec::new();
    let mut starts = Vec::new();
    for (voice, text) in lines {
        let spoken = client.post_json("/voice/tts", &json!({ "text": text, "voice_id": voice }));
        starts.push(sound.len() as f64 / 24_000.0);
        sound.extend(samples(&spoken.body));
        sound.extend([0; 14_400]);
    }
    let sound = sound.into_iter().map(|s| f32::from(s) / 32_768.0);
    let id = analyze(&client, &wav(24_000, sound), "auto");
    let done = over(&client, &id);
    assert_eq!(
        (&done["status"], &done["progress"]),
        (&json!("done"), &json!(1.0)),
        "{done}"
    );
    let result = &done["result"];
    assert_eq!(result["language"], "en");
    assert_eq!(result["speakers"], json!(["SPEAKER_00", "SPEAKER_01"]));
    let found = result["segments"].as_array().unwrap();
    let mut said = [String::new(), String::new(), String::new()];
    let mut end = 0.0;
    for (number, line) in found.iter().enumerate() {
        assert_eq!(line["id"], number);
        let (start_s, end_s) = (
            line["start"].as_f64().unwrap(),
            line["end"].as_f64().unwrap(),
        );
        assert!(
            end <= start_s && start_s < end_s && end_s - start_s <= 15.0,
            "{line}"
        );
        end = end_s;
        let turn = starts.iter().rposition(|at| *at <= start_s + 0.3).unwrap();
        let speaker = ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00"][turn];
        assert_eq!(line["speaker"], speaker, "{line}");
        assert!(!line["words"].as_array().unwrap().is_empty());
        said[turn] += &format!(" {}", line["text"].as_str().unwrap());
    }
    for ((_, text), heard) in lines.iter().zip(&said) {
        assert_words(text, heard, 10.0);
    }
    let item = &client.get("/voice/history?feature=dub&limit=1").json()["items"][0];
    assert_eq!(
        (&item["status"], &item["language"]),
        (&json!("ok"), &json!("en"))
    );
}

#[test]
fn a_job_that_was_killed_is_done_after_the_next_start() {
    let models = stubs();
    let hold = models.path().join("stub-transcribe/hold");
    fs::write(&hold, "").unwrap();
    let server = Server::launch(models.path(), &[]);
    let id = analyze(&server.client(), &two_cities(), "hold");
    let waits = analyze(&server.client(), &two_cities(), "en");
    until("the job", || {
        job(&server.client(), &id)["status"] == "processing"
    });
    assert_eq!(job(&server.client(), &waits)["status"], "queued");
    server.kill();
    fs::remove_file(&hold).unwrap();
    let again = Server::again(&server.data, &server.key, models.path(), &[]);
    for id in [&id, &waits] {
        let done = over(&again.client(), id);
        assert_eq!(done["status"], "done", "{done}");
        assert_eq!(
            done["result"]["duration_seconds"].as_f64().unwrap().round(),
            44.0
        );
    }
}

#[test]
fn a_job_that_ends_the_process_again_and_again_is_not_begun_for_ever_and_stops_do_not_count() {
    let models = stubs();
    let folder = models.path().join("stub-transcribe");
    fs::write(folder.join("hold"), "").unwrap();
    // Each attempt notes its start in a file.
    let starts = || {
        let held = fs::read_to_string(folder.join("held")).unwrap_or_default();
        held.lines().filter(|line| *line == "start").count()
    };
    let options = ["--drain-seconds", "0"];
    let server = Server::launch(models.path(), &options);
    let id = analyze(&server.client(), &two_cities(), "hold");
    let next = analyze(&server.client(), &two_cities(), "en");
    let mut servers = vec![server];
    for (attempt, end) in ["stop", "kill", "stop", "kill"].into_iter().enumerate() {
        until("the job", || starts() > attempt);
        let server = &servers[attempt];
        match end {
            "stop" => assert_eq!(server.stop(), Some(0)),
            _ => server.kill(),
        }
        servers.push(Server::again(
            &server.data,
            &server.key,
            models.path(),
            &options,
        ));
    }
    let client = servers[4].client();
    let ended = over(&client, &id);
    assert_eq!(ended["status"], "error", "{ended}");
    let error = ended["error"].as_str().unwrap();
    assert!(error.contains("not begun again"), "{error}");
    assert_eq!(starts(), 4, "it was not begun again");
    assert_eq!(over(&client, &next)["status"], "done");
}

#[test]
fn deleting_ends_a_job_and_other_accounts_have_none_of_it() {
    let models = stubs();
    let hold = models.path().join("stub-transcribe/hold");
    fs::write(&hold, "").unwrap();
    let server = Server::launch(models.path(), &["--jobs-max", "2"]);
    let client = server.client();
    let id = analyze(&client, &two_cities(), "hold");
    until("the job", || job(&client, &id)["status"] == "processing");
    let other = server.new_account("other");
    let path = format!("/voice/dub/jobs/{id}");
    assert_eq!(other.get(&path).status, 404);
    assert_eq!(other.send("DELETE", &path, None, vec![]).status, 404);
    let waits = analyze(&client, &two_cities(), "en");
    let refused = client.post_form(ANALYZE, &two_cities(), &[]);
    assert_eq!(refused.status, 503);
    assert!(refused.header("retry-after").is_some());
    assert!(
        refused.detail().contains("of at most 2"),
        "{}",
        refused.detail()
    );
    // Only the deletion can end the held job.
    assert_eq!(client.send("DELETE", &path, None, vec![]).status, 200);
    assert_eq!(client.get(&path).status, 404);
    assert_eq!(over(&client, &waits)["status"], "done");
    let folders = fs::read_dir(server.data.join("jobs")).unwrap().count();
    assert_eq!(
        folders, 1,
        "the files of the deleted job and of the refused one are gone"
    );
}

#[test]
fn a_job_that_fails_says_why_and_what_is_no_recording_is_refused() {
    let models = stubs();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    for word in ["fail", "panic"] {
        let failed = over(&client, &analyze(&client, &two_cities(), word));
        assert_eq!(
            (&failed["status"], &failed["result"]),
            (&json!("error"), &Value::Null)
        );
        let why = failed["error"].as_str().unwrap();
        assert!(why.contains("engine") && !why.contains("told to"), "{why}");
    }
    for (file, language, why) in [
        (&b"no film"[..], "en", "file is text, which is no recording"),
        (&two_cities(), "Klingon", "language is not known here"),
    ] {
        let refused = client.post_form(ANALYZE, file, &[("language", language)]);
        assert_eq!(refused.status, 400);
        assert!(refused.detail().contains(why), "{}", refused.detail());
    }
    // Packets that claim hours of silence or of a still picture.
    let silence: Vec<u32> = (0..300).map(|packet| packet * 50_000).collect();
    let failed = over(&client, &analyze(&client, &webm(2, &silence), "en"));
    let why = failed["error"].as_str().unwrap();
    assert!(why.contains(" bytes and claims "), "{why}");
    let still = webm(1, &[0, 14_399_000]);
    assert!(still.len() < 364, "{}", still.len());
    let lines = r#"[{"start": 1, "end": 2, "text": "a"}]"#;
    let refused = client.post_form("/voice/dub/render", &still, &[("segments", lines)]);
    assert_eq!(refused.status, 400);
    assert!(
        refused.detail().contains("claims 28798.0 s"),
        "{}",
        refused.detail()
    );
    // A job's input is deleted after its end is visible; when the next job runs, that has happened.
    over(&client, &analyze(&client, &two_cities(), "en"));
    let folders = fs::read_dir(server.data.join("jobs")).unwrap().count();
    assert_eq!(folders, 1, "what failed or was refused keeps no files");
}

#[test]
fn polling_costs_nothing() {
    let models = stubs();
    let server = Server::launch(models.path(), &[]);
    let minute = [
        "key",
        "create",
        "--account",
        "test",
        "--name",
        "slow",
        "--rpm",
        "1",
    ];
    let key = command(&server.data, &minute);
    let client = server.client().with_key(key["key"].as_str().unwrap());
    let id = analyze(&client, &two_cities(), "en");
    // The key's only token of this minute is spent.
    assert_eq!(client.get("/voice/voices").status, 429);
    assert_eq!(over(&client, &id)["status"], "done");
    assert_eq!(client.get("/voice/voices").status, 429);
}

#[test]
fn a_job_gives_its_worker_to_a_request_that_comes() {
    let models = stubs();
    let hold = models.path().join("stub-transcribe/hold");
    fs::write(&hold, "").unwrap();
    let server = Server::launch(models.path(), &["--lanes", "1"]);
    let client = server.client();
    let id = analyze(&client, &two_cities(), "hold");
    until("the job", || job(&client, &id)["status"] == "processing");
    // The job occupies the only worker, or soon will.
    let answer = client.post_form("/voice/stt", &two_cities(), &[("language", "en")]);
    assert_eq!(answer.status, 200);
    assert_eq!(job(&client, &id)["status"], "processing");
    fs::remove_file(&hold).unwrap();
    assert_eq!(over(&client, &id)["status"], "done");
}

#[test]
fn what_is_said_in_another_language_is_there_in_english_too() {
    let client = Server::shared().new_account("spanish");
    let text = "Buenos días a todos. Mañana vamos a visitar el museo con nuestros amigos.";
    let ask = json!({ "text": text, "voice_id": "ef_dora" });
    let spoken = client.post_json("/voice/tts", &ask);
    let done = over(&client, &analyze(&client, &spoken.body, "auto"));
    let result = &done["result"];
    assert_eq!(result["language"], "es", "{done}");
    let segments = result["segments"].as_array().unwrap();
    let joined = |field: &str| {
        let texts = segments.iter().filter_map(|s| s[field].as_str());
        texts.collect::<Vec<_>>().join(" ")
    };
    assert_words(text, &joined("text"), 20.0);
    assert_words(
        "Good morning to all of you. Tomorrow we are going to visit the museum with our friends.",
        &joined("text_en"),
        20.0,
    );
    assert!(segments.iter().all(|s| s["language"] == "es"));
}

#[test]
fn an_accounts_quotas_are_checked_before_the_upload_and_are_its_own() {
    let models = stubs();
    let server = Server::launch(models.path(), &[]);
    let other = server.new_account("other");
    let set = |more: &[&str]| command(&server.data, &[&["account", "set", "test"], more].concat());
    let account = set(&["--quota-jobs", "0"]);
    assert_eq!(account["quota_jobs"], 0);
    // The head of an upload that never comes.
    let refused = |bytes: u64| {
        let head = format!(
            "POST {ANALYZE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
             Content-Type: multipart/form-data; boundary=X\r\nContent-Length: {bytes}\r\n\r\n",
            server.key
        );
        let answer = ask(server.addr, head);
        assert!(answer.header("retry-after").is_some());
        answer.is_refusal(503);
        String::from_utf8(answer.body).unwrap()
    };
    assert!(refused(1_000).contains("of at most 0"));
    analyze(&other, &two_cities(), "en");
    set(&["--quota-jobs", "default", "--quota-dub-disk", "1MiB"]);
    assert!(refused(2 << 20).contains("of at most 1048576"));
    // What the head does not tell, the file does.
    set(&["--quota-dub-disk", "default", "--quota-dub-hours", "0"]);
    let late = server.client().post_form(ANALYZE, &two_cities(), &[]);
    assert_eq!(late.status, 503);
    assert!(
        late.detail().contains("hours of sound"),
        "{}",
        late.detail()
    );
    set(&["--quota-dub-hours", "default"]);
    analyze(&server.client(), &two_cities(), "en");
    let list = command(&server.data, &["account", "list"]);
    let of = |name: &str| {
        list.as_array()
            .unwrap()
            .iter()
            .find(|a| a["name"] == name)
            .cloned()
    };
    assert_eq!(of("test").unwrap()["quota_jobs"], Value::Null);
    assert_eq!(of("other").unwrap()["quota_dub_hours"], Value::Null);
}

/// A WebM of one track, pictures (1) or sound (2), with a small packet at each of these milliseconds.
fn webm(kind: u8, packets_ms: &[u32]) -> Vec<u8> {
    fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
        let bytes = (content.len() as u32 | 1 << 28).to_be_bytes();
        [id, &bytes, content].concat()
    }
    let clusters = packets_ms.iter().map(|ms| {
        let block = element(b"\xA3", &[0x81, 0, 0, 0x80, 0, 0, 0, 0]);
        let time = element(b"\xE7", &ms.to_be_bytes());
        element(b"\x1F\x43\xB6\x75", &[time, block].concat())
    });
    let sound = [
        element(b"\xB5", &16_000_f32.to_be_bytes()),
        element(b"\x9F", &[1]),
        element(b"\x62\x64", &[16]),
    ];
    let codec: &[u8] = match kind {
        1 => b"V_VP8",
        _ => b"A_PCM/INT/LIT",
    };
    let track = [
        element(b"\xD7", &[1]),
        element(b"\x73\xC5", &[1]),
        element(b"\x83", &[kind]),
        element(b"\x86", codec),
        element(b"\xE1", &sound.concat()),
    ];
    let info = [
        element(b"\x2A\xD7\xB1", &1_000_000_u32.to_be_bytes()),
        element(b"\x4D\x80", b"x"),
        element(b"\x57\x41", b"x"),
    ];
    let segment = [
        element(b"\x15\x49\xA9\x66", &info.concat()),
        element(b"\x16\x54\xAE\x6B", &element(b"\xAE", &track.concat())),
        clusters.flatten().collect(),
    ];
    [
        element(b"\x1A\x45\xDF\xA3", &element(b"\x42\x82", b"webm")),
        element(b"\x18\x53\x80\x67", &segment.concat()),
    ]
    .concat()
}
