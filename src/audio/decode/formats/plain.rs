//! Sound in blocks of one size, one after the other, as WAV, W64, AU and telephones have it.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::formats::FormatId;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use crate::decode::formats::demuxed::{Demuxed, PacketSource, sound_track};
use crate::decode::input::FileSpan;

/// Frames of a packet, or of the one block that is longer.
pub const PACKET_FRAMES: u64 = 1152;

/// Where such sound lies, and what it is.
pub struct Plain {
    pub params: AudioCodecParameters,
    pub from: u64,
    pub to: u64,
    pub block_bytes: u64,
    pub block_frames: u64,
}

impl Plain {
    /// Returns the sound, which lies in `input`, as a recording of a format called `name`; none when it has no rate, or
    /// blocks without bytes or frames.
    pub fn open(self, input: &FileSpan, format: FormatId, name: &'static str) -> Option<Demuxed> {
        let rate_hz = self.params.sample_rate?;
        if self.block_bytes == 0 || self.block_frames == 0 {
            return None;
        }
        let mut track = sound_track(0, self.params, rate_hz);
        let blocks = self.to.min(input.length()).saturating_sub(self.from) / self.block_bytes;
        let frames = blocks.saturating_mul(self.block_frames);
        track.with_num_frames(frames);
        track.with_duration(Duration::from(frames));
        let mut input = input.clone();
        input.seek(SeekFrom::Start(self.from)).ok()?;
        let packets = Blocks {
            input,
            left: blocks,
            at: 0,
            bytes: self.block_bytes,
            frames: self.block_frames,
        };
        Some(Demuxed::new(format, name, vec![track], packets))
    }
}

struct Blocks {
    input: FileSpan,
    /// Blocks that are left, and frames before them.
    left: u64,
    at: u64,
    bytes: u64,
    frames: u64,
}

impl PacketSource for Blocks {
    fn next(&mut self) -> io::Result<Option<Packet>> {
        let most = (PACKET_FRAMES / self.frames).max(1).min(self.left);
        let mut data = vec![0; (most * self.bytes) as usize];
        let mut filled = 0;
        while filled < data.len() {
            match self.input.read(&mut data[filled..])? {
                0 => break,
                read => filled += read,
            }
        }
        let blocks = filled as u64 / self.bytes;
        if blocks == 0 {
            return Ok(None);
        }
        data.truncate((blocks * self.bytes) as usize);
        let (frames, time) = (blocks * self.frames, self.at);
        self.left -= blocks;
        self.at += frames;
        let Ok(time) = i64::try_from(time) else {
            return Ok(None);
        };
        let packet = Packet::new(0, time.into(), Duration::from(frames), data);
        Ok(Some(packet))
    }
}
