//! Transcription: times of words, sounds that are no speech, long recordings, and clients that leave.

use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::voice::{samples, wav};
use crate::support::client::HttpAnswer;
use crate::support::process::processor_time;
use crate::support::server::{Server, link, models, recording, run, vocabox};
use crate::support::wer::words;

pub(super) const RATE_HZ: u32 = 16_000;

/// Starts in seconds of words of two_cities, by faster-whisper 1.2.1 on the same weights in float32.
const SAID: &[(&str, f64)] = &[
    ("wisdom", 5.74),
    ("belief", 9.72),
    ("darkness", 15.98),
    ("everything", 21.46),
    ("all", 24.82),
    ("way", 27.92),
    ("insisted", 34.48),
    ("degree", 39.72),
];
/// Tolerance between two recognizers, whose frames differ.
const STARTS_APART_S: f64 = 0.15;

pub(super) fn stt(file: &[u8], fields: &[(&str, &str)]) -> HttpAnswer {
    let client = Server::shared().client();
    client.post_form("/voice/stt", file, fields)
}

pub(super) fn transcript(file: &[u8], fields: &[(&str, &str)]) -> Value {
    let answer = stt(file, fields);
    assert_eq!(
        answer.status,
        200,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    answer.json()
}

pub fn two_cities() -> Vec<u8> {
    std::fs::read(recording("two_cities.wav")).unwrap()
}

fn seconds(value: &Value) -> f64 {
    value.as_f64().expect("a number of seconds")
}

/// Checks the order of all times in an answer; returns its words with their starts.
pub(super) fn timed(body: &Value) -> Vec<(String, f64)> {
    let duration = seconds(&body["duration_seconds"]);
    let (mut spoken_to, mut found) = (0.0, Vec::new());
    for (id, segment) in body["segments"].as_array().unwrap().iter().enumerate() {
        let (start, end) = (seconds(&segment["start"]), seconds(&segment["end"]));
        assert_eq!(segment["id"], id);
        assert!(
            spoken_to <= start && start < end && end <= duration,
            "{segment}"
        );
        let mut latest = start;
        for word in segment["words"].as_array().unwrap() {
            let (from, to) = (seconds(&word["start"]), seconds(&word["end"]));
            assert!(
                latest <= from && from < to && to <= end,
                "{word} in {segment}"
            );
            latest = to;
            found.push((word["word"].as_str().unwrap().to_owned(), from));
        }
        spoken_to = end;
    }
    found
}

#[test]
fn words_are_timed_in_order_within_their_segments_and_where_they_were_said() {
    let body = transcript(&two_cities(), &[("language", "en")]);
    let timed = timed(&body);
    let spelled: Vec<String> = timed.iter().flat_map(|(w, _)| words(w)).collect();
    assert_eq!(
        spelled,
        words(body["transcript"].as_str().unwrap()),
        "every word, once"
    );
    for (word, start) in SAID {
        let near =
            |(w, s): &&(String, f64)| words(w) == [*word] && (s - start).abs() < STARTS_APART_S;
        assert!(
            timed.iter().any(|w| near(&w)),
            "{word} at {start}: {timed:?}"
        );
    }
}

#[test]
fn words_that_are_not_asked_for_are_absent_and_change_no_text() {
    let with = transcript(&two_cities(), &[("language", "en")]);
    let without = transcript(
        &two_cities(),
        &[("language", "en"), ("word_timestamps", "false")],
    );
    assert_eq!(with["transcript"], without["transcript"]);
    for segment in without["segments"].as_array().unwrap() {
        assert_eq!(segment.get("words"), None, "{segment}");
    }
}

#[test]
fn speakers_that_are_asked_for_are_named_and_others_are_absent() {
    let plain = transcript(&two_cities(), &[("language", "en")]);
    let told = transcript(&two_cities(), &[("language", "en"), ("diarize", "true")]);
    assert_eq!(told["speakers"], json!(["SPEAKER_00"]), "one reader");
    assert_eq!(told["transcript"], plain["transcript"]);
    let segments = told["segments"].as_array().unwrap();
    assert!(segments.iter().all(|s| s["speaker"] == "SPEAKER_00"));
    assert!(plain.get("speakers").is_none() && plain["segments"][0].get("speaker").is_none());
    for (fields, why) in [
        (vec![("num_speakers", "0")], "num_speakers"),
        (vec![("max_speakers", "many")], "max_speakers"),
        (
            vec![("num_speakers", "2"), ("min_speakers", "1")],
            "beside it",
        ),
        (
            vec![("min_speakers", "3"), ("max_speakers", "2")],
            "min_speakers is 3",
        ),
    ] {
        let answer = stt(&two_cities(), &fields);
        assert_eq!(answer.status, 400, "{why}");
        assert!(answer.detail().contains(why), "{}", answer.detail());
    }
}

#[test]
fn sounds_that_are_no_speech_give_an_empty_transcript() {
    let at = |n: usize, hz: f32| (n as f32 * hz * std::f32::consts::TAU / RATE_HZ as f32).sin();
    let length = 12 * RATE_HZ as usize;
    // Chords that change twice a second and decay, with a beat: music made of sines.
    let roots = [220.0, 174.6, 261.6, 196.0];
    let music = (0..length).map(|n| {
        let (step, within) = (n / 8_000, (n % 8_000) as f32 / 8_000.0);
        let root = roots[step / 2 % 4];
        let chord: f32 = [1.0, 1.25, 1.5, 2.0].iter().map(|r| at(n, root * r)).sum();
        let beat = at(n, 55.0) * (1.0 - within).powi(8);
        0.12 * chord * (1.0 - 0.8 * within) + 0.3 * beat
    });
    let blip = (0..800).map(|n| 0.8 * at(n, 900.0));
    let sweep = (0..length).map(|n| 0.4 * at(n, 100.0 + n as f32 * 0.02));
    let pulses = (0..length).map(|n| if n % 160 < 3 { 0.7 } else { 0.0 });
    for (what, file) in [
        ("music", wav(RATE_HZ, music)),
        ("a 50 ms blip", wav(RATE_HZ, blip)),
        ("an offset", wav(RATE_HZ, std::iter::repeat_n(0.5, length))),
        ("a sweep", wav(RATE_HZ, sweep)),
        ("pulses", wav(RATE_HZ, pulses)),
        ("one sample", wav(RATE_HZ, std::iter::once(0.3))),
    ] {
        let body = transcript(&file, &[]);
        assert_eq!(
            (&body["transcript"], &body["segments"]),
            (&json!(""), &json!([])),
            "{what}"
        );
    }
    let nothing = stt(&wav(RATE_HZ, std::iter::empty()), &[]);
    assert_eq!(nothing.status, 400);
    assert!(
        nothing.detail().starts_with("file "),
        "{}",
        nothing.detail()
    );
}

/// The recording at 8 kHz, repeated `times` times with pauses of 2.5 s.
fn repeated(times: usize) -> (Vec<f32>, f64) {
    let mut reader = hound::WavReader::open(recording("two_cities.8k.wav")).unwrap();
    let mut once: Vec<f32> = reader
        .samples::<i16>()
        .map(|s| f32::from(s.unwrap()) / 32_768.0)
        .collect();
    once.resize(once.len() + 20_000, 0.0);
    (once.repeat(times), once.len() as f64 / 8_000.0)
}

#[test]
fn times_do_not_drift_along_a_recording() {
    const TIMES: usize = 4;
    let (sound, period_s) = repeated(TIMES);
    let body = transcript(&wav(8_000, sound.into_iter()), &[("language", "en")]);
    let timed = timed(&body);
    let comparisons: Vec<f64> = timed
        .iter()
        .filter(|(w, _)| words(w) == ["comparison"])
        .map(|(_, start)| *start)
        .collect();
    assert_eq!(comparisons.len(), TIMES, "{comparisons:?}");
    for (n, start) in comparisons.iter().enumerate() {
        let expected = comparisons[0] + n as f64 * period_s;
        assert!((start - expected).abs() < 0.3, "{start}, not {expected}");
    }
}

#[test]
fn a_client_that_leaves_frees_the_worker() {
    // A separate server, whose worker half an hour of speech would occupy for minutes.
    let server = Server::with_models();
    let (sound, _) = repeated(40);
    let file = wav(8_000, sound.into_iter());
    let boundary = "boundary";
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n"
    );
    let body = [
        head.as_bytes(),
        &file,
        format!("\r\n--{boundary}--\r\n").as_bytes(),
    ]
    .concat();
    let mut leaving = TcpStream::connect(server.addr).unwrap();
    write!(
        leaving,
        "POST /voice/stt HTTP/1.1\r\nHost: server\r\nAuthorization: Bearer {}\r\nContent-Type: multipart/form-data; \
         boundary={boundary}\r\nContent-Length: {}\r\n\r\n",
        server.key,
        body.len()
    )
    .unwrap();
    leaving.write_all(&body).unwrap();
    drop(leaving);
    let begun = processor_time(&server);
    let short = wav(RATE_HZ, std::iter::repeat_n(0.0, 16_000));
    let answer = server.client().post_form("/voice/stt", &short, &[]);
    assert_eq!(answer.status, 200);
    // Transcribing half an hour of speech takes at least a minute of both cores.
    let used = processor_time(&server) - begun;
    assert!(used < Duration::from_secs(20), "it computed for {used:?}");
}

