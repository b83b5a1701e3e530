//! The real server with a key: which of its files are signed, and what others read of them.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::inspected;
use crate::dubbing::films::film;
use crate::dubbing::jobs::{job, stubs};
use crate::dubbing::render::{order, rendered};
use crate::http::cloning::{self, cloning_models};
use crate::support::client::Client;
use crate::support::server::{Server, bare_models, run, vocabox};

/// A key of `vocabox c2pa create` in a folder of its own.
struct Key(TempDir);

impl Key {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().to_str().unwrap();
        let made = run(&["c2pa", "create", place, "--organization", "Ward 3"]);
        assert!(made.status.success(), "{made:?}");
        let said = String::from_utf8(made.stdout).unwrap();
        assert!(
            said.contains("signer.pem") && said.contains("trust.pem"),
            "{said}"
        );
        Key(folder)
    }

    fn path(&self) -> String {
        self.file("signer.pem")
    }

    fn file(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// What `vocabox inspect` reads of content credentials, trusting this key's issuer.
    fn read(&self, bytes: &[u8]) -> Value {
        inspected(bytes, &["--trust", &self.file("trust.pem")])["c2pa"].take()
    }

    /// Checks that the file is signed by this key as what it is.
    #[track_caller]
    fn assert_signed(&self, bytes: &[u8], kind: &str) {
        let expected = json!({
            "checked": true,
            "signed_by": "Ward 3",
            "made_by": format!("vocabox {}", env!("CARGO_PKG_VERSION")),
            "digital_source_types": [kind],
            "signature_valid": true,
            "content_unchanged": true,
            "signer_trusted": true,
            "problems": [],
        });
        assert_eq!(self.read(bytes), expected);
    }
}

#[test]
fn whole_speech_in_wav_and_mp3_is_signed_and_streams_and_other_formats_are_not() {
    let key = Key::new();
    let models = stubs();
    let server = Server::launch(
        models.path(),
        &["--mark-synthetic", "--c2pa-key", &key.path()],
    );
    let client = server.client();
    let speak = |path: &str| {
        let answer = client.post_json(path, &json!({ "text": "Yes. No." }));
        assert_eq!(answer.status, 200);
        answer
    };
    for format in ["wav", "mp3"] {
        let spoken = speak(&format!("/voice/tts?format={format}"));
        let length = spoken.header("content-length").unwrap();
        assert_eq!(length, spoken.body.len().to_string());
        key.assert_signed(&spoken.body, "trainedAlgorithmicMedia");
        // In JSON with the times of its words, too.
        let timed = speak(&format!("/voice/tts?format={format}&word_timestamps=true")).json();
        let sound = BASE64_STANDARD
            .decode(timed["audio"].as_str().unwrap())
            .unwrap();
        key.assert_signed(&sound, "trainedAlgorithmicMedia");
        // One changed sample.
        let mut changed = spoken.body.clone();
        let at = match format {
            "wav" => 1_000,
            _ => changed.len() - 1_000,
        };
        changed[at] ^= 1;
        let read = key.read(&changed);
        assert_eq!(read["content_unchanged"], false, "{read}");
        assert_eq!(read["signature_valid"], true);
        assert_eq!(read["problems"], json!(["assertion.dataHash.mismatch"]));
        let told = run(&[
            "inspect",
            written(&key, "changed", &changed).to_str().unwrap(),
        ]);
        let told = String::from_utf8(told.stdout).unwrap();
        assert!(
            told.contains("The content is NOT what was signed."),
            "{told}"
        );
        assert!(told.contains("The signer is unknown"), "{told}");
        assert_eq!(
            key.read(&speak(&format!("/voice/tts/stream?format={format}")).body),
            Value::Null
        );
    }
    for format in ["flac", "opus", "aac", "pcm"] {
        assert_eq!(
            key.read(&speak(&format!("/voice/tts?format={format}")).body),
            Value::Null
        );
    }
    let streamed = json!({ "model": "tts-1", "input": "Yes.", "voice": "af_heart" });
    assert_eq!(
        key.read(&client.post_json("/v1/audio/speech", &streamed).body),
        Value::Null
    );
}

