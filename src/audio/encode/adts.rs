//! AAC in ADTS: packets that follow each other without a container, as `.aac` files have them.

use super::aac::AacPackets;
use super::{OPUS_RATE_HZ, Stream};
use crate::dsp::resample::Feed;
use vocabox_base::fault::Fault;

/// Returns a file: what [`AdtsStream`] makes of `samples`.
pub fn whole(samples: &[f32], rate_hz: u32) -> Result<Vec<u8>, Fault> {
    let mut stream = Box::new(AdtsStream::new(rate_hz)?);
    let mut file = stream.push(samples)?;
    file.extend(stream.finish()?);
    Ok(file)
}

/// An encoder at 48 kHz whose decoded sound starts 21 ms late: ADTS has no place for the length of the warm-up.
pub struct AdtsStream {
    feed: Feed,
    packets: AacPackets,
}

impl AdtsStream {
    /// Returns an encoder at `rate_hz`. Fault: `Internal` when the codec cannot be made.
    pub fn new(rate_hz: u32) -> Result<Self, Fault> {
        Ok(AdtsStream {
            feed: Feed::new(rate_hz, OPUS_RATE_HZ, 1)?,
            packets: AacPackets::new(1)?,
        })
    }
}

impl Stream for AdtsStream {
    fn push(&mut self, samples: &[f32]) -> Result<Vec<u8>, Fault> {
        let mut waiting = Vec::new();
        self.feed.push(samples, &mut waiting)?;
        with_heads(self.packets.push(&waiting)?)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, Fault> {
        let mut waiting = Vec::new();
        self.feed.finish(&mut waiting)?;
        let mut packets = self.packets.push(&waiting)?;
        packets.extend(self.packets.finish()?);
        with_heads(packets)
    }
}

/// Returns the packets one after the other, each with a head (ISO/IEC 13818-7 §6.2) that tells its length and how to decode it.
fn with_heads(packets: Vec<Vec<u8>>) -> Result<Vec<u8>, Fault> {
    let packets = packets.iter();
    let framed = packets.map(|packet| syom::wrap_adts_au(packet, OPUS_RATE_HZ, 1));
    let framed: Vec<Vec<u8>> = framed.collect::<Result<_, _>>().map_err(Fault::internal)?;
    Ok(framed.concat())
}
