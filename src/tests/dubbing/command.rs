//! `vocabox dub`: a film is dubbed without a server.

use std::fs;
use std::process::Output;

use crate::dubbing::films::{film, packets};
use crate::dubbing::jobs::stubs;
use crate::support::server::run;

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
