//! Attention of a text decoder's new tokens: to the tokens so far, in floats, and to the frames of a window, in 16 bits.
//!
//! Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.1; the queries are scaled already. The keys and values of
//! a window are read from memory for each token, which is what takes the time: so they are half as long, and lie as they are read.

use half::f16;

use super::processor::for_each_processor;

/// Numbers of a head's query, key and value.
pub const HEAD: usize = 64;
/// Sums side by side, the same on every processor.
const LANES: usize = 16;
/// Rows of keys that are read side by side.
const ROWS: usize = 4;

/// Makes `weights` and `out` of `queries`, rows of [`HEAD`], and the rows of `keys` and `values`, one for each token.
///
/// `weights` has a row of as many floats as there are tokens for each query: how much it attends to each. A query attends to
/// the first `seen(its number)` tokens only, at least one; the others' weights are 0. `out` is \[queries × [`HEAD`]\].
pub fn attend_to_tokens(
    queries: &[f32],
    [keys, values]: [&[f32]; 2],
    seen: impl Fn(usize) -> usize,
    weights: &mut [f32],
    out: &mut [f32],
) {
    let tokens = keys.len() / HEAD;
    let rows = weights.chunks_exact_mut(tokens);
    let queries = queries.chunks_exact(HEAD).zip(out.chunks_exact_mut(HEAD));
    for (at, ((query, out), row)) in queries.zip(rows).enumerate() {
        let (row, unseen) = row.split_at_mut(seen(at));
        products(query, keys, row);
        shares(row);
        unseen.fill(0.0);
        out.fill(0.0);
        add_weighted(values, row, out);
    }
}

/// The same for the frames of a window, all of which every query attends to. `keys` are \[[`HEAD`] × frames\], `values`
/// \[frames × [`HEAD`]\].
pub fn attend_to_frames(
    queries: &[f32],
    [keys, values]: [&[f16]; 2],
    weights: &mut [f32],
    out: &mut [f32],
) {
    let frames = keys.len() / HEAD;
    let rows = weights.chunks_exact_mut(frames);
    let queries = queries.chunks_exact(HEAD).zip(out.chunks_exact_mut(HEAD));
    for ((query, out), row) in queries.zip(rows) {
        row.fill(0.0);
        let (query, _) = query.as_chunks::<ROWS>();
        for (query, keys) in query.iter().zip(keys.chunks_exact(ROWS * frames)) {
            add_rows(query, keys, row);
        }
        shares(row);
        out.fill(0.0);
        let (values, _) = values.as_chunks::<HEAD>();
        add_weighted_halves(values, row, out.try_into().expect("it has that length"));
    }
}

/// Adds each of the rows of `keys`, which are as long as `out`, times its number of `query`, to `out`.
fn add_rows(query: &[f32; ROWS], keys: &[f16], out: &mut [f32]) {
    assert_eq!(keys.len(), ROWS * out.len());
    #[cfg(target_arch = "x86_64")]
    if has_halves() {
        // SAFETY: the processor has these instructions.
        return unsafe { halves::add_rows(query, keys, out) };
    }
    add_rows_plain(query, keys, 0, out);
}

/// The same from the column `from` on.
fn add_rows_plain(query: &[f32; ROWS], keys: &[f16], from: usize, out: &mut [f32]) {
    let columns = out.len();
    for (at, out) in out.iter_mut().enumerate().skip(from) {
        for (row, query) in query.iter().enumerate() {
            *out += query * keys[row * columns + at].to_f32();
        }
    }
}

/// Adds each of the `values`, times its weight, to `out`.
fn add_weighted_halves(values: &[[f16; HEAD]], weights: &[f32], out: &mut [f32; HEAD]) {
    #[cfg(target_arch = "x86_64")]
    if has_halves() {
        // SAFETY: the processor has these instructions.
        return unsafe { halves::add_weighted(values, weights, out) };
    }
    add_weighted_plain(values, weights, out);
}

