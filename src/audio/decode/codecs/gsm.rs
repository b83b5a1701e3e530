//! GSM 06.10 full rate speech → samples at 8 kHz: the decoder of ETSI EN 300 961 (V8.1.1), §5.3, in its fixed-point
//! arithmetic, so that every decoder gives the same samples.
//!
//! Two packings: frames of 33 bytes (RFC 3551 §4.5.8, files named .gsm), and Microsoft's, two frames in 65 bytes (WAV).

use symphonia::core::audio::Position;
use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::common::FourCc;

use super::PlacedTrack;

/// Sound in frames of 33 bytes, and in Microsoft's blocks.
pub const CODEC_ID_GSM: AudioCodecId = AudioCodecId::new(FourCc::new(*b"gsm "));
pub const CODEC_ID_GSM_MS: AudioCodecId = AudioCodecId::new(FourCc::new(*b"gsm2"));

/// Bytes and samples of a frame, and of a block of two.
pub const FRAME_BYTES: usize = 33;
pub const FRAME_SAMPLES: usize = 160;
pub const MS_BLOCK_BYTES: usize = 65;
pub const MS_BLOCK_SAMPLES: usize = 320;
/// Samples a second.
pub const RATE_HZ: u32 = 8_000;

/// Bits of the eight coded log area ratios; table 1.1.
const RATIO_BITS: [u32; 8] = [6, 6, 5, 5, 4, 4, 3, 3];
/// Table 5.1: the least coded ratio, and the offset B.
const LEAST: [i16; 8] = [-32, -32, -16, -16, -8, -8, -4, -4];
const OFFSET: [i16; 8] = [0, 0, 2048, -2560, 94, -1792, -341, -1144];
/// Table 5.2: 1 ÷ A.
const INVERSE: [i16; 8] = [13107, 13107, 13107, 13107, 19223, 17476, 31454, 29708];
/// Table 5.3b: long-term gains. Table 5.6: normalized mantissas.
const GAINS: [i16; 4] = [3277, 11469, 21299, 32767];
const MANTISSAS: [i16; 8] = [18431, 20479, 22527, 24575, 26623, 28671, 30719, 32767];
/// Samples of excitation that the long-term filter reaches back to.
const PAST: usize = 120;
/// Pulses of a quarter of a frame, and its samples.
const PULSES: usize = 13;
const QUARTER: usize = 40;

/// A quarter of a frame as it is coded.
struct Quarter {
    lag: usize,
    gain: usize,
    grid: usize,
    peak: i16,
    pulses: [i16; PULSES],
}

/// A decoder of one stream.
pub struct GsmDecoder {
    is_ms: bool,
    /// Excitation: what was made last, then the quarter in work.
    excitation: [i16; PAST + QUARTER],
    lag: usize,
    ratios: [i16; 8],
    filter: [i16; 9],
    emphasis: i16,
    pcm: Vec<f32>,
}

impl PlacedTrack for GsmDecoder {
    fn decode(&mut self, packet: &[u8]) -> Option<&[f32]> {
        Some(self.samples(packet))
    }

    fn rate_hz(&self) -> u32 {
        RATE_HZ
    }

    fn places(&self) -> &[Option<Position>] {
        &[None]
    }
}

impl GsmDecoder {
    /// Returns a decoder of frames, or of Microsoft's blocks.
    pub fn new(is_ms: bool) -> Self {
        GsmDecoder {
            is_ms,
            excitation: [0; PAST + QUARTER],
            lag: QUARTER,
            ratios: [0; 8],
            filter: [0; 9],
            emphasis: 0,
            pcm: Vec::new(),
        }
    }

    /// Returns the samples of the frames or blocks in `packet`, in [−1, 1]; what is no whole frame at its end is
    /// ignored.
    fn samples(&mut self, packet: &[u8]) -> &[f32] {
        self.pcm.clear();
        let block = if self.is_ms {
            MS_BLOCK_BYTES
        } else {
            FRAME_BYTES
        };
        for bytes in packet.chunks_exact(block) {
            let mut bits = Bits {
                bytes,
                at: if self.is_ms { 0 } else { 4 },
                lowest_first: self.is_ms,
            };
            for _ in 0..if self.is_ms { 2 } else { 1 } {
                self.frame(&mut bits);
            }
        }
        &self.pcm
    }

