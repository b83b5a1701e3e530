//! The packs of the repository match their manifests.

use std::fs;
use std::path::Path;

use vocabox::pack::Pack;

use crate::support::server::{models, run};

#[test]
fn every_pack_of_the_repository_is_fetched_and_right() {
    let packs = Pack::all(&models()).unwrap();
    let names: Vec<&str> = packs.iter().map(Pack::name).collect();
    for name in [
        "kokoro",
        "onnxruntime",
        "piper-en-us-joe",
        "segmentation-pyannote",
        "silero-vad",
        "speaker-campplus",
        "speaker-ge2e",
        "translate-en-pt",
        "translate-pt-en",
        "whisper-base",
        "whisper-tiny-en",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    let verified = run(&[
        "--models-dir",
        models().to_str().unwrap(),
        "models",
        "verify",
    ]);
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(
        verified.status.success() && !said.contains("not fetched"),
        "{said}"
    );
}

/// A models folder with links to the real files of these packs.
fn linked(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        copy_links(&models().join(name), &folder.path().join(name));
    }
    folder
}

fn copy_links(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy_links(&path, &target),
            false => std::os::unix::fs::symlink(&path, &target).unwrap(),
        }
    }
}

/// The error of `speak` with a modified models folder, and its exit code.
fn refusal(folder: &Path) -> (String, i32) {
    let output = run(&[
        "--models-dir",
        folder.to_str().unwrap(),
        "speak",
        "Hello.",
        "-o",
        "/dev/null",
    ]);
    let said = String::from_utf8(output.stderr).unwrap();
    (said, output.status.code().unwrap())
}

#[test]
fn truncated_changed_and_missing_files_are_one_line_and_exit_code_2() {
    let folder = linked(&["kokoro"]);
    let file = folder.path().join("kokoro/vocabulary.json");
    let whole = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let (said, code) = refusal(folder.path());
    assert!(
        code == 2 && said.lines().count() == 1 && said.contains("is missing"),
        "{code}: {said}"
    );

    fs::write(&file, &whole[..100]).unwrap();
    let (said, code) = refusal(folder.path());
    assert!(
        code == 2 && said.lines().count() == 1 && said.contains("100 bytes"),
        "{code}: {said}"
    );

    let mut changed = whole.clone();
    changed[10] ^= 1;
    fs::write(&file, &changed).unwrap();
    let (said, code) = refusal(folder.path());
    assert!(
        code == 2 && said.lines().count() == 1 && said.contains("sha256"),
        "{code}: {said}"
    );

    fs::write(&file, &whole).unwrap();
    let (said, code) = refusal(folder.path());
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_graph_with_other_tensors_than_the_manifest_says_is_refused() {
    let folder = linked(&["kokoro"]);
    let manifest = folder.path().join("kokoro/pack.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    assert!(text.contains("f32[1,256]"));
    fs::remove_file(&manifest).unwrap();
    fs::write(&manifest, text.replace("f32[1,256]", "f32[1,257]")).unwrap();
    let (said, code) = refusal(folder.path());
    assert!(
        code == 2 && said.contains("f32[1,257]") && said.contains("style f32[1,256]"),
        "{code}: {said}"
    );
}

#[test]
fn unknown_engines_and_broken_manifests_are_refused() {
    let folder = linked(&["kokoro"]);
    let manifest = folder.path().join("kokoro/pack.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::remove_file(&manifest).unwrap();
    fs::write(
        &manifest,
        text.replace("engine = \"kokoro\"", "engine = \"parrot\""),
    )
    .unwrap();
    let (said, code) = refusal(folder.path());
    assert!(
        code == 2 && said.contains("parrot") && said.contains("whisper"),
        "{code}: {said}"
    );
    fs::write(&manifest, text.replace("kind = ", "kinds = ")).unwrap();
    let (said, code) = refusal(folder.path());
    assert!(
        code == 2 && said.lines().count() == 1 && said.contains("kinds"),
        "{code}: {said}"
    );
}
