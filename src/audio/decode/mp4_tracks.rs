//! The sound tracks of an MP4 or QuickTime film (ISO/IEC 14496-12): codec, language, whether each is enabled.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_PCM_ALAW, CODEC_ID_PCM_MULAW};

use crate::decode::formats::au::params;
use crate::decode::mp4_boxes::{Span, children, descend, find, full_box, movie, u32_be};
use crate::decode::sound_facts::{SoundFacts, known_language};

/// The flag of a track that is presented (§8.3.2).
const ENABLED: u8 = 1;

/// Returns the sound tracks of the film in `source` of `bytes` bytes, in its order; none when it is no MP4.
pub fn read<S: Read + Seek>(source: &mut S, bytes: u64) -> io::Result<Vec<SoundFacts>> {
    let mut sounds = Vec::new();
    let Some(movie) = movie(source, bytes)? else {
        return Ok(sounds);
    };
    for (kind, track) in children(source, movie, None)? {
        if &kind != b"trak" {
            continue;
        }
        if let Ok(Some(sound)) = sound(source, track) {
            sounds.push(sound);
        }
    }
    Ok(sounds)
}

/// Returns the facts of a track; none when it is no sound.
fn sound<S: Read + Seek>(source: &mut S, track: Span) -> io::Result<Option<SoundFacts>> {
    let (Some(head), Some(media)) = (find(source, track, b"tkhd")?, find(source, track, b"mdia")?)
    else {
        return Ok(None);
    };
    let Some(handler) = find(source, media, b"hdlr")? else {
        return Ok(None);
    };
    source.seek(SeekFrom::Start(handler.from + 8))?;
    if u32_be(source)?.to_be_bytes() != *b"soun" {
        return Ok(None);
    }
    let version = full_box(source, head)?;
    source.seek(SeekFrom::Start(head.from + 3))?;
    let flags = byte(source)?;
    source.seek_relative(if version == 1 { 16 } else { 8 })?;
    let id = u32_be(source)?;
    let language = match find(source, media, b"mdhd")? {
        Some(head) => {
            let version = full_box(source, head)?;
            source.seek_relative(if version == 1 { 28 } else { 16 })?;
            language(u32_be(source)? >> 16)
        }
        None => None,
    };
    let (codec, params) = match descend(source, media, &[b"minf", b"stbl", b"stsd"])? {
        Some(list) => description(source, list)?,
        None => (None, None),
    };
    Ok(Some(SoundFacts {
        id,
        codec,
        params,
        language,
        is_default: flags & ENABLED != 0,
    }))
}

/// Returns the codec's name by the first description, and a decoder's parameters of those that symphonia does not know.
fn description<S: Read + Seek>(
    source: &mut S,
    list: Span,
) -> io::Result<(Option<String>, Option<AudioCodecParameters>)> {
    // After version, flags, the number of descriptions and the size of the first.
    source.seek(SeekFrom::Start(list.from + 12))?;
    let kind = u32_be(source)?.to_be_bytes();
    // §12.2.3: reserved bytes and a reference; version, revision, vendor; then channels, bits, and the rate in 16.16.
    source.seek_relative(16)?;
    let (shape, _) = (u32_be(source)?, u32_be(source)?);
    let rate_hz = u32_be(source)? >> 16;
    let channels = (shape >> 16) as u16;
    let law = |codec| (channels > 0 && rate_hz > 0).then(|| params(codec, rate_hz, channels));
    let known = match &kind {
        b"ulaw" => return Ok((Some("µ-law".to_owned()), law(CODEC_ID_PCM_MULAW))),
        b"alaw" => return Ok((Some("A-law".to_owned()), law(CODEC_ID_PCM_ALAW))),
        b"mp4a" => "MPEG-4 audio of a kind",
        b"ac-3" => "AC-3 (Dolby Digital)",
        b"ec-3" => "E-AC-3 (Dolby Digital Plus)",
        b"ac-4" => "AC-4",
        b"samr" => "AMR",
        b"sawb" | b"sawp" => "AMR-WB",
        b"ima4" => "IMA ADPCM of QuickTime",
        b"dtsc" | b"dtse" | b"dtsh" | b"dtsl" | b"dtsx" => "DTS",
        b"mlpa" => "TrueHD",
        b"QDM2" | b"QDMC" => "QDesign Music",
        b"sevc" => "EVRC",
        b"sqcp" | b"Qclp" => "QCELP",
        b"agsm" => "GSM of QuickTime",
        b"spex" => "Speex",
        b"enca" | b"drms" => "encrypted form",
        kind => {
            let letters = String::from_utf8_lossy(kind);
            return Ok((Some(format!("the codec {:?}", letters.trim())), None));
        }
    };
    Ok((Some(known.to_owned()), None))
}

/// Returns the language of three letters of five bits each, §8.4.2.
fn language(packed: u32) -> Option<String> {
    // QuickTime counts languages below that.
    if packed < 0x400 {
        return None;
    }
    let letter = |by: u32| (0x60 + (packed >> by & 0x1F)) as u8 as char;
    let code: String = [10, 5, 0].map(letter).iter().collect();
    known_language(&code).filter(|code| code.bytes().all(|letter| letter.is_ascii_lowercase()))
}

fn byte<S: Read>(source: &mut S) -> io::Result<u8> {
    let mut byte = [0];
    source.read_exact(&mut byte)?;
    Ok(byte[0])
}
