//! WAV and its larger siblings: RIFF, RIFX (big-endian), RF64/BW64 (EBU Tech 3306) and W64 (Sony), read for what is there
//! and not for what their lengths claim.
//!
//! A recorder that is cut off, or writes to a pipe, leaves lengths of 0, of all ones, or of a moment before the end. The
//! sound then goes to the file's end. Where a chunk follows the sound, the length is right.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::formats::FormatReader;
use symphonia::core::formats::well_known::FORMAT_ID_WAVE;

use crate::decode::formats::FoundFormat;
use crate::decode::formats::plain::Plain;
use crate::decode::formats::wave_format::{Coding, WaveFormat};
use crate::decode::input::FileSpan;

/// Chunks that are examined.
const CHUNKS_MAX: usize = 10_000;
/// Bytes of a description that are read: with the configuration of any decoder.
const FORMAT_BYTES_MAX: u64 = 4096;
/// Chunks of usual names, which count wherever they are found: sound and letters may look like others.
const KNOWN: [&[u8; 4]; 12] = [
    b"data", b"fmt ", b"LIST", b"fact", b"bext", b"cue ", b"JUNK", b"ds64", b"id3 ", b"ID3 ",
    b"iXML", b"smpl",
];
/// W64 names chunks by 16 bytes, of which the first four are the letters of RIFF; the list and the file itself are spelt
/// with small letters, and have other bytes behind them.
const W64_REST: [u8; 12] = [
    0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0x00, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A,
];
pub const W64_START: &[u8; 16] = b"riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1\x00\x00";

/// How numbers and chunks are written.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Dialect {
    Riff,
    Rifx,
    Rf64,
    W64,
}

/// Returns the dialect of a file that starts with `head`; none when it is no WAV.
fn dialect(head: &[u8]) -> Option<Dialect> {
    let form = head.get(8..12)?;
    Some(match &head[..4] {
        b"RIFF" if form == b"WAVE" => Dialect::Riff,
        b"RIFX" if form == b"WAVE" => Dialect::Rifx,
        b"RF64" | b"BW64" if form == b"WAVE" => Dialect::Rf64,
        _ if head.starts_with(W64_START) && head.get(24..28)? == b"wave" => Dialect::W64,
        _ => return None,
    })
}

/// Whether a file that starts with `head` is one of these.
pub fn is_wave(head: &[u8]) -> bool {
    dialect(head).is_some()
}

/// Finds the sound in `input`, which starts with `head`.
pub fn open(input: &FileSpan, head: &[u8]) -> io::Result<FoundFormat> {
    let damaged =
        || FoundFormat::Damaged("it is a WAV file without a description of its sound (fmt)");
    let Some(dialect) = dialect(head) else {
        return Ok(damaged());
    };
    let Found { format, sound } = WaveChunks::new(input, dialect).find()?;
    let Some(format) = format else {
        return Ok(damaged());
    };
    let Some((from, to)) = sound else {
        return Ok(FoundFormat::Damaged(
            "it is a WAV file without sound (data)",
        ));
    };
    Ok(match format.coding() {
        Coding::Blocks {
            codec,
            bytes,
            frames,
        } => {
            let plain = Plain {
                params: format.params(codec, frames),
                from,
                to,
                block_bytes: bytes,
                block_frames: frames,
            };
            match plain.open(input, FORMAT_ID_WAVE, "WAV") {
                Some(demuxed) => FoundFormat::Format(Box::new(demuxed) as Box<dyn FormatReader>),
                None => damaged(),
            }
        }
        Coding::Frames(syntax) => FoundFormat::Stream(input.part(from, to), syntax),
        Coding::Aac => FoundFormat::Codec("AAC without frames of its own".to_owned()),
        Coding::Other(name) => FoundFormat::Codec(name),
    })
}

/// The description, and where the sound starts and ends.
#[derive(Default)]
struct Found {
    format: Option<WaveFormat>,
    sound: Option<(u64, u64)>,
}

/// A chunk's name, content and declared length.
struct WaveChunk {
    name: [u8; 4],
    from: u64,
    length: u64,
}

struct WaveChunks {
    input: FileSpan,
    dialect: Dialect,
    /// The length of the sound that an RF64 file declares apart.
    long: Option<u64>,
}

