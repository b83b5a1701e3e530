//! Damaged recordings of every format: each gives sound or a fault, never a panic, within seconds; the undamaged parts
//! keep their place in time. The corpus of small files is that of `scripts/fuzz`.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use vocabox::audio::pcm::Clip;
use vocabox::audio::{self, pcm};
use vocabox::cpu_time;
use vocabox::fault::Kind;

use crate::engines::audio::bytes;
use crate::support::dice::Dice;

/// Damaged variants of each file.
const ROUNDS: usize = 150;
/// Longest time for a file of some KiB, on a busy machine.
const WORK_MAX: Duration = Duration::from_secs(10);
/// Longest recording that is accepted.
const SECONDS_MAX: f64 = 60.0;

/// Truncates `whole`, changes bytes (mostly near the start, where tables are), writes extreme values where lengths may
/// be, or repeats a part.
pub fn damaged(whole: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut file = whole.to_vec();
    match dice.below(4) {
        0 => file.truncate(dice.below(whole.len())),
        1 => {
            for _ in 0..=dice.below(12) {
                let at = dice.below(file.len().min(400));
                file[at] = dice.below(256) as u8;
            }
        }
        2 => {
            let extremes = [0x00, 0x7f, 0x80, 0xff];
            let at = dice.below(file.len().saturating_sub(8));
            let count = [2, 4, 8][dice.below(3)];
            file[at..at + count].fill(extremes[dice.below(4)]);
        }
        _ => {
            let from = dice.below(file.len());
            let stretch = file[from..(from + dice.below(2_000)).min(file.len())].to_vec();
            let at = dice.below(file.len());
            file.splice(at..at, stretch);
        }
    }
    file
}

#[test]
fn damaged_recordings_are_decoded_or_refused_and_soon() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/fuzz/corpus/decode");
    let mut names: Vec<_> = std::fs::read_dir(&corpus)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    assert!(names.len() >= 20, "{names:?}");
    let (mut heard, mut refused) = (0, 0);
    for (seed, path) in names.iter().enumerate() {
        let whole = std::fs::read(path).unwrap();
        let decode = |file: Vec<u8>| {
            let mut sound = audio::open_speech(Cursor::new(file), 16_000, SECONDS_MAX)?;
            pcm::read_all(sound.as_mut())
        };
        let sound = decode(whole.clone()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(
            (0.2..0.35).contains(&sound.seconds()),
            "{}: {} s",
            path.display(),
            sound.seconds()
        );
        let mut dice = Dice(seed as u32);
        for round in 0..ROUNDS {
            let file = damaged(&whole, &mut dice);
            let begun = cpu_time::of_thread();
            let made = std::panic::catch_unwind(|| decode(file));
            let took = cpu_time::of_thread() - begun;
            let what = format!("{}, round {round}", path.display());
            assert!(took < WORK_MAX, "{what} took {took:?}");
            match made.unwrap_or_else(|_| panic!("{what} panicked")) {
                Ok(clip) => {
                    heard += 1;
                    assert!(clip.samples.iter().all(|x| x.is_finite()), "{what}");
                    assert!(clip.seconds() <= SECONDS_MAX + 1.0, "{what}");
                }
                Err(fault) => {
                    refused += 1;
                    assert_eq!(fault.kind, Kind::Invalid, "{what}: {fault}");
                }
            }
        }
    }
    println!("{heard} heard, {refused} refused");
    assert!(
        heard > 300 && refused > 300,
        "{heard} heard, {refused} refused"
    );
}

/// The sound of a file at 16 kHz, or the sentence of the fault.
fn heard(file: Vec<u8>) -> Result<Clip, String> {
    let most_s = 200.0;
    let read = || pcm::read_all(audio::open_speech(Cursor::new(file), 16_000, most_s)?.as_mut());
    read().map_err(|fault| fault.sentence)
}

/// Likeness (cosine) of two pieces of sound.
fn likeness(a: &[f32], b: &[f32]) -> f64 {
    let sum = |x: &[f32], y: &[f32]| -> f64 {
        let products = x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y));
        products.sum()
    };
    sum(a, b) / (sum(a, a) * sum(b, b)).sqrt()
}

/// The greatest likeness of a quarter of a second of `part` from `from` on to `whole` around `at`, up to `most` samples
/// away.
fn likeness_near(whole: &[f32], at: usize, part: &[f32], from: usize, most: usize) -> f64 {
    let part = &part[from..from + 4_000];
    let places = at.saturating_sub(most)..=(at + most).min(whole.len() - part.len());
    places
        .step_by(2)
        .map(|at| likeness(&whole[at..at + part.len()], part))
        .fold(0.0, f64::max)
}

