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
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/clients/openai_package.py");
    let output = Command::new("python3")
        .arg(script)
        .args(["--binary", env!("CARGO_BIN_EXE_vocabox")])
        .output()
        .expect("Python runs");
    let (told, said) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
    if said.contains("could not be installed by pip") {
        println!("not checked, because the package is not here: {said}");
        return;
    }
    let told = String::from_utf8_lossy(told);
    assert!(output.status.success(), "{told}{said}");
}

#[test]
fn every_script_ends_what_it_has_started_however_it_ends() {
    passes("test_ending.py");
}