fn written(key: &Key, name: &str, bytes: &[u8]) -> PathBuf {
    let path = key.0.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn speech_and_previews_of_clones_are_signed_and_those_of_stock_voices_are_not() {
    let key = Key::new();
    let models = cloning_models();
    let server = cloning::launch(models.path(), &["--c2pa-key", &key.path()]);
    let client = server.client();
    let made = cloning::clone(&client, &cloning::reader(), &[("name", "Reader")]).json();
    let clone = made["voice_id"].as_str().unwrap();
    let preview = made["preview_url"].as_str().unwrap();
    let preview = preview.strip_prefix("data:audio/wav;base64,").unwrap();
    key.assert_signed(
        &BASE64_STANDARD.decode(preview).unwrap(),
        "trainedAlgorithmicMedia",
    );
    let get = |voice: &str| client.get(&format!("/voice/voices/{voice}/preview")).body;
    key.assert_signed(&get(clone), "trainedAlgorithmicMedia");
    assert_eq!(key.read(&get("af_heart")), Value::Null);
    let speak = |voice: &str| {
        let request = json!({ "text": "Yes.", "voice_id": voice });
        client.post_json("/voice/tts", &request).body
    };
    key.assert_signed(&speak(clone), "trainedAlgorithmicMedia");
    assert_eq!(key.read(&speak("af_heart")), Value::Null);
    let stranger = server.new_account("stranger");
    let request = json!({ "text": "Yes.", "voice_id": clone });
    assert_eq!(stranger.post_json("/voice/tts", &request).status, 404);
}

/// The film and the sound that a job made of `name`.
fn dubbed(client: &Client, name: &str) -> (Vec<u8>, Vec<u8>, Value) {
    let original = fs::read(film(name)).unwrap();
    let id = rendered(client, &original, &order());
    let result = job(client, &id)["result"].clone();
    let get = |url: &str| client.get(result[url].as_str().unwrap()).body;
    (get("video_url"), get("audio_url"), result)
}

#[test]
fn dubbed_films_in_mp4_and_the_sound_of_all_are_signed_for_their_account_alone() {
    let key = Key::new();
    let models = stubs();
    let server = Server::launch(models.path(), &["--c2pa-key", &key.path()]);
    let client = server.client();
    let kind = "compositeWithTrainedAlgorithmicMedia";
    for name in ["faststart.mp4", "quicktime.mov"] {
        let (video, audio, result) = dubbed(&client, name);
        key.assert_signed(&video, kind);
        key.assert_signed(&audio, kind);
        // A byte of the picture or the sound, and one of what describes them.
        let moov = video.windows(4).position(|w| w == b"moov").unwrap();
        for at in [video.len() - 10, moov + 20] {
            let mut changed = video.clone();
            changed[at] ^= 1;
            let read = key.read(&changed);
            assert_eq!(read["content_unchanged"], false, "{read}");
            assert_eq!(read["problems"], json!(["assertion.bmffHash.mismatch"]));
        }
        let stranger = server.new_account(&format!("stranger-of-{name}"));
        for url in ["video_url", "audio_url"] {
            assert_eq!(stranger.get(result[url].as_str().unwrap()).status, 404);
        }
    }
    let (video, audio, _) = dubbed(&client, "film.webm");
    assert_eq!(key.read(&video), Value::Null);
    key.assert_signed(&audio, kind);
}

#[test]
fn the_commands_sign_the_files_that_they_mark() {
    let key = Key::new();
    let models = stubs();
    let folder = key.0.path();
    let speak = |name: &str, options: &[&str]| {
        let mut command = vocabox(&["speak", "Yes.", "--c2pa-key", &key.path(), "-o"]);
        command
            .arg(folder.join(name))
            .arg("--models-dir")
            .arg(models.path());
        let output = command.args(options).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        (fs::read(folder.join(name)).unwrap(), said)
    };
    for name in ["yes.wav", "yes.mp3"] {
        let (sound, said) = speak(name, &["--mark-synthetic"]);
        key.assert_signed(&sound, "trainedAlgorithmicMedia");
        assert!(!said.contains("not signed"), "{said}");
    }
    for (name, options) in [("plain.wav", &[][..]), ("yes.flac", &["--mark-synthetic"])] {
        let (sound, said) = speak(name, options);
        assert_eq!(key.read(&sound), Value::Null);
        assert!(said.contains("not signed: only files"), "{said}");
    }
}

/// What a server with this key says, which does not start.
#[track_caller]
fn refused(data: &Path, key: &str) -> String {
    let mut command = vocabox(&["serve", "--listen", "127.0.0.1:0", "--log-level", "error"]);
    command
        .arg("--data-dir")
        .arg(data)
        .args(["--c2pa-key", key]);
    command.arg("--models-dir").arg(bare_models());
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    said
}

#[test]
fn a_server_does_not_start_with_a_key_that_cannot_sign() {
    let (one, other) = (Key::new(), Key::new());
    let data = one.0.path().join("data");
    assert!(refused(&data, &one.file("none.pem")).contains("cannot be read"));
    assert!(refused(&data, &one.file("trust.pem")).contains("has the mode 644"));
    let parts = |key: &Key| {
        let text = fs::read_to_string(key.path()).unwrap();
        let end = text.find("-----BEGIN CERTIFICATE").unwrap();
        (text[..end].to_owned(), text[end..].to_owned())
    };
    let mixed = parts(&one).0 + &parts(&other).1;
    fs::write(one.path(), mixed).unwrap();
    let said = refused(&data, &one.path());
    assert!(said.contains("not that of the first certificate"), "{said}");
    // The next key does not take the place of one that is there.
    let place = other.0.path().to_str().unwrap();
    let again = run(&["c2pa", "create", place, "--organization", "Ward 4"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(
        String::from_utf8(again.stderr)
            .unwrap()
            .contains("is there already")
    );
}
