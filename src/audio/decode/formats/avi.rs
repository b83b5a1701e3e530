//! AVI (Microsoft's RIFF form, and OpenDML's further parts): the sound between the pictures.
//!
//! Chunks are read in the order of the file; its index, which cut-off files lack, is not needed. A list or a file that
//! claims more than there is ends with the file.

use std::collections::VecDeque;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::formats::Track;
use symphonia::core::formats::well_known::FORMAT_ID_AVI;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use crate::decode::formats::FoundFormat;
use crate::decode::formats::demuxed::{Demuxed, PacketSource, sound_track};
use crate::decode::formats::elementary::{SoundFrame, Splitter};
use crate::decode::formats::plain::PACKET_FRAMES;
use crate::decode::formats::wave_format::{Coding, WaveFormat};
use crate::decode::input::FileSpan;

/// Streams, and chunks of heads, that are examined.
const STREAMS_MAX: u32 = 100;
const CHUNKS_MAX: usize = 100_000;
/// Bytes of a head or of one chunk of sound that are read.
const HEAD_BYTES_MAX: u64 = 1 << 16;
const SOUND_BYTES_MAX: u64 = 1 << 24;
/// Bytes of a chunk that are split into frames at a time.
const PIECE_BYTES: usize = 1 << 15;
/// Bytes between two chunks that are no chunk, until the file counts as over.
const LOST_BYTES_MAX: u64 = 1 << 20;
/// Bytes of the file in which the first frame of a stream that describes itself is looked for.
const LOOK_BYTES_MAX: u64 = 1 << 24;

/// Whether a file that starts with `head` is one.
pub fn is_avi(head: &[u8]) -> bool {
    head.starts_with(b"RIFF") && matches!(head.get(8..12), Some(b"AVI " | b"AVIX"))
}

/// A sound stream.
struct AviStream {
    number: u32,
    format: WaveFormat,
    /// Seconds before its first sound.
    starts_s: f64,
    pieces: AviPieces,
    /// Frames before the next packet.
    at: i64,
    codec: Option<AudioCodecParameters>,
    samples_per_unit: u64,
}

/// How chunks become packets.
enum AviPieces {
    /// Whole blocks; the rest waits for the next chunk.
    Blocks {
        bytes: u64,
        frames: u64,
        rest: Vec<u8>,
    },
    Frames(Splitter),
    /// One access unit in a chunk.
    Units,
    /// Not read: the codec's name.
    Other(String),
}

/// Finds the sound in `input`.
pub fn open(input: &FileSpan) -> io::Result<FoundFormat> {
    let mut chunks = AviChunks::new(input);
    let mut streams = Vec::new();
    let mut number = 0;
    // Since the last head of a stream: whether it is of sound, and when it starts.
    let mut starts = None;
    let mut has_movie = false;
    for _ in 0..CHUNKS_MAX {
        let Some(chunk) = chunks.next()? else { break };
        match &chunk.name {
            b"movi" => {
                has_movie = true;
                break;
            }
            b"strh" => {
                let head = chunks.read(&chunk, HEAD_BYTES_MAX)?;
                starts = head.starts_with(b"auds").then(|| {
                    let unit = |at: usize| u32_le(&head, at).map_or(0.0, f64::from);
                    let (scale, rate) = (unit(20), unit(24));
                    if rate > 0.0 {
                        unit(28) * scale / rate
                    } else {
                        0.0
                    }
                });
                number += 1;
            }
            b"strf" => {
                let format = chunks.read(&chunk, HEAD_BYTES_MAX)?;
                let format = WaveFormat::read(&format, false).filter(|_| number <= STREAMS_MAX);
                if let (Some(format), Some(starts_s)) = (format, starts.take()) {
                    streams.push(AviStream::new(number - 1, format, starts_s));
                }
            }
            _ => {}
        }
    }
    if !has_movie {
        return Ok(FoundFormat::Damaged(
            "it is an AVI file that breaks off before its sound",
        ));
    }
    let from = chunks.at;
    let packets = |streams| AviSound {
        chunks: AviChunks {
            at: from,
            ..AviChunks::new(input)
        },
        streams,
        ready: VecDeque::new(),
    };
    let mut sound = packets(streams);
    sound.chunks.bytes = sound.chunks.bytes.min(from + LOOK_BYTES_MAX);
    // Streams whose frames describe themselves have no better description.
    while sound.streams.iter().any(AviStream::is_unknown) && sound.next()?.is_some() {}
    let names: Vec<String> = sound.streams.iter().filter_map(AviStream::name).collect();
    let known: Vec<AviStream> = sound
        .streams
        .into_iter()
        .filter(|s| s.codec.is_some())
        .collect();
    if known.is_empty() {
        return Ok(match names.is_empty() {
            true => FoundFormat::Damaged("it is an AVI file without sound"),
            false => FoundFormat::Codec(names.join(", ")),
        });
    }
    let tracks: Vec<Track> = known.iter().map(AviStream::track).collect();
    let fresh = known.into_iter().map(AviStream::again).collect();
    let made = Demuxed::new(FORMAT_ID_AVI, "AVI", tracks, packets(fresh));
    Ok(FoundFormat::Format(Box::new(made)))
}

