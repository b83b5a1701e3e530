//! WAV, and raw 16-bit samples.

use std::io::{Cursor, Seek, Write};
use std::mem::take;

use super::{Stream, marked, to_i16};
use crate::mark::SyntheticMark;
use vocabox_base::fault::Fault;

/// Bytes of a WAV file before its samples.
pub const WAV_HEAD_BYTES: usize = 44;

/// Returns a WAV file: mono 16-bit PCM at `rate_hz`, 44 bytes of header with true sizes, then the samples.
///
/// `samples` in [−1, 1]: rounded to nearest, beyond that clamped, NaN becomes 0; no dither.
///
/// Faults: `Internal` when `rate_hz` is 0 or the file would pass 4 GiB, the format's end.
pub fn wav(samples: &[f32], rate_hz: u32) -> Result<Vec<u8>, Fault> {
    if rate_hz == 0 {
        return Err(Fault::internal("a WAV file of 0 Hz"));
    }
    let count = u32::try_from(samples.len())
        .ok()
        .filter(|count| *count < (u32::MAX - WAV_HEAD_BYTES as u32) / 2)
        .ok_or_else(|| Fault::internal(format!("a WAV file of {} samples", samples.len())))?;
    let mut file = Cursor::new(Vec::with_capacity(WAV_HEAD_BYTES + 2 * samples.len()));
    let mut writer = hound::WavWriter::new(&mut file, spec(rate_hz, 1)).map_err(Fault::internal)?;
    let mut block = writer.get_i16_writer(count);
    for sample in samples {
        block.write_sample(to_i16(*sample));
    }
    block.flush().map_err(Fault::internal)?;
    writer.finalize().map_err(Fault::internal)?;
    Ok(file.into_inner())
}

/// Returns the head of a WAV file of signed samples of `sample_bytes` bytes, 2 to 4, that follow as they are; its sizes say
/// that the sound ends with the file.
pub fn endless_wav_head(rate_hz: u32, channels: u16, sample_bytes: u16) -> Vec<u8> {
    let spec = hound::WavSpec {
        bits_per_sample: 8 * sample_bytes,
        ..spec(rate_hz, channels)
    };
    spec.into_header_for_infinite_file()
}

/// A writer of a WAV file of 16-bit samples that arrive piece by piece; the true sizes are written at the end.
pub struct WavWriter<W: Write + Seek>(hound::WavWriter<W>);

impl<W: Write + Seek> WavWriter<W> {
    /// Returns a writer of 1 or 2 channels at `rate_hz` to `out`. Faults: `Internal` when the rate is 0, those of
    /// [`Fault::disk`].
    pub fn new(out: W, rate_hz: u32, channels: usize) -> Result<Self, Fault> {
        if rate_hz == 0 {
            return Err(Fault::internal("a WAV file of 0 Hz"));
        }
        hound::WavWriter::new(out, spec(rate_hz, channels as u16))
            .map(WavWriter)
            .map_err(refused)
    }

    /// Adds whole interleaved frames, rounded as the samples of [`wav`]. Faults: `Internal` beyond 4 GiB, those of
    /// [`Fault::disk`].
    pub fn push(&mut self, samples: &[f32]) -> Result<(), Fault> {
        let mut samples = samples.iter();
        samples
            .try_for_each(|sample| self.0.write_sample(to_i16(*sample)))
            .map_err(refused)
    }

    /// Completes the file. Faults: those of [`Fault::disk`].
    pub fn finish(self) -> Result<(), Fault> {
        self.0.finalize().map_err(refused)
    }
}

fn refused(error: hound::Error) -> Fault {
    match error {
        hound::Error::IoError(error) => Fault::disk(error),
        other => Fault::internal(other),
    }
}

fn spec(sample_rate: u32, channels: u16) -> hound::WavSpec {
    hound::WavSpec {
        channels,
        sample_rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    }
}

/// An encoder of a WAV of unknown length, or of its samples alone.
pub struct WavStream {
    /// The file's header, until it was sent with the first samples.
    head: Vec<u8>,
}

impl WavStream {
    /// A WAV whose two sizes are 0xFFFFFFFF, which readers take for "until the end" (ffmpeg writes the same to a
    /// pipe). Fault: `Internal` when `rate_hz` is 0.
    pub fn new(rate_hz: u32, mark: Option<SyntheticMark>) -> Result<Self, Fault> {
        let mut head = wav(&[], rate_hz)?;
        for at in [4, WAV_HEAD_BYTES - 4] {
            head[at..at + 4].fill(0xff);
        }
        if let Some(mark) = mark {
            marked::wav(&mut head, mark);
        }
        Ok(WavStream { head })
    }

    /// Returns an encoder of samples without a header.
    pub fn bare() -> Self {
        WavStream { head: Vec::new() }
    }
}

impl Stream for WavStream {
    fn push(&mut self, samples: &[f32]) -> Result<Vec<u8>, Fault> {
        let mut bytes = take(&mut self.head);
        bytes.extend(samples.iter().flat_map(|s| to_i16(*s).to_le_bytes()));
        Ok(bytes)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, Fault> {
        Ok(take(&mut self.head))
    }
}
