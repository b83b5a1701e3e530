//! Mean and variance of each channel.

use super::processor::for_each_processor;
use super::{ByteScale, LANES, lanes, lanes_mut};

/// Mean and variance of each channel over all rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
}

/// What one block of rows of floats gives: the mean of each channel, and the sum of the squares of the distances from it.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockMoments {
    pub rows: usize,
    pub mean: Vec<f32>,
    pub scatter: Vec<f32>,
}

/// What one block of at most 65536 rows of bytes gives: the exact sums of each channel and of its squares.
#[derive(Debug, Clone, PartialEq)]
pub struct ByteSums {
    pub rows: usize,
    pub sum: Vec<u32>,
    pub squares: Vec<u32>,
}

impl Moments {
    /// Those of all blocks together: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
    /// variances" (1979), formula 2.1.
    pub fn of_floats<'a>(
        channels: usize,
        blocks: impl IntoIterator<Item = &'a BlockMoments>,
    ) -> Self {
        let mut rows = 0;
        let mut means = vec![0.0_f64; channels];
        let mut scatters = vec![0.0_f64; channels];
        for block in blocks.into_iter().filter(|block| block.rows > 0) {
            let total = rows + block.rows;
            let share = block.rows as f64 / total as f64;
            let weight = rows as f64 * share;
            let all = means.iter_mut().zip(&mut scatters);
            for ((mean, scatter), (&m, &s)) in all.zip(block.mean.iter().zip(&block.scatter)) {
                let distance = f64::from(m) - *mean;
                *mean += distance * share;
                *scatter += f64::from(s) + distance * distance * weight;
            }
            rows = total;
        }
        let count = rows.max(1) as f64;
        Moments {
            mean: means.iter().map(|&mean| mean as f32).collect(),
            variance: scatters
                .iter()
                .map(|scatter| (scatter / count) as f32)
                .collect(),
        }
    }

    /// Those of the floats that the bytes of all blocks together stand for.
    pub fn of_bytes<'a>(
        bytes: ByteScale<'_>,
        blocks: impl IntoIterator<Item = &'a ByteSums>,
    ) -> Self {
        let mut rows = 0;
        let mut sums = vec![(0_u64, 0_u64); bytes.scale.len()];
        for block in blocks {
            rows += block.rows;
            for (all, (&sum, &squares)) in sums.iter_mut().zip(block.sum.iter().zip(&block.squares))
            {
                all.0 += u64::from(sum);
                all.1 += u64::from(squares);
            }
        }
        let count = rows.max(1) as f64;
        let of = |((sum, squares), (&scale, &zero)): ((u64, u64), (&f32, &u8))| {
            let (middle, scale) = (sum as f64 / count, f64::from(scale));
            let variance = (squares as f64 / count - middle * middle).max(0.0);
            let mean = scale * (middle - f64::from(zero));
            (mean as f32, (scale * scale * variance) as f32)
        };
        let (mean, variance) = sums
            .into_iter()
            .zip(bytes.scale.iter().zip(bytes.zero))
            .map(of)
            .unzip();
        Moments { mean, variance }
    }
}

impl BlockMoments {
    /// Those of `values` \[rows × channels\].
    pub fn of(values: &[f32], channels: usize) -> Self {
        let mut made = BlockMoments {
            rows: values.len() / channels,
            mean: vec![0.0; channels],
            scatter: vec![0.0; channels],
        };
        add_moments(values, channels, &mut made.mean, &mut made.scatter);
        made
    }
}

impl ByteSums {
    /// Those of `values` \[rows × channels\].
    pub fn of(values: &[u8], channels: usize) -> Self {
        let mut made = ByteSums {
            rows: values.len() / channels,
            sum: vec![0; channels],
            squares: vec![0; channels],
        };
        add_bytes(values, channels, &mut made.sum, &mut made.squares);
        made
    }
}

for_each_processor! {
    fn add_moments(values: &[f32], channels: usize, mean: &mut [f32], scatter: &mut [f32]) {
        let per_row = 1.0 / (values.len() / channels).max(1) as f32;
        for at in (0..channels).step_by(LANES) {
            let mut sum = [0.0_f32; LANES];
            for row in values.chunks_exact(channels) {
                let row = lanes(row, at);
                for i in 0..LANES {
                    sum[i] += row[i];
                }
            }
            let mean = lanes_mut(mean, at);
            for i in 0..LANES {
                mean[i] = sum[i] * per_row;
            }
            let mut squares = [0.0_f32; LANES];
            for row in values.chunks_exact(channels) {
                let row = lanes(row, at);
                for i in 0..LANES {
                    let distance = row[i] - mean[i];
                    squares[i] += distance * distance;
                }
            }
            *lanes_mut(scatter, at) = squares;
        }
    }
}

for_each_processor! {
    // A sum of 65536 squares of bytes is below 2³², so nothing wraps; checks for that would keep the loop from being vectorised.
    fn add_bytes(values: &[u8], channels: usize, sum: &mut [u32], squares: &mut [u32]) {
        for at in (0..channels).step_by(LANES) {
            let mut sums = [0_u32; LANES];
            let mut totals = [0_u32; LANES];
            for row in values.chunks_exact(channels) {
                let row = lanes(row, at);
                for i in 0..LANES {
                    let byte = u16::from(row[i]);
                    sums[i] = sums[i].wrapping_add(u32::from(byte));
                    totals[i] = totals[i].wrapping_add(u32::from(byte.wrapping_mul(byte)));
                }
            }
            *lanes_mut(sum, at) = sums;
            *lanes_mut(squares, at) = totals;
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{BlockMoments, ByteSums, add_bytes, add_moments};

    /// Checks that all instruction sets find the same sums of `bytes`.
    pub fn same_of_bytes(bytes: &[u8], channels: usize) {
        let first = ByteSums::of(bytes, channels);
        add_bytes::all(&mut |loops| {
            let (mut sum, mut squares) = (vec![0; channels], vec![0; channels]);
            loops(bytes, channels, &mut sum, &mut squares);
            assert_eq!((&sum, &squares), (&first.sum, &first.squares));
        });
    }

    /// Checks that all instruction sets find the same moments of `values`.
    pub fn same(values: &[f32], channels: usize) {
        let first = BlockMoments::of(values, channels);
        add_moments::all(&mut |loops| {
            let (mut mean, mut scatter) = (vec![0.0; channels], vec![0.0; channels]);
            loops(values, channels, &mut mean, &mut scatter);
            assert_eq!((&mean, &scatter), (&first.mean, &first.scatter));
        });
    }
}
