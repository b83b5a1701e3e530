//! The stages of who speaks when: a window of the segmenter, one embedding of each encoder, and the grouping of embeddings.
//!
//! Needs the fetched packs (scripts/fetch-models --all).

mod noise;
mod packs;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use noise::noise;
use packs::{cancellation, graphs, pack};
use vocabox::audio::pcm::{Clip, ClipReader};
use vocabox::engine::diarization::{ANY_SPEAKERS, DiarizeTask};
use vocabox::engine::{Build, diarization, of, segmentation};

const RATE_HZ: u32 = 16_000;

fn speakers(criterion: &mut Criterion) {
    let graphs = graphs();
    let sound = noise(10, RATE_HZ);
    let mut group = criterion.benchmark_group("speakers");
    group.sample_size(10);

    let pyannote = pack("segmentation-pyannote");
    let segmenter = segmentation::build(&pyannote, &graphs).expect("it loads");
    group.bench_function("segmentation_10_s", |b| {
        b.iter(|| segmenter.window(black_box(&sound.samples), &cancellation()))
    });

    for (name, seconds) in [("speaker-campplus", 3), ("speaker-ge2e", 3)] {
        let pack = pack(name);
        let Ok(Build::Embed(build)) = of(&pack) else {
            panic!("{name} embeds")
        };
        let engine = build(&pack, &graphs).expect("it loads");
        let piece = Clip {
            samples: sound.samples[..seconds * RATE_HZ as usize].to_vec(),
            rate_hz: RATE_HZ,
        };
        group.bench_function(format!("embedding_{name}_{seconds}_s"), |b| {
            b.iter(|| {
                engine
                    .run(piece.clone(), &cancellation())
                    .expect("it embeds")
            })
        });
    }

    let engine = diarization::build(&pack("speaker-campplus"), &pyannote, &graphs);
    let engine = engine.expect("it loads");
    group.bench_function("diarization_of_noise_10_s", |b| {
        b.iter(|| {
            let task = DiarizeTask {
                audio: Box::new(ClipReader::from(sound.clone())),
                speakers: ANY_SPEAKERS,
            };
            engine.run(task, &cancellation()).expect("it runs")
        })
    });
    group.finish();
}

criterion_group!(benches, speakers);
criterion_main!(benches);
