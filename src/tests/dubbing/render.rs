//! Renders, from a film in one language to the same film in another.

use std::fs::{self, File};
use std::io::Cursor;

use serde_json::{Value, json};
use vocabox::audio::encode::Codec;
use vocabox::audio::{Clip, decode, encode, pcm};
use vocabox::media::{self, TrackWriter};

use crate::dubbing::films::{film, packets};
use crate::dubbing::jobs::{analyze, job, over, stubs};
use crate::http::voice::{samples, wav};
use crate::support::client::{Client, HttpAnswer};
use crate::support::server::Server;
use crate::support::wer::assert_words;

const RENDER: &str = "/voice/dub/render";

/// The fields of a render that stub engines can do: two lines, and a stock voice for their speaker.
pub fn order() -> Vec<(&'static str, String)> {
    let segments = json!([
        { "id": 0, "start": 0.0, "end": 0.04, "text": "Well.", "speaker": "SPEAKER_00" },
        { "id": 1, "start": 0.05, "end": 0.09, "text": "Yes.", "speaker": "SPEAKER_00" },
    ]);
    vec![
        ("segments", segments.to_string()),
        ("voice_map", json!({ "SPEAKER_00": "af_heart" }).to_string()),
        ("target_language", "en".to_owned()),
    ]
}

/// A form of `file` and `fields`, with the boundary `b`.
pub fn form(file: &[u8], fields: &[(&str, String)]) -> Vec<u8> {
    let part =
        |name: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
    let fields = fields
        .iter()
        .map(|(name, value)| part(name) + value + "\r\n");
    let mut body = fields.collect::<String>().into_bytes();
    body.extend(part("file\"; filename=\"a.bin").into_bytes());
    body.extend(file);
    body.extend_from_slice(b"\r\n--b--\r\n");
    body
}

fn render(client: &Client, file: &[u8], fields: &[(&str, String)]) -> HttpAnswer {
    let kind = Some("multipart/form-data; boundary=b");
    client.send("POST", RENDER, kind, form(file, fields))
}

/// Submits a render; returns the id of its job.
pub fn taken(client: &Client, file: &[u8], fields: &[(&str, String)]) -> String {
    let answer = render(client, file, fields);
    let said = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, 200, "{said}");
    answer.json()["job_id"].as_str().unwrap().to_owned()
}

/// Submits a render and waits until it is done; returns the id of its job.
pub fn rendered(client: &Client, file: &[u8], fields: &[(&str, String)]) -> String {
    let id = taken(client, file, fields);
    let done = over(client, &id);
    assert_eq!(done["status"], "done", "{done}");
    id
}

/// The file at a URL of a job's result.
pub fn download(client: &Client, url: &Value) -> Vec<u8> {
    let answer = client.get(url.as_str().unwrap());
    assert_eq!(answer.status, 200);
    let length = answer.header("content-length").unwrap();
    assert_eq!(length, answer.body.len().to_string());
    assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    answer.body
}

/// The film called `name` with other sound.
pub fn film_with(name: &str, channels: usize, sound: &[f32]) -> Vec<u8> {
    let mut track = TrackWriter::new(tempfile::tempfile().unwrap(), channels, Codec::Opus).unwrap();
    track.push(sound).unwrap();
    let track = track.finish("por").unwrap();
    let mut out = tempfile::NamedTempFile::new().unwrap();
    media::replace_audio(
        File::open(film(name)).unwrap(),
        &track,
        None,
        out.as_file_mut(),
    )
    .unwrap();
    fs::read(out.path()).unwrap()
}

fn decoded(bytes: Vec<u8>) -> Clip {
    pcm::read_all(&mut decode::open(Cursor::new(bytes), 600.0).unwrap()).unwrap()
}

