//! Samples → the bytes of an answer.
//!
//! One function for each format, from whole samples to a whole file, so that sizes in headers are true.
//! A further format (FLAC, Opus) is a further function of the same form here, or a file of its own beside.

use std::io::Cursor;

use crate::fault::Fault;

/// Full scale of 16-bit samples: the factor that decoders divide by, so that WAV → samples → WAV is exact.
const FULL_SCALE: f32 = 32_768.0;

/// Bytes of a WAV file before its samples.
pub const WAV_HEAD_BYTES: usize = 44;

/// A WAV file: mono 16-bit PCM at `rate_hz`, 44 bytes of head with true sizes, then the samples.
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
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = Cursor::new(Vec::with_capacity(WAV_HEAD_BYTES + 2 * samples.len()));
    let mut writer = hound::WavWriter::new(&mut file, spec).map_err(Fault::internal)?;
    let mut block = writer.get_i16_writer(count);
    for sample in samples {
        block.write_sample(to_i16(*sample));
    }
    block.flush().map_err(Fault::internal)?;
    writer.finalize().map_err(Fault::internal)?;
    Ok(file.into_inner())
}

/// Seconds that `samples` samples last at `rate_hz`.
pub fn seconds(samples: usize, rate_hz: u32) -> f64 {
    samples as f64 / f64::from(rate_hz.max(1))
}

/// The nearest 16-bit sample. The cast saturates and takes NaN to 0.
fn to_i16(sample: f32) -> i16 {
    (sample * FULL_SCALE).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wav_has_true_sizes_and_rounded_samples() {
        let file = wav(
            &[0.0, 0.5, -1.0, 1.0, 2.0, -2.0, f32::NAN, 1.4 / 32_768.0],
            24_000,
        )
        .unwrap();
        assert_eq!(file.len(), WAV_HEAD_BYTES + 16);
        assert_eq!(&file[..4], b"RIFF");
        assert_eq!(file[4..8], (file.len() as u32 - 8).to_le_bytes());
        assert_eq!(file[24..28], 24_000u32.to_le_bytes());
        assert_eq!(file[40..44], 16u32.to_le_bytes());
        let samples: Vec<i16> = file[WAV_HEAD_BYTES..]
            .chunks_exact(2)
            .map(|b| i16::from_le_bytes([b[0], b[1]]))
            .collect();
        assert_eq!(samples, [0, 16_384, -32_768, 32_767, 32_767, -32_768, 0, 1]);
    }

    #[test]
    fn no_samples_is_a_file_of_no_samples() {
        assert_eq!(wav(&[], 16_000).unwrap().len(), WAV_HEAD_BYTES);
        assert_eq!(seconds(8_000, 16_000), 0.5);
    }

    #[test]
    fn zero_rate_is_a_fault() {
        assert!(wav(&[0.0], 0).is_err());
    }
}
