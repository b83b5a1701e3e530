//! MP3 (ISO/IEC 13818-3, layer III) by rusty_mp3, at a constant bit rate.
//!
//! A file is nothing but frames that stand alone, without the frame of Xing or LAME that tells a length: clients that ask for a
//! long text in parts join the answers, and such a frame in their midst would cut them.

use std::mem::take;

use rusty_mp3::{Error, Mp3Encoder, Mp3EncoderConfig};

use super::{Stream, marked};
use crate::dsp::resample::Feed;
use crate::mark::SyntheticMark;
use vocabox_base::fault::Fault;

/// Rates at which no frame refers to an earlier one in this encoder (MPEG-2 and 2.5). Any other is resampled to the next higher
/// of them, or to the highest.
const RATES_HZ: [u32; 6] = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000];
/// At 24 kHz the noise is lower than LAME's at 64, and what is heard before an onset as low; at 64 and 96 kbit/s this encoder has
/// more of that (benches/runs/2026-11-30-mp3.md). Up to 12 kHz the encoder takes 64, the highest rate of MPEG-2.5.
const KBITS_PER_S: u32 = 128;

/// Returns a file: what [`Mp3Stream`] makes of `samples`.
pub fn whole(samples: &[f32], rate_hz: u32, mark: Option<SyntheticMark>) -> Result<Vec<u8>, Fault> {
    let mut stream = Box::new(Mp3Stream::new(rate_hz, mark)?);
    let mut file = stream.push(samples)?;
    file.extend(stream.finish()?);
    Ok(file)
}

/// An encoder whose decoded sound starts some 45 ms late, as that of any MP3 without a length.
pub struct Mp3Stream {
    feed: Feed,
    coded_hz: u32,
    encoder: Mp3Encoder,
    /// Whether the first packet, which tells lengths, was left out.
    is_begun: bool,
    /// The tag before the first frame, until it was returned.
    tag: Vec<u8>,
}

impl Mp3Stream {
    /// Returns an encoder at `rate_hz`. Fault: `Internal` when the rate cannot be converted.
    pub fn new(rate_hz: u32, mark: Option<SyntheticMark>) -> Result<Self, Fault> {
        let fits = RATES_HZ.into_iter().find(|rate| *rate >= rate_hz);
        let coded_hz = fits.unwrap_or(RATES_HZ[RATES_HZ.len() - 1]);
        let config = Mp3EncoderConfig {
            bitrate_kbps: KBITS_PER_S,
            vbr_quality: None,
        };
        Ok(Mp3Stream {
            feed: Feed::new(rate_hz, coded_hz, 1)?,
            coded_hz,
            encoder: Mp3Encoder::new(config),
            is_begun: false,
            tag: mark.map(marked::id3).unwrap_or_default(),
        })
    }

    /// Encodes `samples` at the coded rate.
    fn encode(&mut self, samples: &[f32]) -> Result<Vec<u8>, Fault> {
        let pushed = self.encoder.push_pcm_f32(samples, 1, self.coded_hz);
        pushed.map_err(Fault::internal)?;
        self.packets()
    }

    fn packets(&mut self) -> Result<Vec<u8>, Fault> {
        let mut made = take(&mut self.tag);
        loop {
            match self.encoder.next_packet() {
                Ok(packet) if std::mem::replace(&mut self.is_begun, true) => made.extend(packet),
                Ok(_) => {}
                Err(Error::Again | Error::Eof) => return Ok(made),
                Err(error) => return Err(Fault::internal(error)),
            }
        }
    }
}

impl Stream for Mp3Stream {
    fn push(&mut self, samples: &[f32]) -> Result<Vec<u8>, Fault> {
        let mut waiting = Vec::new();
        self.feed.push(samples, &mut waiting)?;
        self.encode(&waiting)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, Fault> {
        let mut waiting = Vec::new();
        self.feed.finish(&mut waiting)?;
        let mut made = self.encode(&waiting)?;
        self.encoder.finish();
        made.extend(self.packets()?);
        Ok(made)
    }
}