/// A Portuguese conversation of two speakers at 48 kHz, and the seconds at which each turn begins.
fn talk(client: &Client) -> (Vec<f32>, Vec<f64>) {
    let lines = [
        (
            "pf_dora",
            "Bom dia. Você viu a nova ponte sobre o rio esta semana?",
        ),
        (
            "pm_alex",
            "Sim, eu vi a ponte. Eles trabalharam nela por quase três anos.",
        ),
        (
            "pf_dora",
            "Meu irmão diz que os trens vão passar pela ponte no próximo mês.",
        ),
    ];
    let mut sound: Vec<f32> = vec![0.0; 24_000];
    let mut turns = Vec::new();
    for (voice, text) in lines {
        let spoken = client.post_json("/voice/tts", &json!({ "text": text, "voice_id": voice }));
        assert_eq!(spoken.status, 200);
        turns.push(sound.len() as f64 / 48_000.0);
        let spoken = samples(&spoken.body).into_iter();
        // From 24 to 48 kHz by repeating samples, good enough for a recognizer.
        sound.extend(spoken.flat_map(|s| [f32::from(s) / 32_768.0; 2]));
        sound.extend([0.0; 30_000]);
    }
    (sound, turns)
}

#[test]
fn a_film_speaks_another_language_and_keeps_its_picture() {
    let server = Server::shared();
    let client = server.new_account("film");
    let (sound, turns) = talk(&client);
    let seconds = sound.len() as f64 / 48_000.0;
    let film = film_with("frames.mp4", 1, &sound);
    let analysed = over(&client, &analyze(&client, &film, "pt"));
    assert_eq!(analysed["status"], "done", "{analysed}");
    let analysis = &analysed["result"];
    assert_eq!(analysis["language"], "pt");
    // No translator is fetched by default, so the recognizer has also written English.
    let asked = json!({ "segments": analysis["segments"], "target_language": "en" });
    let translated = client.post_json("/voice/dub/translate", &asked);
    let said = String::from_utf8_lossy(&translated.body);
    assert_eq!(translated.status, 200, "{said}");
    let mut segments = translated.json()["segments"].clone();
    let mut english = String::new();
    for (line, before) in segments
        .as_array()
        .unwrap()
        .iter()
        .zip(analysis["segments"].as_array().unwrap())
    {
        assert_eq!(
            (&line["start"], &line["speaker"]),
            (&before["start"], &before["speaker"])
        );
        english += &format!(" {}", line["text"].as_str().unwrap());
    }
    // A client may correct the speakers that the analysis found.
    for line in segments.as_array_mut().unwrap() {
        let start = line["start"].as_f64().unwrap() + 0.3;
        let turn = turns.iter().rposition(|at| *at <= start).unwrap();
        line["speaker"] = format!("SPEAKER_{:02}", turn % 2).into();
    }
    assert!(english.to_lowercase().contains("bridge"), "{english}");
    let mut order = vec![
        ("segments", segments.to_string()),
        ("voice_map", json!({ "SPEAKER_00": "af_heart" }).to_string()),
        ("target_language", "en".to_owned()),
    ];
    let id = rendered(&client, &film, &order);
    let result = job(&client, &id)["result"].clone();
    assert!(
        (result["duration_seconds"].as_f64().unwrap() - seconds).abs() < 0.05,
        "{result}"
    );
    let mut end = 0.0;
    for (line, asked) in result["segments"]
        .as_array()
        .unwrap()
        .iter()
        .zip(segments.as_array().unwrap())
    {
        let number = |name: &str| line[name].as_f64().unwrap();
        assert!((number("spoken_start") - asked["start"].as_f64().unwrap()).abs() < 0.15);
        assert!(
            end <= number("spoken_start") && number("spoken_start") < number("spoken_end"),
            "{line}"
        );
        end = number("spoken_end");
        let voice = line["voice_id"].as_str().unwrap();
        match line["speaker"].as_str().unwrap() {
            "SPEAKER_00" => assert_eq!(voice, "af_heart"),
            // An imitation of the speaker or, with too little speech for that, a voice of similar pitch.
            _ => assert!(
                voice == "source:SPEAKER_01" || voice.starts_with("am_"),
                "{voice}"
            ),
        }
    }
    // The picture is the same, byte for byte.
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("a.mp4"), folder.path().join("b.mp4"));
    fs::write(&before, &film).unwrap();
    let video = download(&client, &result["video_url"]);
    fs::write(&after, &video).unwrap();
    assert!(packets(&before) == packets(&after));
    // The transcript of the result is the translation, and the lines begin where they did.
    let heard = client
        .post_form("/voice/stt", &video, &[("language", "en")])
        .json();
    assert_words(&english, heard["transcript"].as_str().unwrap(), 15.0);
    let track = decoded(download(&client, &result["audio_url"]));
    assert_eq!(track.rate_hz, 48_000);
    assert!((track.seconds() - seconds).abs() < 0.05);
    let srt = String::from_utf8(download(&client, &result["subtitles_url"])).unwrap();
    assert!(
        srt.starts_with("1\n00:00:00,") && srt.contains(" --> "),
        "{srt}"
    );
    // The next render speaks only the lines that changed.
    let lines = result["segments"].as_array().unwrap().len();
    let mut changed = segments;
    changed[0]["text"] = "Something else, my friend, is said here now.".into();
    order[0].1 = changed.to_string();
    let again = job(&client, &rendered(&client, &film, &order))["result"].clone();
    assert_eq!(again["lines_spoken"], 1, "{again}");
    assert_eq!(again["lines_reused"], lines - 1, "{again}");
}

