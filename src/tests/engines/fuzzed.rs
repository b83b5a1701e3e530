//! The fuzzers' small inputs: files that other programs made, and what fuzzing found. What must hold is written once, for
//! the fuzzers and here: `scripts/fuzz/checks.rs`.

#[path = "../../../scripts/fuzz/checks.rs"]
mod checks;

use std::path::{Path, PathBuf};
use std::time::Duration;

use vocabox::cpu_time;

/// Longest time for one input, on a busy machine and without optimisation of our code.
const WORK_MAX: Duration = Duration::from_secs(20);

/// The files of `target`, made by other programs and found by fuzzing.
fn inputs(target: &str) -> Vec<PathBuf> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/fuzz");
    let folders = ["corpus", "found"].map(|kind| fuzz.join(kind).join(target));
    let there = folders.iter().filter(|folder| folder.is_dir());
    let mut files: Vec<PathBuf> = there
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn for_each_input(target: &str, files_min: usize, check: fn(&[u8])) {
    let files = inputs(target);
    assert!(files.len() >= files_min, "{files:?}");
    for path in files {
        let input = std::fs::read(&path).unwrap();
        let begun = cpu_time::of_thread();
        let ended = std::panic::catch_unwind(|| check(&input));
        let took = cpu_time::of_thread() - begun;
        assert!(ended.is_ok(), "{} panicked", path.display());
        assert!(took < WORK_MAX, "{} took {took:?}", path.display());
    }
}

#[test]
fn the_fuzzers_recordings_are_decoded_or_refused() {
    for_each_input("decode", 22, checks::decode);
}

#[test]
fn the_fuzzers_films_get_their_sound_or_are_refused() {
    for_each_input("mux", 11, checks::mux);
}

#[test]
fn the_fuzzers_opus_packets_are_decoded_or_refused() {
    for_each_input("opus", 13, checks::opus);
}

#[test]
fn the_fuzzers_manifests_are_read_or_refused() {
    for_each_input("pack", 9, checks::pack);
}

#[test]
fn the_fuzzers_texts_are_read_in_every_language_or_refused() {
    for_each_input("text", 19, checks::text);
    let languages = inputs("text");
    let first = |path: &PathBuf| std::fs::read(path).unwrap()[0];
    let letters = languages
        .iter()
        .map(first)
        .collect::<std::collections::BTreeSet<_>>();
    assert!(letters.len() >= checks::LANGUAGES.len(), "{letters:?}");
}

#[test]
fn the_fuzzers_texts_are_cut_into_tokens() {
    for_each_input("tokenizer", 9, checks::tokenizer);
}
