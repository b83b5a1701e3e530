//! The scripts beside the program: what they say when something is missing, and what they leave behind (`scripts/tests`).

use std::path::Path;
use std::process::Command;

#[test]
fn scripts_say_what_they_lack_and_clean_up() {
    let output = Command::new("python3")
        .args(["-m", "unittest", "discover", "-s", "scripts/tests"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .env("VOCABOX_BINARY", env!("CARGO_BIN_EXE_vocabox"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3 is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("Ran 0 tests"), "{said}");
}
