//! Changes the sampling rate of sound, whole or streamed, with the same result; each channel by itself.
//!
//! An FFT resampler (rubato's `Fft`) with a long BlackmanHarris² low-pass: sines come out with more than
//! 100 dB of signal to error. The filter's delay is cut off at the start and its tail is flushed at the
//! end, so that the output has exactly ceil(n · to / from) samples and lines up with the input.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler, WindowFunction};

use crate::pcm::{Clip, ClipReader, Samples, read_all};
use vocabox_base::fault::Fault;

/// Smallest number of samples of one FFT block at the lower of the two rates. The filter's transition band narrows with
/// it: 1024 keeps 7.6 kHz intact at 16 kHz.
const BLOCK_SAMPLES_MIN: u64 = 1024;

/// Largest term of the ratio that the FFT works with. It bounds memory (a block is twice as long, some
/// 10 MiB in all) for high rates with hardly a common divisor, such as 191 999 : 16 000; see [`ratio`].
const RATIO_TERM_MAX: u64 = 1 << 16;

/// Samples of a source, read at another rate.
pub struct Resampled {
    source: Box<dyn Samples>,
    rate_hz: u32,
    /// None when the rates are equal: samples pass through untouched.
    stage: Option<Stage>,
}

impl Resampled {
    /// Returns `source`'s samples at `rate_hz`.
    ///
    /// Faults: `Internal` when either rate is 0 or the resampler cannot be built.
    pub fn new(source: Box<dyn Samples>, rate_hz: u32) -> Result<Self, Fault> {
        let stage = match source.rate_hz() == rate_hz {
            true => None,
            false => Some(Stage::new(source.rate_hz(), rate_hz, 1)?),
        };
        Ok(Resampled {
            source,
            rate_hz,
            stage,
        })
    }
}

impl Samples for Resampled {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        let source = &mut self.source;
        match &mut self.stage {
            None => source.read(out, most),
            Some(stage) => stage.read(&mut |input, most| source.read(input, most), out, most),
        }
    }
}

/// Returns `clip` at `to_hz`: ceil(n · to / from) samples, lined up with the input.
///
/// Faults: `Internal` when either rate is 0.
pub fn resample_clip(clip: &Clip, to_hz: u32) -> Result<Clip, Fault> {
    if clip.rate_hz == to_hz {
        return Ok(clip.clone());
    }
    let source = Box::new(ClipReader::from(clip.clone()));
    read_all(&mut Resampled::new(source, to_hz)?)
}

/// A resampler for sound that arrives piece by piece; the result is that of [`Resampled`] over the whole.
pub struct Feed {
    /// None when the rates are equal.
    stage: Option<Stage>,
    channels: usize,
    /// Interleaved frames that wait for a full block. The stage reads only while frames are left, or to flush the end.
    waiting: Vec<f32>,
}

impl Feed {
    /// Returns a resampler of `channels` (1 or more) from `from_hz` to `to_hz`. Faults: `Internal` when either rate is
    /// 0 or the resampler cannot be built.
    pub fn new(from_hz: u32, to_hz: u32, channels: usize) -> Result<Self, Fault> {
        let stage = match from_hz == to_hz && from_hz > 0 {
            true => None,
            false => Some(Stage::new(from_hz, to_hz, channels)?),
        };
        Ok(Feed {
            stage,
            channels,
            waiting: Vec::new(),
        })
    }

    /// Appends to `out` the frames that `piece` (whole interleaved frames) completes. Faults: `Internal`.
    pub fn push(&mut self, piece: &[f32], out: &mut Vec<f32>) -> Result<(), Fault> {
        let Some(stage) = &mut self.stage else {
            out.extend_from_slice(piece);
            return Ok(());
        };
        self.waiting.extend_from_slice(piece);
        while self.waiting.len() >= stage.fft.input_frames_next() * self.channels {
            stage.advance(&mut taker(&mut self.waiting, self.channels))?;
            out.extend_from_slice(&stage.ready);
        }
        Ok(())
    }

    /// Appends the rest to `out`; nothing may be pushed afterwards. Faults: `Internal`.
    pub fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), Fault> {
        let Some(stage) = &mut self.stage else {
            return Ok(());
        };
        while stage.advance(&mut taker(&mut self.waiting, self.channels))? {
            out.extend_from_slice(&stage.ready);
        }
        Ok(())
    }
}

