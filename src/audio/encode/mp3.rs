//! MP3 by LAME.

use std::num::NonZeroU32;

use mp3lame_encoder::{Bitrate, Builder, Encoder, FlushGap, Mode, MonoPcm, Quality};

use super::{Stream, to_i16};
use vocabox_base::fault::Fault;

/// Samples that are encoded at once, which bounds LAME's output buffer.
const BLOCK_SAMPLES: usize = 1 << 14;
/// Returns the bytes that LAME may need for `samples` samples, or to flush with none: `lame.h`, `lame_encode_buffer`.
const fn room(samples: usize) -> usize {
    samples + samples / 4 + 7_200
}

/// Returns a file whose first frame declares how much of the encoder's padding to cut at both ends.
pub fn whole(samples: &[f32], rate_hz: u32) -> Result<Vec<u8>, Fault> {
    let mut stream = Mp3Stream {
        encoder: encoder(rate_hz, true)?,
    };
    let mut file = stream.push(samples)?;
    stream.flush(&mut file)?;
    // The first frame's place is reserved from the start; its content is known only now.
    let mut tag = Vec::with_capacity(stream.encoder.lame_tag_size());
    stream.encoder.lame_tag_encode_to_vec(&mut tag);
    let place = file.get_mut(..tag.len());
    place
        .ok_or_else(|| Fault::internal("an MP3 file without its first frame"))?
        .copy_from_slice(&tag);
    Ok(file)
}

/// An encoder without that frame: the decoded sound is some 50 ms longer, half of it silence before the first sound.
pub struct Mp3Stream {
    encoder: Encoder,
}

impl Mp3Stream {
    /// Returns an encoder at `rate_hz`. Fault: `Internal` when LAME refuses the rate.
    pub fn new(rate_hz: u32) -> Result<Self, Fault> {
        Ok(Mp3Stream {
            encoder: encoder(rate_hz, false)?,
        })
    }

    fn flush(&mut self, file: &mut Vec<u8>) -> Result<(), Fault> {
        file.reserve(room(0));
        let flushed = self.encoder.flush_to_vec::<FlushGap>(file);
        flushed.map_err(Fault::internal).map(|_| ())
    }
}

impl Stream for Mp3Stream {
    fn push(&mut self, samples: &[f32]) -> Result<Vec<u8>, Fault> {
        let mut made = Vec::new();
        for block in samples.chunks(BLOCK_SAMPLES) {
            let block: Vec<i16> = block.iter().map(|s| to_i16(*s)).collect();
            made.reserve(room(block.len()));
            let encoded = self.encoder.encode_to_vec(MonoPcm(&block[..]), &mut made);
            encoded.map_err(Fault::internal)?;
        }
        Ok(made)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, Fault> {
        let mut made = Vec::new();
        self.flush(&mut made)?;
        Ok(made)
    }
}

/// Uses 64 kb/s, the highest rate of MPEG-2.5 (8 to 12 kHz) and enough for one voice.
fn encoder(rate_hz: u32, tagged: bool) -> Result<Encoder, Fault> {
    let builder = Builder::new().ok_or_else(|| Fault::internal("LAME has no memory"))?;
    (|| {
        builder
            .with_num_channels(1)?
            .with_mode(Mode::Mono)?
            .with_sample_rate(rate_hz)?
            .with_output_sample_rate(NonZeroU32::new(rate_hz))?
            .with_brate(Bitrate::Kbps64)?
            .with_quality(Quality::NearBest)?
            .with_to_write_vbr_tag(tagged)?
            .build()
    })()
    .map_err(Fault::internal)
}