#[test]
fn a_disk_that_is_full_ends_the_render_and_nothing_else() {
    let models = stubs();
    let server = Server::launch_on_full_disk(4 << 20, models.path());
    let client = server.client();
    let tone = |n: u32| (n as f32 * 0.05).sin();
    let sound = |seconds: u32| wav(16_000, (0..16_000 * seconds).map(tone));
    // The upload fits on the disk, and the new track does not.
    let id = taken(&client, &sound(60), &order());
    let done = over(&client, &id);
    assert_eq!(done["status"], "error", "{done}");
    let full = "The disk of this server is full: its operator has to make room.";
    assert_eq!(done["error"], full);
    // A little more than fits: the server reads the rest of a refused upload, or the answer could be lost
    // (`DRAIN_BYTES_MAX`).
    assert_eq!(render(&client, &sound(135), &order()).status, 503);
    rendered(&client, &sound(2), &order());
    assert!(!server.data.join("jobs").join(&id).exists(), "it gave room");
    let body = json!({ "text": "Well.", "voice_id": "af_heart" });
    assert_eq!(client.post_json("/voice/tts", &body).status, 200);
}

#[test]
fn what_was_rendered_is_sent_in_parts_to_its_account_only() {
    let models = stubs();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    let sound = wav(16_000, (0..32_000).map(|n| (n as f32 * 0.05).sin() * 0.1));
    let id = rendered(&client, &sound, &order());
    let done = job(&client, &id);
    assert_eq!(
        done["result"]["video_url"],
        Value::Null,
        "there is no picture"
    );
    let path = |what: &str| format!("/voice/dub/jobs/{id}/{what}");
    assert_eq!(client.get(&path("video")).status, 404);
    let whole = client.get(&path("audio"));
    let tag = whole.header("etag").unwrap().to_owned();
    let bytes = whole.body.len();
    // The samples, before the mark at the file's end.
    assert_eq!(whole.body[40..44], (2 * 96_000_u32).to_le_bytes());
    let part = |range: &str, more: &[(&str, &str)]| {
        let headers = [&[("Range", range)], more].concat();
        client.send_with("GET", &path("audio"), None, vec![], &headers)
    };
    for (range, from, to) in [
        ("bytes=0-43", 0, 44),
        ("bytes=100-", 100, bytes),
        ("bytes=-7", bytes - 7, bytes),
    ] {
        let answer = part(range, &[]);
        assert_eq!(answer.status, 206);
        assert!(answer.body == whole.body[from..to], "{range}");
        let told = format!("bytes {from}-{}/{bytes}", to - 1);
        assert_eq!(answer.header("content-range"), Some(told.as_str()));
    }
    assert_eq!(part("bytes=0-1", &[("If-Range", &tag)]).status, 206);
    assert_eq!(
        part("bytes=0-1", &[("If-Range", "\"old\"")]).body.len(),
        bytes
    );
    let beyond = part("bytes=999999999-", &[]);
    assert_eq!(beyond.status, 416);
    let told = format!("bytes */{bytes}");
    assert_eq!(beyond.header("content-range"), Some(told.as_str()));
    let vtt = client.get(&path("subtitles?format=vtt"));
    assert!(vtt.body.starts_with(b"WEBVTT\n"));
    assert_eq!(
        client.get(&path("subtitles")).header("content-type"),
        Some("application/x-subrip; charset=utf-8")
    );
    let other = server.new_account("other");
    for what in ["video", "audio", "subtitles"] {
        assert_eq!(other.get(&path(what)).status, 404, "{what}");
    }
    client.send("DELETE", &format!("/voice/dub/jobs/{id}"), None, vec![]);
    assert_eq!(client.get(&path("audio")).status, 404);
}

