//! What translating costs: a short and a long sentence, with the fetched translators.
//!
//! Needs the fetched packs (scripts/fetch-models --all).

mod packs;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use packs::{cancellation, graphs, pack};
use vocabox::engine::contract::TranslateTask;
use vocabox::engine::{Build, of};

/// Each pack with its languages and two sentences.
const PACKS: [(&str, [&str; 2], [&str; 2]); 2] = [
    (
        "translate-en-pt",
        ["en", "pt"],
        [
            "Good morning.",
            "The harbour was quiet that evening, and the last ferry had left an hour before the rain began.",
        ],
    ),
    (
        "translate-pt-en",
        ["pt", "en"],
        [
            "Bom dia.",
            "O porto estava calmo naquela noite, e a última balsa tinha partido uma hora antes da chuva.",
        ],
    ),
];

fn translation(criterion: &mut Criterion) {
    let graphs = graphs();
    let mut group = criterion.benchmark_group("translation");
    group.sample_size(10);
    for (name, [source, target], sentences) in PACKS {
        let pack = pack(name);
        let Ok(Build::Translate(build)) = of(&pack) else {
            panic!("{name} translates")
        };
        let engine = build(&pack, &graphs).expect("it loads");
        for text in sentences {
            group.bench_function(format!("{name}/{}_chars", text.chars().count()), |b| {
                b.iter(|| {
                    let task = TranslateTask {
                        text: black_box(text).to_owned(),
                        source: source.to_owned(),
                        target: target.to_owned(),
                        room: None,
                    };
                    engine.run(task, &cancellation()).expect("it translates")
                })
            });
        }
    }
    group.finish();
}

criterion_group!(benches, translation);
criterion_main!(benches);
