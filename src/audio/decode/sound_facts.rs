//! What MP4 and Matroska say of their sound tracks beyond what symphonia reads: the names of codecs, which track is the
//! default, languages, and descriptions that symphonia does not know.

use std::io::{self, Read, Seek};

use symphonia::core::codecs::audio::AudioCodecParameters;

use crate::decode::{matroska_tracks, mp4_tracks};

/// One sound track.
#[derive(Debug, Clone)]
pub struct SoundFacts {
    /// The track's number in the file, which packets name.
    pub id: u32,
    /// The codec's name, for a refusal; none where the format does not tell one.
    pub codec: Option<String>,
    /// A decoder's parameters where symphonia finds none.
    pub params: Option<AudioCodecParameters>,
    /// As the file spells it: three letters of ISO 639-2, or a tag of BCP 47. None when it is not told.
    pub language: Option<String>,
    /// Whether the file marks it as the one to be heard.
    pub is_default: bool,
}

/// Returns the sound tracks of the file in `source` of `bytes` bytes, in its order; none when it is neither MP4 nor
/// Matroska. The position of `source` afterwards is unspecified.
pub fn read<S: Read + Seek>(source: &mut S, bytes: u64) -> Vec<SoundFacts> {
    let is_matroska = |source: &mut S| -> io::Result<bool> {
        let mut start = [0; 4];
        source.rewind()?;
        source.read_exact(&mut start)?;
        Ok(start == [0x1A, 0x45, 0xDF, 0xA3])
    };
    // The demuxer refuses what cannot be read here.
    match is_matroska(source) {
        Ok(true) => matroska_tracks::read(source, bytes).unwrap_or_default(),
        Ok(false) => mp4_tracks::read(source, bytes).unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}

/// Returns a language of a file, unless it says that none is known.
pub fn known_language(code: &str) -> Option<String> {
    let code = code.trim_matches(['\0', ' ']).to_lowercase();
    (!matches!(code.as_str(), "" | "und" | "mul" | "mis" | "zxx")).then_some(code)
}
