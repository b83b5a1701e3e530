//! `vocabox doctor --bundle`: what a file for support has, and what is left out of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::operations::doctor::Diagnosis;
use crate::support::server::{Server, sha256, stub_models, vocabox};

/// Unpacks a bundle; returns its files, each with its name.
fn unpacked(bundle: &Path) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let ran = Command::new("tar")
        .arg("-xzf")
        .arg(bundle)
        .arg("-C")
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let files = fs::read_dir(folder.path().join("vocabox-support")).unwrap();
    files
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn a_bundle_has_what_support_needs_and_no_keys_names_or_texts() {
    let models = stub_models();
    let server = Server::launch(models.path(), &["--log-content"]);
    let client = server.new_account("Saint-Anthony");
    let text = "Margaret Okonkwo has an appointment.";
    assert_eq!(
        client
            .post_json("/voice/tts", &json!({ "text": text }))
            .status,
        200
    );
    let mut log = server.logged_until("endpoint=tts ").join("\n");
    assert!(log.contains("Okonkwo"), "the log has the text: {log}");
    // A program in front may write anything into the same file.
    log += &format!("\nproxy: Authorization: Bearer {}\n", server.key);
    let folder = tempfile::tempdir().unwrap();
    let (bundle, log_file) = (
        folder.path().join("support.tar.gz"),
        folder.path().join("log"),
    );
    fs::write(&log_file, log).unwrap();
    let (bundle_text, log_text) = (bundle.to_str().unwrap(), log_file.to_str().unwrap());
    let listen = server.addr.to_string();
    let options = [
        "--listen",
        &listen,
        "--bundle",
        bundle_text,
        "--log-file",
        log_text,
        "--skip-self-test",
        "--log-content",
        "--cors-origin",
        &server.key,
    ];
    Diagnosis::of(&server.data, models.path(), &options);
    assert_eq!(
        fs::metadata(&bundle).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let files = unpacked(&bundle);
    let file = |name: &str| {
        let found = files.iter().find(|(own, _)| own == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    };
    assert!(file("README.txt").contains("Left out: keys"));
    assert!(file("doctor.txt").contains("SUBJECT"));
    assert!(file("settings.toml").contains("history_max = 1000000"));
    assert!(file("metrics.txt").contains("vocabox_requests_total{route=\"tts\",status=\"200\"} 1"));
    assert!(file("readyz.json").contains("ready"));
    assert!(
        file("log.txt").contains("endpoint=tts "),
        "{}",
        file("log.txt")
    );
    let counts: Value = serde_json::from_str(file("counts.json")).unwrap();
    assert_eq!(
        (&counts["accounts"], &counts["history_items"]),
        (&json!(2), &json!(1))
    );
    let sums: Value = serde_json::from_str(file("manifest.json")).unwrap();
    for (name, content) in files.iter().filter(|(name, _)| name != "manifest.json") {
        let sum = sha256(content.as_bytes());
        assert_eq!(sums[name.as_str()], json!(sum), "{name}");
    }
    for secret in [
        "satryx_",
        &server.key[13..],
        "Okonkwo",
        "appointment",
        "Saint-Anthony",
    ] {
        for (name, content) in &files {
            assert!(
                !content.contains(secret),
                "{secret} is in {name}: {content}"
            );
        }
    }
    // It replaces no file.
    let mut again = vocabox(&[
        "doctor",
        "--bundle",
        bundle_text,
        "--skip-self-test",
        "--data-dir",
    ]);
    let again = again
        .arg(&server.data)
        .arg("--models-dir")
        .arg(models.path())
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("cannot be written"));
}
