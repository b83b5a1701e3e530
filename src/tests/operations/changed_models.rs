//! Model files that change while the server runs: what is loaded stays as it was, and what is read later is checked.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::support::client::{Client, HttpAnswer};
use crate::support::server::{Server, models, vocabox};

const CHANGED: &str = "A model pack of this server is not as its manifest says.";

/// A models folder with copies of these packs, without what is only an origin of the files in use.
fn copies(packs: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for pack in packs {
        for file in files(&models().join(pack)) {
            let name = file.strip_prefix(models()).unwrap();
            if !name.to_str().unwrap().contains("published") {
                let copy = folder.path().join(name);
                fs::create_dir_all(copy.parent().unwrap()).unwrap();
                fs::copy(&file, copy).unwrap();
            }
        }
    }
    folder
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

fn speak(client: &Client, voice: &str) -> HttpAnswer {
    let text = "It was the best of times.";
    client.post_json("/voice/tts", &json!({ "text": text, "voice_id": voice }))
}

fn heard(client: &Client, sound: &[u8]) -> String {
    let answer = client.post_form("/voice/stt", sound, &[]);
    assert_eq!(answer.status, 200);
    answer.json()["transcript"].as_str().unwrap().to_owned()
}

/// Exit code and standard error of a server that does not start with these models.
#[track_caller]
fn does_not_start(models: &Path) -> String {
    let data = tempfile::tempdir().unwrap();
    let mut command = vocabox(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    let command = command.arg(data.path()).arg("--models-dir").arg(models);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    said
}

#[test]
fn model_files_that_change_under_a_running_server_change_nothing_that_it_speaks_or_hears() {
    let models = copies(&["kokoro", "silero-vad", "whisper-tiny-en"]);
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    let before = speak(&client, "af_heart");
    assert_eq!(before.status, 200);
    let text = heard(&client, &before.body);
    assert!(text.contains("times"), "{text}");
    // A file that is cut off while it is mapped ends the process with SIGBUS.
    let maps = fs::read_to_string(format!("/proc/{}/maps", server.pid())).unwrap();
    let folder = models.path().to_str().unwrap();
    assert!(!maps.contains(folder), "a model file is mapped");
    let mut changed = 0;
    for pack in ["kokoro", "silero-vad", "whisper-tiny-en"] {
        for path in files(&models.path().join(pack)) {
            if path.file_name().unwrap() == "pack.toml" {
                continue;
            }
            match changed % 4 {
                0 => File::options()
                    .write(true)
                    .open(&path)
                    .unwrap()
                    .set_len(0)
                    .unwrap(),
                1 => {
                    let file = File::options().write(true).open(&path).unwrap();
                    file.write_all_at(&[7; 400], 8).unwrap();
                }
                2 => fs::remove_file(&path).unwrap(),
                _ => {
                    fs::remove_file(&path).unwrap();
                    fs::write(&path, "another file").unwrap();
                }
            }
            changed += 1;
        }
    }
    assert!(changed > 10, "{changed}");
    for _ in 0..2 {
        let after = speak(&client, "af_heart");
        assert_eq!(after.status, 200);
        assert_eq!(after.body.len(), before.body.len());
        assert_eq!(heard(&client, &after.body), text);
    }
    // The tables of voices are read when they are first asked for.
    for voice in ["am_adam", "bf_emma", "af_bella", "am_michael", "bm_george"] {
        let refused = speak(&client, voice);
        assert_eq!(
            (refused.status, refused.detail()),
            (503, CHANGED.into()),
            "{voice}"
        );
    }
    server.logged("kokoro/");
    assert_eq!(client.get("/readyz").status, 200);
    let said = does_not_start(models.path());
    assert!(said.contains(folder), "it names the file: {said}");
}

#[test]
fn a_graph_that_was_exchanged_while_it_was_unloaded_is_not_loaded() {
    let models = copies(&["kokoro"]);
    let server = Server::launch(models.path(), &["--unload-after", "1"]);
    let (client, other) = (server.client(), server.new_account("other"));
    server.logged("kokoro: model is unloaded");
    let graph = models.path().join("kokoro/kokoro.fused.onnx");
    let whole = fs::read(&graph).unwrap();
    // A graph that would speak as well.
    fs::copy(models.path().join("kokoro/kokoro.optimized.onnx"), &graph).unwrap();
    for client in [&client, &other] {
        let refused = speak(client, "af_heart");
        assert_eq!((refused.status, refused.detail()), (503, CHANGED.into()));
    }
    server.logged("kokoro.fused.onnx");
    fs::write(&graph, whole).unwrap();
    assert_eq!(speak(&other, "af_heart").status, 200);
}

#[test]
fn a_voice_that_is_put_back_speaks_again() {
    let models = copies(&["kokoro"]);
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    let named = |path: &PathBuf| path.to_str().unwrap().contains("af_bella");
    let table = files(models.path()).into_iter().find(named).unwrap();
    let whole = fs::read(&table).unwrap();
    // Another voice of the same length: it would be spoken, if only the length were checked.
    fs::write(&table, vec![0; whole.len()]).unwrap();
    let refused = speak(&client, "af_bella");
    assert_eq!((refused.status, refused.detail()), (503, CHANGED.into()));
    let line = server.logged("af_bella");
    assert!(line.contains("was changed"), "{line}");
    fs::write(&table, whole).unwrap();
    assert_eq!(speak(&client, "af_bella").status, 200);
}