/// Returns a reader of whole frames from those that wait.
fn taker(
    waiting: &mut Vec<f32>,
    channels: usize,
) -> impl FnMut(&mut Vec<f32>, usize) -> Result<usize, Fault> {
    move |out, most| {
        let read = most.min(waiting.len() / channels);
        out.extend(waiting.drain(..read * channels));
        Ok(read)
    }
}

/// Appends up to the given number of interleaved frames and returns how many; 0 only at the end.
type Reading<'a> = dyn FnMut(&mut Vec<f32>, usize) -> Result<usize, Fault> + 'a;

/// The FFT resampler: one block in, one block out. Frames are interleaved.
pub(crate) struct Stage {
    fft: Fft<f32>,
    channels: usize,
    from_hz: u64,
    to_hz: u64,
    input: Vec<f32>,
    output: Vec<f32>,
    /// Finished frames; those before the sample `at` were given already.
    ready: Vec<f32>,
    at: usize,
    /// Output frames of the filter's delay that remain to be dropped.
    delay: usize,
    /// Frames in and out so far.
    taken: u64,
    made: u64,
    ended: bool,
}

impl Stage {
    /// For `channels`, at least 1. Faults: `Internal` when either rate is 0 or the resampler cannot be built.
    pub(crate) fn new(from_hz: u32, to_hz: u32, channels: usize) -> Result<Self, Fault> {
        if from_hz == 0 || to_hz == 0 {
            return Err(Fault::internal(format!(
                "resampling {from_hz} to {to_hz} Hz"
            )));
        }
        let (p, q) = ratio(u64::from(from_hz), u64::from(to_hz));
        // Whole blocks of an even number of samples: an odd block delays by half a sample.
        let blocks = BLOCK_SAMPLES_MIN.div_ceil(2 * p.min(q));
        let chunk = (2 * p * blocks) as usize;
        let fft = Fft::new_custom(
            p as usize,
            q as usize,
            chunk,
            1,
            channels,
            WindowFunction::BlackmanHarris2,
            FixedSync::Input,
        )
        .map_err(Fault::internal)?;
        Ok(Stage {
            from_hz: u64::from(from_hz),
            to_hz: u64::from(to_hz),
            channels,
            input: Vec::with_capacity(chunk * channels),
            output: vec![0.0; fft.output_frames_max() * channels],
            ready: Vec::new(),
            at: 0,
            delay: fft.output_delay(),
            taken: 0,
            made: 0,
            ended: false,
            fft,
        })
    }

    /// Appends up to `most` frames to `out`, made of what `source` reads, and returns how many; 0 only at the end. Faults:
    /// those of `source`.
    pub(crate) fn read(
        &mut self,
        source: &mut Reading<'_>,
        out: &mut Vec<f32>,
        most: usize,
    ) -> Result<usize, Fault> {
        let mut given = 0;
        while given < most {
            let ready = &self.ready[self.at..];
            if ready.is_empty() {
                if !self.advance(source)? {
                    break;
                }
                continue;
            }
            let taken = (ready.len() / self.channels).min(most - given);
            out.extend_from_slice(&ready[..taken * self.channels]);
            self.at += taken * self.channels;
            given += taken;
        }
        Ok(given)
    }

    /// Converts the whole blocks at the start of `pending`, or all of it if it `is_last`, and appends what is made to `out`.
    ///
    /// Faults: `Internal` when the resampler fails.
    pub(crate) fn convert(
        &mut self,
        pending: &mut Vec<f32>,
        is_last: bool,
        out: &mut Vec<f32>,
    ) -> Result<(), Fault> {
        let mut taken = 0;
        while is_last || (pending.len() - taken) / self.channels >= self.fft.input_frames_next() {
            let channels = self.channels;
            let made = self.advance(&mut |input, most| {
                let frames = ((pending.len() - taken) / channels).min(most);
                input.extend_from_slice(&pending[taken..taken + frames * channels]);
                taken += frames * channels;
                Ok(frames)
            })?;
            if !made {
                break;
            }
            out.extend_from_slice(&self.ready[self.at..]);
            self.at = self.ready.len();
        }
        pending.drain(..taken);
        Ok(())
    }

