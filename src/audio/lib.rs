//! Sound as samples: reading recordings of any common format, changing rates, features for the models,
//! and writing files and streams of the formats that answers come in.
//!
//! Owns everything between bytes of a media file and `f32` samples. Knows no model by name, no request
//! and no account: recipes (rates, windows, bands) come in as arguments.
//!
//! | file | one idea |
//! | --- | --- |
//! | `pcm` | a [`Clip`] held whole, [`Samples`] read piece by piece |
//! | `decode` | a recording → samples at its own rate, packet by packet |
//! | `wide` | a recording in one channel or two, as it is |
//! | `track` | one track's packets → samples: which track, which decoder |
//! | `container` | which format this is, and how long it claims to be |
//! | `mend`, `matroska` | what a cut or damaged file says of itself → what is there |
//! | `downmix` | how much each channel counts in mono and in stereo |
//! | `opus` | Opus packets, which symphonia does not decode |
//! | `boxes` | the boxes of an MP4, found in place |
//! | `pictures` | pictures that the demuxer would refuse a film for |
//! | `edits` | what an MP4's edit list says to cut or to shift |
//! | `resample` | any rate → any rate, exact length, streaming |
//! | `mel` | mel spectra, for every recipe the packs name |
//! | `bands` | the mel scale's filters |
//! | `pitch` | how high a voice is, and how far it moves |
//! | `spectrum` | how bright it sounds |
//! | `pace` | how many syllables it speaks in a second |
//! | `level` | one loudness for all speech, piece by piece |
//! | `loudness` | how loud a stretch of sound is |
//! | `stretch` | speech at another pace and its own pitch |
//! | `limiter` | no peak above a ceiling |
//! | `running` | the same as sound streams, of one channel or two |
//! | `encode` | samples → the bytes of an answer, whole or as a stream: WAV, PCM, FLAC, Opus, MP3 |

mod bands;
mod boxes;
mod container;
pub mod decode;
mod downmix;
mod edits;
pub mod encode;
pub mod level;
mod limiter;
pub mod loudness;
mod matroska;
pub mod mel;
mod mend;
mod opus;
pub mod pace;
pub mod pcm;
mod pictures;
pub mod pitch;
pub mod resample;
pub mod running;
pub mod spectrum;
pub mod stretch;
mod track;
mod wide;

use std::io::{Read, Seek};

pub use pcm::{Clip, ClipReader, Samples};
pub use wide::Wide;

use vocabox_base::fault::Fault;

/// The recording in `source` as mono samples at `rate_hz`, read piece by piece: decoded, mixed to one
/// channel, resampled.
///
/// `most_seconds` bounds the recording's length, as in [`decode::open`]. Memory stays below some MiB
/// whatever the length.
///
/// Faults: those of [`decode::open`] here, those of [`Samples::read`] while reading.
pub fn open_speech<S>(source: S, rate_hz: u32, most_seconds: f64) -> Result<Box<dyn Samples>, Fault>
where
    S: Read + Seek + Send + Sync + 'static,
{
    let decoder = decode::open(source, most_seconds)?;
    Ok(Box::new(resample::Resampled::new(
        Box::new(decoder),
        rate_hz,
    )?))
}
