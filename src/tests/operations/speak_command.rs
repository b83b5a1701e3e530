//! `vocabox speak`: from texts to files or a stream.

use std::process::Output;

use crate::support::server::{fed, run, stub_models, vocabox};

/// Runs `speak` on stub engines, which make a tenth of a second for each letter, with `text` on its standard input.
fn speak(text: &str, args: &[&str]) -> Output {
    let models = stub_models();
    let models = [
        "--models-dir",
        models.path().to_str().unwrap(),
        "speak",
        "-",
    ];
    fed(vocabox(&[&models[..], args].concat()), text)
}

#[test]
fn a_text_of_standard_input_becomes_a_file_of_the_format_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    for (name, more, begins) in [
        ("a.wav", &[][..], &b"RIFF\xe4\x5d\0\0WAVE"[..]),
        ("a.flac", &[], b"fLaC"),
        ("a.opus", &[], b"OggS"),
        ("a.txt", &[], b"RIFF"),
        ("a.sound", &["--format", "flac"], b"fLaC"),
    ] {
        let path = folder.path().join(name);
        let output = speak("ok yes", &[&["-o", path.to_str().unwrap()], more].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.success() && said.contains("0.50 s of speech"),
            "{said}"
        );
        let file = std::fs::read(path).unwrap();
        assert!(file.starts_with(begins), "{name}");
    }
}

#[test]
fn sound_leaves_by_standard_output_in_any_format() {
    let pcm = speak("ok yes", &["-o", "-", "--format", "pcm"]);
    assert_eq!(pcm.stdout.len(), 2 * 12_000);
    assert!(pcm.stdout.iter().any(|byte| *byte != 0));
    let wav = speak("ok yes", &["-o", "-"]);
    assert_eq!(wav.stdout[..8], *b"RIFF\xff\xff\xff\xff");
    assert_eq!(wav.stdout.len(), 44 + 2 * 12_000);
}

#[test]
fn a_failure_leaves_no_file_and_a_wrong_format_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let failed = speak("ok fail", &["-o", path.to_str().unwrap()]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(!path.exists());
    let wrong = run(&["speak", "Hello.", "--format", "wma"]);
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        said.contains("--format is \"wma\"; wav, pcm, flac, opus, mp3, aac are accepted"),
        "{said}"
    );
}

#[test]
fn no_sound_is_written_under_the_name_of_another_format() {
    let folder = tempfile::tempdir().unwrap();
    for (name, more) in [
        ("a.m4a", &[][..]),
        ("a.MP4", &[]),
        ("a.wav", &["--format", "flac"]),
    ] {
        let path = folder.path().join(name);
        let refused = speak("ok", &[&["-o", path.to_str().unwrap()], more].concat());
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(
            said.contains("ending") && said.lines().count() == 1,
            "{said}"
        );
        assert!(!path.exists());
    }
    let path = folder.path().join("a.ogg");
    let done = speak("ok", &["-o", path.to_str().unwrap()]);
    assert!(done.status.success());
    assert!(std::fs::read(path).unwrap().starts_with(b"OggS"));
    let path = folder.path().join("a.mp3");
    let done = speak("ok", &["-o", path.to_str().unwrap()]);
    assert!(done.status.success());
    assert!(std::fs::read(path).unwrap().starts_with(&[0xFF, 0xF3]));
}
