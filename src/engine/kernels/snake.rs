//! Adaptive norm, snake and 8 bits: of floats and of bytes.
//!
//! The norm of a channel is `z = slope · x + offset`. A snake is `z − cos z + 1`, where the norm has taken up the snake's 2a and
//! the convolution that follows its 1/2a (`scripts/models/kokoro_rewrite.py`); the `+ 1` is in the zero point.

use super::processor::for_each_processor;
use super::{ByteScale, LANES, ROUND, lanes, lanes_mut};

/// What the loops need of each channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Snake {
    slope: Vec<f32>,
    offset: Vec<f32>,
    /// 1 / scale and the zero point of the bytes that are made.
    per_step: Vec<f32>,
    zero: Vec<f32>,
}

/// For each channel the byte that each byte becomes.
pub struct ByteSnake(Vec<[u8; 256]>);

impl Snake {
    /// `mean` and `variance` of the values, `gamma` and `beta` of their norm, `epsilon` that is added to the variance, and what
    /// the bytes that are made stand for; everything for each channel.
    pub fn new(
        [mean, variance]: [&[f32]; 2],
        [gamma, beta]: [&[f32]; 2],
        epsilon: f32,
        made: ByteScale<'_>,
    ) -> Self {
        let slope = |(&gamma, &variance): (&f32, &f32)| gamma / (variance + epsilon).sqrt();
        let slope: Vec<f32> = gamma.iter().zip(variance).map(slope).collect();
        let offset = |((&beta, &mean), &slope): ((&f32, &f32), &f32)| beta - mean * slope;
        Snake {
            offset: beta.iter().zip(mean).zip(&slope).map(offset).collect(),
            slope,
            per_step: made.scale.iter().map(|scale| 1.0 / scale).collect(),
            zero: made.zero.iter().map(|&zero| f32::from(zero)).collect(),
        }
    }

    /// Makes `out` of `values`, both \[rows × channels\].
    pub fn apply(&self, values: &[f32], out: &mut [u8]) {
        floats(values, self, out);
    }

    /// The same for bytes that stand for floats by `given`.
    pub fn of_bytes(&self, given: ByteScale<'_>) -> ByteSnake {
        let channels = self.slope.len();
        let mut tables = vec![[0_u8; 256]; channels];
        let mut values = vec![0.0; channels];
        let mut made = vec![0_u8; channels];
        for byte in 0..=u8::MAX {
            for (value, (scale, &zero)) in values.iter_mut().zip(given.scale.iter().zip(given.zero))
            {
                *value = scale * (f32::from(byte) - f32::from(zero));
            }
            self.apply(&values, &mut made);
            for (table, &made) in tables.iter_mut().zip(&made) {
                table[usize::from(byte)] = made;
            }
        }
        ByteSnake(tables)
    }
}

impl ByteSnake {
    /// Makes `out` of `values`, both \[rows × channels\].
    pub fn apply(&self, values: &[u8], out: &mut [u8]) {
        let channels = self.0.len();
        let rows = values
            .chunks_exact(channels)
            .zip(out.chunks_exact_mut(channels));
        for (row, out) in rows {
            for ((out, &byte), table) in out.iter_mut().zip(row).zip(&self.0) {
                *out = table[usize::from(byte)];
            }
        }
    }
}

/// The cosine, within 3e-7 where |z| ≤ 10⁴.
///
/// z is reduced to |r| ≤ π/2 by a multiple of π that is taken off in three parts, four times the constants DP1 to DP3 of Cephes'
/// `sinf.c`; the series of the cosine then ends at r¹², where the rest is below 7e-9.
#[inline(always)]
pub(super) fn cosine(z: f32) -> f32 {
    const PI: [f32; 3] = [3.140_625, 9.675_026e-4, 1.509_957_9e-7];
    let rounded = z * std::f32::consts::FRAC_1_PI + ROUND;
    let turns = rounded - ROUND;
    let r = z - turns * PI[0] - turns * PI[1] - turns * PI[2];
    let s = r * r;
    let series = 1.0 / 479_001_600.0;
    let series = -1.0 / 3_628_800.0 + s * series;
    let series = 1.0 / 40_320.0 + s * series;
    let series = -1.0 / 720.0 + s * series;
    let series = 1.0 / 24.0 + s * series;
    let series = -0.5 + s * series;
    let series = 1.0 + s * series;
    // Odd multiples of π change the sign.
    f32::from_bits(series.to_bits() ^ (rounded.to_bits() << 31))
}

for_each_processor! {
    fn floats(values: &[f32], snake: &Snake, out: &mut [u8]) {
        let channels = snake.slope.len();
        let rows = values
            .chunks_exact(channels)
            .zip(out.chunks_exact_mut(channels));
        for (row, out) in rows {
            for at in (0..channels).step_by(LANES) {
                let (slope, offset) = (lanes(&snake.slope, at), lanes(&snake.offset, at));
                let (per_step, zero) = (lanes(&snake.per_step, at), lanes(&snake.zero, at));
                let (row, out) = (lanes(row, at), lanes_mut(out, at));
                for i in 0..LANES {
                    let z = slope[i] * row[i] + offset[i];
                    let byte = (z - cosine(z)) * per_step[i] + zero[i];
                    // Its lowest 8 bits are the rounded integer.
                    out[i] = (byte.clamp(0.0, 255.0) + ROUND).to_bits() as u8;
                }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Snake, floats};

    /// Checks that all instruction sets make the same of `values`.
    pub fn same(snake: &Snake, values: &[f32]) {
        let mut first = vec![0; values.len()];
        floats::plain(values, snake, &mut first);
        floats::all(&mut |loops| {
            let mut made = vec![1; values.len()];
            loops(values, snake, &mut made);
            assert_eq!(made, first);
        });
    }
}
