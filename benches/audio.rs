//! Features and resampling: the cost of a recording before a model runs.

mod noise;

use criterion::{Criterion, criterion_group, criterion_main};
use noise::noise;
use std::hint::black_box;
use vocabox::audio::dsp::mel::Mel;
use vocabox::audio::dsp::resample::resample_clip;

fn mel(criterion: &mut Criterion) {
    let clip = noise(30, 16_000);
    let mut whisper = Mel::whisper(80);
    criterion.bench_function("mel_whisper_80_bands_30_s", |b| {
        b.iter(|| whisper.log_mel(black_box(&clip.samples), 3_000))
    });
    criterion.bench_function("mel_whisper_80_bands_3_s_of_30", |b| {
        b.iter(|| whisper.log_mel(black_box(&clip.samples[..48_000]), 3_000))
    });
    let mut speaker = Mel::ge2e();
    criterion.bench_function("mel_ge2e_40_bands_30_s", |b| {
        b.iter(|| speaker.power(black_box(&clip.samples)))
    });
}

fn resample(criterion: &mut Criterion) {
    for (from, to) in [
        (48_000, 16_000),
        (44_100, 16_000),
        (8_000, 16_000),
        (24_000, 48_000),
    ] {
        let clip = noise(30, from);
        criterion.bench_function(&format!("resample_{from}_to_{to}_hz_30_s"), |b| {
            b.iter(|| resample_clip(black_box(&clip), to))
        });
    }
}

criterion_group!(benches, mel, resample);
criterion_main!(benches);
