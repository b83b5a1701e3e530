//! Graphs that fail and engines that panic, in every kind of work: the request is told, its place and its lane come back,
//! and the next request is served.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::dubbing::jobs::{analyze, over, stubs};
use crate::dubbing::render::{order, taken};
use crate::http::cloning;
use crate::http::voice::wav;
use crate::support::client::Client;
use crate::support::server::{Server, link, sha256};

/// One lane and one more place: what a broken request did not give back, the next would miss.
const ONE: [&str; 4] = ["--lanes", "1", "--queue", "1"];
const SENTENCE: &str = "The inference engine failed on this request. Try again.";

/// A pack of a small graph that fails on the letter `z` (`scripts/make_tiny_models.py`).
fn failing() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("failing");
    fs::create_dir(&pack).unwrap();
    let graph = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/data/failing.onnx");
    let graph = fs::read(graph).unwrap();
    let tokens = "' 3\n  9\na 10\nb 11\nz 200\n_ 0\n";
    let mut manifest = "name = \"failing\"\nkind = \"speak\"\nengine = \"vits\"\nruntime = \"ort\"\ntitle = \"\"\ndescription = \"\"\n\
         licence = \"\"\norigin = \"\"\ndefault = false\nsample_rate_hz = 16000\nlanguages = [\"yo\"]\n\
         [vits]\nreads = \"letters\"\nblanks = \"around\"\nnoise = 0.6\nnoise_duration = 0.8\nlength = 1.0\n"
        .to_owned();
    let tensors = "inputs = { x = \"i64[1,T]\", x_length = \"i64[1]\", noise_scale = \"f32[1]\", length_scale = \"f32[1]\", \
                   noise_scale_w = \"f32[1]\" }\noutputs = { y = \"f32[1,1,N]\" }\n";
    for (role, path, content, more) in [
        ("model", "failing.onnx", &graph[..], tensors),
        ("tokens", "tokens.txt", tokens.as_bytes(), ""),
    ] {
        fs::write(pack.join(path), content).unwrap();
        manifest += &format!(
            "[[files]]\nrole = \"{role}\"\npath = \"{path}\"\nsize = {}\nsha256 = \"{}\"\n{more}",
            content.len(),
            sha256(content)
        );
    }
    manifest += "[[voices]]\nid = \"af_heart\"\nname = \"a\"\nlanguage = \"yo\"\ngender = \"female\"\ndescription = \"\"\n\
                 file = \"failing.onnx\"\n";
    fs::write(pack.join("pack.toml"), manifest).unwrap();
    link(folder.path(), "onnxruntime");
    folder
}

fn speak(client: &Client, path: &str, text: &str) -> (u16, Vec<u8>) {
    let answer = client.post_json(path, &json!({ "text": text }));
    (answer.status, answer.body)
}

/// The statuses of the newest items of history, the newest first.
fn statuses(client: &Client, items: usize) -> Vec<Value> {
    let page = client.get(&format!("/voice/history?limit={items}")).json();
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["status"].clone()).collect()
}

#[test]
fn a_graph_that_fails_is_502_and_the_next_run_of_it_is_as_before() {
    let models = failing();
    let server = Server::launch(models.path(), &ONE);
    let client = server.client();
    for path in ["/voice/tts", "/voice/tts/stream"] {
        let (status, before) = speak(&client, path, "aba");
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&before));
        for _ in 0..3 {
            let (status, body) = speak(&client, path, "azb");
            let said = String::from_utf8_lossy(&body);
            assert!(status == 502 && said.contains(SENTENCE), "{path}: {said}");
        }
        let (status, after) = speak(&client, path, "aba");
        assert!(status == 200 && after == before, "{path}");
        let seen = statuses(&client, 5);
        assert_eq!(seen, ["ok", "error", "error", "error", "ok"]);
    }
    // The log, and it alone, has what ONNX Runtime said.
    let line = server.logged("status=502");
    assert!(line.contains("Gather"), "{line}");
    assert_eq!(client.get("/readyz").status, 200);
}

#[test]
fn a_panic_in_any_kind_of_work_is_told_and_gives_back_what_it_held() {
    let models = stubs();
    let server = Server::launch(models.path(), &ONE);
    let client = server.client();
    let sound = wav(16_000, (0..32_000).map(|n| (n as f32 * 0.05).sin() * 0.3));
    let spoken = |path: &str, text: &str| speak(&client, path, text).0;
    let heard = |prompt: &str| {
        let answer = client.post_form("/voice/stt", &sound, &[("prompt", prompt)]);
        answer.status
    };
    let translated = |text: &str| {
        let segments = json!([{ "id": 0, "start": 0.0, "end": 1.0, "text": text }]);
        let asked = json!({ "segments": segments, "target_language": "en" });
        client.post_json("/voice/dub/translate", &asked).status
    };
    // Without speech, nothing would be transcribed.
    let speech = cloning::reader();
    let analysed = |language: &str| {
        let done = over(&client, &analyze(&client, &speech, language));
        (done["status"].clone(), done["error"].clone())
    };
    let rendered = |text: &str| {
        let mut order = order();
        let line = json!({ "start": 0.0, "end": 1.0, "text": text, "speaker": "SPEAKER_00" });
        order[0].1 = json!([line]).to_string();
        let done = over(&client, &taken(&client, &sound, &order));
        (done["status"].clone(), done["error"].clone())
    };
    for _ in 0..3 {
        for path in ["/voice/tts", "/voice/tts/stream"] {
            assert_eq!(spoken(path, "panic"), 502, "{path}");
            assert_eq!(spoken(path, "Well."), 200, "{path}");
        }
        assert_eq!((heard("panic"), heard("ok")), (502, 200));
        assert_eq!((translated("panic"), translated("ok")), (502, 200));
        let failed = (json!("error"), json!(SENTENCE));
        let done = (json!("done"), Value::Null);
        assert_eq!(
            (analysed("panic"), analysed("en")),
            (failed.clone(), done.clone())
        );
        assert_eq!((rendered("panic"), rendered("Well.")), (failed, done));
    }
    assert_eq!(client.get("/readyz").status, 200);
    assert_eq!(server.stop(), Some(0));
}