fn add_weighted_plain(values: &[[f16; HEAD]], weights: &[f32], out: &mut [f32; HEAD]) {
    for (value, weight) in values.iter().zip(weights) {
        for (out, value) in out.iter_mut().zip(value) {
            *out += weight * value.to_f32();
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn has_halves() -> bool {
    std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("f16c")
}

/// For processors that widen eight 16-bit numbers by one instruction. The compiler does not use it by itself, and the crate `half`
/// would call a function for each eight.
#[cfg(target_arch = "x86_64")]
mod halves {
    use std::arch::x86_64::{
        __m256, _mm_loadu_si128, _mm256_add_ps, _mm256_cvtph_ps, _mm256_loadu_ps, _mm256_mul_ps,
        _mm256_set1_ps, _mm256_storeu_ps,
    };

    use super::{HEAD, ROWS, add_rows_plain, f16};

    /// Numbers of a register.
    const EIGHT: usize = 8;

    #[target_feature(enable = "avx2,f16c")]
    fn widened(eight: &[f16; EIGHT]) -> __m256 {
        // SAFETY: eight 16-bit numbers are 128 bits, at any alignment.
        _mm256_cvtph_ps(unsafe { _mm_loadu_si128(eight.as_ptr().cast()) })
    }

    #[target_feature(enable = "avx2,f16c")]
    fn loaded(eight: &[f32; EIGHT]) -> __m256 {
        // SAFETY: eight floats are 256 bits, at any alignment.
        unsafe { _mm256_loadu_ps(eight.as_ptr()) }
    }

    #[target_feature(enable = "avx2,f16c")]
    fn store(eight: &mut [f32; EIGHT], numbers: __m256) {
        // SAFETY: as above.
        unsafe { _mm256_storeu_ps(eight.as_mut_ptr(), numbers) };
    }

    #[target_feature(enable = "avx2,f16c")]
    pub fn add_rows(query: &[f32; ROWS], keys: &[f16], out: &mut [f32]) {
        let columns = out.len();
        let [a, b, c, d] = [0, 1, 2, 3].map(|row| keys[row * columns..][..columns].as_chunks().0);
        let (eights, _) = out.as_chunks_mut::<EIGHT>();
        for (at, out) in eights.iter_mut().enumerate() {
            let mut sum = loaded(out);
            for (row, &query) in [a, b, c, d].into_iter().zip(query) {
                let product = _mm256_mul_ps(_mm256_set1_ps(query), widened(&row[at]));
                sum = _mm256_add_ps(sum, product);
            }
            store(out, sum);
        }
        add_rows_plain(query, keys, columns - columns % EIGHT, out);
    }

    #[target_feature(enable = "avx2,f16c")]
    pub fn add_weighted(values: &[[f16; HEAD]], weights: &[f32], out: &mut [f32; HEAD]) {
        let (eights, _) = out.as_chunks_mut::<EIGHT>();
        let mut sums = [_mm256_set1_ps(0.0); HEAD / EIGHT];
        for (sum, out) in sums.iter_mut().zip(eights.iter()) {
            *sum = loaded(out);
        }
        for (value, &weight) in values.iter().zip(weights) {
            let weight = _mm256_set1_ps(weight);
            let (value, _) = value.as_chunks::<EIGHT>();
            for (sum, value) in sums.iter_mut().zip(value) {
                *sum = _mm256_add_ps(*sum, _mm256_mul_ps(weight, widened(value)));
            }
        }
        for (sum, out) in sums.into_iter().zip(eights) {
            store(out, sum);
        }
    }
}

for_each_processor! {
    /// Makes `out` the products of `query` with each of the `keys`.
    fn products(query: &[f32], keys: &[f32], out: &mut [f32]) {
        let query: &[f32; HEAD] = query.try_into().expect("it has that length");
        let (keys, _) = keys.as_chunks::<HEAD>();
        for (key, out) in keys.iter().zip(out) {
            let mut sums = [0.0_f32; LANES];
            for at in (0..HEAD).step_by(LANES) {
                for i in 0..LANES {
                    sums[i] += query[at + i] * key[at + i];
                }
            }
            *out = total(sums);
        }
    }
}

for_each_processor! {
    /// Makes logits the shares of their exponentials in the sum of all.
    fn shares(row: &mut [f32]) {
        let mut most = [f32::MIN; LANES];
        let (lanes, rest) = row.as_chunks_mut::<LANES>();
        for lane in lanes.iter() {
            for i in 0..LANES {
                most[i] = if lane[i] > most[i] { lane[i] } else { most[i] };
            }
        }
        let most = most.iter().chain(rest.iter()).copied().fold(f32::MIN, f32::max);
        let mut sums = [0.0_f32; LANES];
        for lane in lanes.iter_mut() {
            for i in 0..LANES {
                lane[i] = exponential(lane[i] - most);
                sums[i] += lane[i];
            }
        }
        let mut sum = total(sums);
        for one in rest.iter_mut() {
            *one = exponential(*one - most);
            sum += *one;
        }
        let share = 1.0 / sum;
        for one in row {
            *one *= share;
        }
    }
}

for_each_processor! {
    /// Adds each of the `values`, times its weight, to `out`.
    fn add_weighted(values: &[f32], weights: &[f32], out: &mut [f32]) {
        let out: &mut [f32; HEAD] = out.try_into().expect("it has that length");
        let mut sums = *out;
        let (values, _) = values.as_chunks::<HEAD>();
        for (value, &weight) in values.iter().zip(weights) {
            for i in 0..HEAD {
                sums[i] += weight * value[i];
            }
        }
        *out = sums;
    }
}

/// The sum of `sums`, always in the same order.
#[inline(always)]
fn total(mut sums: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            sums[i] += sums[i + half];
        }
        half /= 2;
    }
    sums[0]
}

/// The exponential of a number of at most 0, within 2e-7 of it times itself; what is below −87 counts as −87.
///
/// x is n · ln 2 + r with |r| ≤ ln 2 / 2, and e^r is the polynomial of Cephes' `expf.c`.
#[inline(always)]
fn exponential(x: f32) -> f32 {
    /// ln 2 in two parts, the first of few bits.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const SERIES: [f32; 6] = [
        1.987_569_1e-4,
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ];
    let x = if x < -87.0 { -87.0 } else { x };
    let rounded = x * std::f32::consts::LOG2_E + super::ROUND;
    let power = rounded - super::ROUND;
    let r = x - power * LN_2[0] - power * LN_2[1];
    let mut series = SERIES[0];
    for term in &SERIES[1..] {
        series = series * r + term;
    }
    let series = series * r * r + r + 1.0;
    // The lowest bits of `rounded` are the power of two, whose place in a float is bit 23.
    f32::from_bits(series.to_bits().wrapping_add(rounded.to_bits() << 23))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers that repeat after a long time, of about `size`.
    fn numbers(count: usize, seed: usize, size: f32) -> Vec<f32> {
        let at = |i: usize| ((i * 7919 + seed * 104_729) % 9973) as f32 / 4986.5 - 1.0;
        (0..count).map(|i| at(i) * size).collect()
    }

    fn halves_of(count: usize, seed: usize, size: f32) -> Vec<f16> {
        let numbers = numbers(count, seed, size);
        numbers.into_iter().map(f16::from_f32).collect()
    }

    /// The same in 64 bits.
    fn expected(query: &[f32], keys: &[f32], values: &[f32], seen: usize) -> (Vec<f64>, Vec<f64>) {
        let product = |key: &[f32]| -> f64 {
            let pairs = query.iter().zip(key);
            pairs.map(|(&q, &k)| f64::from(q) * f64::from(k)).sum()
        };
        let logits: Vec<f64> = keys.chunks_exact(HEAD).map(product).collect();
        let most = logits[..seen].iter().copied().fold(f64::MIN, f64::max);
        let weight = |(at, &logit): (usize, &f64)| match at < seen {
            true => (logit - most).exp(),
            false => 0.0,
        };
        let weights: Vec<f64> = logits.iter().enumerate().map(weight).collect();
        let sum: f64 = weights.iter().sum();
        let weights: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();
        let mut out = vec![0.0; HEAD];
        for (weight, value) in weights.iter().zip(values.chunks_exact(HEAD)) {
            for (out, &value) in out.iter_mut().zip(value) {
                *out += weight * f64::from(value);
            }
        }
        (weights, out)
    }

    fn near(made: &[f32], expected: &[f64], within: f64) {
        assert_eq!(made.len(), expected.len());
        for (made, expected) in made.iter().zip(expected) {
            assert!(
                (f64::from(*made) - expected).abs() <= within,
                "{made} {expected}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn tokens_are_attended_to(
            queries in 1_usize..6,
            before in 0_usize..200,
            seed in 0_usize..1000,
            size in 0.1_f32..3.0,
        ) {
            let tokens = before + queries;
            let seen = |query: usize| before + query + 1;
            let [asked, keys, values] = [(queries, 0), (tokens, 1), (tokens, 2)]
                .map(|(rows, other)| numbers(rows * HEAD, seed + other, size));
            let (mut weights, mut out) = (vec![7.0; queries * tokens], vec![7.0; asked.len()]);
            attend_to_tokens(&asked, [&keys, &values], seen, &mut weights, &mut out);
            let rows = weights.chunks_exact(tokens).zip(out.chunks_exact(HEAD));
            for (at, (weights, out)) in rows.enumerate() {
                let query = &asked[at * HEAD..][..HEAD];
                let expected = expected(query, &keys, &values, seen(at));
                near(weights, &expected.0, 4e-5);
                near(out, &expected.1, 1e-4 * f64::from(size));
            }
        }

        #[test]
        fn frames_are_attended_to(
            queries in 1_usize..4,
            frames in 1_usize..200,
            seed in 0_usize..1000,
            size in 0.1_f32..3.0,
        ) {
            let asked = numbers(queries * HEAD, seed, size);
            let [keys, values] = [1, 2].map(|other| halves_of(frames * HEAD, seed + other, size));
            let (mut weights, mut out) = (vec![7.0; queries * frames], vec![7.0; asked.len()]);
            attend_to_frames(&asked, [&keys, &values], &mut weights, &mut out);
            let key = |at: usize| (0..HEAD).map(move |row| row * frames + at);
            let wide_keys: Vec<f32> = (0..frames).flat_map(key).map(|at| keys[at].to_f32()).collect();
            let wide_values: Vec<f32> = values.iter().map(|half| half.to_f32()).collect();
            let rows = weights.chunks_exact(frames).zip(out.chunks_exact(HEAD));
            for (at, (weights, out)) in rows.enumerate() {
                let query = &asked[at * HEAD..][..HEAD];
                let expected = expected(query, &wide_keys, &wide_values, frames);
                near(weights, &expected.0, 4e-5);
                near(out, &expected.1, 1e-4 * f64::from(size));
            }
        }

        #[test]
        fn every_instruction_set_makes_the_same_bits(count in 1_usize..100, seed in 0_usize..1000) {
            let (query, keys) = (numbers(HEAD, seed, 2.0), numbers(count * HEAD, seed + 1, 2.0));
            let mut first = vec![0.0; count];
            products::plain(&query, &keys, &mut first);
            products::all(&mut |loops| {
                let mut made = vec![1.0; count];
                loops(&query, &keys, &mut made);
                assert_eq!(made, first);
            });
            let mut weights = first.clone();
            shares::plain(&mut weights);
            shares::all(&mut |loops| {
                let mut made = first.clone();
                loops(&mut made);
                assert_eq!(made, weights);
            });
            let mut sums = vec![0.5; HEAD];
            add_weighted::plain(&keys, &weights, &mut sums);
            add_weighted::all(&mut |loops| {
                let mut made = vec![0.5; HEAD];
                loops(&keys, &weights, &mut made);
                assert_eq!(made, sums);
            });
            let halves = halves_of(count * HEAD, seed, 2.0);
            let (values, _) = halves.as_chunks();
            let mut both = [[0.5; HEAD]; 2];
            add_weighted_plain(values, &weights, &mut both[0]);
            add_weighted_halves(values, &weights, &mut both[1]);
            prop_assert_eq!(both[0], both[1]);
            let query = query.as_chunks().0[0];
            let mut both = [(); 2].map(|()| vec![0.5; count]);
            add_rows_plain(&query, &halves[..ROWS * count], 0, &mut both[0]);
            add_rows(&query, &halves[..ROWS * count], &mut both[1]);
            prop_assert_eq!(&both[0], &both[1]);
        }
    }

    #[test]
    fn the_exponential_is_within_its_bound() {
        for step in 0..8_700_000 {
            let x = step as f32 * -1e-5;
            let expected = f64::from(x).exp();
            let off = (f64::from(exponential(x)) / expected - 1.0).abs();
            assert!(off < 2e-7, "{x}: {off}");
        }
        assert_eq!(exponential(0.0), 1.0);
        assert!(exponential(f32::MIN) < 1e-37);
    }
}
