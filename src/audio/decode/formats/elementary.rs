//! Streams of sound frames that tell their own lengths, as containers of broadcasts and cameras cut them anywhere: MPEG
//! audio (ISO/IEC 11172-3 §2.4.1.3), AAC with ADTS heads (ISO/IEC 13818-7 §6.2), AC-3 (ATSC A/52 §5.3).

use std::collections::VecDeque;

use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};

/// Bytes without a frame after which a stream is given up.
const LOST_BYTES_MAX: usize = 1 << 20;
/// Times of pieces that wait for a frame.
const TIMES_MAX: usize = 1_000;

/// How frames start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    Mpeg,
    Adts,
    Ac3,
}

impl Syntax {
    /// All of them, those with the longest mark first.
    pub const ALL: [Syntax; 3] = [Syntax::Adts, Syntax::Ac3, Syntax::Mpeg];
}

/// A frame, as its head describes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameHead {
    pub codec: AudioCodecId,
    /// Of the whole frame, and of the head that its decoder does not take.
    pub bytes: usize,
    pub head_bytes: usize,
    pub rate_hz: u32,
    pub samples: u32,
    /// Of AAC: the decoder's configuration that the head stands for.
    pub config: Option<[u8; 2]>,
}

impl FrameHead {
    /// Returns the head at the start of `data`; none when there is no valid one, or too few bytes to tell.
    pub fn read(syntax: Syntax, data: &[u8]) -> Option<FrameHead> {
        match syntax {
            Syntax::Mpeg => mpeg(data),
            Syntax::Adts => adts(data),
            Syntax::Ac3 => ac3(data),
        }
    }

    /// Returns a decoder's parameters for such frames.
    pub fn params(&self) -> AudioCodecParameters {
        let mut params = AudioCodecParameters::new();
        params.for_codec(self.codec).with_sample_rate(self.rate_hz);
        if let Some(config) = self.config {
            params.with_extra_data(Box::new(config));
        }
        params
    }
}

