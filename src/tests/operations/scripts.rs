//! The scripts report missing requirements in one line, and end the processes that they started (`scripts/tests`).

use std::path::Path;
use std::process::Command;

fn passes(file: &str) {
    let output = Command::new("python3")
        .arg(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("scripts/tests")
                .join(file),
        )
        .env("VOCABOX_BINARY", env!("CARGO_BIN_EXE_vocabox"))
        .output()
        .expect("Python runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_script_gives_help_and_says_in_one_line_what_it_lacks() {
    passes("test_lacking.py");
}

#[test]
fn openais_own_package_works_with_the_server() {
    works_with_the_server("openai_package.py");
}

#[test]
fn clients_for_node_work_with_the_server() {
    works_with_the_server("node_packages.py");
}

#[test]
fn the_examples_speak_and_transcribe() {
    works_with_the_server("examples.py");
}

/// Runs a script of `scripts/clients` on the binary under test.
pub fn works_with_the_server(script: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/clients");
    let script = folder.join(script);
    let output = Command::new("python3")
        .arg(script)
        .args(["--binary", env!("CARGO_BIN_EXE_vocabox")])
        .output()
        .expect("Python runs");
    let (told, said) = (output.stdout, output.stderr);
    let (told, said) = (
        String::from_utf8_lossy(&told),
        String::from_utf8_lossy(&said),
    );
    assert!(output.status.success(), "{told}{said}");
}

#[test]
fn every_script_ends_what_it_has_started_however_it_ends() {
    passes("test_ending.py");
}
