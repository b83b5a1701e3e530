//! A server that cannot start prints the reason in one line and exits with 2.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use crate::support::server::{Server, models, vocabox};

/// Runs `serve` with these options; checks for one line on standard error and exit code 2.
#[track_caller]
fn refused(options: &[&str], reason: &str) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    refused_with(&data, options, reason);
}

#[track_caller]
fn refused_with(data: &Path, options: &[&str], reason: &str) {
    let mut command = vocabox(&["serve", "--log-level", "error"]);
    if !options.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    let output = command
        .arg("--data-dir")
        .arg(data)
        .args(options)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(reason), "{reason}: {said}");
    assert!(!said.contains("listening"), "{said}");
    let lines = said.lines().filter(|l| !l.is_empty()).count();
    // The parser's own messages add a hint and the usage.
    assert!(lines == 1 || said.contains("--help"), "{said}");
}

fn no_models() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn wrong_flags_and_values_are_refused() {
    refused(&["--colour", "red"], "--colour");
    refused(&["--lanes", "many"], "--lanes");
    refused(&["--lanes", "0"], "1 to 64");
    refused(&["--queue", "99999"], "1 to 1024");
    refused(
        &["--queue", "1000", "--connections", "100"],
        "100: raise it",
    );
    refused(&["--config", "/nonexistent.toml"], "/nonexistent.toml");
}

#[test]
fn an_unreadable_models_folder_is_refused() {
    refused(&["--models-dir", "/nonexistent"], "/nonexistent");
}

#[test]
fn a_pack_that_is_asked_for_and_not_there_is_refused() {
    let models = models();
    let models = models.to_str().unwrap();
    refused(
        &["--models-dir", models, "--speak-pack", "parrot"],
        "no pack parrot",
    );
    refused(
        &["--models-dir", models, "--transcribe-pack", "kokoro"],
        "whisper-base",
    );
}

#[test]
fn a_missing_or_foreign_onnx_runtime_is_refused_and_never_hangs() {
    let models = models();
    let models = models.to_str().unwrap();
    refused(
        &[
            "--models-dir",
            models,
            "--onnxruntime-lib",
            "/nonexistent.so",
        ],
        "does not exist",
    );
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.so");
    fs::write(&text, "this is no library").unwrap();
    refused(
        &[
            "--models-dir",
            models,
            "--onnxruntime-lib",
            text.to_str().unwrap(),
        ],
        "does not load",
    );
    let other = [
        "/lib/x86_64-linux-gnu/libm.so.6",
        "/lib64/libm.so.6",
        "/lib/aarch64-linux-gnu/libm.so.6",
    ];
    let other = other
        .into_iter()
        .find(|p| Path::new(p).exists())
        .expect("the C library's libm");
    refused(
        &["--models-dir", models, "--onnxruntime-lib", other],
        "OrtGetApiBase",
    );
}

#[test]
fn a_device_that_is_not_there_is_refused_and_not_replaced() {
    let models = models();
    let models = models.to_str().unwrap();
    refused(&["--models-dir", models, "--device", "tpu"], "cuda:N");
    // The embedded ONNX Runtime has no CUDA, whatever machine this is.
    for device in ["cuda", "cuda:3"] {
        refused(
            &["--models-dir", models, "--device", device],
            "cannot be used",
        );
    }
}

#[test]
fn a_port_in_use_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let models = no_models();
    refused(
        &[
            "--models-dir",
            models.path().to_str().unwrap(),
            "--listen",
            &listen,
        ],
        &listen,
    );
}

#[test]
fn an_unwritable_data_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    // A file in place of the folder is an obstacle even for the superuser.
    fs::write(&file, "").unwrap();
    let models = no_models();
    refused_with(
        &file,
        &["--models-dir", models.path().to_str().unwrap()],
        "data",
    );
}

#[test]
fn a_stopped_server_finishes_and_exits_with_0() {
    let server = Server::start();
    assert_eq!(server.client().get("/healthz").status, 200);
    assert_eq!(server.stop(), Some(0));
}