fn mpeg(data: &[u8]) -> Option<FrameHead> {
    let head = u32::from_be_bytes(*data.first_chunk()?);
    let (version, layer) = (head >> 19 & 3, head >> 17 & 3);
    let (rate, hz, padding) = (head >> 12 & 15, head >> 10 & 3, head >> 9 & 1);
    // A rate of 0 ("free") does not tell the frame's length.
    if head >> 21 != 0x7FF || version == 1 || layer == 0 || rate == 0 || rate == 15 || hz == 3 {
        return None;
    }
    let halved = [4, 1, 2, 1][version as usize];
    let rate_hz = [44_100, 48_000, 32_000][hz as usize] / halved;
    let is_first_version = version == 3;
    // kbit/s by version and layer.
    const RATES: [[u32; 14]; 5] = [
        [
            32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
        ],
        [
            32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
        ],
        [
            32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
        ],
        [
            32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
        ],
        [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];
    let (table, samples, codec) = match (is_first_version, layer) {
        (true, 3) => (0, 384, CODEC_ID_MP1),
        (true, 2) => (1, 1152, CODEC_ID_MP2),
        (true, _) => (2, 1152, CODEC_ID_MP3),
        (false, 3) => (3, 384, CODEC_ID_MP1),
        (false, 2) => (4, 1152, CODEC_ID_MP2),
        (false, _) => (4, 576, CODEC_ID_MP3),
    };
    let bits = RATES[table][rate as usize - 1] * 1000;
    let bytes = match layer {
        3 => (12 * bits / rate_hz + padding) * 4,
        _ => samples / 8 * bits / rate_hz + padding,
    };
    Some(FrameHead {
        codec,
        bytes: bytes as usize,
        head_bytes: 0,
        rate_hz,
        samples,
        config: None,
    })
}

/// Samples a second by the number that MPEG-4 audio gives them (ISO/IEC 14496-3 §1.6.3.4).
pub const AAC_RATES_HZ: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

fn adts(data: &[u8]) -> Option<FrameHead> {
    let head: &[u8; 7] = data.first_chunk()?;
    if head[0] != 0xFF || head[1] & 0xF6 != 0xF0 {
        return None;
    }
    let (profile, rate) = (head[2] >> 6, head[2] >> 2 & 15);
    let channels = (head[2] & 1) << 2 | head[3] >> 6;
    let bytes =
        usize::from(head[3] & 3) << 11 | usize::from(head[4]) << 3 | usize::from(head[5] >> 5);
    let head_bytes = if head[1] & 1 == 1 { 7 } else { 9 };
    let rate_hz = *AAC_RATES_HZ.get(usize::from(rate))?;
    // Several blocks in one frame would need their positions in it.
    if bytes <= head_bytes || head[6] & 3 != 0 {
        return None;
    }
    Some(FrameHead {
        codec: CODEC_ID_AAC,
        bytes,
        head_bytes,
        rate_hz,
        samples: 1024,
        config: Some([(profile + 1) << 3 | rate >> 1, rate << 7 | channels << 3]),
    })
}

fn ac3(data: &[u8]) -> Option<FrameHead> {
    let head: &[u8; 6] = data.first_chunk()?;
    if head[..2] != [0x0B, 0x77] {
        return None;
    }
    let rate_hz = |code: u8| [48_000, 44_100, 32_000].get(usize::from(code)).copied();
    // Later versions have other heads (annex E).
    if head[5] >> 3 > 10 {
        let half = rate_hz(head[4] >> 4 & 3);
        let (rate, blocks) = match head[4] >> 6 {
            3 => (half? / 2, 6),
            code => (rate_hz(code)?, [1, 2, 3, 6][usize::from(head[4] >> 4 & 3)]),
        };
        return Some(FrameHead {
            codec: CODEC_ID_EAC3,
            bytes: 2 * (usize::from(head[2] & 7) << 8 | usize::from(head[3])) + 2,
            head_bytes: 0,
            rate_hz: rate,
            samples: 256 * blocks,
            config: None,
        });
    }
    const RATES: [usize; 19] = [
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
    ];
    let (code, size) = (head[4] >> 6, head[4] & 0x3F);
    let kbit = RATES.get(usize::from(size >> 1))?;
    let words = match code {
        0 => 2 * kbit,
        1 => 320 * kbit / 147 + usize::from(size & 1),
        _ => 3 * kbit,
    };
    Some(FrameHead {
        codec: CODEC_ID_AC3,
        bytes: 2 * words,
        head_bytes: 0,
        rate_hz: rate_hz(code)?,
        samples: 1536,
        config: None,
    })
}

/// A frame without the head that its decoder does not take, and its time where one is known: that of the piece in which it
/// starts, as the first to do so.
#[derive(Debug, PartialEq)]
pub struct SoundFrame {
    pub head: FrameHead,
    pub data: Vec<u8>,
    pub time: Option<i64>,
}

/// Puts pieces of a stream together and cuts them into frames.
pub struct Splitter {
    syntax: Syntax,
    bytes: Vec<u8>,
    /// Where in `bytes` pieces with a time start, and the time.
    times: VecDeque<(usize, i64)>,
    /// Whether the last frame was followed by another, or by the end of what is there.
    is_in_step: bool,
}

impl Splitter {
    /// Returns a splitter of frames of `syntax`.
    pub fn new(syntax: Syntax) -> Self {
        Splitter {
            syntax,
            bytes: Vec::new(),
            times: VecDeque::new(),
            is_in_step: false,
        }
    }

    /// Adds a piece, whose first frame has this time.
    pub fn push(&mut self, piece: &[u8], time: Option<i64>) {
        if let Some(time) = time {
            self.times.push_back((self.bytes.len(), time));
            if self.times.len() > TIMES_MAX {
                self.times.pop_front();
            }
        }
        self.bytes.extend_from_slice(piece);
        if self.bytes.len() > LOST_BYTES_MAX {
            let lost = self.bytes.len() - LOST_BYTES_MAX;
            self.drop(lost);
        }
    }

    /// Returns the next whole frame. Out of step, a frame counts only when another follows it; `is_last` says that nothing
    /// follows.
    pub fn next(&mut self, is_last: bool) -> Option<SoundFrame> {
        let mut at = 0;
        while at < self.bytes.len() {
            let Some(head) = FrameHead::read(self.syntax, &self.bytes[at..]) else {
                // The rest of the head may still come.
                let is_short = self.bytes.len() - at < 7 && !is_last;
                if is_short {
                    break;
                }
                at += 1;
                self.is_in_step = false;
                continue;
            };
            let end = at + head.bytes;
            let rest = self.bytes.get(end..);
            let follows = match rest {
                Some(rest) if rest.len() >= 7 => {
                    FrameHead::read(self.syntax, rest).is_some_and(|next| next.codec == head.codec)
                }
                Some(_) if is_last || self.is_in_step => true,
                _ if is_last => false,
                _ => break,
            };
            let is_taken = follows || (self.is_in_step && rest.is_some());
            if !is_taken {
                at += 1;
                continue;
            }
            // A time counts for the first frame that starts in its piece.
            let mut time = None;
            while self.times.front().is_some_and(|(from, _)| *from <= at) {
                time = self.times.pop_front().map(|(_, time)| time);
            }
            let data = self.bytes[at + head.head_bytes..end].to_vec();
            self.is_in_step = follows;
            self.drop(end);
            return Some(SoundFrame { head, data, time });
        }
        self.drop(at);
        None
    }

    /// Drops the first `count` bytes.
    fn drop(&mut self, count: usize) {
        self.bytes.drain(..count);
        for (from, _) in &mut self.times {
            *from = from.saturating_sub(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of MP3, 128 kbit/s at 48 kHz, filled with `byte`.
    fn mp3(byte: u8) -> Vec<u8> {
        let mut frame = vec![0xFF, 0xFB, 0x94, 0x00];
        frame.resize(384, byte);
        frame
    }

    #[test]
    fn heads_tell_lengths_and_rates() {
        let read = FrameHead::read(Syntax::Mpeg, &mp3(0)).unwrap();
        assert_eq!(
            (read.bytes, read.rate_hz, read.samples),
            (384, 48_000, 1152)
        );
        assert_eq!(read.codec, CODEC_ID_MP3);
        // Layer 2, 192 kbit/s at 48 kHz.
        let read = FrameHead::read(Syntax::Mpeg, &[0xFF, 0xFD, 0xA4, 0x04]).unwrap();
        assert_eq!((read.bytes, read.codec), (576, CODEC_ID_MP2));
        // Version 2, layer 3, 64 kbit/s at 24 kHz.
        let read = FrameHead::read(Syntax::Mpeg, &[0xFF, 0xF3, 0x84, 0xC4]).unwrap();
        assert_eq!((read.bytes, read.rate_hz, read.samples), (192, 24_000, 576));
        // Low complexity, 48 kHz, two channels, 311 bytes with a head of 7.
        let head = [0xFF, 0xF1, 0x4C, 0x80, 0x26, 0xFF, 0xFC];
        let read = FrameHead::read(Syntax::Adts, &head).unwrap();
        assert_eq!(
            (read.bytes, read.head_bytes, read.rate_hz),
            (311, 7, 48_000)
        );
        assert_eq!(read.config, Some([0x11, 0x90]));
        // 448 kbit/s at 48 kHz; 192 kbit/s of E-AC-3.
        let read = FrameHead::read(Syntax::Ac3, &[0x0B, 0x77, 0, 0, 0x1E, 0x40]).unwrap();
        assert_eq!((read.bytes, read.codec), (1792, CODEC_ID_AC3));
        let read = FrameHead::read(Syntax::Ac3, &[0x0B, 0x77, 0x01, 0x7F, 0x3F, 0x87]).unwrap();
        assert_eq!(
            (read.bytes, read.samples, read.codec),
            (768, 1536, CODEC_ID_EAC3)
        );
        for syntax in Syntax::ALL {
            for data in [&[][..], &[0xFF], &[0; 9], &[0xFF; 9], b"RIFFWAVE"] {
                assert_eq!(FrameHead::read(syntax, data), None);
            }
        }
    }

    #[test]
    fn frames_come_out_whole_however_the_stream_was_cut() {
        let stream: Vec<u8> = [vec![0xFF, 0xFB, 7, 7], (1..=9).flat_map(mp3).collect()].concat();
        for piece in [1, 100, 384, 1000, 9999] {
            let mut splitter = Splitter::new(Syntax::Mpeg);
            let mut found = Vec::new();
            for (n, part) in stream.chunks(piece).enumerate() {
                splitter.push(part, Some((n * piece) as i64));
                found.extend(std::iter::from_fn(|| splitter.next(false)));
            }
            found.extend(std::iter::from_fn(|| splitter.next(true)));
            let fills: Vec<u8> = found.iter().map(|frame| frame.data[4]).collect();
            assert_eq!(fills, [1, 2, 3, 4, 5, 6, 7, 8, 9], "{piece}");
            // A frame has the time of the piece that it starts in, once.
            let times: Vec<i64> = found.iter().filter_map(|frame| frame.time).collect();
            assert!(times.windows(2).all(|two| two[0] < two[1]), "{times:?}");
            if piece == 384 {
                assert_eq!(found[1].time, Some(384), "{times:?}");
            }
        }
    }

    #[test]
    fn what_is_no_frame_gives_none_and_is_not_kept() {
        let mut splitter = Splitter::new(Syntax::Adts);
        for n in 0..3_000u32 {
            splitter.push(&[(n * 7) as u8; 1000], None);
            assert_eq!(splitter.next(false), None);
        }
        assert!(splitter.bytes.len() <= LOST_BYTES_MAX);
        assert_eq!(splitter.next(true), None);
    }
}
