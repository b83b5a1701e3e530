//! The sound tracks of a Matroska or WebM film (RFC 9559 §5.1.4): codec, language, whether each is the default.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use symphonia::core::codecs::audio::AudioCodecParameters;

use crate::decode::formats::wave_format::{Coding, WaveFormat};
use crate::decode::matroska::{Elements, TRACKS};
use crate::decode::sound_facts::{SoundFacts, known_language};

/// Bytes of the list of tracks that are read.
const TRACKS_BYTES_MAX: u64 = 1 << 22;
/// Elements at the level of clusters before the list.
const ELEMENTS_MAX: usize = 10_000;
const SOUND: u64 = 2;

/// Returns the sound tracks of the file in `source` of `bytes` bytes, in its order.
pub fn read<S: Read + Seek>(source: &mut S, bytes: u64) -> io::Result<Vec<SoundFacts>> {
    let mut source = BufReader::new(source);
    source.rewind()?;
    let Some((from, to)) = list(&mut source, bytes)? else {
        return Ok(Vec::new());
    };
    let mut list = Vec::new();
    source.seek(SeekFrom::Start(from))?;
    source
        .take((to - from).min(TRACKS_BYTES_MAX))
        .read_to_end(&mut list)?;
    let entries = children(&list).into_iter().filter(|(id, _)| *id == 0xAE);
    Ok(entries.filter_map(|(_, entry)| sound(entry)).collect())
}

/// Returns where the content of the list of tracks lies.
fn list<S: Read + Seek>(source: &mut BufReader<S>, bytes: u64) -> io::Result<Option<(u64, u64)>> {
    let mut elements = Elements::new(source, bytes);
    let Some(head) = elements.element(0)? else {
        return Ok(None);
    };
    let Some(segment) = elements.element(head.end().unwrap_or(bytes))? else {
        return Ok(None);
    };
    let mut at = segment.data();
    for _ in 0..ELEMENTS_MAX {
        let Some(element) = elements.element(at)? else {
            return Ok(None);
        };
        let Some(end) = element.end().filter(|end| *end <= bytes) else {
            return Ok(None);
        };
        if element.id == TRACKS {
            return Ok(Some((element.data(), end)));
        }
        at = end;
    }
    Ok(None)
}

fn sound(entry: &[u8]) -> Option<SoundFacts> {
    let parts = children(entry);
    let find = |id: u32| {
        parts
            .iter()
            .find(|(found, _)| *found == id)
            .map(|(_, body)| *body)
    };
    let number =
        |id: u32| find(id).map(|body| body.iter().fold(0, |n: u64, b| n << 8 | u64::from(*b)));
    if number(0x83) != Some(SOUND) {
        return None;
    }
    let text = |id: u32| find(id).map(|body| String::from_utf8_lossy(body).into_owned());
    let codec = text(0x86).unwrap_or_default();
    let private = find(0x63A2).unwrap_or_default();
    let (codec, params) = match codec.trim_end_matches('\0') {
        "A_MS/ACM" => described(private),
        "A_AC3" | "A_AC3/BSID9" | "A_AC3/BSID10" => (Some("AC-3 (Dolby Digital)".to_owned()), None),
        "A_EAC3" => (Some("E-AC-3 (Dolby Digital Plus)".to_owned()), None),
        "A_DTS" | "A_DTS/EXPRESS" | "A_DTS/LOSSLESS" => (Some("DTS".to_owned()), None),
        "A_TRUEHD" | "A_MLP" => (Some("TrueHD".to_owned()), None),
        "A_WAVPACK4" => (Some("WavPack".to_owned()), None),
        "" => (None, None),
        other => (Some(format!("the codec {other}")), None),
    };
    Some(SoundFacts {
        id: u32::try_from(number(0xD7)?).ok()?,
        codec,
        params,
        // Where it is not told, it is English (§5.1.4.1.18); most writers then know none.
        language: text(0x22_B59D)
            .or_else(|| text(0x22_B59C))
            .and_then(|code| known_language(&code)),
        // Where it is not told, every track is a default.
        is_default: number(0x88).unwrap_or(1) != 0,
    })
}

/// Returns the codec's name and a decoder's parameters by Microsoft's description.
fn described(private: &[u8]) -> (Option<String>, Option<AudioCodecParameters>) {
    let Some(format) = WaveFormat::read(private, false) else {
        return (None, None);
    };
    match format.coding() {
        Coding::Blocks {
            codec, frames: 1, ..
        } => (None, Some(format.params(codec, 1))),
        Coding::Blocks { .. } => (Some("ADPCM or GSM".to_owned()), None),
        Coding::Other(name) => (Some(name), None),
        Coding::Frames(_) | Coding::Aac => (
            Some(format!("the codec of code 0x{:04X}", format.tag)),
            None,
        ),
    }
}

/// Returns the elements in `data`, by their ids; a damaged one ends them.
fn children(data: &[u8]) -> Vec<(u32, &[u8])> {
    let mut found = Vec::new();
    let mut rest = data;
    while let Some((id, size, head)) = element(rest) {
        let Some(body) = rest.get(head..).and_then(|body| body.get(..size)) else {
            break;
        };
        found.push((id, body));
        rest = &rest[head + size..];
    }
    found
}

/// Returns the id and size of the element at the start of `data`, and the bytes of its head.
fn element(data: &[u8]) -> Option<(u32, usize, usize)> {
    let id_bytes = data.first()?.leading_zeros() as usize + 1;
    let size_bytes = data.get(id_bytes)?.leading_zeros() as usize + 1;
    if id_bytes > 4 || size_bytes > 8 {
        return None;
    }
    let number = |bytes: &[u8]| bytes.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    let id = number(&data[..id_bytes]);
    let size = number(data.get(id_bytes..id_bytes + size_bytes)?) & ((1 << (7 * size_bytes)) - 1);
    Some((
        id as u32,
        usize::try_from(size).ok()?,
        id_bytes + size_bytes,
    ))
}
