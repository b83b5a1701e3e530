//! Recordings in every format, encoded from the same reading, are decoded to the same sound.

use std::fs::File;
use std::io::Cursor;
use std::path::Path;

use vocabox::audio;
use vocabox::audio::pcm::{Clip, read_all};

/// The copies of the test recording that the `encode` step makes.
const COPIES: &[&str] = &[
    "mp3",
    "flac",
    "surround.flac",
    "ogg",
    "opus",
    "webm",
    "m4a",
    "aac",
    "mkv",
    "aiff",
    "stereo.wav",
    "alaw.wav",
    "mulaw.wav",
    "float.wav",
    "96k.wav",
];
/// Samples at 16 kHz by which a copy is late. The first 1024 samples at 48 kHz of an AAC encoder are priming: ADTS
/// cannot declare them, and Matroska only in milliseconds, 16 samples too few.
const LATE: &[(&str, usize)] = &[("aac", 341), ("mkv", 5)];
/// Least likeness (cosine of the samples) of a lossy copy to the original.
const LIKENESS_MIN: f64 = 0.98;
/// Samples at 16 kHz by which a copy's length may differ: padding that its format cannot declare.
const LENGTH_SAMPLES: usize = 1_200;

fn speech(file: &str) -> Clip {
    let path = Path::new("models/test-speech").join(file);
    let source = File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    read_all(audio::open_speech(source, 16_000, 60.0).unwrap().as_mut()).unwrap()
}

#[test]
fn every_format_gives_the_same_sound_at_the_same_time() {
    let original = speech("two_cities.wav");
    assert!((original.seconds() - 44.4).abs() < 0.1);
    for copy in COPIES {
        let made = speech(&format!("two_cities.{copy}"));
        let off = made.samples.len().abs_diff(original.samples.len());
        assert!(
            off <= LENGTH_SAMPLES,
            "{copy}: {off} samples longer or shorter"
        );
        let late = LATE.iter().find(|(c, _)| c == copy).map_or(0, |l| l.1);
        let (mut both, mut ours, mut theirs) = (0.0, 0.0, 0.0);
        for (x, y) in original.samples.iter().zip(&made.samples[late..]) {
            let (x, y) = (f64::from(*x), f64::from(*y));
            both += x * y;
            ours += x * x;
            theirs += y * y;
        }
        let likeness = both / (ours * theirs).sqrt();
        assert!(likeness >= LIKENESS_MIN, "{copy}: {likeness}");
    }
}

#[test]
fn a_recording_over_the_bound_is_refused() {
    let source = File::open("models/test-speech/two_cities.wav").unwrap();
    let fault = audio::open_speech(source, 16_000, 30.0).err().unwrap();
    assert_eq!(
        fault.sentence,
        "audio lasts 44.4 s; at most 30.0 s is accepted"
    );
}

/// Seconds of sound in a recording, or the sentence of the fault.
fn decoded(file: Vec<u8>) -> Result<f64, String> {
    let read = || read_all(audio::open_speech(Cursor::new(file), 16_000, 60.0)?.as_mut());
    let told = |fault: vocabox::fault::Fault| fault.sentence;
    read().map(|clip| clip.seconds()).map_err(told)
}

/// The reading in another format.
pub fn bytes(copy: &str) -> Vec<u8> {
    std::fs::read(Path::new("models/test-speech").join(format!("two_cities.{copy}"))).unwrap()
}

#[test]
fn what_comes_after_a_damaged_stretch_is_heard() {
    for (copy, least_s) in [
        ("mp3", 44.0),
        ("flac", 44.0),
        ("ogg", 43.0),
        ("opus", 42.0),
        ("aac", 44.0),
        ("m4a", 44.0),
        ("alaw.wav", 44.3),
    ] {
        let mut file = bytes(copy);
        let middle = file.len() / 2;
        file[middle..middle + 2_000].copy_from_slice(&rubbish(2_000));
        let seconds = decoded(file).unwrap();
        assert!((least_s..45.0).contains(&seconds), "{copy}: {seconds}");
    }
}

#[test]
fn what_stands_before_the_sound_is_skipped() {
    // An ID3 tag of 100 000 bytes, whose length is written in groups of seven bits, and the remains of an interrupted
    // recorder.
    let tag = [
        b"ID3\x04\x00\x00\x00\x06\x0d\x20".as_slice(),
        &rubbish(100_000),
    ]
    .concat();
    for before in [tag, vec![0; 5_000]] {
        for copy in ["mp3", "aac"] {
            let seconds = decoded([before.as_slice(), &bytes(copy)].concat()).unwrap();
            assert!((44.0..44.6).contains(&seconds), "{copy}: {seconds}");
        }
    }
}

fn rubbish(count: usize) -> Vec<u8> {
    (0..count).map(|i| (i * 7_919 % 251) as u8).collect()
}
