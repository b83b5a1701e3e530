//! Recordings in every format, made from the same reading, come out as the same sound.

use std::fs::File;
use std::path::Path;

use vocabox::audio;
use vocabox::audio::pcm::{Clip, read_all};

/// The copies of the test recording that the `encode` step makes.
const COPIES: &[&str] = &["mp3", "flac", "ogg", "m4a", "stereo.wav"];
/// Least likeness (cosine of the samples) of a lossy copy to the original.
const LIKENESS_MIN: f64 = 0.98;
/// Samples at 16 kHz by which a copy's length may differ: an encoder's padding that its format cannot tell.
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
        let (mut both, mut ours, mut theirs) = (0.0, 0.0, 0.0);
        for (x, y) in original.samples.iter().zip(&made.samples) {
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
