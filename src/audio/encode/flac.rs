//! FLAC (RFC 9639) by flacenc: 16-bit mono, blocks of one size but for the last.

use std::mem::take;

use flacenc::bitsink::ByteSink;
use flacenc::component::{BitRepr, MetadataBlockData, StreamInfo};
use flacenc::config::Encoder;
use flacenc::error::{Verified, Verify};
use flacenc::source::{Fill, FrameBuf, MemSource};
use flacenc::{encode_fixed_size_frame, encode_with_fixed_block_size};

use super::{Stream, marked, to_i16};
use crate::mark::SyntheticMark;
use vocabox_base::fault::Fault;

/// Samples of a block in a file: the reference encoder's default.
const WHOLE_BLOCK: usize = 4_096;
/// Samples of a block in a stream, which delays sound by up to one block: 43 ms at 24 kHz, for a few per cent more
/// bytes.
const STREAM_BLOCK: usize = 1_024;

/// Returns a file with its length and its samples' MD5.
pub fn whole(samples: &[f32], rate_hz: u32, mark: Option<SyntheticMark>) -> Result<Vec<u8>, Fault> {
    info(rate_hz, WHOLE_BLOCK)?;
    let samples: Vec<i32> = samples.iter().map(|s| i32::from(to_i16(*s))).collect();
    let source = MemSource::from_samples(&samples, 1, 16, rate_hz as usize);
    let stream = encode_with_fixed_block_size(&config()?, source, WHOLE_BLOCK);
    let mut stream = stream.map_err(Fault::internal)?;
    // flacenc counts the last block for the smallest size, which RFC 9639 §8.2 excludes: readers refuse less than 16.
    let sizes = stream
        .stream_info_mut()
        .set_block_sizes(WHOLE_BLOCK, WHOLE_BLOCK);
    sizes.map_err(Fault::internal)?;
    if samples.is_empty() {
        unknown_frame_sizes(stream.stream_info_mut())?;
    }
    put_mark(&mut stream, mark)?;
    bytes(&stream)
}

/// An encoder of a file of unknown length, block by block.
pub struct FlacStream {
    config: Verified<Encoder>,
    info: StreamInfo,
    block: FrameBuf,
    /// Samples that wait for a full block.
    waiting: Vec<i32>,
    blocks: usize,
    /// The file's head, until it was sent with the first block.
    head: Vec<u8>,
}

impl FlacStream {
    /// Returns an encoder at `rate_hz`. Fault: `Internal` when the format cannot express the rate.
    pub fn new(rate_hz: u32, mark: Option<SyntheticMark>) -> Result<Self, Fault> {
        let info = info(rate_hz, STREAM_BLOCK)?;
        let mut head = flacenc::component::Stream::with_stream_info(info.clone());
        // 0 stands for "unknown", for the length and for the MD5.
        head.stream_info_mut().set_total_samples(0);
        unknown_frame_sizes(head.stream_info_mut())?;
        put_mark(&mut head, mark)?;
        Ok(FlacStream {
            config: config()?,
            head: bytes(&head)?,
            info,
            block: FrameBuf::with_size(1, STREAM_BLOCK).map_err(Fault::internal)?,
            waiting: Vec::with_capacity(STREAM_BLOCK),
            blocks: 0,
        })
    }

    /// Encodes the waiting samples.
    fn encode(&mut self) -> Result<Vec<u8>, Fault> {
        self.block
            .fill_interleaved(&self.waiting)
            .map_err(Fault::internal)?;
        self.waiting.clear();
        let frame = encode_fixed_size_frame(&self.config, &self.block, self.blocks, &self.info);
        self.blocks += 1;
        bytes(&frame.map_err(Fault::internal)?)
    }
}

impl Stream for FlacStream {
    fn push(&mut self, samples: &[f32]) -> Result<Vec<u8>, Fault> {
        let mut made = take(&mut self.head);
        for sample in samples {
            self.waiting.push(i32::from(to_i16(*sample)));
            if self.waiting.len() == STREAM_BLOCK {
                made.extend(self.encode()?);
            }
        }
        Ok(made)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, Fault> {
        let mut made = take(&mut self.head);
        if !self.waiting.is_empty() {
            made.extend(self.encode()?);
        }
        Ok(made)
    }
}

fn config() -> Result<Verified<Encoder>, Fault> {
    Encoder::default()
        .into_verified()
        .map_err(|(_, e)| Fault::internal(e))
}

/// Returns the stream information: mono, 16 bits, blocks of `block` samples. Fault: `Internal` when `rate_hz` is too
/// high.
fn info(rate_hz: u32, block: usize) -> Result<StreamInfo, Fault> {
    let mut info = StreamInfo::new(rate_hz as usize, 1, 16).map_err(Fault::internal)?;
    info.set_block_sizes(block, block)
        .map_err(Fault::internal)?;
    Ok(info)
}

/// Has the head of a stream say that the sizes of its frames are unknown (0, RFC 9639 §8.2). Without frames, flacenc's least
/// size is above the largest, which strict readers refuse.
fn unknown_frame_sizes(info: &mut StreamInfo) -> Result<(), Fault> {
    info.set_frame_sizes(0, 0).map_err(Fault::internal)
}

fn put_mark(
    stream: &mut flacenc::component::Stream,
    mark: Option<SyntheticMark>,
) -> Result<(), Fault> {
    /// The type of a block of Vorbis comments (RFC 9639 §8.1).
    const VORBIS_COMMENT: u8 = 4;
    if let Some(mark) = mark {
        let comments = marked::flac_comments(mark);
        let block = MetadataBlockData::new_unknown(VORBIS_COMMENT, &comments);
        stream.add_metadata_block(block.map_err(Fault::internal)?);
    }
    Ok(())
}

fn bytes(part: &impl BitRepr) -> Result<Vec<u8>, Fault> {
    let mut sink = ByteSink::new();
    part.write(&mut sink).map_err(Fault::internal)?;
    Ok(sink.into_inner())
}
