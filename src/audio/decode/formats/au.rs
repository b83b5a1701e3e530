//! AU, the sound files of Sun and NeXT: a head of six big-endian numbers, then the sound.

use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::common::FourCc;
use symphonia::core::formats::FormatId;

use crate::decode::formats::FoundFormat;
use crate::decode::formats::plain::{PACKET_FRAMES, Plain};
use crate::decode::input::FileSpan;

const FORMAT_ID_AU: FormatId = FormatId::new(FourCc::new(*b".snd"));

/// Whether a file that starts with `head` is one.
pub fn is_au(head: &[u8]) -> bool {
    head.starts_with(b".snd")
}

/// Finds the sound in `input`, which starts with `head`. Its length counts for nothing when it is all ones or 0, or goes
/// past the end.
pub fn open(input: &FileSpan, head: &[u8]) -> FoundFormat {
    let damaged =
        || FoundFormat::Damaged("it is an AU file whose head is cut off or describes no sound");
    let number = |n: usize| {
        let bytes = head.get(4 * n..4 * n + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    };
    let numbers: Option<Vec<u32>> = (1..6).map(number).collect();
    let Some(&[from, length, coding, rate_hz, channels]) = numbers.as_deref() else {
        return damaged();
    };
    if from < 24 || rate_hz == 0 || !(1..=u32::from(u16::MAX)).contains(&channels) {
        return damaged();
    }
    let (codec, bytes) = match coding {
        1 => (CODEC_ID_PCM_MULAW, 1),
        2 => (CODEC_ID_PCM_S8, 1),
        3 => (CODEC_ID_PCM_S16BE, 2),
        4 => (CODEC_ID_PCM_S24BE, 3),
        5 => (CODEC_ID_PCM_S32BE, 4),
        6 => (CODEC_ID_PCM_F32BE, 4),
        7 => (CODEC_ID_PCM_F64BE, 8),
        27 => (CODEC_ID_PCM_ALAW, 1),
        23 => return FoundFormat::Codec("G.721 (ADPCM)".to_owned()),
        24 => return FoundFormat::Codec("G.722".to_owned()),
        25 | 26 => return FoundFormat::Codec("G.723 (ADPCM)".to_owned()),
        other => return FoundFormat::Codec(format!("the codec of number {other}")),
    };
    let from = u64::from(from);
    let told =
        Some(u64::from(length)).filter(|length| *length > 0 && *length != u64::from(u32::MAX));
    let plain = Plain {
        params: params(codec, rate_hz, channels as u16),
        from,
        to: told.map_or(u64::MAX, |length| from + length),
        block_bytes: bytes * u64::from(channels),
        block_frames: 1,
    };
    match plain.open(input, FORMAT_ID_AU, "AU") {
        Some(demuxed) => FoundFormat::Format(Box::new(demuxed)),
        None => damaged(),
    }
}

/// Returns a decoder's parameters for samples of one size.
pub fn params(
    codec: symphonia::core::codecs::audio::AudioCodecId,
    rate_hz: u32,
    channels: u16,
) -> AudioCodecParameters {
    let places = match Position::from_count(u32::from(channels)) {
        Some(positions) => Channels::Positioned(positions),
        None => Channels::Discrete(channels),
    };
    let mut params = AudioCodecParameters::new();
    params
        .for_codec(codec)
        .with_sample_rate(rate_hz)
        .with_channels(places)
        .with_max_frames_per_packet(PACKET_FRAMES);
    params
}
