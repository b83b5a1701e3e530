//! `vocabox models import`, `default` and `remove`: from the layouts of others to packs that servers use; and what is refused
//! leaves nothing.

mod layouts;
mod packs;
mod refusals;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::server::{link, recording, vocabox};

/// What the small Whisper writes, whatever it hears.
const SCRIPT: &str = "The train to London leaves at nine tomorrow";
/// Bytes of a voice of Kokoro.
const VOICE_BYTES: usize = 510 * 256 * 4;

/// A models folder with links to these packs, and a folder for what is imported.
struct Stick {
    models: TempDir,
    files: TempDir,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file of `scripts/models/tiny_exports`.
fn tiny(name: &str) -> PathBuf {
    root().join("scripts/models/tiny_exports").join(name)
}

impl Stick {
    fn new() -> Stick {
        let stick = Stick {
            models: tempfile::tempdir().unwrap(),
            files: tempfile::tempdir().unwrap(),
        };
        for pack in ["onnxruntime", "silero-vad"] {
            link(stick.models.path(), pack);
        }
        stick
    }

    /// A path among the files.
    fn path(&self, name: &str) -> PathBuf {
        let path = self.files.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn copy(&self, from: &Path, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::copy(from, &path).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
        path
    }

    /// A copy of a folder.
    fn copy_all(&self, from: &Path, name: &str) -> PathBuf {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let inner = format!("{name}/{}", entry.file_name().to_str().unwrap());
            match entry.path().is_dir() {
                true => drop(self.copy_all(&entry.path(), &inner)),
                false => drop(self.copy(&entry.path(), &inner)),
            }
        }
        self.files.path().join(name)
    }

    /// The small Whisper with some of its graphs.
    fn whisper(&self, name: &str, graphs: &[&str]) -> PathBuf {
        let folder = self.copy_all(&tiny("whisper"), name);
        for entry in fs::read_dir(folder.join("onnx")).unwrap() {
            let path = entry.unwrap().path();
            if !graphs.iter().any(|g| path.ends_with(format!("{g}.onnx"))) {
                fs::remove_file(path).unwrap();
            }
        }
        folder
    }

    /// Runs a command on the models folder.
    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = vocabox(&["--models-dir", self.models.path().to_str().unwrap()]);
        command
            .arg("--data-dir")
            .arg(self.files.path().join("data"));
        command.args(args);
        command
    }

    fn import(&self, path: &Path, more: &[&str]) -> Output {
        let path = path.to_str().unwrap();
        self.run(&[&["models", "import", path], more].concat())
    }

    /// Imports, and returns what was said on standard output.
    #[track_caller]
    fn imported(&self, path: &Path, more: &[&str]) -> String {
        let output = self.import(path, more);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{}: {said}", path.display());
        String::from_utf8(output.stdout).unwrap()
    }

    /// Why an import is refused; nothing is left in the models folder.
    #[track_caller]
    fn refused(&self, path: &Path, more: &[&str]) -> String {
        let before = self.packs();
        let output = self.import(path, more);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            matches!(output.status.code(), Some(1 | 2)),
            "{:?}: {said}",
            output.status
        );
        assert_eq!(self.packs(), before, "{said}");
        let last = said.lines().last().unwrap_or_default().to_owned();
        assert!(last.starts_with("vocabox: "), "{said}");
        last
    }

    /// The names in the models folder, hidden ones too.
    fn packs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.models.path()).unwrap();
        let name = |e: std::io::Result<fs::DirEntry>| e.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    /// The manifest of a pack.
    #[track_caller]
    fn manifest(&self, pack: &str) -> Value {
        let shown = self.run(&["models", "show", pack]);
        assert!(shown.status.success());
        serde_json::from_slice(&shown.stdout).unwrap()
    }

    #[track_caller]
    fn transcribed(&self, more: &[&str]) -> String {
        let sound = recording("two_cities.8k.wav");
        let args = [&["transcribe", sound.to_str().unwrap()], more].concat();
        let output = self.run(&args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

fn voice() -> Vec<u8> {
    0.25_f32.to_le_bytes().repeat(VOICE_BYTES / 4)
}

/// A field of protobuf that holds bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut made = vec![number << 3 | 2];
    let mut left = bytes.len();
    while left >= 0x80 {
        made.push(left as u8 | 0x80);
        left >>= 7;
    }
    made.push(left as u8);
    made.extend_from_slice(bytes);
    made
}

/// The graph with one more weight, which is in the file `location`: parts of a message of protobuf add up.
fn with_weights(graph: &Path, location: &str) -> Vec<u8> {
    let place = [field(1, b"location"), field(2, location.as_bytes())].concat();
    let weight = [field(8, b"more"), field(13, &place)].concat();
    [fs::read(graph).unwrap(), field(7, &field(5, &weight))].concat()
}
