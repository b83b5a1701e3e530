//! `vocabox dub`: a film is dubbed without a server.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::dubbing::films::{film, packets};
use crate::dubbing::jobs::stubs;
use crate::http::cloning::cloning_models;
use crate::support::server::{link, run, stub_models, vocabox};

fn dub(models: &str, data: &str, more: &[&str]) -> Output {
    run(&[&["--models-dir", models, "--data-dir", data, "dub"], more].concat())
}

#[test]
fn a_film_is_dubbed_without_a_server() {
    let (models, folder) = (stubs(), tempfile::tempdir().unwrap());
    let models = models.path().to_str().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let film = film("frames.mp4");
    let (original, out, srt) = (film.to_str().unwrap(), at("out.mp4"), at("out.srt"));
    let fine = [
        original,
        "--from",
        "pt",
        "--to",
        "en",
        "-o",
        &out,
        "--srt",
        &srt,
        "--voice",
        "SPEAKER_00=af_heart",
    ];
    let done = dub(models, &at("data"), &fine);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success() && said.contains("dubbed in") && !said.contains("junk"),
        "{said}"
    );
    assert!(packets(&film) == packets(out.as_ref()));
    assert!(fs::exists(&srt).unwrap());
    for (wrong, says) in [
        (
            ["nothing.mp4", "--to", "en", "-o", &out],
            "cannot be opened",
        ),
        ([original, "--to", "en", "-o", ""], "-o"),
        (
            [original, "--to=en", "--voice=af_heart", "-o", &out],
            "SPEAKER_00=af_heart",
        ),
    ] {
        let refused = dub(models, &at("data"), &wrong);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{said}");
    }
    let nowhere = at("none/out.mp4");
    let failed = dub(
        models,
        &at("data"),
        &[original, "--from", "en", "--to", "en", "-o", &nowhere],
    );
    assert_eq!(failed.status.code(), Some(1));
    let said = String::from_utf8_lossy(&failed.stderr);
    assert!(said.contains("cannot be written"), "{said}");
}

/// Dubs a film in the folder `at`, where nothing is but what the command makes, with a umask.
fn dub_in(at: &Path, models: &Path, umask: &str, more: &[&str]) -> String {
    let film = film("frames.mp4");
    let mut command = vocabox(&["--models-dir"]);
    command.arg(models).arg("dub").arg(film);
    command.args([
        "--from", "en", "--to", "en", "-o", "out.mp4", "--srt", "out.srt",
    ]);
    command.args(["--voice", "SPEAKER_00=af_heart"]).args(more);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")]);
    shell.arg(command.get_program()).args(command.get_args());
    let output = shell.current_dir(at).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn dubbing_leaves_nothing_but_its_files_which_the_umask_opens_or_closes() {
    let models = stubs();
    for (umask, mode) in [("022", 0o644), ("077", 0o600), ("002", 0o664)] {
        let folder = tempfile::tempdir().unwrap();
        dub_in(folder.path(), models.path(), umask, &[]);
        assert_eq!(names(folder.path()), ["out.mp4", "out.srt"], "{umask}");
        for name in ["out.mp4", "out.srt"] {
            let made = fs::metadata(folder.path().join(name)).unwrap();
            assert_eq!(made.mode() & 0o777, mode, "{umask} {name}");
        }
    }
    // A data folder that was asked for, or is there, keeps what was made for the next time.
    let folder = tempfile::tempdir().unwrap();
    dub_in(folder.path(), models.path(), "022", &["--data-dir", "kept"]);
    assert_eq!(names(folder.path()), ["kept", "out.mp4", "out.srt"]);
}

#[test]
fn dubbing_says_when_it_measures_voices() {
    let (models, stubs, folder) = (
        cloning_models(),
        stub_models(),
        tempfile::tempdir().unwrap(),
    );
    let pack = "stub-transcribe";
    fs::rename(stubs.path().join(pack), models.path().join(pack)).unwrap();
    link(models.path(), "silero-vad");
    let data = ["--data-dir", "kept"];
    let said = dub_in(folder.path(), models.path(), "022", &data);
    let line = said.lines().find(|line| line.contains("measuring"));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    assert!(
        line.contains("voices") && line.contains("kept in kept"),
        "{line}"
    );
}

#[test]
fn no_film_is_written_under_the_name_of_something_else() {
    let (models, folder) = (stubs(), tempfile::tempdir().unwrap());
    let models = models.path().to_str().unwrap();
    for name in ["out.mkv", "out.wav", "out.avi"] {
        let out = folder.path().join(name);
        let film = film("frames.mp4");
        let args = [
            film.to_str().unwrap(),
            "--to",
            "en",
            "-o",
            out.to_str().unwrap(),
        ];
        let data = folder.path().join("data");
        let refused = dub(models, data.to_str().unwrap(), &args);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(".mp4") && said.lines().count() == 1, "{said}");
        assert!(!out.exists());
    }
}