impl AviStream {
    fn new(number: u32, format: WaveFormat, starts_s: f64) -> Self {
        let (pieces, codec, samples_per_unit) = match format.coding() {
            Coding::Blocks {
                codec,
                bytes,
                frames,
            } => (
                AviPieces::Blocks {
                    bytes,
                    frames,
                    rest: Vec::new(),
                },
                Some(format.params(codec, frames)),
                frames,
            ),
            Coding::Frames(syntax) => (AviPieces::Frames(Splitter::new(syntax)), None, 0),
            Coding::Aac if format.extra.len() >= 2 => {
                let mut params = format.params(CODEC_ID_AAC, 1024);
                params.with_extra_data(format.extra.clone().into());
                (AviPieces::Units, Some(params), 1024)
            }
            Coding::Aac => (
                AviPieces::Other("AAC without its description".to_owned()),
                None,
                0,
            ),
            Coding::Other(name) => (AviPieces::Other(name), None, 0),
        };
        AviStream {
            number,
            at: (starts_s.clamp(0.0, 1e6) * f64::from(format.rate_hz)) as i64,
            format,
            starts_s,
            pieces,
            codec,
            samples_per_unit,
        }
    }

    /// The stream from its start.
    fn again(self) -> Self {
        let codec = self.codec;
        AviStream {
            codec,
            ..AviStream::new(self.number, self.format, self.starts_s)
        }
    }

    /// Whether its frames have to be seen for it to be decoded.
    fn is_unknown(&self) -> bool {
        self.codec.is_none() && matches!(self.pieces, AviPieces::Frames(_))
    }

    fn name(&self) -> Option<String> {
        match &self.pieces {
            AviPieces::Other(name) => Some(name.clone()),
            _ => None,
        }
    }

    fn track(&self) -> Track {
        let params = self.codec.clone().unwrap_or_default();
        let rate_hz = params.sample_rate.unwrap_or(self.format.rate_hz);
        sound_track(self.number, params, rate_hz)
    }

    /// Adds the packets of a chunk to `ready`.
    fn take(&mut self, data: Vec<u8>, is_last: bool, ready: &mut VecDeque<Packet>) {
        let number = self.number;
        let mut put = |at: &mut i64, frames: u64, data: Vec<u8>| {
            ready.push_back(Packet::new(
                number,
                (*at).into(),
                Duration::from(frames),
                data,
            ));
            *at = at.saturating_add_unsigned(frames);
        };
        match &mut self.pieces {
            AviPieces::Blocks {
                bytes,
                frames,
                rest,
            } => {
                rest.extend(data);
                let whole = rest.len() - rest.len() % (*bytes as usize).max(1);
                if whole > 0 {
                    let left = rest.split_off(whole);
                    let blocks = std::mem::replace(rest, left);
                    // As few as a decoder expects, whatever a chunk has.
                    let most = (PACKET_FRAMES / *frames).max(1) * *bytes;
                    for blocks in blocks.chunks(most as usize) {
                        let count = blocks.len() as u64 / *bytes;
                        put(&mut self.at, count * *frames, blocks.to_vec());
                    }
                }
            }
            AviPieces::Frames(splitter) => {
                let mut take = |splitter: &mut Splitter, is_last| {
                    while let Some(SoundFrame { head, data, .. }) = splitter.next(is_last) {
                        self.codec.get_or_insert_with(|| head.params());
                        put(&mut self.at, u64::from(head.samples), data);
                    }
                };
                // The splitter keeps no more than it needs for one frame.
                for piece in data.chunks(PIECE_BYTES) {
                    splitter.push(piece, None);
                    take(splitter, false);
                }
                take(splitter, is_last);
            }
            AviPieces::Units if !data.is_empty() => put(&mut self.at, self.samples_per_unit, data),
            AviPieces::Units | AviPieces::Other(_) => {}
        }
    }
}

