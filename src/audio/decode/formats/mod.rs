//! Formats that this crate reads by itself, because symphonia does not, or believes their lengths.
//!
//! | file | one idea |
//! | --- | --- |
//! | `demuxed` | packets → symphonia's interface of a format |
//! | `plain` | sound in blocks of one size |
//! | `elementary` | streams of frames that tell their own lengths |
//! | `wave_format` | the description of sound in WAV, AVI and Matroska |
//! | `wave` | WAV, RF64, RIFX, W64 |
//! | `au` | AU |
//! | `caf` | CAF with µ-law and A-law |
//! | `avi` | AVI |
//! | `flv` | FLV |
//! | `pes` | packets of MPEG programs and their times |
//! | `mpeg_ts` | MPEG transport streams |
//! | `bare_frames` | files of nothing but frames |
//! | `telephony` | bare GSM, µ-law and A-law |
//! | `foreign` | the names of what is not read |

pub mod au;
pub mod avi;
pub mod bare_frames;
pub mod caf;
pub mod demuxed;
pub mod elementary;
pub mod flv;
pub mod foreign;
pub mod mpeg_ts;
mod pes;
pub mod plain;
pub mod telephony;
pub mod wave;
pub mod wave_format;

use symphonia::core::formats::FormatReader;

use crate::decode::input::FileSpan;
use elementary::Syntax;

/// What a format turned out to hold.
pub enum FoundFormat {
    /// Sound tracks, some of which may be in codecs without a decoder; their languages are in the tracks.
    Format(Box<dyn FormatReader>),
    /// A stream of frames, in a part of the file.
    Stream(FileSpan, Syntax),
    /// Sound in codecs of this name, none of which is read.
    Codec(String),
    /// Nothing, and why.
    Damaged(&'static str),
}