/// The repository's packs, and a copy of the small English pack whose engine is named `vocabanga`.
fn with_vocabanga() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["whisper-base", "silero-vad", "onnxruntime"] {
        link(folder.path(), name);
    }
    let (small, own) = (
        models().join("whisper-tiny-en"),
        folder.path().join("vocabanga"),
    );
    std::fs::create_dir(&own).unwrap();
    for entry in std::fs::read_dir(&small).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if name != "pack.toml" {
            std::os::unix::fs::symlink(&path, own.join(name)).unwrap();
        }
    }
    let manifest = std::fs::read_to_string(small.join("pack.toml")).unwrap();
    let manifest = manifest
        .replace("name = \"whisper-tiny-en\"", "name = \"vocabanga\"")
        .replace("engine = \"whisper\"", "engine = \"vocabanga\"")
        .replace(
            "languages = [\"en\"]",
            "languages = [\"pcm\", \"yo\", \"ig\", \"ha\", \"sw\"]",
        );
    std::fs::write(own.join("pack.toml"), manifest).unwrap();
    folder
}

#[test]
fn languages_go_to_the_pack_that_lists_them_and_else_to_whisper() {
    let packs = with_vocabanga();
    let server = Server::launch(packs.path(), &[]);
    let client = server.client();
    let file = std::fs::read(recording("two_cities.8k.wav")).unwrap();
    let file = wav(
        8_000,
        samples(&file)
            .into_iter()
            .take(5 * 8_000)
            .map(|s| f32::from(s) / 32_768.0),
    );
    for (asked, engine, model, language) in [
        ("ig", "vocabanga", "vocabanga", "ig"),
        ("pcm", "vocabanga", "vocabanga", "pcm"),
        ("en_ng", "whisper", "whisper-base", "en_ng"),
        ("auto", "whisper", "whisper-base", "en"),
        ("en-US", "whisper", "whisper-base", "en"),
        ("English", "whisper", "whisper-base", "en"),
    ] {
        let answer = client.post_form("/voice/stt", &file, &[("language", asked)]);
        assert_eq!(answer.status, 200);
        let body = answer.json();
        let said = [&body["engine"], &body["model"], &body["language"]];
        assert_eq!(said, [engine, model, language], "{asked}");
        assert!(
            body["transcript"]
                .as_str()
                .unwrap()
                .contains("best of times")
        );
    }
    // Without the specialist, Whisper uses the token of a similar language.
    let client = Server::shared().client();
    let answer = client.post_form("/voice/stt", &file, &[("language", "pcm")]);
    let body = answer.json();
    assert_eq!([&body["engine"], &body["language"]], ["whisper", "pcm"]);
}

