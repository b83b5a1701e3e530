//! The loops of Kokoro's sound: between its convolutions, and a convolution.

use vocabox::engine::kernels::convolution::{BLOCK, COLUMNS, Convolution, QUAD};
use vocabox::engine::kernels::moments::{BlockMoments, ByteSums, Moments};
use vocabox::engine::kernels::snake::Snake;
use vocabox::engine::kernels::{ByteScale, block_rows, residual};

use super::numbers::numbers;
use super::step::{Step, step};

/// Taps of the widest convolutions of Kokoro's last stage.
const TAPS: usize = 11;

/// All of them on a tensor of `rows` of `channels`, each with the bytes that it reads and writes.
pub fn all(rows: usize, channels: usize) -> Vec<(Step, usize)> {
    let values = rows * channels;
    let block = block_rows(channels) * channels;
    let floats = |count: usize| -> Vec<f32> { numbers(count).map(|x| 4.0 * x - 2.0).collect() };
    let bytes = || -> Vec<u8> { numbers(values).map(|x| (256.0 * x) as u8).collect() };
    let (scale, zero) = (vec![0.02; channels], vec![128; channels]);
    let stand_for = ByteScale {
        scale: &scale,
        zero: &zero,
    };
    let moments = move |x: &[f32]| {
        let blocks = x.chunks(block).map(|b| BlockMoments::of(b, channels));
        Moments::of_floats(channels, &blocks.collect::<Vec<_>>())
    };
    let x = floats(values);
    let Moments { mean, variance } = moments(&x);
    let norm = floats(channels);
    let snake = Snake::new([&mean, &variance], [&norm, &norm], 1e-5, stand_for);
    let by_table = snake.of_bytes(stand_for);
    let (snaked, copied, added) = (x.clone(), x.clone(), (x.clone(), bytes()));
    let (of_bytes, read) = (bytes(), bytes());
    let (mut by_floats, mut by_bytes) = (vec![0; values], vec![0; values]);
    let (mut sum, mut copy) = (vec![0.0; values], vec![0.0; values]);
    let scales = (scale.clone(), zero.clone());
    vec![
        (step("moments_of_floats", move || moments(&x)), 4 * values),
        (
            step("moments_of_bytes", move || {
                let blocks = of_bytes.chunks(block).map(|b| ByteSums::of(b, channels));
                let given = ByteScale {
                    scale: &scale,
                    zero: &zero,
                };
                Moments::of_bytes(given, &blocks.collect::<Vec<_>>())
            }),
            values,
        ),
        (
            step("snake_of_floats", move || {
                snake.apply(&snaked, &mut by_floats)
            }),
            (4 + 1) * values,
        ),
        (
            step("snake_of_bytes", move || {
                by_table.apply(&read, &mut by_bytes)
            }),
            2 * values,
        ),
        (
            step("residual", move || {
                let given = ByteScale {
                    scale: &scales.0,
                    zero: &scales.1,
                };
                residual::add(&added.0, &added.1, given, &mut sum)
            }),
            (4 + 1 + 4) * values,
        ),
        // No loop over floats can be much faster.
        (
            step("copy_of_floats", move || copy.copy_from_slice(&copied)),
            (4 + 4) * values,
        ),
        (convolution(rows, channels), 2 * values),
    ]
}

fn convolution(rows: usize, channels: usize) -> Step {
    let quads = TAPS * channels / QUAD;
    let x: Vec<u8> = numbers(rows * channels)
        .map(|x| (256.0 * x) as u8)
        .collect();
    // Small enough for any neighbours.
    let weights = numbers(TAPS * channels * channels).map(|x| (32.0 * x) as i8 - 16);
    let weights: Vec<i8> = weights.collect();
    let places = (0..channels / COLUMNS).flat_map(|_| 0..quads as i16);
    let places: Vec<i16> = places.collect();
    let (start, scale) = (vec![0; channels], vec![1e-4; channels]);
    let mut made = vec![0; rows * channels];
    step("convolution_of_bytes", move || {
        let convolution = Convolution {
            weights: &weights,
            places: &places,
            taps: TAPS,
            dilation: 5,
            channels,
            padding: 128,
            start: &start,
            scale: &scale,
            zero: 128,
        };
        let checked = convolution.checked().expect("lengths that fit");
        for (block, made) in made.chunks_mut(BLOCK * channels).enumerate() {
            checked.apply(&x, block * BLOCK, made);
        }
    })
}
