//! Content credentials: a program that was built without them says so, and one with them signs marked sound (`signed`).

use std::fs;

use serde_json::Value;

use crate::support::server::run;

#[cfg(feature = "c2pa")]
mod signed;

/// What `vocabox inspect` says of these bytes, with these options.
fn inspected(bytes: &[u8], options: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, bytes).unwrap();
    let output = run(&[&["inspect", "--json", file.to_str().unwrap()], options].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[cfg(not(feature = "c2pa"))]
fn a_program_without_content_credentials_says_so_and_finds_those_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    for args in [
        &["c2pa", "create", place, "--organization", "Ward"][..],
        &[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data-dir",
            place,
            "--c2pa-key",
            "key.pem",
        ],
        &["speak", "Yes.", "--c2pa-key", "key.pem"],
        &["inspect", "Cargo.toml", "--trust", "Cargo.toml"],
    ] {
        let output = run(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains("was built without C2PA"), "{args:?}: {said}");
    }
    let start = b"jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71";
    assert_eq!(
        inspected(start, &[])["c2pa"],
        serde_json::json!({ "checked": false })
    );
    assert_eq!(inspected(&start[1..], &[])["c2pa"], Value::Null);
}