/// Standard output and error of `vocabox transcribe` with these arguments, and its exit code.
fn transcribe(args: &[&str]) -> (String, String, i32) {
    let packs = models();
    let own = ["--models-dir", packs.to_str().unwrap(), "transcribe"];
    let output = run(&[&own, args].concat());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().unwrap(),
    )
}

#[test]
fn the_command_line_writes_each_format_and_a_wrong_file_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let short = folder.path().join("short.bin");
    let file = std::fs::read(recording("two_cities.8k.wav")).unwrap();
    let sound = samples(&file).into_iter().take(5 * 8_000);
    std::fs::write(&short, wav(8_000, sound.map(|s| f32::from(s) / 32_768.0))).unwrap();
    let short = short.to_str().unwrap();
    let missing = folder.path().join("missing.wav");

    let args = [missing.to_str().unwrap(), short, "--language", "en"];
    let (out, said, code) = transcribe(&args);
    assert_eq!((out.lines().count(), code), (1, 1), "{said}");
    assert!(out.contains("best of times"), "{out}");
    assert!(
        said.contains("missing.wav: ") && said.contains("1 of 2 files"),
        "{said}"
    );

    let (out, _, code) = transcribe(&[short, "--format", "json", "--beam", "3"]);
    let body: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&body["language"], code), (&json!("en"), 0));
    let first = &body["segments"][0]["words"][0];
    assert!(
        first["word"] == "It" && seconds(&first["start"]) > 0.6,
        "{first}"
    );

    let (out, _, _) = transcribe(&[short, "--format", "srt"]);
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[0] == "1" && lines[1].starts_with("00:00:0") && lines[1].contains(" --> "),
        "{out}"
    );
    let (out, _, _) = transcribe(&[short, "--format", "vtt"]);
    assert!(
        out.starts_with("WEBVTT\n\n00:00:0") && out.contains("best of times"),
        "{out}"
    );
    // Several recordings have a file each.
    let subtitles = folder.path().join("subtitles");
    let (out, said, code) = transcribe(&[
        short,
        short,
        "--format",
        "srt",
        "-o",
        subtitles.to_str().unwrap(),
    ]);
    assert!(
        code == 2 && out.is_empty() && said.contains("two recordings"),
        "{said}"
    );
    let (out, said, code) = transcribe(&[
        short,
        "--format",
        "vtt",
        "-o",
        &format!("{}/", subtitles.display()),
    ]);
    assert!(code == 0 && out.is_empty(), "{said}");
    let written = std::fs::read_to_string(subtitles.join("short.vtt")).unwrap();
    assert!(written.contains("best of times"), "{written}");

    let (_, said, code) = transcribe(&[short, "--language", "klingon"]);
    assert!(
        code == 2 && said.contains("language is not known here"),
        "{said}"
    );

    let (_, said, code) = transcribe(&[short, "--beam", "99"]);
    assert_eq!(code, 2);
    assert!(said.contains("beam is 99; 1 to 16 is accepted"), "{said}");
}

#[test]
fn standard_input_is_transcribed() {
    let file = std::fs::read(recording("two_cities.8k.wav")).unwrap();
    let sound = samples(&file).into_iter().take(5 * 8_000);
    let file = wav(8_000, sound.map(|s| f32::from(s) / 32_768.0));
    let packs = models();
    let mut child = vocabox(&[
        "--models-dir",
        packs.to_str().unwrap(),
        "transcribe",
        "-",
        "--language",
        "en",
    ])
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    child.stdin.take().unwrap().write_all(&file).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("best of times"), "{said}");
}
