//! CAF (Apple's Core Audio Format) with µ-law and A-law, which symphonia does not decode in it. Other CAF files are
//! symphonia's.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::codecs::audio::well_known::{CODEC_ID_PCM_ALAW, CODEC_ID_PCM_MULAW};
use symphonia::core::formats::well_known::FORMAT_ID_CAF;

use crate::decode::formats::FoundFormat;
use crate::decode::formats::au::params;
use crate::decode::formats::plain::Plain;
use crate::decode::input::FileSpan;

/// Chunks that are examined.
const CHUNKS_MAX: usize = 1_000;
/// Bytes of a description.
const DESCRIPTION_BYTES: u64 = 32;

/// Finds the sound in `input`, which starts with `head`; none when it is no CAF, or one that symphonia reads.
pub fn open(input: &FileSpan, head: &[u8]) -> io::Result<Option<FoundFormat>> {
    if !head.starts_with(b"caff\0\x01") {
        return Ok(None);
    }
    let mut source = input.part(0, u64::MAX);
    let mut read = |at: u64, bytes: u64| -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        source.seek(SeekFrom::Start(at))?;
        (&mut source).take(bytes).read_to_end(&mut data)?;
        Ok(data)
    };
    let (mut at, mut described) = (8, None);
    for _ in 0..CHUNKS_MAX {
        let chunk = read(at, 12)?;
        let Some((name, length)) = chunk.split_first_chunk::<4>() else {
            break;
        };
        let Ok(length) = length.try_into().map(i64::from_be_bytes) else {
            break;
        };
        let from = at + 12;
        match (name, &described) {
            (b"desc", None) => described = Some(read(from, DESCRIPTION_BYTES)?),
            (b"data", Some(description)) => {
                // A length of −1: to the end. The sound follows a count of edits.
                let to =
                    u64::try_from(length).map_or(u64::MAX, |length| from.saturating_add(length));
                return Ok(law(input, description, (from + 4, to)));
            }
            _ => {}
        }
        let next = u64::try_from(length)
            .ok()
            .and_then(|length| from.checked_add(length));
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    Ok(None)
}

/// Returns the sound of a description of µ-law or A-law.
fn law(input: &FileSpan, description: &[u8], (from, to): (u64, u64)) -> Option<FoundFormat> {
    let rate_hz = f64::from_be_bytes(*description.first_chunk()?);
    let codec = match description.get(8..12)? {
        b"ulaw" => CODEC_ID_PCM_MULAW,
        b"alaw" => CODEC_ID_PCM_ALAW,
        b"opus" => return Some(FoundFormat::Codec("Opus in CAF".to_owned())),
        b"aac " | b"aach" | b"aacp" => return Some(FoundFormat::Codec("AAC in CAF".to_owned())),
        _ => return None,
    };
    let channels = u32::from_be_bytes(description.get(24..28)?.try_into().ok()?);
    let channels = u16::try_from(channels)
        .ok()
        .filter(|channels| *channels > 0)?;
    let plain = Plain {
        params: params(codec, rate_hz as u32, channels),
        from,
        to,
        block_bytes: u64::from(channels),
        block_frames: 1,
    };
    let demuxed = plain.open(input, FORMAT_ID_CAF, "CAF")?;
    Some(FoundFormat::Format(Box::new(demuxed)))
}
