//! The time of each step: kernels of Kokoro's sound, features, resampling, coding, reading.

use criterion::{Criterion, criterion_group, criterion_main};

mod work;

/// Two seconds of speech.
const ROWS: usize = 9_600;
const SECONDS: usize = 2;

fn times(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("steps");
    group.sample_size(20);
    for mut step in work::all(ROWS, SECONDS) {
        group.bench_function(step.name, |b| b.iter(&mut step.run));
    }
    group.finish();
}

criterion_group!(benches, times);
criterion_main!(benches);
