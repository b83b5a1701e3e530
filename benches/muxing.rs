//! What a new sound track of a film costs beside its speech: encoding 10 s of it, and copying the film with it.
//!
//! Needs the fetched films (scripts/fetch-models test-video).

mod noise;

use std::fs::File;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use noise::noise;
use vocabox::audio::encode::{Codec, OPUS_RATE_HZ};
use vocabox::media::{self, SoundTrack, TrackWriter};

/// Films of 4 s: their tables first, fragmented, and the two kinds of Matroska.
const FILMS: [&str; 4] = ["faststart.mp4", "fragmented.mp4", "film.webm", "film.mkv"];

fn track(codec: Codec, samples: &[f32]) -> SoundTrack {
    let scratch = tempfile::tempfile().expect("a file");
    let mut writer = TrackWriter::new(scratch, 1, codec).expect("an encoder");
    writer.push(samples).expect("it encodes");
    writer.finish("eng").expect("it ends")
}

fn muxing(criterion: &mut Criterion) {
    let sound = noise(10, OPUS_RATE_HZ);
    let mut group = criterion.benchmark_group("film");
    group.sample_size(20);
    for (name, codec) in [("opus", Codec::Opus), ("aac", Codec::Aac)] {
        group.bench_function(format!("track_{name}_10_s"), |b| {
            b.iter(|| track(codec, &sound.samples))
        });
    }
    let made = track(Codec::Opus, &sound.samples[..4 * OPUS_RATE_HZ as usize]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/test-video");
    for name in FILMS {
        let open = || File::open(folder.join(name)).expect("scripts/fetch-models test-video");
        group.bench_function(format!("inspect_{name}"), |b| {
            b.iter(|| media::inspect(open()).expect("a film"))
        });
        group.bench_function(format!("copy_{name}"), |b| {
            b.iter(|| {
                let mut out = tempfile::tempfile().expect("a file");
                media::replace_audio(open(), &made, None, &mut out).expect("it copies")
            })
        });
    }
    group.finish();
}

criterion_group!(benches, muxing);
criterion_main!(benches);
