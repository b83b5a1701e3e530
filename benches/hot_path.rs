//! What a piece of speech costs beside its graph: one row each, for the same 120 characters.
//!
//! The graph's own row is measured in the same run, so that the share of each other row can be told.
//!
//! Needs the fetched packs (scripts/fetch-models --all).

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use vocabox::app::Installation;
use vocabox::audio::encode::{self, Format};
use vocabox::audio::pcm::Clip;
use vocabox::capability::Capability;
use vocabox::config::{Common, CommonFlags, Flags};
use vocabox::engine::contract::{CancellationToken, Speak, Utterance};
use vocabox::engine::tts::joiner::Joiner;
use vocabox::text;

/// 120 characters, in two pieces.
const TEXT: &str = "The harbour was quiet that evening, and the last ferry had left an hour before the rain began to fall on \
                    the empty quay.";

fn utterance() -> Utterance {
    Utterance {
        text: TEXT.into(),
        voice: "af_heart".to_owned(),
        ..Utterance::default()
    }
}

/// The sound of each piece as the graph makes it, and the pause after it.
fn run_graph(engine: &dyn Speak) -> Vec<(Vec<f32>, f32)> {
    let steps = CancellationToken::until(Instant::now() + Duration::from_secs(600));
    let utterance = utterance();
    let made = engine.pieces(&utterance).expect("it reads the text");
    let pieces = made.pieces.map(|piece| {
        let piece = piece.expect("it reads the piece");
        ((piece.make)(&steps).expect("it speaks"), piece.pause_s)
    });
    pieces.collect()
}

fn joined(rate_hz: u32, pieces: &[(Vec<f32>, f32)]) -> Vec<Clip> {
    let mut joiner = Joiner::new(rate_hz);
    let pieces = pieces.iter();
    pieces
        .filter_map(|(sound, pause_s)| joiner.push(sound, *pause_s))
        .collect()
}

fn encoded(format: Format, clips: &[Clip]) -> usize {
    let mut encoder = encode::stream(format, clips[0].rate_hz, None).expect("it encodes");
    let parts = clips.iter();
    let parts = parts.map(|clip| encoder.push(&clip.samples).expect("it encodes").len());
    parts.sum::<usize>() + encoder.finish().expect("it ends").len()
}

fn hot_path(criterion: &mut Criterion) {
    let common = Common::resolve(&CommonFlags {
        flags: Flags::default().with("models_dir", concat!(env!("CARGO_MANIFEST_DIR"), "/models")),
        ..CommonFlags::default()
    });
    let models = common.and_then(|common| common.models(&Flags::default()));
    let models = models.expect("sound options");
    let installation =
        Installation::open(&models, &[Capability::Speak]).expect("packs are fetched");
    let engine = installation.build_speak().expect("it loads");
    let rate_hz = engine.pieces(&utterance()).expect("it reads").rate_hz;
    let pieces = run_graph(&*engine);
    let clips = joined(rate_hz, &pieces);
    let seconds: f64 = clips.iter().map(Clip::seconds).sum();
    println!("{} pieces, {seconds:.2} s of sound", pieces.len());

    let mut group = criterion.benchmark_group("hot_path");
    group.sample_size(10);
    group.bench_function("graph", |b| b.iter(|| run_graph(&*engine)));
    group.sample_size(50);
    let english = text::language("en-us").expect("it reads English");
    group.bench_function("text_to_phonemes", |b| {
        b.iter(|| text::speakable(black_box(TEXT), english).expect("it reads"))
    });
    group.bench_function("copy_twice", |b| {
        b.iter(|| {
            let first: Vec<Vec<f32>> = pieces.iter().map(|(sound, _)| sound.clone()).collect();
            black_box(first.clone())
        })
    });
    group.bench_function("join_and_level", |b| {
        b.iter(|| joined(rate_hz, black_box(&pieces)))
    });
    for format in Format::ALL {
        let name = format!("encode_{}", format.name());
        group.bench_function(name, |b| b.iter(|| encoded(format, black_box(&clips))));
    }
    group.finish();
}

criterion_group!(benches, hot_path);
criterion_main!(benches);
