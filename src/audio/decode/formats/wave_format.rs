//! The description of sound that WAV, AVI and Matroska share: Microsoft's `WAVEFORMATEX` (RFC 2361 lists its codes).

use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};

use crate::decode::codecs::gsm::{self, CODEC_ID_GSM_MS};
use crate::decode::formats::elementary::Syntax;

/// A description, without what says how many bytes a second there are.
#[derive(Debug, Clone, PartialEq)]
pub struct WaveFormat {
    /// The code of the codec, of the sub-format in an extensible description.
    pub tag: u16,
    pub channels: u16,
    pub rate_hz: u32,
    pub block_bytes: u16,
    pub bits: u16,
    /// The places of the channels, where the description tells them.
    mask: Option<u32>,
    /// What follows the description: of AAC, the decoder's configuration.
    pub extra: Vec<u8>,
    is_big_endian: bool,
}

/// How the sound is coded.
#[derive(Debug, PartialEq)]
pub enum Coding {
    /// In blocks of `bytes` bytes, each of `frames` frames.
    Blocks {
        codec: AudioCodecId,
        bytes: u64,
        frames: u64,
    },
    /// In frames that tell their own lengths.
    Frames(Syntax),
    /// In access units of AAC, which the container keeps apart.
    Aac,
    /// In a codec that is not read here, of this name.
    Other(String),
}

impl WaveFormat {
    /// Returns the description in `data`; none when it is too short or says that there is no channel or no rate.
    pub fn read(data: &[u8], is_big_endian: bool) -> Option<WaveFormat> {
        let short = |at: usize| {
            let bytes = data.get(at..at + 2)?.try_into().ok()?;
            Some(match is_big_endian {
                true => u16::from_be_bytes(bytes),
                false => u16::from_le_bytes(bytes),
            })
        };
        let long = |at: usize| {
            let (first, second) = (u32::from(short(at)?), u32::from(short(at + 2)?));
            Some(match is_big_endian {
                true => first << 16 | second,
                false => second << 16 | first,
            })
        };
        let mut format = WaveFormat {
            tag: short(0)?,
            channels: short(2)?,
            rate_hz: long(4)?,
            block_bytes: short(12)?,
            // The oldest descriptions end before it.
            bits: short(14).unwrap_or(0),
            mask: None,
            extra: data.get(18..).unwrap_or_default().to_vec(),
            is_big_endian,
        };
        if let (0xFFFE, Some(mask), Some(tag)) = (format.tag, long(20), short(24)) {
            format.tag = tag;
            format.mask = Some(mask).filter(|mask| mask.count_ones() == u32::from(format.channels));
            format.extra = data.get(40..).unwrap_or_default().to_vec();
        }
        Some(format).filter(|f| f.channels > 0 && f.rate_hz > 0)
    }

    /// Returns how the sound is coded.
    pub fn coding(&self) -> Coding {
        let (block, channels) = (u64::from(self.block_bytes), u64::from(self.channels));
        // A description may lie about its blocks, but not about both their bytes and their bits.
        let width = match self.bits {
            0 => block / channels,
            bits => u64::from(bits.div_ceil(8)),
        };
        let samples = |codec| Coding::Blocks {
            codec,
            bytes: width * channels,
            frames: 1,
        };
        let bytes = |codec| Coding::Blocks {
            codec,
            bytes: channels,
            frames: 1,
        };
        // A block of ADPCM starts with a head for each channel, which has one sample (IMA) or two (Microsoft).
        let adpcm =
            |codec, head: u64, first: u64| match (self.bits, block.checked_sub(head * channels)) {
                (4, Some(rest)) if rest > 0 => Coding::Blocks {
                    codec,
                    bytes: block,
                    frames: 2 * rest / channels + first,
                },
                _ => Coding::Other("ADPCM of another kind".to_owned()),
            };
        match (self.tag, width, self.is_big_endian) {
            (0x01, 1, _) => samples(CODEC_ID_PCM_U8),
            (0x01, 2, false) => samples(CODEC_ID_PCM_S16LE),
            (0x01, 2, true) => samples(CODEC_ID_PCM_S16BE),
            (0x01, 3, false) => samples(CODEC_ID_PCM_S24LE),
            (0x01, 3, true) => samples(CODEC_ID_PCM_S24BE),
            (0x01, 4, false) => samples(CODEC_ID_PCM_S32LE),
            (0x01, 4, true) => samples(CODEC_ID_PCM_S32BE),
            (0x03, 4, false) => samples(CODEC_ID_PCM_F32LE),
            (0x03, 4, true) => samples(CODEC_ID_PCM_F32BE),
            (0x03, 8, false) => samples(CODEC_ID_PCM_F64LE),
            (0x03, 8, true) => samples(CODEC_ID_PCM_F64BE),
            (0x06, _, _) => bytes(CODEC_ID_PCM_ALAW),
            (0x07, _, _) => bytes(CODEC_ID_PCM_MULAW),
            (0x02, _, _) => adpcm(CODEC_ID_ADPCM_MS, 7, 2),
            (0x11, _, _) => adpcm(CODEC_ID_ADPCM_IMA_WAV, 4, 1),
            (0x31 | 0x32, _, _) if self.channels == 1 => Coding::Blocks {
                codec: CODEC_ID_GSM_MS,
                bytes: gsm::MS_BLOCK_BYTES as u64,
                frames: gsm::MS_BLOCK_SAMPLES as u64,
            },
            (0x50 | 0x55, _, _) => Coding::Frames(Syntax::Mpeg),
            (0x1600, _, _) => Coding::Frames(Syntax::Adts),
            (0x2000, _, _) => Coding::Frames(Syntax::Ac3),
            (0xFF | 0x1610 | 0x706D | 0xA106, _, _) => Coding::Aac,
            (tag, ..) => Coding::Other(name(tag)),
        }
    }

