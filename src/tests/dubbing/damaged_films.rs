//! Damaged films: each gives a copy that is hardly larger or a fault, never a panic, within seconds. The corpus is that
//! of `scripts/fuzz`.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use vocabox::audio::encode::Codec;
use vocabox::cpu_time;
use vocabox::fault::{Fault, Kind};
use vocabox::media::{self, SoundTrack, TrackWriter};

use crate::engines::damage::damaged;
use crate::support::dice::Dice;

/// Damaged variants of each film.
const ROUNDS: usize = 400;
/// Longest time for a film of some KiB, on a busy machine.
const WORK_MAX: Duration = Duration::from_secs(10);
/// Bytes that may be written beyond the film's size: the sound, and tables that replace a more compact form (a
/// fragment's run with default sample values has no bytes for its samples).
const MORE_BYTES: u64 = 100_000;

fn sound() -> SoundTrack {
    let mut writer = TrackWriter::new(tempfile::tempfile().unwrap(), 1, Codec::Opus).unwrap();
    writer.push(&[0.1; 19_200]).unwrap();
    writer.finish("eng").unwrap()
}

/// The length of the copy in bytes.
fn copied(film: &[u8], sound: &SoundTrack) -> Result<u64, Fault> {
    let mut out = tempfile::tempfile().unwrap();
    media::replace_audio(Cursor::new(film), sound, None, &mut out)?;
    let length = out.metadata().unwrap().len();
    let copy = media::inspect(out).expect("what is written can be read");
    assert!(copy.is_some(), "the picture is lost");
    Ok(length)
}

/// `whole` with eight changed bytes anywhere, because headers may be at the end.
fn sprinkled(whole: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut film = whole.to_vec();
    for _ in 0..=dice.below(8) {
        let at = dice.below(film.len());
        film[at] = [0, 1, 0x7F, 0x80, 0xFF, dice.below(256) as u8][dice.below(6)];
    }
    film
}

#[test]
fn damaged_films_are_copied_or_refused_and_soon() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/fuzz/corpus/mux");
    let mut paths: Vec<_> = std::fs::read_dir(&corpus)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 11, "{paths:?}");
    let sound = sound();
    let (mut taken, mut refused) = (0, 0);
    for (seed, path) in paths.iter().enumerate() {
        let whole = std::fs::read(path).unwrap();
        copied(&whole, &sound).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut dice = Dice(seed as u32);
        for round in 0..ROUNDS {
            let film = match round % 2 {
                0 => damaged(&whole, &mut dice),
                _ => sprinkled(&whole, &mut dice),
            };
            let begun = cpu_time::of_thread();
            let made = std::panic::catch_unwind(|| copied(&film, &sound));
            let took = cpu_time::of_thread() - begun;
            let what = format!("{}, round {round}", path.display());
            assert!(took < WORK_MAX, "{what} took {took:?}");
            match made.unwrap_or_else(|_| panic!("{what} panicked")) {
                Ok(length) => {
                    taken += 1;
                    assert!(
                        length < film.len() as u64 + MORE_BYTES,
                        "{what}: {length} bytes"
                    );
                }
                Err(fault) => {
                    refused += 1;
                    assert_eq!(fault.kind, Kind::Invalid, "{what}: {fault}");
                    assert!(fault.sentence.starts_with("file "), "{what}: {fault}");
                }
            }
        }
    }
    println!("{taken} taken, {refused} refused");
    assert!(
        taken > 500 && refused > 500,
        "{taken} taken, {refused} refused"
    );
}
