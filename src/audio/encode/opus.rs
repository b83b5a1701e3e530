//! Opus in Ogg (RFC 7845) by opus-pure.

use std::mem::take;

use opus_pure::{OggOpusWriter, OpusTags};

use super::packets::{OpusPackets, PACKET_SAMPLES};
use super::{Stream, marked};
use crate::mark::SyntheticMark;
use vocabox_base::fault::Fault;

/// Returns a file whose pages last a second each, so that players seek quickly.
pub fn whole(samples: &[f32], rate_hz: u32, mark: Option<SyntheticMark>) -> Result<Vec<u8>, Fault> {
    let mut stream = OpusStream::new(rate_hz, mark)?;
    let mut file = Vec::new();
    for second in samples.chunks(rate_hz as usize) {
        file.extend(stream.push(second)?);
    }
    file.extend(Box::new(stream).finish()?);
    Ok(file)
}

/// An encoder whose pages are returned by the push that filled them. The last packet waits for the next push, because
/// only an unsent packet can carry the mark of the file's end.
pub struct OpusStream {
    packets: OpusPackets,
    writer: OggOpusWriter<Vec<u8>>,
}

impl OpusStream {
    /// Returns an encoder at `rate_hz`. Fault: `Internal` when the codec cannot be made.
    pub fn new(rate_hz: u32, mark: Option<SyntheticMark>) -> Result<Self, Fault> {
        let packets = OpusPackets::new(rate_hz, 1)?;
        let head = packets.head().clone();
        let mut tags = OpusTags::default();
        for (name, value) in mark.map(marked::comments).into_iter().flatten() {
            tags.push(name, value).map_err(Fault::internal)?;
        }
        let writer = OggOpusWriter::with_tags(Vec::new(), head, tags);
        Ok(OpusStream {
            packets,
            writer: writer.map_err(Fault::internal)?,
        })
    }

    /// Writes `packets` and returns the pages that they complete.
    fn write(&mut self, packets: &[Vec<u8>]) -> Result<Vec<u8>, Fault> {
        for (i, packet) in packets.iter().enumerate() {
            // A packet closes the page when it finds it longer than this: only the last packet does.
            let closes = i + 1 == packets.len();
            self.writer
                .set_page_target(if closes { 1 } else { usize::MAX });
            let left = self
                .packets
                .end()
                .saturating_sub(self.writer.granule() as u64);
            let samples = u64::from(PACKET_SAMPLES).min(left);
            let written = self
                .writer
                .write_packet_with_duration(packet, samples as u32);
            written.map_err(Fault::internal)?;
        }
        Ok(self.writer.get_mut().map(take).unwrap_or_default())
    }
}

impl Stream for OpusStream {
    fn push(&mut self, samples: &[f32]) -> Result<Vec<u8>, Fault> {
        let packets = self.packets.push(samples)?;
        self.write(&packets)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, Fault> {
        let packets = self.packets.finish()?;
        let mut made = self.write(&packets)?;
        made.extend(self.writer.finish().map_err(Fault::internal)?);
        Ok(made)
    }
}
