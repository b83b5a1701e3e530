//! Replaces a sound track of a film: the same container with the same picture, byte for byte, and a new sound track.
//!
//! Pictures are never decoded: their samples are copied, and so is everything that describes them (codec, size, edit
//! list, times). Only the tables of sample positions and the sound are written anew. Subtitles, chapters, tags and other
//! sound tracks stay; the new one becomes the default. A film that breaks off is copied as far as it goes.
//!
//! Files come from clients: each count and size in them is checked against the file's size and against `limits`. Memory
//! does not grow with the size of the samples, only with their number, by some 30 bytes each.
//!
//! | file | one idea |
//! | --- | --- |
//! | `source` | a seekable input of known length |
//! | `track` | the new sound: packets in a scratch file, and their times |
//! | `mp4` | MP4 and MOV, fragmented or not → MP4 |
//! | `webm` | WebM and Matroska → the same |

mod mp4;
mod source;
mod track;
mod webm;

#[cfg(test)]
mod copy_tests;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{Read, Seek};

pub use track::{SoundTrack, TrackWriter};

use source::Source;
use vocabox_audio::encode::Codec;
use vocabox_base::fault::Fault;

/// A family of containers. A film keeps its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// MP4 and QuickTime; written as MP4, not fragmented, with its tables first.
    Mp4,
    /// Matroska and WebM; the document type stays.
    Webm,
}

/// The properties of a film that are known before anything is decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pub container: Container,
    /// Seconds from the file's start to the end of its last frame, which the new sound should match: the mux neither
    /// cuts nor pads it.
    pub duration_s: f64,
    /// Pixels as coded, where the file declares them.
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// Whether there is a sound track, of any codec.
    pub has_sound: bool,
}

/// Returns the picture in `reader`; none when the file is of another type, or has sound only.
///
/// It reads every table (MP4) or the head of every block (WebM).
///
/// Faults: `Invalid` for a container that is damaged, encrypted, truncated, or beyond `limits` in one of its tables;
/// `Internal` when it cannot be read.
pub fn inspect<R: Read + Seek>(reader: R) -> Result<Option<Picture>, Fault> {
    let mut source = Source::mended(reader)?;
    match kind(&mut source)? {
        Some(Container::Mp4) => mp4::inspect(&mut source),
        Some(Container::Webm) => webm::inspect(&mut source),
        None => Ok(None),
    }
}

/// Writes the film in `reader` to the empty file `out`, in the same container, with `track` in place of its sound track of
/// number `replaced` (as [`vocabox_audio::HeardTrack`] names it), or of all its sound tracks.
///
/// The track starts with the file (MP4: with the movie; WebM: at time 0). Files are copied by blocks.
///
/// Faults: as [`inspect`]; `Invalid` too when there is no picture, or when the container does not take the track's
/// codec; `Internal` when `out` cannot be written, which is then incomplete.
pub fn replace_audio<R: Read + Seek>(
    reader: R,
    track: &SoundTrack,
    replaced: Option<u32>,
    out: &mut File,
) -> Result<(), Fault> {
    let mut source = Source::mended(reader)?;
    let container = kind(&mut source)?;
    if let Some(container) = container {
        check_codec(container, track.codec())?;
    }
    match container {
        Some(Container::Mp4) => mp4::replace_audio(&mut source, track, replaced, out),
        Some(Container::Webm) => webm::replace_audio(&mut source, track, replaced, out),
        None => Err(no_picture()),
    }
}

/// Faults: `Invalid` when files of `container` do not take sound in `codec`.
pub fn check_codec(container: Container, codec: Codec) -> Result<(), Fault> {
    match (container, codec) {
        (Container::Webm, Codec::Aac) => Err(Fault::invalid(
            "audio_codec aac cannot be in a WebM or Matroska file; opus is accepted",
        )),
        _ => Ok(()),
    }
}

/// Returns the container's type, by the file's first bytes.
fn kind<R: Read + Seek>(source: &mut Source<R>) -> Result<Option<Container>, Fault> {
    if source.length() < 12 {
        return Ok(None);
    }
    let mut start = [0; 8];
    source.go(0)?;
    source.fill(&mut start)?;
    source.go(0)?;
    // The EBML header; else the box types that an MP4 or a MOV may start with.
    Ok(match (&start[..4], &start[4..]) {
        (b"\x1A\x45\xDF\xA3", _) => Some(Container::Webm),
        (
            _,
            b"ftyp" | b"styp" | b"moov" | b"mdat" | b"free" | b"skip" | b"wide" | b"pnot" | b"moof"
            | b"sidx",
        ) => Some(Container::Mp4),
        _ => None,
    })
}

/// Returns the fault of a file that breaks its format's rules: `what` says where.
fn damaged(what: &str) -> Fault {
    Fault::invalid(format!(
        "file is damaged, or of a kind of MP4 or WebM that is not read here: {what}"
    ))
}

fn no_picture() -> Fault {
    Fault::invalid(
        "file has no picture; MP4, MOV, WebM and Matroska with a video track are accepted",
    )
}
