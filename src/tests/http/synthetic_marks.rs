//! Sound that a machine made says so: speech of clones, dubbed sound, and all speech where the operator wants it.

use std::fs;

use serde_json::{Value, json};

use crate::dubbing::films::film;
use crate::dubbing::jobs::{job, stubs};
use crate::dubbing::render::{order, rendered};
use crate::http::cloning::{self, cloning_models};
use crate::support::client::HttpAnswer;
use crate::support::server::{Server, run};

/// What `vocabox inspect` says of these bytes.
fn inspected(bytes: &[u8]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sound");
    fs::write(&file, bytes).unwrap();
    let output = run(&["inspect", "--json", file.to_str().unwrap()]);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn assert_marked(answer: &HttpAnswer, name: &str) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-ai-generated"), Some("true"));
    let found = inspected(&answer.body);
    assert_eq!(found["is_marked_synthetic"], true, "{found}");
    assert_eq!(found["digital_source_types"], json!([name]));
}

#[track_caller]
fn assert_unmarked(answer: &HttpAnswer) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-ai-generated"), None);
    assert_eq!(inspected(&answer.body)["is_marked_synthetic"], false);
}

#[test]
fn speech_of_clones_is_marked_in_every_format_that_has_a_place_and_that_of_others_is_not() {
    let models = cloning_models();
    let server = cloning::launch(models.path(), &[]);
    let client = server.client();
    let made = cloning::clone(&client, &cloning::reader(), &[("name", "Reader")]);
    let clone = made.json()["voice_id"].as_str().unwrap().to_owned();
    for path in ["/voice/tts", "/voice/tts/stream"] {
        for format in ["wav", "flac", "opus", "mp3", "aac", "pcm"] {
            let path = format!("{path}?format={format}");
            let speak = |text: &str, voice: &str| {
                client.post_json(&path, &json!({ "text": text, "voice_id": voice }))
            };
            let (spoken, stock) = (speak("Yes.", &clone), speak("Yes.", "af_heart"));
            assert_unmarked(&stock);
            match format {
                "aac" | "pcm" => assert_eq!(spoken.header("x-ai-generated"), Some("true")),
                _ => assert_marked(&spoken, "trainedAlgorithmicMedia"),
            }
            // Also where the clone says a part only.
            let named = format!("<speak>One. <voice name=\"{clone}\">Two.</voice></speak>");
            let part = speak(&named, "af_heart");
            assert_eq!(part.header("x-ai-generated"), Some("true"));
        }
    }
    let speech = json!({ "model": "tts-1", "input": "Yes.", "voice": clone });
    assert_marked(
        &client.post_json("/v1/audio/speech", &speech),
        "trainedAlgorithmicMedia",
    );
}

#[test]
fn all_speech_is_marked_where_the_operator_wants_it() {
    let server = Server::launch(stubs().path(), &["--mark-synthetic"]);
    let client = server.client();
    let answer = client.post_json("/voice/tts", &json!({ "text": "Yes." }));
    assert_marked(&answer, "trainedAlgorithmicMedia");
    // Once it is made, and once it is kept.
    for _ in 0..2 {
        let preview = client.get("/voice/voices/af_heart/preview");
        assert_marked(&preview, "trainedAlgorithmicMedia");
    }
}

#[test]
fn dubbed_films_and_sound_are_marked() {
    let models = stubs();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    for name in ["faststart.mp4", "quicktime.mov", "film.webm", "film.mkv"] {
        let original = fs::read(film(name)).unwrap();
        assert_eq!(inspected(&original)["is_marked_synthetic"], false);
        let id = rendered(&client, &original, &order());
        let result = job(&client, &id)["result"].clone();
        for url in ["video_url", "audio_url"] {
            let answer = client.get(result[url].as_str().unwrap());
            assert_marked(&answer, "compositeWithTrainedAlgorithmicMedia");
        }
        let lines = client.get(result["subtitles_url"].as_str().unwrap());
        assert_eq!(lines.header("x-ai-generated"), None);
    }
}
