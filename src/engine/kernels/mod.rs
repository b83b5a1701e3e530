//! Loops of models that are limited by reading memory: what stands between two convolutions of a speech model in one pass, and the
//! attention of a text decoder.
//!
//! Tensors of sound have their channels last: rows of `channels` values, one row for each moment. `channels` is a multiple of [`LANES`].
//! Rows are cut into blocks of [`block_rows`], which threads take.
//!
//! | file | one idea |
//! | --- | --- |
//! | `processor` | one loop, compiled for several instruction sets |
//! | `moments` | mean and variance of each channel |
//! | `snake` | adaptive norm, snake and 8 bits, of floats and of bytes |
//! | `residual` | bytes added to floats |
//! | `attention` | tokens of a text decoder to their keys and values |
//! | `convolution` | bytes over time, where the processor has no sums of products of bytes |
//!
//! No loop of floats fuses a multiplication and an addition, so every processor computes the same bits.

pub mod attention;
pub mod convolution;
pub mod moments;
mod processor;
pub mod residual;
pub mod snake;
#[cfg(test)]
mod tests;

/// Channels that a loop handles at once: their sums stay in the registers of AVX2 and AVX-512.
pub const LANES: usize = 32;
/// Values of a block of rows: 32 KiB of floats stay in the first-level cache between two passes over them.
const BLOCK: usize = 8192;
/// 1.5 · 2²³. The sum of it and a float of at most 2²² is that float rounded to the nearest integer, ties to even, whose lowest
/// bits are those of the sum.
const ROUND: f32 = 12_582_912.0;

/// Rows of a block.
pub fn block_rows(channels: usize) -> usize {
    (BLOCK / channels.max(1)).max(1)
}

/// How bytes stand for floats: `value = scale · (byte − zero)`, for each channel.
#[derive(Clone, Copy)]
pub struct ByteScale<'a> {
    pub scale: &'a [f32],
    pub zero: &'a [u8],
}

/// The lanes of `row` that start at `at`.
#[inline(always)]
fn lanes<T>(row: &[T], at: usize) -> &[T; LANES] {
    row[at..at + LANES].try_into().expect("it has that length")
}

/// The lanes of `row` that start at `at`, to be written.
#[inline(always)]
fn lanes_mut<T>(row: &mut [T], at: usize) -> &mut [T; LANES] {
    (&mut row[at..at + LANES])
        .try_into()
        .expect("it has that length")
}