    fn frame(&mut self, bits: &mut Bits<'_>) {
        let coded = RATIO_BITS.map(|count| bits.next(count));
        let mut residual = [0; FRAME_SAMPLES];
        for quarter in residual.chunks_exact_mut(QUARTER) {
            let read = Quarter {
                lag: bits.next(7) as usize,
                gain: bits.next(2) as usize,
                grid: bits.next(2) as usize,
                peak: bits.next(6),
                pulses: std::array::from_fn(|_| bits.next(3)),
            };
            self.excite(&read);
            quarter.copy_from_slice(&self.excitation[PAST..]);
            self.excitation.copy_within(QUARTER.., 0);
        }
        let now: [i16; 8] = std::array::from_fn(|i| {
            // §5.3.8.
            let raised = (coded[i] + LEAST[i]) << 10;
            let ratio = mult_r(INVERSE[i], raised.saturating_sub(OFFSET[i] << 1));
            ratio.saturating_add(ratio)
        });
        let before = self.ratios;
        // §5.3.9.1: the ratios change in three steps.
        for (from, to, mix) in [(0, 13, 0), (13, 27, 1), (27, 40, 2), (40, 160, 3)] {
            let reflection: [i16; 8] = std::array::from_fn(|i| {
                let (old, new) = (before[i], now[i]);
                let ratio = match mix {
                    0 => (old >> 2).saturating_add(new >> 2).saturating_add(old >> 1),
                    1 => (old >> 1).saturating_add(new >> 1),
                    2 => (old >> 2).saturating_add(new >> 2).saturating_add(new >> 1),
                    _ => new,
                };
                reflected(ratio)
            });
            for sample in &residual[from..to] {
                let made = self.filtered(*sample, &reflection);
                self.pcm.push(f32::from(made) / 32_768.0);
            }
        }
        self.ratios = now;
    }

    /// Makes the excitation of a quarter, §5.3.1 and §5.3.2.
    fn excite(&mut self, read: &Quarter) {
        let (mut exponent, mut mantissa) = (0, read.peak);
        if read.peak > 15 {
            exponent = (read.peak >> 3) - 1;
            mantissa = read.peak - (exponent << 3);
        }
        if mantissa == 0 {
            (exponent, mantissa) = (-4, 7);
        } else {
            while mantissa <= 7 {
                mantissa = mantissa << 1 | 1;
                exponent -= 1;
            }
            mantissa -= 8;
        }
        let shift = 6 - exponent;
        let half = if shift > 0 { 1i16 << (shift - 1) } else { 0 };
        let mut pulses = [0; QUARTER];
        for (i, pulse) in read.pulses.iter().enumerate() {
            let scaled = mult_r(MANTISSAS[mantissa as usize], ((pulse << 1) - 7) << 12);
            pulses[read.grid + 3 * i] = scaled.saturating_add(half) >> shift;
        }
        if (QUARTER..=PAST).contains(&read.lag) {
            self.lag = read.lag;
        }
        for (k, pulse) in pulses.into_iter().enumerate() {
            let past = self.excitation[PAST + k - self.lag];
            self.excitation[PAST + k] = pulse.saturating_add(mult_r(GAINS[read.gain], past));
        }
    }

    /// Returns a sample after the short-term filter (§5.3.4), de-emphasis and rounding (§5.3.5 to §5.3.7).
    fn filtered(&mut self, sample: i16, reflection: &[i16; 8]) -> i16 {
        let mut made = sample;
        for i in (0..8).rev() {
            made = made.saturating_sub(mult_r(reflection[i], self.filter[i]));
            self.filter[i + 1] = self.filter[i].saturating_add(mult_r(reflection[i], made));
        }
        self.filter[0] = made;
        self.emphasis = made.saturating_add(mult_r(self.emphasis, 28_180));
        self.emphasis.saturating_add(self.emphasis) & !7
    }
}

