//! What reading an upload costs: the same 44 s of speech in each common format, decoded, mixed and resampled to 16 kHz.
//!
//! Needs the fetched recordings (scripts/fetch-models test-speech).

use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use vocabox::audio;
use vocabox::audio::pcm::read_all;

const FILES: [&str; 15] = [
    "two_cities.wav",
    "two_cities.8k.wav",
    "two_cities.96k.wav",
    "two_cities.float.wav",
    "two_cities.mulaw.wav",
    "two_cities.stereo.wav",
    "two_cities.aiff",
    "two_cities.flac",
    "two_cities.surround.flac",
    "two_cities.mp3",
    "two_cities.m4a",
    "two_cities.aac",
    "two_cities.ogg",
    "two_cities.opus",
    "two_cities.webm",
];

fn decoding(criterion: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/test-speech");
    let mut group = criterion.benchmark_group("decode_44_s");
    group.sample_size(10);
    for name in FILES {
        let file = std::fs::read(folder.join(name)).expect("scripts/fetch-models test-speech");
        group.bench_function(name, |b| {
            b.iter(|| {
                let source = Cursor::new(black_box(&file).clone());
                let mut speech = audio::open_speech(source, 16_000, 600.0).expect("it opens");
                read_all(&mut *speech).expect("it decodes")
            })
        });
    }
    group.finish();
}

criterion_group!(benches, decoding);
criterion_main!(benches);