/// An MP4 file with its index moved before its sound, as for progressive download.
fn index_first(file: &[u8]) -> Vec<u8> {
    let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap());
    let mut boxes = Vec::new();
    let mut at = 0;
    while at < file.len() {
        let end = at + number(at) as usize;
        boxes.push(file[at..end].to_vec());
        at = end;
    }
    let is = |kind: &[u8; 4]| boxes.iter().position(|b| b[4..8] == *kind).unwrap();
    let mut index = boxes.remove(is(b"moov"));
    let moved = index.len() as u32;
    let offsets = index.windows(4).position(|w| w == b"stco").unwrap();
    for entry in index[offsets + 12..].chunks_exact_mut(4) {
        let offset = u32::from_be_bytes((&*entry).try_into().unwrap());
        // Offsets of chunks lie within the file; a larger value belongs to the box after the table.
        if offset > file.len() as u32 {
            break;
        }
        entry.copy_from_slice(&(offset + moved).to_be_bytes());
    }
    boxes.insert(1, index);
    boxes.concat()
}

#[test]
fn a_recording_that_breaks_off_is_heard_as_far_as_it_goes() {
    let first = index_first(&bytes("m4a"));
    let whole = heard(first.clone()).unwrap();
    let formats = [
        "mp3", "flac", "ogg", "opus", "aac", "alaw.wav", "wav", "webm", "mkv", "aiff",
    ];
    let mut files: Vec<_> = formats.iter().map(|f| (*f, bytes(f))).collect();
    files.push(("m4a", first));
    for (copy, file) in files {
        for part in [0.3, 0.95] {
            let cut = file[..(file.len() as f64 * part) as usize].to_vec();
            let clip = heard(cut).unwrap_or_else(|e| panic!("{copy}, {part}: {e}"));
            // Loud and soft parts take different numbers of bytes.
            let off = clip.seconds() - part * 44.37;
            assert!(off.abs() < 2.5, "{copy}, {part}: {off} s off");
            let from = clip.samples.len() - 20_000;
            let alike = likeness_near(&whole.samples, from, &clip.samples, from, 600);
            assert!(alike > 0.9, "{copy}, {part}: {alike}");
        }
    }
}

#[test]
fn an_mp4_that_breaks_off_before_its_index_is_refused_and_told_why() {
    let mut file = bytes("m4a");
    file.truncate(file.len() * 7 / 10);
    let sentence = heard(file).unwrap_err();
    assert!(
        sentence.starts_with("file breaks off before its index (moov)"),
        "{sentence}"
    );
}

#[test]
fn what_comes_after_a_damaged_stretch_of_matroska_is_heard_where_it_was() {
    for copy in ["webm", "mkv"] {
        let whole = heard(bytes(copy)).unwrap();
        // A short damage, and one of several clusters.
        for (damaged, least_s) in [(2_000, 43.5), (100_000, 43.0)] {
            let mut file = bytes(copy);
            let middle = file.len() / 2;
            for (n, byte) in file[middle..middle + damaged].iter_mut().enumerate() {
                *byte = (n * 7_919 % 251) as u8;
            }
            let clip = heard(file).unwrap();
            assert!(
                (least_s..44.6).contains(&clip.seconds()),
                "{copy}: {}",
                clip.seconds()
            );
            let from = 40 * 16_000;
            let alike = likeness_near(&whole.samples, from, &clip.samples, from, 4_000);
            assert!(alike > 0.95, "{copy}, {damaged} bytes: {alike}");
        }
    }
}

#[test]
fn joined_recordings_are_heard_to_the_last() {
    let head =
        b"ID3\x04\x00\x00\x00\x00\x02\x00TIT2\x00\x00\x00\x14\x00\x00\x01\xff\xfeT\x00w\x00o\x00";
    let mut tag = head.to_vec();
    tag.resize(10 + 256, 0);
    let tag_at_end = [b"TAG".as_slice(), &[b' '; 125]].concat();
    for (copy, between, parts) in [
        ("mp3", Vec::new(), 2),
        ("mp3", tag, 2),
        ("mp3", [tag_at_end, bytes("mp3")].concat(), 3),
        ("aac", Vec::new(), 2),
        ("ogg", Vec::new(), 2),
        ("opus", Vec::new(), 2),
        ("webm", Vec::new(), 2),
        ("mkv", Vec::new(), 2),
    ] {
        let one = bytes(copy);
        let whole = heard(one.clone()).unwrap();
        let file = [one.as_slice(), &between, &one].concat();
        let clip = heard(file).unwrap();
        let expected = f64::from(parts) * whole.seconds();
        assert!(
            (clip.seconds() - expected).abs() < 0.3,
            "{copy}: {} s, not {expected}",
            clip.seconds()
        );
        let from = 40 * 16_000;
        let at = clip.samples.len() - whole.samples.len() + from;
        let alike = likeness_near(&clip.samples, at, &whole.samples, from, 5_000);
        assert!(alike > 0.9, "{copy}: {alike}");
    }
}
