//! Bare telephone sound: GSM 06.10 known by its frames, and µ-law, A-law and samples that only a hint tells.

use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::common::FourCc;
use symphonia::core::formats::FormatId;

use crate::decode::codecs::gsm::{self, CODEC_ID_GSM};
use crate::decode::formats::FoundFormat;
use crate::decode::formats::au::params;
use crate::decode::formats::plain::Plain;
use crate::decode::input::FileSpan;

const FORMAT_ID_BARE: FormatId = FormatId::new(FourCc::new(*b"bare"));
/// Frames that must start as GSM's do.
const GSM_FRAMES_MIN: usize = 4;
/// The upper half of each frame's first byte.
const GSM_MARK: u8 = 0xD0;

/// How sound without a head is coded, as a client says it: one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareCoding {
    MuLaw,
    ALaw,
    /// 16 bits, the lower byte first.
    Linear,
    Gsm,
}

impl BareCoding {
    /// The codings by their names in requests.
    pub const NAMES: [(&str, BareCoding); 4] = [
        ("mulaw", BareCoding::MuLaw),
        ("alaw", BareCoding::ALaw),
        ("s16le", BareCoding::Linear),
        ("gsm", BareCoding::Gsm),
    ];
}

/// Whether a file that starts with `head` is bare GSM.
pub fn is_gsm(head: &[u8]) -> bool {
    let starts = head.chunks_exact(gsm::FRAME_BYTES);
    starts.len() >= GSM_FRAMES_MIN && starts.into_iter().all(|frame| frame[0] & 0xF0 == GSM_MARK)
}

/// Finds the sound in `input`, which is bare `coding` of `rate_hz`.
pub fn open(input: &FileSpan, coding: BareCoding, rate_hz: u32) -> FoundFormat {
    let (codec, bytes, frames, rate_hz) = match coding {
        BareCoding::MuLaw => (CODEC_ID_PCM_MULAW, 1, 1, rate_hz),
        BareCoding::ALaw => (CODEC_ID_PCM_ALAW, 1, 1, rate_hz),
        BareCoding::Linear => (CODEC_ID_PCM_S16LE, 2, 1, rate_hz),
        BareCoding::Gsm => (
            CODEC_ID_GSM,
            gsm::FRAME_BYTES as u64,
            gsm::FRAME_SAMPLES as u64,
            gsm::RATE_HZ,
        ),
    };
    let mut params = params(codec, rate_hz, 1);
    params.with_channels(Channels::Positioned(Position::FRONT_CENTER));
    let plain = Plain {
        params,
        from: 0,
        to: u64::MAX,
        block_bytes: bytes,
        block_frames: frames,
    };
    match plain.open(input, FORMAT_ID_BARE, "bare sound") {
        Some(demuxed) => FoundFormat::Format(Box::new(demuxed)),
        None => FoundFormat::Damaged("its rate is 0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gsm_is_known_by_all_of_its_frames() {
        let frames = |count: usize| {
            let frame = [&[0xD5], &[7u8; 32][..]].concat();
            frame.repeat(count)
        };
        assert!(is_gsm(&frames(20)) && is_gsm(&[frames(5), vec![0xD1; 9]].concat()));
        assert!(!is_gsm(&frames(3)) && !is_gsm(b""));
        let mut one = frames(20);
        one[33] = 0x15;
        assert!(!is_gsm(&one));
        assert!(!is_gsm(&[0; 4000]));
    }
}