    /// Makes the next block ready, which may be empty while the delay is dropped. Returns false at the end.
    fn advance(&mut self, source: &mut Reading<'_>) -> Result<bool, Fault> {
        self.ready.clear();
        self.at = 0;
        let (chunk, channels) = (self.fft.input_frames_next(), self.channels);
        self.input.clear();
        let mut present = 0;
        while !self.ended && present < chunk {
            let read = source(&mut self.input, chunk - present)?;
            present += read;
            self.ended = read == 0;
        }
        self.taken += present as u64;
        // The total is correct only once the source has ended, and is used only then.
        let total = (self.taken * self.to_hz).div_ceil(self.from_hz);
        if self.ended && self.made >= total {
            return Ok(false);
        }
        self.input.resize(chunk * channels, 0.0);
        let made = self.transform(present)?;
        let delayed = self.delay.min(made);
        self.delay -= delayed;
        let fresh = made - delayed;
        let wanted = match self.ended {
            true => fresh.min((total - self.made) as usize),
            false => fresh,
        };
        let fresh = &self.output[delayed * channels..][..wanted * channels];
        // The filter rings past full scale where the input nearly clips.
        self.ready.extend(fresh.iter().map(|x| x.clamp(-1.0, 1.0)));
        self.made += wanted as u64;
        Ok(true)
    }

    /// Runs one block, of which the first `present` frames are sound, and returns how many frames it made.
    fn transform(&mut self, present: usize) -> Result<usize, Fault> {
        let channels = self.channels;
        let (chunk, room) = (self.input.len() / channels, self.output.len() / channels);
        let input =
            InterleavedSlice::new(&self.input[..], channels, chunk).map_err(Fault::internal)?;
        let mut output = InterleavedSlice::new_mut(&mut self.output[..], channels, room)
            .map_err(Fault::internal)?;
        let partial = Indexing {
            partial_len: Some(present),
            ..Indexing::default()
        };
        let (_, made) = self
            .fft
            .process_into_buffer(&input, &mut output, Some(&partial))
            .map_err(Fault::internal)?;
        Ok(made)
    }
}

