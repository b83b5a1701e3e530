//! Opus packets → interleaved samples at 48 kHz. symphonia reads the containers but has no Opus decoder.
//!
//! Owns the codec's header (RFC 7845 §5.1), its gain and its pre-skip; knows no container, only that MP4 stores the
//! header in big-endian order.

use opus_pure::{ChannelLayout, MAX_PACKET_SAMPLES, OpusDecoder, OpusMSDecoder};

/// Samples a second of decoded Opus, whatever the recording's rate was.
pub const RATE_HZ: u32 = 48_000;

/// The fields of an Opus header that decoding needs.
struct OpusHeader {
    channels: usize,
    pre_skip: u16,
    gain_q8_db: i16,
    family: u8,
    /// Streams, coupled streams, then one stream channel for each output channel. Empty for family 0.
    mapping: Vec<u8>,
}

impl OpusHeader {
    /// Reads `data`, which starts with "OpusHead". In MP4 (`big_endian`) the `dOps` box differs only in byte order.
    fn read(data: &[u8], big_endian: bool) -> Option<OpusHeader> {
        let fixed = data.get(..19)?;
        if !fixed.starts_with(b"OpusHead") {
            return None;
        }
        let pair = |at: usize| match big_endian {
            true => u16::from_be_bytes([fixed[at], fixed[at + 1]]),
            false => u16::from_le_bytes([fixed[at], fixed[at + 1]]),
        };
        let channels = usize::from(fixed[9]);
        let mapping = match fixed[18] {
            0 => Vec::new(),
            _ => data.get(19..21 + channels)?.to_vec(),
        };
        Some(OpusHeader {
            channels,
            pre_skip: pair(10),
            gain_q8_db: pair(16) as i16,
            family: fixed[18],
            mapping,
        })
    }
}

enum Streams {
    One(Box<OpusDecoder>),
    Many(Box<OpusMSDecoder>),
}

/// A decoder for the packets of one Opus track.
pub struct OpusTrack {
    streams: Streams,
    channels: usize,
    gain: f32,
    pre_skip: u64,
    pcm: Vec<f32>,
}

impl OpusTrack {
    /// A decoder for the track whose codec data is `head` ("OpusHead…").
    ///
    /// None when the header is not one, or its channel layout is neither mono, stereo nor the standard
    /// surround of that many channels.
    pub fn new(head: &[u8], big_endian: bool) -> Option<Self> {
        let head = OpusHeader::read(head, big_endian)?;
        let streams = match (head.family, head.channels) {
            (0, 1 | 2) => Streams::One(Box::new(
                OpusDecoder::new(RATE_HZ as i32, head.channels).ok()?,
            )),
            (0, _) => return None,
            (family, channels) => {
                let decoder = OpusMSDecoder::new(RATE_HZ as i32, channels, family).ok()?;
                if !agrees(decoder.layout(), &head.mapping) {
                    return None;
                }
                Streams::Many(Box::new(decoder))
            }
        };
        Some(OpusTrack {
            streams,
            channels: head.channels,
            // Q7.8 decibels of amplitude.
            gain: 10f32.powf(f32::from(head.gain_q8_db) / (20.0 * 256.0)),
            pre_skip: u64::from(head.pre_skip),
            pcm: vec![0.0; MAX_PACKET_SAMPLES * head.channels],
        })
    }

    /// Returns the channels of what [`OpusTrack::decode`] gives, in Vorbis order when more than two.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Returns the samples at the track's start that only warm up the decoder.
    pub fn pre_skip(&self) -> u64 {
        self.pre_skip
    }

    /// Returns the frames of one packet, `[frames, channels] f32`, with the gain applied; none for a packet that is not
    /// Opus.
    pub fn decode(&mut self, packet: &[u8]) -> Option<&[f32]> {
        // The decoder treats an empty packet as a lost one and would conceal it.
        if packet.is_empty() {
            return None;
        }
        let frames = match &mut self.streams {
            Streams::One(one) => one.decode(packet, MAX_PACKET_SAMPLES, &mut self.pcm),
            Streams::Many(many) => many.decode(packet, MAX_PACKET_SAMPLES, &mut self.pcm),
        };
        let made = self.pcm.get_mut(..frames.ok()? * self.channels)?;
        if self.gain != 1.0 {
            made.iter_mut().for_each(|sample| *sample *= self.gain);
        }
        Some(made)
    }
}

/// Whether a header's mapping table is the layout that the decoder was made for.
fn agrees(layout: &ChannelLayout, table: &[u8]) -> bool {
    let (streams, coupled) = (layout.nb_streams, layout.nb_coupled_streams);
    table.len() == 2 + layout.mapping.len()
        && usize::from(table[0]) == streams
        && usize::from(table[1]) == coupled
        && table[2..] == layout.mapping[..]
}