/// Gives the packets of the sound streams.
struct AviSound {
    chunks: AviChunks,
    streams: Vec<AviStream>,
    ready: VecDeque<Packet>,
}

impl PacketSource for AviSound {
    fn next(&mut self) -> io::Result<Option<Packet>> {
        let mut is_last = false;
        while self.ready.is_empty() && !is_last {
            let chunk = self.chunks.next()?;
            is_last = chunk.is_none();
            let Some(chunk) = chunk else {
                for stream in &mut self.streams {
                    stream.take(Vec::new(), true, &mut self.ready);
                }
                break;
            };
            // Two digits of the stream's number, then the kind: `wb` is sound.
            let [tens, ones, b'w', b'b'] = chunk.name else {
                continue;
            };
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let number = digit(tens).zip(digit(ones)).map(|(t, o)| 10 * t + o);
            let Some(at) = self.streams.iter().position(|s| Some(s.number) == number) else {
                continue;
            };
            let data = self.chunks.read(&chunk, SOUND_BYTES_MAX)?;
            self.streams[at].take(data, false, &mut self.ready);
        }
        Ok(self.ready.pop_front())
    }
}

/// A chunk, or a list by its own name.
struct AviChunk {
    name: [u8; 4],
    from: u64,
    length: u64,
}

/// Walks chunks in the order of the file, into lists.
struct AviChunks {
    input: BufReader<FileSpan>,
    bytes: u64,
    /// Where the next chunk starts, and where the reader stands.
    at: u64,
    here: u64,
}

impl AviChunks {
    fn new(input: &FileSpan) -> Self {
        let mut start = input.clone();
        // A seek of an input fails only beyond all numbers.
        let _ = start.seek(SeekFrom::Start(0));
        AviChunks {
            bytes: input.length(),
            input: BufReader::with_capacity(1 << 16, start),
            at: 0,
            here: 0,
        }
    }

    fn next(&mut self) -> io::Result<Option<AviChunk>> {
        // Pictures are skipped, and so is what lies between parts.
        let end = self.at.saturating_add(LOST_BYTES_MAX);
        while self.at < end {
            let Some(head) = self.bytes_at::<8>(self.at)? else {
                return Ok(None);
            };
            let name = [head[0], head[1], head[2], head[3]];
            let length = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
            let from = self.at + 8;
            if matches!(&name, b"RIFF" | b"LIST") {
                let Some(name) = self.bytes_at::<4>(from)? else {
                    return Ok(None);
                };
                self.at = from + 4;
                return Ok(Some(AviChunk {
                    name,
                    from: self.at,
                    length: length.saturating_sub(4),
                }));
            }
            if name.iter().any(|byte| !(0x20..0x7F).contains(byte)) {
                // A wrong length before it: the next chunk is one byte on, or the padding was left out.
                self.at += 1;
                continue;
            }
            self.at = from + length.next_multiple_of(2);
            return Ok(Some(AviChunk { name, from, length }));
        }
        Ok(None)
    }

    /// Returns up to `most` bytes of a chunk's content, fewer where the file ends.
    fn read(&mut self, chunk: &AviChunk, most: u64) -> io::Result<Vec<u8>> {
        let left = self.bytes.saturating_sub(chunk.from);
        let mut data = vec![0; chunk.length.min(most).min(left) as usize];
        self.fill(chunk.from, &mut data)?;
        Ok(data)
    }

    fn bytes_at<const N: usize>(&mut self, at: u64) -> io::Result<Option<[u8; N]>> {
        if at + N as u64 > self.bytes {
            return Ok(None);
        }
        let mut data = [0; N];
        self.fill(at, &mut data)?;
        Ok(Some(data))
    }

    fn fill(&mut self, at: u64, data: &mut [u8]) -> io::Result<()> {
        self.input.seek_relative(at as i64 - self.here as i64)?;
        self.here = at;
        self.input.read_exact(data)?;
        self.here += data.len() as u64;
        Ok(())
    }
}

fn u32_le(data: &[u8], at: usize) -> Option<u32> {
    let bytes = data.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(bytes))
}
