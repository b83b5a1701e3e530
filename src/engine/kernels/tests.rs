//! The loops against the same in 64 bits, and each instruction set against the others.

use proptest::collection::vec;
use proptest::prelude::*;

use super::moments::{BlockMoments, ByteSums, Moments};
use super::snake::{Snake, cosine};
use super::{ByteScale, LANES, block_rows, residual};

/// Channels of the tests: two strips.
const CHANNELS: usize = 2 * LANES;

/// `rows` rows of floats around `middle`, a few channels of one value only.
fn floats(rows: usize, middle: f32) -> impl Strategy<Value = Vec<f32>> {
    vec(-4.0_f32..4.0, rows * CHANNELS).prop_map(move |mut values| {
        for row in values.chunks_exact_mut(CHANNELS) {
            row.iter_mut().for_each(|x| *x += middle);
            row[3] = 1.5;
        }
        values
    })
}

fn channel(values: &[f32], at: usize) -> impl Iterator<Item = f64> + Clone {
    values
        .iter()
        .skip(at)
        .step_by(CHANNELS)
        .map(|&x| f64::from(x))
}

/// Mean and variance in two passes of 64 bits.
fn expected(values: &[f32], at: usize) -> (f64, f64) {
    let count = channel(values, at).count() as f64;
    let mean = channel(values, at).sum::<f64>() / count;
    let scatter = channel(values, at).map(|x| (x - mean).powi(2)).sum::<f64>();
    (mean, scatter / count)
}

fn moments(values: &[f32], block: usize) -> Moments {
    let blocks: Vec<_> = values
        .chunks(block * CHANNELS)
        .map(|block| BlockMoments::of(block, CHANNELS))
        .collect();
    Moments::of_floats(CHANNELS, &blocks)
}

fn constants(seed: usize) -> (Vec<f32>, Vec<u8>, [Vec<f32>; 2]) {
    let at = |i: usize| (i * 7919 + seed * 104_729) % 1000;
    let each = |f: &dyn Fn(usize) -> f32| (0..CHANNELS).map(f).collect::<Vec<f32>>();
    let scale = each(&|i| 0.01 + at(i) as f32 / 20_000.0);
    let zero = (0..CHANNELS).map(|i| (at(i) % 256) as u8).collect();
    let norm = [
        each(&|i| at(i) as f32 / 100.0 - 3.0),
        each(&|i| 4.0 - at(i) as f32 / 125.0),
    ];
    (scale, zero, norm)
}

#[test]
fn the_cosine_is_within_its_bound() {
    let mut worst = 0.0_f64;
    for step in -2_000_000..2_000_000 {
        let z = step as f32 * 0.005;
        worst = worst.max((f64::from(cosine(z)) - f64::from(z).cos()).abs());
    }
    assert!(worst < 3e-7, "{worst}");
    assert!((cosine(0.0) - 1.0).abs() < 1e-7);
}

#[test]
fn a_block_has_a_row_at_least() {
    assert_eq!(block_rows(128), 64);
    assert_eq!(block_rows(1 << 20), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn moments_are_those_of_all_rows_however_they_are_cut(
        values in floats(37, 100.0), block in 1_usize..40,
    ) {
        let found = moments(&values, block);
        for at in 0..CHANNELS {
            let (mean, variance) = expected(&values, at);
            prop_assert!((f64::from(found.mean[at]) - mean).abs() < 1e-5 * mean.abs());
            prop_assert!((f64::from(found.variance[at]) - variance).abs() < 1e-4 * variance + 1e-9);
        }
    }

    #[test]
    fn moments_of_bytes_are_those_of_what_they_stand_for(
        values in vec(any::<u8>(), 50 * CHANNELS), block in 1_usize..60, seed in 0_usize..1000,
    ) {
        let (scale, zero, _) = constants(seed);
        let given = ByteScale { scale: &scale, zero: &zero };
        let blocks: Vec<_> = values.chunks(block * CHANNELS).map(|b| ByteSums::of(b, CHANNELS)).collect();
        let found = Moments::of_bytes(given, &blocks);
        let mut floats = vec![0.0; values.len()];
        residual::add(&vec![0.0; values.len()], &values, given, &mut floats);
        for at in 0..CHANNELS {
            let (mean, variance) = expected(&floats, at);
            prop_assert!((f64::from(found.mean[at]) - mean).abs() < 1e-4);
            prop_assert!((f64::from(found.variance[at]) - variance).abs() < 1e-4 * variance);
        }
    }

    #[test]
    fn a_snake_is_the_norm_the_snake_and_the_bytes(values in floats(20, 0.0), seed in 0_usize..1000) {
        let (scale, zero, [gamma, beta]) = constants(seed);
        let made = ByteScale { scale: &scale, zero: &zero };
        let Moments { mean, variance } = moments(&values, 7);
        let snake = Snake::new([&mean, &variance], [&gamma, &beta], 1e-5, made);
        let mut bytes = vec![0; values.len()];
        snake.apply(&values, &mut bytes);
        for (at, (&x, &byte)) in values.iter().zip(&bytes).enumerate() {
            let c = at % CHANNELS;
            let (mean, variance) = expected(&values, c);
            let z = f64::from(gamma[c]) * (f64::from(x) - mean) / (variance + 1e-5).sqrt() + f64::from(beta[c]);
            let exact = (z - z.cos()) / f64::from(scale[c]) + f64::from(zero[c]);
            let near = (f64::from(byte) - exact.clamp(0.0, 255.0)).abs();
            prop_assert!(near < 0.51, "channel {c}: {byte} for {exact}");
        }
        // A table of bytes does what the loop does with what the bytes stand for.
        let given = ByteScale { scale: &scale, zero: &zero };
        let from: Vec<u8> = (0..values.len()).map(|i| (i * 31 % 256) as u8).collect();
        let mut floats = vec![0.0; from.len()];
        residual::add(&vec![0.0; from.len()], &from, given, &mut floats);
        let (mut by_table, mut by_loop) = (vec![0; from.len()], vec![0; from.len()]);
        snake.of_bytes(given).apply(&from, &mut by_table);
        snake.apply(&floats, &mut by_loop);
        prop_assert_eq!(by_table, by_loop);
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits(values in floats(13, 1.0), seed in 0_usize..1000) {
        let (scale, zero, [gamma, beta]) = constants(seed);
        let made = ByteScale { scale: &scale, zero: &zero };
        let Moments { mean, variance } = moments(&values, 13);
        let snake = Snake::new([&mean, &variance], [&gamma, &beta], 1e-5, made);
        super::snake::tests::same(&snake, &values);
        super::moments::tests::same(&values, CHANNELS);
        let bytes: Vec<u8> = values.iter().map(|x| (x * 50.0) as i32 as u8).collect();
        super::moments::tests::same_of_bytes(&bytes, CHANNELS);
        super::residual::tests::same(&values, &bytes, made);
    }
}
