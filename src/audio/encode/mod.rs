//! Samples → the bytes of an answer, as a whole file or piece by piece while the speech is made.
//!
//! Owns the list of formats that answers come in. A whole file tells its length; a stream cannot, and says so in
//! the way of its format. Both carry the same samples.
//!
//! | file | one idea |
//! | --- | --- |
//! | `wav` | WAV, and the bare samples that it holds |
//! | `flac` | FLAC: the same samples, at about half the bytes |
//! | `opus` | Opus in Ogg: a tenth of the bytes, not the same samples |
//! | `packets` | bare Opus packets, for any container |
//! | `round_trip` | what a decoder makes of them |
//! | `aac` | bare AAC packets, for MP4 |
//! | `codec` | which of the two a film gets |
//! | `mp3` | MP3, in builds that ask for it |

mod aac;
mod codec;
mod flac;
#[cfg(feature = "mp3")]
mod mp3;
mod opus;
mod packets;
mod round_trip;
mod wav;

use vocabox_base::fault::Fault;

pub use crate::decode::opus::RATE_HZ as OPUS_RATE_HZ;
pub use aac::AacPackets;
pub use codec::Codec;
pub use packets::OpusPackets;
pub use wav::{WAV_HEAD_BYTES, WavWriter, wav};

/// Full scale of 16-bit samples: the factor that decoders divide by, so that WAV → samples → WAV is exact.
const FULL_SCALE: f32 = 32_768.0;

/// A format of answers. All are mono; all but Opus and MP3 are 16-bit and lossless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Wav,
    /// Signed 16-bit little-endian samples without any head.
    Pcm,
    Flac,
    /// Opus in Ogg.
    Opus,
    #[cfg(feature = "mp3")]
    Mp3,
}

/// What is known of each format, in the order of [`Format`]: the names that ask for it, its own first, and its
/// content type.
const FORMATS: &[(Format, &[&str], &str)] = &[
    (Format::Wav, &["wav", "wave"], "audio/wav"),
    (Format::Pcm, &["pcm", "raw"], "audio/pcm"),
    (Format::Flac, &["flac"], "audio/flac"),
    (Format::Opus, &["opus", "ogg"], "audio/ogg"),
    #[cfg(feature = "mp3")]
    (Format::Mp3, &["mp3"], "audio/mpeg"),
];

impl Format {
    /// Every format that this build writes.
    pub const ALL: [Format; FORMATS.len()] = {
        let mut all = [Format::Wav; FORMATS.len()];
        let mut i = 0;
        while i < FORMATS.len() {
            all[i] = FORMATS[i].0;
            assert!(all[i] as usize == i);
            i += 1;
        }
        all
    };

    /// The format that `name` asks for, in any case. Fault: `Invalid`, with the names that are accepted.
    pub fn parse(name: &str) -> Result<Format, Fault> {
        let lower = name.to_ascii_lowercase();
        let found = FORMATS.iter().find(|row| row.1.contains(&lower.as_str()));
        found.map(|row| row.0).ok_or_else(|| {
            let accepted = Format::ALL.map(Format::name).join(", ");
            let shown: String = name.chars().take(20).collect();
            Fault::invalid(match lower.as_str() {
                "mp3" => format!(
                    "format mp3 is not in this build of the server, as its encoder is under the LGPL; {accepted} are accepted"
                ),
                _ => format!("format is {shown:?}; {accepted} are accepted"),
            })
        })
    }

    /// The format's own name, which is also how names of its files end.
    pub fn name(self) -> &'static str {
        FORMATS[self as usize].1[0]
    }

    /// As the header `Content-Type` has it.
    pub fn content_type(self) -> &'static str {
        FORMATS[self as usize].2
    }
}

/// Sound on its way to a client, in pieces of any length.
pub trait Stream: Send {
    /// The bytes that are ready once `samples`, in [−1, 1], are there too: all that can be, so that sound leaves as
    /// soon as it is made (FLAC holds back up to 43 ms, Opus up to 40 ms, and 150 ms more at a rate that is not
    /// its own). The first call gives the head as well, even for no samples.
    ///
    /// Faults: `Internal` when the encoder fails.
    fn push(&mut self, samples: &[f32]) -> Result<Vec<u8>, Fault>;

    /// The rest. Faults: as [`Stream::push`].
    fn finish(self: Box<Self>) -> Result<Vec<u8>, Fault>;
}

/// A whole file: `samples` in [−1, 1] at `rate_hz`, beyond that clamped, NaN as 0, rounded to 16 bits (but for
/// Opus), with its true length in its head.
///
/// Faults: `Internal` when `rate_hz` is 0, or beyond the format's bounds (WAV: 4 GiB; FLAC: 655 350 Hz).
pub fn whole(format: Format, samples: &[f32], rate_hz: u32) -> Result<Vec<u8>, Fault> {
    check(rate_hz)?;
    match format {
        Format::Wav => wav(samples, rate_hz),
        Format::Pcm => Ok(samples
            .iter()
            .flat_map(|s| to_i16(*s).to_le_bytes())
            .collect()),
        Format::Flac => flac::whole(samples, rate_hz),
        Format::Opus => opus::whole(samples, rate_hz),
        #[cfg(feature = "mp3")]
        Format::Mp3 => mp3::whole(samples, rate_hz),
    }
}

/// A stream of `rate_hz` whose length is not known: WAV claims 4 GiB, as other programs that write to a pipe do,
/// FLAC says "unknown", the others have no such field. Decoded, it is what [`whole`] of all its pieces is.
///
/// Faults: as [`whole`].
pub fn stream(format: Format, rate_hz: u32) -> Result<Box<dyn Stream>, Fault> {
    check(rate_hz)?;
    Ok(match format {
        Format::Wav => Box::new(wav::WavStream::new(rate_hz)?),
        Format::Pcm => Box::new(wav::WavStream::bare()),
        Format::Flac => Box::new(flac::FlacStream::new(rate_hz)?),
        Format::Opus => Box::new(opus::OpusStream::new(rate_hz)?),
        #[cfg(feature = "mp3")]
        Format::Mp3 => Box::new(mp3::Mp3Stream::new(rate_hz)?),
    })
}

fn check(rate_hz: u32) -> Result<(), Fault> {
    match rate_hz {
        0 => Err(Fault::internal("sound of 0 samples a second")),
        _ => Ok(()),
    }
}

/// The nearest 16-bit sample. The cast saturates and takes NaN to 0.
fn to_i16(sample: f32) -> i16 {
    (sample * FULL_SCALE).round() as i16
}

#[cfg(test)]
mod tests;