#[test]
fn wrong_renders_are_refused_at_once() {
    let models = stubs();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    let sound = encode::wav(&[0.1; 16_000], 16_000).unwrap();
    let with = |name: &'static str, value: &str| {
        let mut fields = order();
        fields.retain(|(field, _)| *field != name);
        fields.push((name, value.to_owned()));
        let answer = render(&client, &sound, &fields);
        assert!(answer.status >= 400, "{name}={value}: {}", answer.status);
        (answer.status, answer.detail())
    };
    let late = json!([{ "start": 8.0, "end": 9.0, "text": "a" }]).to_string();
    let crossed = json!([{ "start": 0.0, "end": 0.5, "text": "a" }, { "start": 0.4, "end": 0.6, "text": "a" }]);
    for (name, value, status, says) in [
        ("segments", "", 400, "segments"),
        ("segments", "[]", 400, "segments has 0"),
        ("segments", &late, 400, "the file ends at 1"),
        ("segments", &crossed.to_string(), 400, "segments[1].start"),
        ("voice_map", "[]", 400, "voice_map"),
        ("voice_map", r#"{"SPEAKER_00":"nobody"}"#, 404, "voice_id"),
        (
            "voice_map",
            r#"{"SPEAKER_00":"cloned_00000000000000000000000000000000"}"#,
            404,
            "voice_id",
        ),
        ("target_language", "tlh", 400, "target_language"),
        ("audio_codec", "mp3", 400, "audio_codec"),
        ("keep_background", "perhaps", 400, "keep_background"),
    ] {
        let (answered, detail) = with(name, value);
        assert_eq!(answered, status, "{name}={value}: {detail}");
        assert!(detail.contains(says), "{name}={value}: {detail}");
    }
    let webm = fs::read(film("film.webm")).unwrap();
    let mut fields = order();
    fields.push(("audio_codec", "AAC".to_owned()));
    let refused = render(&client, &webm, &fields);
    assert_eq!(refused.status, 400);
    let says = "audio_codec aac cannot be in a WebM or Matroska file; opus is accepted";
    assert_eq!(refused.detail(), says);
    // No voice speaks the language, and no voice is named.
    let mut fields = order();
    fields[1].1 = "{}".to_owned();
    fields[2].1 = "zu".to_owned();
    let refused = render(&client, &sound, &fields);
    assert_eq!(refused.status, 503);
    assert!(refused.detail().contains("zu"), "{}", refused.detail());
    assert_eq!(render(&client, b"no film", &order()).status, 400);
    let left = fs::read_dir(server.data.join("jobs")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing of what was refused is kept");
}

#[test]
fn a_render_that_fails_or_has_no_room_says_so() {
    let models = stubs();
    let server = Server::launch(models.path(), &["--dub-disk", "1MiB"]);
    let client = server.client();
    let mut fields = order();
    let sound = wav(16_000, (0..32_000).map(|_| 0.1));
    let why = |fields: &[(&'static str, String)]| {
        let done = over(&client, &taken(&client, &sound, fields));
        assert_eq!(
            (&done["status"], &done["result"]),
            (&json!("error"), &Value::Null)
        );
        done["error"].as_str().unwrap().to_owned()
    };
    let full = why(&fields);
    assert!(full.contains("There is no room"), "{full}");
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    fields[0].1 = json!([{ "start": 0.0, "end": 1.0, "text": "fail" }]).to_string();
    let done = over(&client, &taken(&client, &sound, &fields));
    let failed = done["error"].as_str().unwrap();
    assert!(
        failed.contains("engine") && !failed.contains("told to"),
        "{failed}"
    );
}