impl WaveChunks {
    fn new(input: &FileSpan, dialect: Dialect) -> Self {
        WaveChunks {
            input: input.clone(),
            dialect,
            long: None,
        }
    }

    fn find(mut self) -> io::Result<Found> {
        let mut found = Found::default();
        let mut at = if self.dialect == Dialect::W64 { 40 } else { 12 };
        for _ in 0..CHUNKS_MAX {
            let Some(chunk) = self.chunk(at)? else { break };
            match &chunk.name {
                b"fmt " if found.format.is_none() => {
                    let bytes = chunk.length.min(FORMAT_BYTES_MAX);
                    let data = self.read(chunk.from, bytes)?;
                    found.format = WaveFormat::read(&data, self.dialect == Dialect::Rifx);
                }
                b"ds64" => {
                    let data = self.read(chunk.from + 8, 8)?;
                    self.long = data.try_into().ok().map(u64::from_le_bytes);
                }
                b"data" if found.sound.is_none() => {
                    let end = self.end(&chunk)?;
                    found.sound = Some((chunk.from, end));
                    if found.format.is_some() {
                        break;
                    }
                }
                _ => {}
            }
            match self.after(&chunk)? {
                Some(next) => at = next,
                None => break,
            }
        }
        Ok(found)
    }

    fn read(&mut self, at: u64, bytes: u64) -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        self.input.seek(SeekFrom::Start(at))?;
        (&mut self.input).take(bytes).read_to_end(&mut data)?;
        Ok(data)
    }

    /// Returns the chunk at `at`; none when there is none of a name in letters.
    fn chunk(&mut self, at: u64) -> io::Result<Option<WaveChunk>> {
        let bytes = if self.dialect == Dialect::W64 { 24 } else { 8 };
        let head = self.read(at, bytes)?;
        if head.len() < bytes as usize {
            return Ok(None);
        }
        let name = [head[0], head[1], head[2], head[3]];
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b" _-.".contains(byte);
        if !name.iter().all(is_name) || name == *b"    " {
            return Ok(None);
        }
        let short = [head[4], head[5], head[6], head[7]];
        let length = match self.dialect {
            Dialect::Rifx => u64::from(u32::from_be_bytes(short)),
            Dialect::W64 if head[4..16] != W64_REST => return Ok(None),
            // It counts the head, too.
            Dialect::W64 => {
                u64::from_le_bytes(head[16..24].try_into().expect("8 bytes")).saturating_sub(24)
            }
            _ => u64::from(u32::from_le_bytes(short)),
        };
        let long = self
            .long
            .filter(|_| name == *b"data" && length == u64::from(u32::MAX));
        Ok(Some(WaveChunk {
            name,
            from: at + bytes,
            length: long.unwrap_or(length),
        }))
    }

    /// Returns where the sound in `chunk` ends: where it declares if a chunk follows there or nothing, else at the end.
    fn end(&mut self, chunk: &WaveChunk) -> io::Result<u64> {
        let bytes = self.input.length();
        let told = chunk.from.saturating_add(chunk.length);
        let padding = if self.dialect == Dialect::W64 { 8 } else { 2 };
        let is_right = told <= bytes && (bytes - told < padding || self.after(chunk)?.is_some());
        Ok(if is_right { told } else { bytes })
    }

    /// Returns where the chunk after `chunk` starts: at the next even place (W64: of eight bytes), or without padding,
    /// which some writers leave out. None when no chunk can be there.
    fn after(&mut self, chunk: &WaveChunk) -> io::Result<Option<u64>> {
        let Some(end) = chunk.from.checked_add(chunk.length) else {
            return Ok(None);
        };
        let padded = match self.dialect {
            Dialect::W64 => end.checked_next_multiple_of(8),
            _ => end.checked_next_multiple_of(2),
        };
        let mut possible = None;
        for at in [padded.unwrap_or(end), end] {
            let Some(next) = self.chunk(at)? else {
                continue;
            };
            if KNOWN.contains(&&next.name) {
                return Ok(Some(at));
            }
            if next.length <= self.input.length() - next.from {
                possible = possible.or(Some(at));
            }
        }
        Ok(possible)
    }
}

#[cfg(test)]
#[path = "wave_tests.rs"]
mod tests;
