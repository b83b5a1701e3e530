//! A convolution of bytes over time, for processors with AVX2 that have no instruction for sums of products of bytes (VNNI).
//!
//! AVX2 multiplies 32 bytes by 32 weights and adds pairs of products to 16 bits; widening these to 32 bits takes as long as the
//! multiplication. ONNX Runtime widens after each. Here two are added in 16 bits first, which is exact because the weights are
//! packed so (`scripts/models/kokoro_pack.py`): a *quad* is what four neighbouring channels of one tap weigh for [`COLUMNS`] outputs,
//! and of two quads that stand side by side, no sum of pairs can leave 16 bits. Quads that fit to no other stand beside zeros.
//! Rows are read where they are, without a copy for each tap.

use std::cell::RefCell;

/// Outputs that are computed at once.
pub const COLUMNS: usize = 16;
/// Channels of a quad.
pub const QUAD: usize = 4;
/// Bytes of a quad's weights.
const QUAD_BYTES: usize = COLUMNS * QUAD;
/// Rows that are computed at once: their sums and two pairs of quads fill the 16 registers.
const ROWS: usize = 4;
/// Rows of a block, which one thread computes.
pub const BLOCK: usize = 12 * ROWS;

/// What a convolution multiplies by, and what it reads and makes. Tensors are \[rows × channels\], and what lies before the first
/// row and after the last is `padding`.
pub struct Convolution<'a> {
    /// \[outputs / 16, steps, 16, 4\], in -64 to 63; `steps` is even.
    pub weights: &'a [i8],
    /// Where in `weights` each quad is: \[outputs / 16, taps, channels / 4\]. Steps that are not there have zeros.
    pub places: &'a [i16],
    pub taps: usize,
    pub dilation: usize,
    pub channels: usize,
    pub padding: u8,
    /// Added to the sum of an output: its bias, less the padding's share in the sum.
    pub start: &'a [i32],
    /// What one step of the sum is in steps of the bytes that are made.
    pub scale: &'a [f32],
    /// The byte that stands for zero in what is made.
    pub zero: u8,
}

/// A convolution that was checked: its weights are read within their bounds, and so are rows.
pub struct Checked<'a> {
    given: Convolution<'a>,
    steps: usize,
    /// Bytes from the start of a row's first tap to what a step multiplies, for each step of each tile.
    offsets: Vec<u32>,
}

thread_local! {
    /// Rows of a block at an end, with padding.
    static PADDED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

type Sums = [[i32; COLUMNS]; ROWS];

impl<'a> Convolution<'a> {
    /// None if a length does not fit to the others.
    pub fn checked(self) -> Option<Checked<'a>> {
        let outputs = self.scale.len();
        let quads = self.taps * self.channels / QUAD;
        let fits = self.channels.is_multiple_of(QUAD)
            && self.taps % 2 == 1
            && outputs > 0
            && outputs.is_multiple_of(COLUMNS)
            && self.start.len() == outputs
            && self.places.len() == outputs / COLUMNS * quads
            && quads > 0;
        if !fits {
            return None;
        }
        let tiles = outputs / COLUMNS;
        let steps = self.weights.len() / tiles / QUAD_BYTES;
        if !steps.is_multiple_of(2) || self.weights.len() != tiles * steps * QUAD_BYTES {
            return None;
        }
        let mut offsets = vec![0; tiles * steps];
        for (places, offsets) in self
            .places
            .chunks_exact(quads)
            .zip(offsets.chunks_exact_mut(steps))
        {
            for (quad, &place) in places.iter().enumerate() {
                let at = quad * QUAD;
                let offset =
                    at / self.channels * self.dilation * self.channels + at % self.channels;
                let place = usize::try_from(place).ok()?;
                *offsets.get_mut(place)? = u32::try_from(offset).ok()?;
            }
        }
        Some(Checked {
            given: self,
            steps,
            offsets,
        })
    }
}