    /// Returns a decoder's parameters for sound in `codec` with blocks of `frames` frames.
    pub fn params(&self, codec: AudioCodecId, frames: u64) -> AudioCodecParameters {
        let mut params = AudioCodecParameters::new();
        params
            .for_codec(codec)
            .with_sample_rate(self.rate_hz)
            .with_channels(self.places());
        if frames > 1 {
            params
                .with_frames_per_block(frames)
                .with_max_frames_per_packet(
                    frames.max(crate::decode::formats::plain::PACKET_FRAMES),
                );
        } else {
            params.with_max_frames_per_packet(crate::decode::formats::plain::PACKET_FRAMES);
        }
        params
    }

    /// Returns the channels and their places: those of the mask, else the usual ones of that number.
    fn places(&self) -> Channels {
        let told = self.mask.and_then(Position::from_wave_channel_mask);
        let usual = || Position::from_count(u32::from(self.channels));
        match told.or_else(usual) {
            Some(positions) => Channels::Positioned(positions),
            None => Channels::Discrete(self.channels),
        }
    }
}

/// Returns the name of a codec by its code.
fn name(tag: u16) -> String {
    let known = match tag {
        0x0014 | 0x0040 | 0x0045 | 0x0064 => "G.726 (ADPCM)",
        0x0028 | 0x0065 | 0x028F => "G.722",
        0x0022 => "TrueSpeech",
        0x0042 | 0x0111 => "G.723.1",
        0x0083 | 0x0133 => "G.729",
        0x0130 => "SIPRO ACELP",
        0x0160..=0x0163 => "Windows Media Audio",
        0x000A => "Windows Media Audio Voice",
        0x0057 | 0x0058 | 0x7361 => "AMR",
        0x0270 => "ATRAC3",
        0x2001 => "DTS",
        0x566F | 0x674F..=0x6771 => "Vorbis",
        0x704F => "Opus",
        0xA109 => "Speex",
        0xF1AC => "FLAC",
        tag => return format!("the codec of code 0x{tag:04X}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(
        tag: u16,
        channels: u16,
        block: u16,
        bits: u16,
        more: &[u8],
    ) -> Option<WaveFormat> {
        let mut data = [tag.to_le_bytes(), channels.to_le_bytes()].concat();
        data.extend(8_000u32.to_le_bytes());
        data.extend(0u32.to_le_bytes());
        data.extend([block.to_le_bytes(), bits.to_le_bytes()].concat());
        data.extend(more);
        WaveFormat::read(&data, false)
    }

    #[test]
    fn codes_have_decoders_or_names() {
        let coding = |tag, channels, block, bits| {
            described(tag, channels, block, bits, &[]).unwrap().coding()
        };
        let blocks = |codec, bytes, frames| Coding::Blocks {
            codec,
            bytes,
            frames,
        };
        assert_eq!(coding(1, 2, 4, 16), blocks(CODEC_ID_PCM_S16LE, 4, 1));
        // Twenty bits in three bytes, and a block that is not as the bits say.
        assert_eq!(coding(1, 1, 3, 20), blocks(CODEC_ID_PCM_S24LE, 3, 1));
        assert_eq!(coding(1, 1, 9, 16), blocks(CODEC_ID_PCM_S16LE, 2, 1));
        assert_eq!(coding(7, 2, 2, 8), blocks(CODEC_ID_PCM_MULAW, 2, 1));
        assert_eq!(
            coding(0x11, 1, 256, 4),
            blocks(CODEC_ID_ADPCM_IMA_WAV, 256, 505)
        );
        assert_eq!(coding(0x02, 2, 512, 4), blocks(CODEC_ID_ADPCM_MS, 512, 500));
        assert_eq!(coding(0x31, 1, 65, 0), blocks(CODEC_ID_GSM_MS, 65, 320));
        assert_eq!(coding(0x55, 2, 1, 0), Coding::Frames(Syntax::Mpeg));
        for (tag, name) in [
            (0x65, "G.722"),
            (0x161, "Windows"),
            (0x2001, "DTS"),
            (0x999, "0x0999"),
        ] {
            let Coding::Other(found) = coding(tag, 1, 1, 4) else {
                panic!("{tag:x} has a decoder")
            };
            assert!(found.contains(name), "{found}");
        }
        // Blocks that are shorter than their heads, and no blocks.
        for block in [0, 4, 13] {
            assert!(matches!(coding(0x02, 2, block, 4), Coding::Other(_)));
        }
        assert_eq!(described(1, 0, 2, 16, &[]), None);
        assert_eq!(WaveFormat::read(&[1, 0, 1, 0], false), None);
    }

    #[test]
    fn extensible_descriptions_have_the_code_and_the_places_of_their_sub_format() {
        // The length of the rest, valid bits, front left and low frequencies, µ-law.
        let more = [&[22, 0, 8, 0, 0x09, 0, 0, 0, 7, 0][..], &[0; 14]].concat();
        let format = described(0xFFFE, 2, 2, 8, &more).unwrap();
        assert_eq!(format.tag, 7);
        let places = Position::FRONT_LEFT | Position::LFE1;
        assert_eq!(format.places(), Channels::Positioned(places));
        // A mask for other channels than there are counts for nothing.
        let format = described(0xFFFE, 1, 1, 8, &more).unwrap();
        assert_eq!(format.places().count(), 1);
    }
}
