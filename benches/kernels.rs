//! The loops of Kokoro's sound at the sizes of 8 s of it: bytes that are read and written a second, by one thread as each of ONNX
//! Runtime's threads runs them.
//!
//! Needs no packs: `cargo bench --bench kernels`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

#[path = "work/kernels.rs"]
mod loops;
#[path = "work/numbers.rs"]
mod numbers;
#[path = "work/step.rs"]
mod step;

/// Rows and channels of the two stages: 800 and 4800 rows a second.
const SHAPES: [(usize, usize); 2] = [(6_400, 256), (38_400, 128)];

fn kernels(criterion: &mut Criterion) {
    for (rows, channels) in SHAPES {
        let mut group = criterion.benchmark_group(format!("kernels_{rows}_rows_{channels}"));
        group.sample_size(10);
        for (mut step, bytes) in loops::all(rows, channels) {
            group.throughput(Throughput::Bytes(bytes as u64));
            group.bench_function(step.name, |b| b.iter(&mut step.run));
        }
        group.finish();
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