impl Checked<'_> {
    /// Bytes of a row of what is made.
    pub fn outputs(&self) -> usize {
        self.given.scale.len()
    }

    /// Rows from a row's first tap to its last.
    fn span(&self) -> usize {
        (self.given.taps - 1) * self.given.dilation
    }

    /// Makes `out`, the rows from `first` on, at most [`BLOCK`], of `x`, which has all rows.
    pub fn apply(&self, x: &[u8], first: usize, out: &mut [u8]) {
        self.apply_by(best(), x, first, out);
    }

    fn apply_by(&self, multiply: Multiply, x: &[u8], first: usize, out: &mut [u8]) {
        let channels = self.given.channels;
        let rows = x.len() / channels;
        let (before, read) = (self.span() / 2, BLOCK + self.span());
        if first >= before && first - before + read <= rows {
            let window = &x[(first - before) * channels..][..read * channels];
            return self.block(multiply, window, out);
        }
        PADDED.with_borrow_mut(|window| {
            window.clear();
            window.resize(read * channels, self.given.padding);
            // The rows that are there, of `read` from `first - before` on.
            let from = first.saturating_sub(before).min(rows);
            let to = (first + read - before).min(rows);
            let at = (before + from - first) * channels;
            window[at..][..(to - from) * channels]
                .copy_from_slice(&x[from * channels..to * channels]);
            self.block(multiply, window, out);
        });
    }

    /// Makes `out` of `window`, which has [`BLOCK`] rows and the span.
    fn block(&self, multiply: Multiply, window: &[u8], out: &mut [u8]) {
        let (channels, outputs) = (self.given.channels, self.outputs());
        let rows = out.len() / outputs;
        assert!(window.len() == (BLOCK + self.span()) * channels && rows <= BLOCK);
        for tile in 0..outputs / COLUMNS {
            let columns = tile * COLUMNS..(tile + 1) * COLUMNS;
            let start = &self.given.start[columns.clone()];
            let start = start.try_into().expect("it has that length");
            let mut sums: [Sums; BLOCK / ROWS] = [[start; ROWS]; BLOCK / ROWS];
            let weights = &self.given.weights[tile * self.steps * QUAD_BYTES..];
            let weights = &weights[..self.steps * QUAD_BYTES];
            let offsets = &self.offsets[tile * self.steps..][..self.steps];
            for (at, sums) in sums[..rows.div_ceil(ROWS)].iter_mut().enumerate() {
                let rows = &window[at * ROWS * channels..];
                let rows = &rows[..(self.span() + ROWS) * channels];
                // SAFETY: offsets are within a row and its span, and there are as many, an even number, as quads (`checked`);
                // `rows` has so many. `multiply` is plain, or `best` has found that the processor has its instructions.
                unsafe { multiply(rows, channels, offsets, weights, sums) };
            }
            let rows = out.chunks_exact_mut(outputs).zip(sums.as_flattened());
            let scale = &self.given.scale[columns.clone()];
            for (row, sums) in rows {
                self.bytes(scale, sums, &mut row[columns.clone()]);
            }
        }
    }

    /// Rounds to nearest, ties to even, as ONNX Runtime's `MlasRequantizeOutput` does.
    #[inline(always)]
    fn bytes(&self, scale: &[f32], sums: &[i32; COLUMNS], out: &mut [u8]) {
        let zero = f32::from(self.given.zero);
        for ((out, &sum), scale) in out.iter_mut().zip(sums).zip(scale) {
            let steps = (sum as f32 * scale).clamp(-zero, 255.0 - zero);
            // The lowest 8 bits of the rounded sum, negative or not, and the zero.
            *out = ((steps + super::ROUND).to_bits() as u8).wrapping_add(self.given.zero);
        }
    }
}

/// Adds to `sums` the products of [`ROWS`] rows, which start `pitch` bytes after one another, with `weights`: a quad for each offset.
///
/// # Safety
///
/// There is an even number of offsets and a quad for each, and [`QUAD`] bytes from each offset on in each row, which has `rows` to its end.
/// The processor has the instructions of the function.
type Multiply = unsafe fn(&[u8], usize, &[u32], &[i8], &mut Sums);

/// Whether this processor gains by this convolution: others have better instructions, which ONNX Runtime uses.
pub fn is_faster() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        use std::is_x86_feature_detected as has;
        has!("avx2") && !has!("avxvnni") && !has!("avx512vnni")
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}

fn best() -> Multiply {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        return avx2;
    }
    plain
}

