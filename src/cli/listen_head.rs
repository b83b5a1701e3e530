//! The head of sound on standard input, which is not read to its end first: a WAV file's, or none.

use std::io::Read;

use crate::limits;
use crate::services::live::LiveCoding;

/// Bytes of a WAV file's head that are read at the most: a recorder writes 44, some programs a list of tags.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How one channel of sound is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SoundHead {
    pub(super) coding: LiveCoding,
    pub(super) rate_hz: u32,
}

/// A head, and the bytes of sound that were read with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HeadRead {
    pub(super) head: SoundHead,
    pub(super) ahead: Vec<u8>,
}

/// Returns the head of the WAV file in `input`, or `raw` where it is none. The error is one line.
pub(super) fn read_head(input: &mut impl Read, raw: SoundHead) -> Result<HeadRead, String> {
    let mut start = take(input, 12)?;
    if !start.starts_with(b"RIFF") || start.get(8..) != Some(b"WAVE") {
        return Ok(HeadRead {
            head: raw,
            ahead: start,
        });
    }
    let cut = || "the head of the WAV file is cut off".to_owned();
    let mut head = None;
    let mut left = HEAD_BYTES_MAX;
    loop {
        start = take(input, 8)?;
        let (name, size) = start.split_first_chunk::<4>().ok_or_else(cut)?;
        let size = u32::from_le_bytes(size.try_into().map_err(|_| cut())?) as usize;
        if name == b"data" {
            let head = head.ok_or("the WAV file has no format before its sound")?;
            return Ok(HeadRead {
                head,
                ahead: Vec::new(),
            });
        }
        // Chunks are padded to an even length.
        let padded = size.saturating_add(size % 2);
        left = left.checked_sub(padded).ok_or_else(|| {
            format!("the head of the WAV file is longer than the {HEAD_BYTES_MAX} bytes that are accepted")
        })?;
        let chunk = take(input, padded)?;
        if name == b"fmt " {
            head = Some(format(&chunk)?);
        }
    }
}

/// Reads the chunk `fmt ` of a WAV file.
fn format(chunk: &[u8]) -> Result<SoundHead, String> {
    let number = |at: usize| Some(u16::from_le_bytes([*chunk.get(at)?, *chunk.get(at + 1)?]));
    let numbers = [0, 2, 4, 6, 14].map(number);
    let [Some(tag), Some(channels), Some(low), Some(high), Some(bits)] = numbers else {
        return Err("the format of the WAV file is cut off".to_owned());
    };
    // WAVE_FORMAT_EXTENSIBLE has the tag at the start of its sub-format.
    let tag = if tag == 0xFFFE {
        number(24).unwrap_or(0)
    } else {
        tag
    };
    if channels != 1 {
        return Err(format!(
            "the WAV file has {channels} channels; 1 is accepted"
        ));
    }
    let coding = match (tag, bits) {
        (1, 16) => LiveCoding::Linear,
        (6, 8) => LiveCoding::ALaw,
        (7, 8) => LiveCoding::MuLaw,
        _ => {
            return Err(format!(
                "the WAV file has {bits} bits of format {tag}; 16 bits of PCM, A-law and µ-law are accepted"
            ));
        }
    };
    let rate_hz = u32::from(low) | u32::from(high) << 16;
    let (min, max) = (limits::AUDIO_RATE_HZ_MIN, limits::AUDIO_RATE_HZ_MAX);
    if !(min..=max).contains(&rate_hz) {
        return Err(format!(
            "the WAV file has a rate of {rate_hz} Hz; {min} to {max} are accepted"
        ));
    }
    Ok(SoundHead { coding, rate_hz })
}

/// Returns the next bytes, fewer at the end.
fn take(input: &mut impl Read, bytes: usize) -> Result<Vec<u8>, String> {
    let mut taken = Vec::new();
    let read = input.take(bytes as u64).read_to_end(&mut taken);
    read.map_err(|e| format!("standard input cannot be read: {e}"))?;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: SoundHead = SoundHead {
        coding: LiveCoding::Linear,
        rate_hz: 16_000,
    };

    fn wav(tag: u16, channels: u16, rate_hz: u32, bits: u16) -> Vec<u8> {
        let mut file = b"RIFF\xff\xff\xff\xffWAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
        file.extend([tag.to_le_bytes(), channels.to_le_bytes()].concat());
        file.extend([rate_hz, 0].map(u32::to_le_bytes).concat());
        file.extend([2u16, bits].map(u16::to_le_bytes).concat());
        file.extend(b"data\0\0\0\0sound");
        file
    }

    fn read(mut bytes: &[u8]) -> (Result<HeadRead, String>, Vec<u8>) {
        let head = read_head(&mut bytes, RAW);
        (head, bytes.to_vec())
    }

    #[test]
    fn a_wav_file_says_how_it_is_written_and_all_else_is_raw() {
        for (tag, bits, coding) in [
            (1, 16, LiveCoding::Linear),
            (6, 8, LiveCoding::ALaw),
            (7, 8, LiveCoding::MuLaw),
        ] {
            let (read, rest) = read(&wav(tag, 1, 44_100, bits));
            let head = SoundHead {
                coding,
                rate_hz: 44_100,
            };
            assert_eq!(read.unwrap().head, head);
            assert_eq!(rest, b"sound");
        }
        for raw in [&b""[..], b"RIFF", b"not a WAV file at all"] {
            let (read, rest) = read(raw);
            let read = read.unwrap();
            assert_eq!(
                (read.head, [read.ahead, rest].concat()),
                (RAW, raw.to_vec())
            );
        }
    }

    #[test]
    fn what_cannot_be_heard_is_told() {
        for (file, why) in [
            (wav(1, 2, 16_000, 16), "has 2 channels"),
            (wav(1, 1, 0, 16), "a rate of 0 Hz"),
            (wav(3, 1, 16_000, 32), "32 bits of format 3"),
            (wav(1, 1, 16_000, 16)[..30].to_vec(), "cut off"),
        ] {
            let refused = read(&file).0.unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }
}
