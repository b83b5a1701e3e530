//! Encodes samples to bare AAC packets, which MP4 may carry, for players without Opus. Patent licences are the
//! operator's responsibility.

use syom::{EncodeOptions, EncodedFrame, Encoder};

use super::OPUS_RATE_HZ;
use vocabox_base::fault::Fault;

/// Samples a second: the rate of Opus, so that tracks of both codecs use the same clock.
const RATE_HZ: u32 = OPUS_RATE_HZ;
/// Samples of one packet (ISO/IEC 14496-3 §4.5.2.1.1: AAC-LC with long windows).
pub const PACKET_SAMPLES: u32 = 1_024;
/// Samples that only warm up the decoder: the first packet overlaps with nothing, and the encoder does not look ahead.
const WARM_UP: u16 = 1_024;
/// Bits a second for each channel. AAC-LC needs more of them than Opus for the same quality.
const BITS_PER_S: u32 = 96_000;

/// An encoder of AAC-LC at 48 kHz. Its packets start with a warm-up of [`AacPackets::pre_skip`] samples.
pub struct AacPackets {
    encoder: Encoder,
    channels: usize,
    is_empty: bool,
}

impl AacPackets {
    /// Returns an encoder for sound of 48 kHz in 1 or 2 channels. Fault: `Internal` when the encoder cannot be made.
    pub fn new(channels: usize) -> Result<Self, Fault> {
        let options = EncodeOptions::raw().with_bitrate_bps(BITS_PER_S * channels as u32);
        Ok(AacPackets {
            encoder: Encoder::new(RATE_HZ, channels, &options).map_err(Fault::internal)?,
            channels,
            is_empty: true,
        })
    }

    /// Returns the samples at 48 kHz before the sound.
    pub fn pre_skip(&self) -> u16 {
        WARM_UP
    }

    /// Returns the decoder's configuration: an AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1).
    pub fn config(&self) -> &[u8] {
        self.encoder.asc()
    }

    /// Returns all packets that `samples` (whole interleaved frames in [−1, 1]) complete. Fault: `Internal` when the
    /// encoder fails.
    pub fn push(&mut self, samples: &[f32]) -> Result<Vec<Vec<u8>>, Fault> {
        self.is_empty &= samples.is_empty();
        // The encoder refuses NaN, and values beyond ±1.
        let clean = |s: &f32| if s.is_nan() { 0.0 } else { s.clamp(-1.0, 1.0) };
        let plane = |channel: usize| -> Vec<f32> {
            let own = samples.iter().skip(channel).step_by(self.channels);
            own.map(clean).collect()
        };
        let planes: Vec<Vec<f32>> = (0..self.channels).map(plane).collect();
        let planes: Vec<&[f32]> = planes.iter().map(Vec::as_slice).collect();
        let mut packets = Vec::new();
        let fed = self
            .encoder
            .feed(&planes, |frame| keep(&mut packets, &frame));
        fed.map_err(Fault::internal)?;
        Ok(packets)
    }

    /// Returns the last packets, with silence after the sound. Fault: as [`AacPackets::push`].
    pub fn finish(&mut self) -> Result<Vec<Vec<u8>>, Fault> {
        if self.is_empty {
            // The encoder refuses to finish before it has started; this sample comes after the end and is not heard.
            self.push(&vec![0.0; self.channels])?;
        }
        let mut packets = Vec::new();
        let ended = self.encoder.finish(|frame| keep(&mut packets, &frame));
        ended.map_err(Fault::internal)?;
        Ok(packets)
    }
}

fn keep(packets: &mut Vec<Vec<u8>>, frame: &EncodedFrame<'_>) -> syom::Result<()> {
    packets.push(frame.payload.to_vec());
    Ok(())
}