/// from : to in lowest terms, or the closest fraction with terms up to [`RATIO_TERM_MAX`].
///
/// The best rational approximation by continued fractions (Hardy & Wright, chapter X). Exact between rates
/// up to the bound; beyond, only rates that no recorder uses are off, by less than 2·10⁻⁵.
fn ratio(from_hz: u64, to_hz: u64) -> (u64, u64) {
    let (mut n, mut d) = (from_hz, to_hz);
    let (mut p, mut q) = ((0, 1), (1, 0)); // (convergent before, convergent) of numerator and denominator
    while d != 0 {
        let term = n / d;
        let next = (term * p.1 + p.0, term * q.1 + q.0);
        if next.0.max(next.1) > RATIO_TERM_MAX && p.1 != 0 && q.1 != 0 {
            break;
        }
        (p, q) = ((p.1, next.0), (q.1, next.1));
        (n, d) = (d, n % d);
    }
    (p.1, q.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// Signal over error, in decibels, that every speech rate must reach. Measured: 111 to 137.
    const SINE_SNR_DB_MIN: f64 = 100.0;
    /// The same for rates without a common divisor, whose FFTs are long. Measured: 85 to 103.
    const ODD_SINE_SNR_DB_MIN: f64 = 80.0;

    fn sine(hz: f64, rate_hz: u32, samples: usize) -> Clip {
        let step = TAU * hz / f64::from(rate_hz);
        Clip {
            samples: (0..samples)
                .map(|n| (0.5 * (step * n as f64).sin()) as f32)
                .collect(),
            rate_hz,
        }
    }

    /// Signal over error against the ideal sine, away from the ends where the sine starts from nothing.
    fn snr_db(hz: f64, clip: &Clip) -> f64 {
        let ideal = sine(hz, clip.rate_hz, clip.samples.len());
        let edge = clip.rate_hz as usize / 5;
        let (mut signal, mut error) = (0.0, 0.0);
        for n in edge..clip.samples.len() - edge {
            let (x, y) = (f64::from(ideal.samples[n]), f64::from(clip.samples[n]));
            signal += x * x;
            error += (x - y) * (x - y);
        }
        10.0 * (signal / error).log10()
    }

    #[test]
    fn sines_keep_a_hundred_decibels() {
        for (from, to) in [
            (48_000, 16_000),
            (44_100, 16_000),
            (8_000, 16_000),
            (16_000, 24_000),
            (96_000, 16_000),
            (22_050, 16_000),
            (24_000, 48_000),
            (44_099, 16_000),
        ] {
            let nyquist = f64::from(from.min(to)) / 2.0;
            for hz in [50.0, 440.0, 1_000.0, 0.5 * nyquist, 0.95 * nyquist] {
                let made = resample_clip(&sine(hz, from, 2 * from as usize + 17), to).unwrap();
                let snr = snr_db(hz, &made);
                let least = if from == 44_099 {
                    ODD_SINE_SNR_DB_MIN
                } else {
                    SINE_SNR_DB_MIN
                };
                assert!(snr >= least, "{from} -> {to}, {hz} Hz: {snr} dB");
            }
        }
    }

    #[test]
    fn length_is_exact_and_streaming_equals_whole() {
        for (from, to) in [
            (48_000, 16_000),
            (44_100, 16_000),
            (8_000, 16_000),
            (16_000, 24_000),
            (44_099, 16_000),
        ] {
            for n in [0usize, 1, 2, 159, 1_023, 3_072, 3_073, 50_000] {
                let clip = sine(300.0, from, n);
                let whole = resample_clip(&clip, to).unwrap();
                let expected = (n as u64 * u64::from(to)).div_ceil(u64::from(from));
                assert_eq!(whole.samples.len() as u64, expected, "{from} -> {to}, {n}");
                let mut stream =
                    Resampled::new(Box::new(ClipReader::from(clip.clone())), to).unwrap();
                let (mut pieces, mut most) = (Vec::new(), 1);
                while stream.read(&mut pieces, most).unwrap() > 0 {
                    most = most * 7 % 1009 + 1;
                }
                assert_eq!(pieces, whole.samples);
                let (mut feed, mut fed) = (Feed::new(from, to, 1).unwrap(), Vec::new());
                for piece in clip.samples.chunks(1 + n % 700) {
                    feed.push(piece, &mut fed).unwrap();
                }
                feed.finish(&mut fed).unwrap();
                assert_eq!(fed, whole.samples);
            }
        }
    }

    #[test]
    fn channels_are_resampled_each_for_itself() {
        for (from, to) in [(44_100, 48_000), (48_000, 24_000), (48_000, 48_000)] {
            let sides = [sine(300.0, from, 30_001), sine(1_700.0, from, 30_001)];
            let alone = sides
                .clone()
                .map(|s| resample_clip(&s, to).unwrap().samples);
            let mixed = sides[0].samples.iter().zip(&sides[1].samples);
            let frames: Vec<f32> = mixed.flat_map(|(left, right)| [*left, *right]).collect();
            let (mut feed, mut fed) = (Feed::new(from, to, 2).unwrap(), Vec::new());
            for piece in frames.chunks(2 * 701) {
                feed.push(piece, &mut fed).unwrap();
            }
            feed.finish(&mut fed).unwrap();
            for (channel, alone) in alone.iter().enumerate() {
                let side: Vec<f32> = fed.iter().skip(channel).step_by(2).copied().collect();
                assert!(&side == alone, "{from} -> {to}, channel {channel}");
            }
        }
    }

    #[test]
    fn equal_rates_pass_through() {
        let clip = sine(1_000.0, 16_000, 777);
        assert_eq!(resample_clip(&clip, 16_000).unwrap(), clip);
    }

    #[test]
    fn ratio_is_exact_or_close() {
        assert_eq!(ratio(48_000, 16_000), (3, 1));
        assert_eq!(ratio(44_100, 16_000), (441, 160));
        assert_eq!(ratio(4_000, 384_000), (1, 96));
        for from in [44_099, 383_987, 4_001, 11_027, 191_999] {
            let (p, q) = ratio(from, 16_000);
            assert!(p.max(q) <= RATIO_TERM_MAX && p.min(q) > 0);
            let off = (p as f64 / q as f64) / (from as f64 / 16_000.0) - 1.0;
            assert!(off.abs() < 2e-5, "{from}: {off}");
            assert!(from > RATIO_TERM_MAX || off == 0.0);
        }
    }
}
