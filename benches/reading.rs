//! What reading a text costs: words and sounds of a sentence, words of 5000 characters, and of texts that are made to be slow.
//!
//! Needs no packs: `cargo bench -p vocabox-text`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use vocabox_text::language;

/// Characters of the longest text that a request may have.
const TEXT_CHARS: usize = 5000;

/// A sentence of each language with figures of many classes.
const SENTENCES: [(&str, &str); 6] = [
    (
        "en-us",
        "On May 3, 2024, Dr. Lee paid $4.50 at 9 a.m. for 2 kg of tea; it was 10-20% more than in 2019. ",
    ),
    (
        "es",
        "El 3 de mayo de 2024, el Dr. Gil pagó 4,50 € a las 9:30 por 2 kg de té, un 10-20 % más que en 2019. ",
    ),
    (
        "fr",
        "Le 3 mai 2024, le Dr Petit a payé 4,50 € à 9h30 pour 2 kg de thé, soit 10-20 % de plus qu'en 2019. ",
    ),
    (
        "it",
        "Il 3 maggio 2024 il dott. Rossi ha pagato 4,50 € alle 9:30 per 2 kg di tè, il 10-20% in più del 2019. ",
    ),
    (
        "pt-br",
        "Em 3 de maio de 2024, o Dr. Lima pagou R$ 4,50 às 9h30 por 2 kg de chá, 10-20% a mais que em 2019. ",
    ),
    (
        "hi",
        "3 मई 2024 को डॉ. शर्मा ने सुबह 9:30 बजे 2 kg चाय के लिए ₹4.50 दिए, जो 2019 से 10-20% ज़्यादा था। ",
    ),
];
/// Of all signs and short texts that `src/text/grammar/hostile_tests.rs` repeats, the slowest, and others of their kind.
const HOSTILE: [&str; 12] = [
    "×1", "½a", "*1", "$1", "\"", "1-", "1/", "a.b.", "www.a", "1:", "I ", "5 km/h ",
];

/// `unit` repeated up to the length of the longest text.
fn long(unit: &str) -> String {
    unit.repeat(TEXT_CHARS / unit.chars().count())
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reading");
    for (code, sentence) in SENTENCES {
        let reader = language(code).expect("it is read");
        let words = reader.words(sentence);
        let text = long(sentence);
        group.sample_size(50);
        group.bench_function(format!("{code}/sentence/words"), |b| {
            b.iter(|| reader.words(black_box(sentence)))
        });
        group.bench_function(format!("{code}/sentence/sounds"), |b| {
            b.iter(|| reader.sounds(black_box(&words)).expect("it sounds"))
        });
        group.sample_size(10);
        group.bench_function(format!("{code}/5000/words"), |b| {
            b.iter(|| reader.words(black_box(&text)))
        });
    }
    let english = language("en-us").expect("it is read");
    for unit in HOSTILE {
        let text = long(unit);
        group.bench_function(format!("en-us/5000/hostile {unit:?}"), |b| {
            b.iter(|| english.words(black_box(&text)))
        });
    }
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
