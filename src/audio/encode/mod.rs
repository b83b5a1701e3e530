//! Encodes samples as a whole file or piece by piece while the speech is made.
//!
//! Owns the list of answer formats. A whole file declares its length; a stream declares it unknown in its format's way.
//! Both carry the same samples.
//!
//! | file | one idea |
//! | --- | --- |
//! | `wav` | WAV, and the bare samples that it holds |
//! | `flac` | FLAC: the same samples, at about half the bytes |
//! | `opus` | Opus in Ogg: a tenth of the bytes, not the same samples |
//! | `packets` | bare Opus packets, for any container |
//! | `round_trip` | whether a decoder reproduces the Opus packets |
//! | `aac` | bare AAC packets, for MP4 |
//! | `codec` | the codecs of a film's sound |
//! | `adts` | AAC in packets with heads of their own |
//! | `marked` | the mark of sound that a machine made, and room for what signs it |
//! | `mp3` | MP3: a third of the bytes, not the same samples |

mod aac;
mod adts;
mod codec;
mod flac;
mod marked;
mod mp3;
mod opus;
mod packets;
mod round_trip;
mod wav;

use crate::mark::SyntheticMark;
use vocabox_base::fault::Fault;

pub use crate::decode::codecs::opus::RATE_HZ as OPUS_RATE_HZ;
pub use aac::AacPackets;
pub use codec::Codec;
pub use marked::{add_id3_object, append_wav_chunk, mark_wav_file, wav as mark_wav};
pub use packets::OpusPackets;
pub use wav::{WAV_HEAD_BYTES, WavWriter, endless_wav_head, wav};

/// Full scale of 16-bit samples: the factor that decoders divide by, so that WAV → samples → WAV is exact.
const FULL_SCALE: f32 = 32_768.0;

/// A format of answers. All are mono; all but Opus, MP3 and AAC are 16-bit and lossless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Wav,
    /// Signed 16-bit little-endian samples without a header.
    Pcm,
    Flac,
    /// Opus in Ogg.
    Opus,
    Mp3,
    /// AAC-LC at 48 kHz in ADTS.
    Aac,
}

/// Each format's names, the canonical one first, and its content type, in the order of [`Format`].
const FORMATS: &[(Format, &[&str], &str)] = &[
    (Format::Wav, &["wav", "wave"], "audio/wav"),
    (Format::Pcm, &["pcm", "raw"], "audio/pcm"),
    (Format::Flac, &["flac"], "audio/flac"),
    (Format::Opus, &["opus", "ogg"], "audio/ogg"),
    (Format::Mp3, &["mp3"], "audio/mpeg"),
    (Format::Aac, &["aac"], "audio/aac"),
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

    /// The content types of all formats.
    pub const CONTENT_TYPES: [&str; FORMATS.len()] = {
        let mut all = [""; FORMATS.len()];
        let mut i = 0;
        while i < FORMATS.len() {
            all[i] = FORMATS[i].2;
            i += 1;
        }
        all
    };

    /// Returns the format called `name`, in any case. Fault: `Invalid`, with the accepted names.
    pub fn parse(name: &str) -> Result<Format, Fault> {
        let lower = name.to_ascii_lowercase();
        let found = FORMATS.iter().find(|row| row.1.contains(&lower.as_str()));
        found.map(|row| row.0).ok_or_else(|| {
            let accepted = Format::ALL.map(Format::name).join(", ");
            let shown: String = name.chars().take(20).collect();
            Fault::invalid(format!("format is {shown:?}; {accepted} are accepted"))
        })
    }

    /// Returns the format's canonical name, which is also the extension of its files.
    pub fn name(self) -> &'static str {
        FORMATS[self as usize].1[0]
    }

    /// Whether files of the format have a place for a [`SyntheticMark`].
    pub fn takes_marks(self) -> bool {
        !matches!(self, Format::Pcm | Format::Aac)
    }

    /// Returns the value of the header `Content-Type`.
    pub fn content_type(self) -> &'static str {
        FORMATS[self as usize].2
    }
}

/// An encoder of sound that arrives in pieces of any length.
pub trait Stream: Send {
    /// Returns every byte that is ready once `samples`, in [−1, 1], were added, so that sound is sent as soon as it is
    /// made (FLAC delays up to 43 ms, Opus up to 40 ms, MP3 up to 72 ms, AAC up to 43 ms, the last three 150 ms more at a rate that they resample). The first call
    /// also returns the header, even for no samples.
    ///
    /// Faults: `Internal` when the encoder fails.
    fn push(&mut self, samples: &[f32]) -> Result<Vec<u8>, Fault>;

    /// Returns the rest. Faults: as [`Stream::push`].
    fn finish(self: Box<Self>) -> Result<Vec<u8>, Fault>;
}

/// Returns a whole file with its length in its header: `samples` in [−1, 1] at `rate_hz`, clamped beyond that, NaN as
/// 0, rounded to 16 bits except for Opus, MP3 and AAC.
///
/// With a `mark`, the file's metadata say so, where the format has them.
///
/// Faults: `Internal` when `rate_hz` is 0, or beyond the format's bounds (WAV: 4 GiB; FLAC: 655 350 Hz).
pub fn whole(
    format: Format,
    samples: &[f32],
    rate_hz: u32,
    mark: Option<SyntheticMark>,
) -> Result<Vec<u8>, Fault> {
    check(rate_hz)?;
    match format {
        Format::Wav => {
            let mut file = wav(samples, rate_hz)?;
            if let Some(mark) = mark {
                marked::wav(&mut file, mark);
            }
            Ok(file)
        }
        Format::Pcm => Ok(samples
            .iter()
            .flat_map(|s| to_i16(*s).to_le_bytes())
            .collect()),
        Format::Flac => flac::whole(samples, rate_hz, mark),
        Format::Opus => opus::whole(samples, rate_hz, mark),
        Format::Mp3 => mp3::whole(samples, rate_hz, mark),
        Format::Aac => adts::whole(samples, rate_hz),
    }
}

/// Returns an encoder at `rate_hz` of a stream whose length is not known: WAV claims 4 GiB, as other programs that
/// write to a pipe do, FLAC declares it unknown, the others have no such field. Decoded, the stream has the samples of
/// [`whole`] over all its pieces.
///
/// Faults: as [`whole`].
pub fn stream(
    format: Format,
    rate_hz: u32,
    mark: Option<SyntheticMark>,
) -> Result<Box<dyn Stream>, Fault> {
    check(rate_hz)?;
    Ok(match format {
        Format::Wav => Box::new(wav::WavStream::new(rate_hz, mark)?),
        Format::Pcm => Box::new(wav::WavStream::bare()),
        Format::Flac => Box::new(flac::FlacStream::new(rate_hz, mark)?),
        Format::Opus => Box::new(opus::OpusStream::new(rate_hz, mark)?),
        Format::Mp3 => Box::new(mp3::Mp3Stream::new(rate_hz, mark)?),
        Format::Aac => Box::new(adts::AdtsStream::new(rate_hz)?),
    })
}

fn check(rate_hz: u32) -> Result<(), Fault> {
    match rate_hz {
        0 => Err(Fault::internal("sound of 0 samples a second")),
        _ => Ok(()),
    }
}

/// Returns the nearest 16-bit sample. The cast saturates and maps NaN to 0.
fn to_i16(sample: f32) -> i16 {
    (sample * FULL_SCALE).round() as i16
}

#[cfg(test)]
mod tests;
