//! One file that holds the program and its packs.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::server::{Server, models, new_data, recording, vocabox};

/// A program within which these packs are, in a folder without a models folder.
struct Appliance {
    folder: TempDir,
    program: PathBuf,
}

impl Appliance {
    fn with(packs: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("appliance");
        let mut command = vocabox(&["models", "embed"]);
        let output = command
            .arg(&program)
            .args(packs)
            .arg("--models-dir")
            .arg(models());
        succeeded(&output.output().unwrap());
        Appliance { folder, program }
    }

    /// A command of the program, run in its folder.
    fn command(&self, args: &[&str]) -> Command {
        let plain = vocabox(args);
        let mut command = Command::new(&self.program);
        command.current_dir(self.folder.path()).args(args);
        for (name, value) in plain.get_envs() {
            assert!(value.is_none(), "settings are only removed");
            command.env_remove(name);
        }
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Rows of `models list --json` by name.
fn listed(output: &Output, name: &str) -> Value {
    let rows: Vec<Value> = serde_json::from_str(&succeeded(output)).unwrap();
    let row = rows.into_iter().find(|row| row["name"] == name);
    row.unwrap_or_else(|| panic!("{name} is listed"))
}

#[test]
fn one_file_speaks_and_transcribes_without_a_models_folder() {
    let appliance = Appliance::with(&["kokoro", "silero-vad", "whisper-tiny-en"]);
    assert!(!appliance.folder.path().join("models").exists());
    let (_data_folder, data, key) = new_data();
    let mut command = appliance.command(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(&data);
    let server = Server::of(command, &data, &key);
    let client = server.client();
    let text = "It was the best of times.";
    let speech = client.post_json("/voice/tts", &json!({ "text": text }));
    assert_eq!(speech.status, 200);
    let heard = client.post_form("/voice/stt", &speech.body, &[]);
    assert_eq!(heard.status, 200);
    let heard = heard.json()["transcript"].as_str().unwrap().to_lowercase();
    assert!(heard.contains("best of times"), "{heard}");
}

#[test]
fn the_packs_come_out_again_as_they_went_in_and_a_folder_replaces_one() {
    let appliance = Appliance::with(&["silero-vad", "speaker-campplus"]);
    let verified = succeeded(&appliance.run(&["models", "verify"]));
    assert_eq!(verified.matches(" ok").count(), 2, "{verified}");
    let row = listed(&appliance.run(&["models", "list", "--json"]), "silero-vad");
    assert_eq!(row["embedded"], true);
    succeeded(&appliance.run(&["models", "extract", "silero-vad"]));
    let out = appliance.folder.path().join("models/silero-vad");
    for file in fs::read_dir(&out).unwrap() {
        let name = file.unwrap().file_name();
        let of = |folder: &Path| fs::read(folder.join(&name)).unwrap();
        assert_eq!(of(&out), of(&models().join("silero-vad")), "{name:?}");
    }
    // The folder counts from now on; the other pack is still within the program.
    let row = |name| listed(&appliance.run(&["models", "list", "--json"]), name);
    assert_eq!(row("silero-vad")["embedded"], false);
    assert_eq!(row("speaker-campplus")["embedded"], true);
    let again = appliance.run(&["models", "extract", "--into", "models", "speaker-campplus"]);
    succeeded(&again);
    // What is there is not replaced, and a program without packs has none to give.
    let again = appliance.run(&["models", "extract", "silero-vad"]);
    assert_eq!(again.status.code(), Some(1));
    let none = vocabox(&["models", "extract"]).output().unwrap();
    assert!(refusal(&none).contains("this program holds no packs"));
}

#[test]
fn an_appliance_makes_another_without_its_own_packs() {
    let first = Appliance::with(&["speaker-campplus"]);
    first.run(&["models", "extract"]);
    let second = first.folder.path().join("second");
    let second = second.to_str().unwrap();
    let silero = ["models", "embed", second, "silero-vad", "--models-dir"];
    let models = models();
    succeeded(&first.run(&[&silero[..], &[models.to_str().unwrap()]].concat()));
    let elsewhere = tempfile::tempdir().unwrap();
    let output = Command::new(second)
        .current_dir(elsewhere.path())
        .args(["models", "list"])
        .output()
        .unwrap();
    let shown = succeeded(&output);
    assert!(
        shown.contains("silero-vad") && !shown.contains("campplus"),
        "{shown}"
    );
}

#[test]
fn a_damaged_file_says_so() {
    let appliance = Appliance::with(&["silero-vad", "whisper-tiny-en"]);
    let length = fs::metadata(&appliance.program).unwrap().len();
    // Cut off while it was copied.
    let file = OpenOptions::new()
        .write(true)
        .open(&appliance.program)
        .unwrap();
    let whole = bytes(&appliance.program, length - 5000, 5000);
    file.set_len(length - 5000).unwrap();
    drop(file);
    let said = refusal(&appliance.run(&["models", "list"]));
    assert!(
        said.contains("the packs within it are not whole: copy the file again"),
        "{said}"
    );
    // Another byte in a weight: the index is found, and the file is not what it was.
    let file = OpenOptions::new()
        .write(true)
        .open(&appliance.program)
        .unwrap();
    file.write_all_at(&whole, length - 5000).unwrap();
    let at = length - 200_000;
    let byte = bytes(&appliance.program, at, 1)[0];
    file.write_all_at(&[byte ^ 1], at).unwrap();
    drop(file);
    let output = appliance.run(&["models", "verify"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(succeeded_text(&output).contains("whisper-tiny-en       WRONG"));
    // What starts the models looks at their bytes, too.
    let said =
        refusal(&appliance.run(&["transcribe", recording("two_cities.wav").to_str().unwrap()]));
    assert!(said.contains("is damaged"), "{said}");
}

fn bytes(path: &Path, at: u64, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    File::open(path)
        .unwrap()
        .read_exact_at(&mut bytes, at)
        .unwrap();
    bytes
}

#[track_caller]
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn succeeded_text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_pack_with_weights_beside_its_graph_stays_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("silero-vad");
    fs::create_dir(&pack).unwrap();
    let from = models().join("silero-vad");
    let manifest = fs::read_to_string(from.join("pack.toml")).unwrap();
    let weights = manifest.replacen("role = \"model\"", "role = \"weights\"", 1);
    assert_ne!(weights, manifest);
    fs::write(pack.join("pack.toml"), weights).unwrap();
    fs::copy(from.join("silero.onnx"), pack.join("silero.onnx")).unwrap();
    let out = folder.path().join("out");
    let mut command = vocabox(&["models", "embed"]);
    let command = command.arg(&out).arg("--models-dir").arg(folder.path());
    let said = refusal(&command.output().unwrap());
    assert!(
        said.contains("silero-vad has weights in files beside its graphs"),
        "{said}"
    );
    assert!(!out.exists());
}

#[test]
fn names_that_are_no_packs_are_refused_with_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut command = vocabox(&["models", "embed"]);
    let command = command
        .arg(&out)
        .arg("whisper")
        .arg("--models-dir")
        .arg(models());
    let said = refusal(&command.output().unwrap());
    assert!(
        said.contains("there is no pack whisper for this; there are: kokoro"),
        "{said}"
    );
    assert!(!out.exists());
}