fn plain(rows: &[u8], pitch: usize, offsets: &[u32], weights: &[i8], sums: &mut Sums) {
    for (&offset, weights) in offsets.iter().zip(weights.chunks_exact(QUAD_BYTES)) {
        for (row, sums) in sums.iter_mut().enumerate() {
            let bytes = &rows[row * pitch + offset as usize..][..QUAD];
            for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(QUAD)) {
                let products = bytes.iter().zip(weights);
                *sum += products
                    .map(|(&byte, &weight)| i32::from(byte) * i32::from(weight))
                    .sum::<i32>();
            }
        }
    }
}

/// # Safety
///
/// As [`Multiply`] says, with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn avx2(rows: &[u8], pitch: usize, offsets: &[u32], weights: &[i8], sums: &mut Sums) {
    use std::arch::x86_64::*;
    let ones = _mm256_set1_epi16(1);
    // SAFETY: see above; loads and stores need no alignment. `Sums` are rows of two times eight.
    unsafe {
        let half = |row: usize, half: usize, sums: &mut Sums| -> *mut __m256i {
            sums[row].as_mut_ptr().add(half * COLUMNS / 2).cast()
        };
        let mut total = [[_mm256_setzero_si256(); 2]; ROWS];
        for (row, total) in total.iter_mut().enumerate() {
            *total = [0, 1].map(|at| _mm256_loadu_si256(half(row, at, sums)));
        }
        let (pairs, _) = offsets.as_chunks::<2>();
        let mut quads = weights.as_ptr().cast::<__m256i>();
        for &[one, other] in pairs {
            let [a, b, c, d] = [0, 1, 2, 3].map(|at| _mm256_loadu_si256(quads.add(at)));
            quads = quads.add(4);
            for (row, total) in total.iter_mut().enumerate() {
                let row = rows.as_ptr().add(row * pitch);
                let four = |offset: u32| {
                    let bytes = row.add(offset as usize).cast::<i32>();
                    _mm256_set1_epi32(bytes.read_unaligned())
                };
                let (one, other) = (four(one), four(other));
                let left =
                    _mm256_add_epi16(_mm256_maddubs_epi16(one, a), _mm256_maddubs_epi16(other, c));
                let right =
                    _mm256_add_epi16(_mm256_maddubs_epi16(one, b), _mm256_maddubs_epi16(other, d));
                total[0] = _mm256_add_epi32(total[0], _mm256_madd_epi16(left, ones));
                total[1] = _mm256_add_epi32(total[1], _mm256_madd_epi16(right, ones));
            }
        }
        for (row, total) in total.into_iter().enumerate() {
            for (at, total) in total.into_iter().enumerate() {
                _mm256_storeu_si256(half(row, at, sums), total);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// A quad's sums of pairs: the least and the greatest for bytes of 0 and of 255.
    fn fits(one: &[i8], other: &[i8]) -> bool {
        let lane = |at: usize| one[at..at + 2].iter().chain(&other[at..at + 2]);
        let within = |at: usize| {
            let sum = |sign: i32| lane(at).map(|&w| (i32::from(w) * sign).max(0)).sum::<i32>();
            255 * sum(1) <= 32_767 && 255 * sum(-1) <= 32_768
        };
        (0..QUAD_BYTES).step_by(2).all(within)
    }

    /// Weights \[outputs, taps, channels\] packed: quads in their order, each beside the next if they fit together, else beside zeros.
    fn packed(weights: &[i8], outputs: usize, taps: usize, channels: usize) -> (Vec<i8>, Vec<i16>) {
        let quads = taps * channels / QUAD;
        let tiles: Vec<(Vec<i8>, Vec<i16>)> = (0..outputs / COLUMNS)
            .map(|tile| {
                let (mut made, mut places) = (Vec::new(), Vec::new());
                for quad in 0..quads {
                    let of = |column| {
                        &weights[(tile * COLUMNS + column) * quads * QUAD..][quad * QUAD..][..QUAD]
                    };
                    let bytes: Vec<i8> = (0..COLUMNS).flat_map(of).copied().collect();
                    let is_second = made.len() % (2 * QUAD_BYTES) > 0;
                    if is_second && !fits(&made[made.len() - QUAD_BYTES..], &bytes) {
                        made.extend([0; QUAD_BYTES]);
                    }
                    places.push((made.len() / QUAD_BYTES) as i16);
                    made.extend(bytes);
                }
                (made, places)
            })
            .collect();
        let longest = tiles.iter().map(|(made, _)| made.len()).max().unwrap();
        let longest = longest.next_multiple_of(2 * QUAD_BYTES);
        let all = tiles.iter().flat_map(|(made, _)| {
            let zeros = std::iter::repeat_n(&0, longest - made.len());
            made.iter().chain(zeros)
        });
        (
            all.copied().collect(),
            tiles
                .iter()
                .flat_map(|(_, places)| places)
                .copied()
                .collect(),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn each_instruction_set_makes_the_sums_of_all_taps(
            (channels, outputs) in (1_usize..6, 1_usize..4).prop_map(|(c, n)| (c * 8, n * COLUMNS)),
            taps in (0_usize..4).prop_map(|half| 2 * half + 1),
            dilation in 1_usize..4,
            rows in 1_usize..120,
            seeds in vec(any::<u64>(), 2),
            bounds in prop::sample::select(vec![(-64_i64, 63_i64), (-20, 20), (63, 63), (-64, -64)]),
        ) {
            let mut state = seeds[0];
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as i64
            };
            let x: Vec<u8> = (0..rows * channels).map(|_| if next() % 3 == 0 { 255 } else { next() as u8 }).collect();
            let (least, most) = bounds;
            let weights: Vec<i8> = (0..outputs * taps * channels)
                .map(|_| (least + next().rem_euclid(most - least + 1)) as i8)
                .collect();
            let start: Vec<i32> = (0..outputs).map(|_| (next() % 4000) as i32 - 2000).collect();
            let scale: Vec<f32> = (0..outputs).map(|_| (next() % 1000) as f32 * 1e-6).collect();
            let (made, places) = packed(&weights, outputs, taps, channels);
            let (padding, zero) = (seeds[1] as u8, (seeds[1] >> 8) as u8);
            let checked = Convolution {
                weights: &made, places: &places, taps, dilation, channels, padding, start: &start, scale: &scale, zero,
            };
            let checked = checked.checked().unwrap();
            let byte = |row: usize, tap: usize, channel: usize| {
                let at = (row + tap * dilation).checked_sub((taps - 1) * dilation / 2).filter(|&at| at < rows);
                at.map_or(padding, |at| x[at * channels + channel])
            };
            for multiply in [plain, best()] {
                let mut out = vec![7; rows * outputs];
                for (block, out) in out.chunks_mut(BLOCK * outputs).enumerate() {
                    checked.apply_by(multiply, &x, block * BLOCK, out);
                }
                for (at, &made) in out.iter().enumerate() {
                    let (row, output) = (at / outputs, at % outputs);
                    let taps_of = (0..taps).flat_map(|tap| (0..channels).map(move |channel| (tap, channel)));
                    let sum: i64 = taps_of
                        .map(|(tap, channel)| {
                            let weight = weights[(output * taps + tap) * channels + channel];
                            i64::from(byte(row, tap, channel)) * i64::from(weight)
                        })
                        .sum();
                    let sum = (sum + i64::from(start[output])) as f32;
                    let expected = ((sum * scale[output]).round_ties_even() + f32::from(zero)).clamp(0.0, 255.0);
                    prop_assert_eq!(f32::from(made), expected, "row {}, output {}", row, output);
                }
            }
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let (weights, places, start, scale) =
            ([0; 2 * QUAD_BYTES], [0, 1], [0; COLUMNS], [1.0; COLUMNS]);
        let sound = || Convolution {
            weights: &weights,
            places: &places,
            taps: 1,
            dilation: 1,
            channels: 8,
            padding: 0,
            start: &start,
            scale: &scale,
            zero: 0,
        };
        assert!(sound().checked().is_some());
        let wrong = [
            Convolution {
                weights: &weights[1..],
                ..sound()
            },
            Convolution {
                weights: &weights[..QUAD_BYTES],
                ..sound()
            },
            Convolution {
                places: &places[1..],
                ..sound()
            },
            Convolution {
                places: &[0, 2],
                ..sound()
            },
            Convolution {
                places: &[0, -1],
                ..sound()
            },
            Convolution { taps: 2, ..sound() },
            Convolution {
                channels: 6,
                ..sound()
            },
            Convolution {
                start: &start[1..],
                ..sound()
            },
            Convolution {
                scale: &[],
                start: &[],
                places: &[],
                ..sound()
            },
        ];
        for (at, wrong) in wrong.into_iter().enumerate() {
            assert!(wrong.checked().is_none(), "{at}");
        }
    }
}