/// Returns the reflection coefficient of a ratio, §5.3.9.2.
fn reflected(ratio: i16) -> i16 {
    let size = ratio.saturating_abs();
    let size = match size {
        ..11_059 => size << 1,
        11_059..20_070 => size + 11_059,
        _ => (size >> 2).saturating_add(26_112),
    };
    if ratio < 0 { -size } else { size }
}

/// Returns the rounded product of two fractions of 15 bits, §5.1.
fn mult_r(a: i16, b: i16) -> i16 {
    let product = (i32::from(a) * i32::from(b) + 0x4000) >> 15;
    product.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

/// Numbers of some bits each, one after the other.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    lowest_first: bool,
}

impl Bits<'_> {
    /// Returns the next number of `count` bits; bits after the end are 0.
    fn next(&mut self, count: u32) -> i16 {
        let mut number = 0;
        for n in 0..count {
            let byte = self.bytes.get(self.at / 8).copied().unwrap_or(0);
            let place = self.at % 8;
            self.at += 1;
            match self.lowest_first {
                true => number |= i16::from(byte >> place & 1) << n,
                false => number = number << 1 | i16::from(byte >> (7 - place) & 1),
            }
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest sample of each frame of a stream, as whole 16-bit numbers.
    fn peaks(decoder: &mut GsmDecoder, stream: &[u8]) -> Vec<i32> {
        let samples = decoder
            .samples(stream)
            .iter()
            .map(|x| (x * 32_768.0) as i32);
        let samples: Vec<i32> = samples.collect();
        let peak = |frame: &[i32]| frame.iter().map(|x| x.abs()).max().unwrap();
        samples.chunks(FRAME_SAMPLES).map(peak).collect()
    }

    #[test]
    fn both_packings_give_the_same_sound() {
        // Frames of numbers that differ in every field, as both packings have them.
        let (mut plain, mut ms) = (vec![0u8; 4 * FRAME_BYTES], vec![0u8; 2 * MS_BLOCK_BYTES]);
        let widths: Vec<u32> = RATIO_BITS
            .iter()
            .copied()
            .chain((0..4).flat_map(|_| [7, 2, 2, 6].into_iter().chain([3; PULSES])))
            .collect();
        assert_eq!(widths.iter().sum::<u32>(), 260);
        let mut low = 0;
        for frame in 0..4 {
            let mut high = frame * FRAME_BYTES * 8;
            plain[frame * FRAME_BYTES] = 0xD0;
            high += 4;
            for (field, width) in widths.iter().enumerate() {
                let number = (field * 7 + frame * 3 + 1) % (1 << width);
                for bit in 0..*width as usize {
                    let (up, down) = (number >> (*width as usize - 1 - bit) & 1, number >> bit & 1);
                    plain[high / 8] |= (up as u8) << (7 - high % 8);
                    ms[low / 8] |= (down as u8) << (low % 8);
                    (high, low) = (high + 1, low + 1);
                }
            }
        }
        let first = GsmDecoder::new(false).samples(&plain).to_vec();
        assert_eq!(first.len(), 4 * FRAME_SAMPLES);
        assert_eq!(GsmDecoder::new(true).samples(&ms), first);
        assert!(first.iter().any(|x| x.abs() > 0.01));
    }

    #[test]
    fn any_bytes_are_decoded_to_samples_in_range() {
        for byte in [0, 0x55, 0xFF] {
            let mut decoder = GsmDecoder::new(false);
            assert_eq!(peaks(&mut decoder, &[byte; 10 * FRAME_BYTES + 5]).len(), 10);
            assert!(decoder.samples(&[byte; 7]).is_empty());
            assert!(decoder.samples(&[byte; 990]).iter().all(|x| x.abs() <= 1.0));
        }
    }
}
