//! `vocabox verify`, on files that minisign 0.11 signed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;

use crate::support::server::vocabox;

/// A copy of the signed files, whose key is in `minisign.pub`.
fn signed() -> (TempDir, PathBuf) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/data/signed");
    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(data).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let path = folder.path().to_owned();
    (folder, path)
}

fn verify(folder: &Path, args: &[&str]) -> Output {
    let mut command = vocabox(&["verify"]);
    command.current_dir(folder).args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8(both).unwrap()
}

#[test]
fn files_as_they_were_signed_are_right_and_so_are_those_that_a_list_names() {
    let (_folder, path) = signed();
    let output = verify(&path, &["--public-key", "minisign.pub", "SHA256SUMS"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(
        said(&output),
        "SHA256SUMS: signed (vocabox test files)\nfirst.txt: ok\nsecond.txt: ok\n"
    );
    let output = verify(&path, &["--public-key", "minisign.pub", "second.txt"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn a_changed_file_list_or_signature_is_wrong() {
    let (_folder, path) = signed();
    let key = ["--public-key", "minisign.pub"];
    let wrong = |args: &[&str], sentence: &str| {
        let output = verify(&path, &[&key[..], args].concat());
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(
            said(&output).contains(sentence),
            "{args:?}: {}",
            said(&output)
        );
    };
    fs::write(path.join("first.txt"), "Copper conducts light.\n").unwrap();
    wrong(
        &["SHA256SUMS"],
        "first.txt: WRONG: it is not the listed file",
    );
    wrong(&["SHA256SUMS"], "1 of the listed files are wrong");
    fs::remove_file(path.join("first.txt")).unwrap();
    wrong(&["SHA256SUMS"], "first.txt: WRONG");
    let list = fs::read_to_string(path.join("SHA256SUMS")).unwrap();
    fs::write(path.join("SHA256SUMS"), list.to_uppercase()).unwrap();
    wrong(&["SHA256SUMS"], "is not the file that was signed");
    wrong(
        &["--signature", "SHA256SUMS.minisig", "second.txt"],
        "is not the file that was signed",
    );
    // Made by `minisign -l`, which signs the file itself and not its hash: it cannot be checked while the file is read.
    wrong(
        &["--signature", "first.legacy.minisig", "second.txt"],
        "the signature is of another key or kind",
    );
}

#[test]
fn what_is_missing_is_named() {
    let (_folder, path) = signed();
    let refused = |args: &[&str], sentence: &str| {
        let output = verify(&path, args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            said(&output).contains(sentence),
            "{args:?}: {}",
            said(&output)
        );
    };
    let key = ["--public-key", "minisign.pub"];
    refused(
        &[&key[..], &["minisign.pub"]].concat(),
        "minisign.pub.minisig: No such file",
    );
    refused(
        &[&key[..], &["--signature", "first.txt", "first.txt"]].concat(),
        "first.txt: no signature of minisign",
    );
    refused(
        &["--public-key", "first.txt", "SHA256SUMS"],
        "the public key is none of minisign",
    );
    refused(
        &["SHA256SUMS"],
        "this program was built without a public key",
    );
}
