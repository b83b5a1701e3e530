//! Packs in the models folder: replaced, chosen, removed; and imports that end before they are done, or run side by side.

use std::fs;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{SCRIPT, Stick, tiny, with_weights};
use crate::support::process::until;
use crate::support::server::{Server, recording};

#[test]
fn a_pack_is_replaced_only_when_asked_and_a_fetched_one_never() {
    let stick = Stick::new();
    let whisper = stick.whisper("w", &["encoder_model", "decoder_model_merged"]);
    stick.imported(&whisper, &["--licence", "MIT"]);
    assert!(
        stick
            .refused(&whisper, &["--licence", "MIT"])
            .contains("--replace")
    );
    assert_eq!(stick.manifest("w")["licence"], "MIT");
    stick.imported(&whisper, &["--licence", "Apache-2.0", "--replace"]);
    assert_eq!(stick.manifest("w")["licence"], "Apache-2.0");
    assert_eq!(stick.packs(), ["onnxruntime", "silero-vad", "w"]);
    let told = stick.refused(
        &tiny("silero_5.onnx"),
        &["--licence", "MIT", "--name", "silero-vad", "--replace"],
    );
    assert!(told.contains("fetch-models fetches"), "{told}");
}

#[test]
fn the_chosen_pack_goes_first_and_a_removed_one_is_gone() {
    let stick = Stick::new();
    for name in ["a", "b"] {
        let graphs = ["encoder_model", "decoder_model_merged"];
        let folder = stick.whisper(name, &graphs);
        stick.imported(&folder, &["--licence", "MIT"]);
    }
    let chosen = || {
        let listed = stick.run(&["models", "default"]);
        let listed = String::from_utf8(listed.stdout).unwrap();
        let line = listed
            .lines()
            .find(|l| l.starts_with("transcribe"))
            .unwrap();
        line.split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(chosen(), "a name");
    assert!(stick.run(&["models", "default", "b"]).status.success());
    assert_eq!(chosen(), "b choice");
    // The server takes the chosen one: the other is damaged.
    fs::write(stick.models.path().join("a/decoder.onnx"), "x").unwrap();
    let server = Server::launch(stick.models.path(), &[]);
    let sound = fs::read(recording("two_cities.8k.wav")).unwrap();
    let answer = server.client().post_form("/voice/stt", &sound, &[]);
    assert_eq!(answer.status, 200);
    let heard = answer.json()["transcript"].as_str().unwrap().to_owned();
    assert!(heard.contains(SCRIPT), "{heard}");
    drop(server);
    let asked = stick.run(&["models", "remove", "b"]);
    let said = String::from_utf8(asked.stderr).unwrap();
    assert!(
        asked.status.code() == Some(2) && said.contains("--yes"),
        "{said}"
    );
    assert!(
        stick
            .run(&["models", "remove", "b", "--yes"])
            .status
            .success()
    );
    assert_eq!(
        stick.packs(),
        ["a", "defaults.toml", "onnxruntime", "silero-vad"]
    );
    assert_eq!(chosen(), "a name");
    assert_eq!(
        stick.run(&["models", "default", "b"]).status.code(),
        Some(2)
    );
}

#[test]
fn an_import_that_is_interrupted_leaves_nothing_and_one_that_was_killed_is_cleared() {
    let stick = Stick::new();
    let whisper = stick.whisper("w", &["encoder_model", "decoder_model_merged"]);
    let encoder = whisper.join("onnx/encoder_model.onnx");
    let graph = with_weights(&encoder, "encoder_model.onnx_data");
    fs::write(&encoder, graph).unwrap();
    // So large that its copy takes longer than the signal.
    let weights = fs::File::create(whisper.join("onnx/encoder_model.onnx_data")).unwrap();
    weights.set_len(2 << 30).unwrap();
    let path = whisper.to_str().unwrap();
    let begin = || -> Child {
        let mut command = stick.command(&["models", "import", path, "--licence", "MIT"]);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let is_copying = || {
        let staged = stick
            .packs()
            .into_iter()
            .find(|n| n.starts_with(".import-"));
        staged.is_some_and(|name| {
            let part = stick
                .models
                .path()
                .join(name)
                .join("encoder_model.onnx_data");
            fs::metadata(part).is_ok_and(|m| m.len() > 0)
        })
    };
    let mut child = begin();
    until("the copy", is_copying);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(stick.packs(), ["onnxruntime", "silero-vad"]);
    let mut child = begin();
    until("the copy", is_copying);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        stick.packs().len(),
        3,
        "a killed import cannot remove its folder"
    );
    // No command takes it for a pack, and the next import removes it.
    assert!(stick.run(&["models", "list"]).status.success());
    stick.imported(&tiny("speaker.onnx"), &["--licence", "MIT"]);
    assert_eq!(stick.packs(), ["onnxruntime", "silero-vad", "speaker"]);
}

#[test]
fn of_two_imports_at_once_one_gets_the_name() {
    let stick = Stick::new();
    let path = tiny("speaker.onnx");
    let path = path.to_str().unwrap();
    let begin = |name: &str| -> Child {
        let args = ["models", "import", path, "--licence", "MIT", "--name", name];
        let mut command = stick.command(&args);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let children = [begin("same"), begin("same"), begin("other")];
    let outputs = children.map(|child| child.wait_with_output().unwrap());
    let codes = outputs.each_ref().map(|o| o.status.code());
    assert!(
        matches!(
            codes,
            [Some(0), Some(2), Some(0)] | [Some(2), Some(0), Some(0)]
        ),
        "{codes:?}"
    );
    assert_eq!(
        stick.packs(),
        ["onnxruntime", "other", "same", "silero-vad"]
    );
    assert!(stick.run(&["models", "verify"]).status.success());
}
