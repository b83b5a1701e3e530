//! Sound as samples: reading recordings of any common format, changing rates, features for the models,
//! and writing files and streams of the formats that answers come in.
//!
//! Owns everything between bytes of a media file and `f32` samples. Knows no model by name, no request
//! and no account: recipes (rates, windows, bands) come in as arguments.
//!
//! | folder | one idea |
//! | --- | --- |
//! | `pcm` | a [`Clip`] held whole, [`Samples`] read piece by piece |
//! | `decode` | a recording → samples |
//! | `dsp` | samples → other samples, spectra, pitch |
//! | `loudness` | how loud sound is, and one loudness for all speech |
//! | `g711` | bytes of telephone sound → samples |
//! | `mark` | the mark of sound that a machine made |
//! | `encode` | samples → the bytes of an answer, whole or as a stream: WAV, PCM, FLAC, Opus, MP3 |

pub mod decode;
pub mod dsp;
pub mod encode;
pub mod g711;
pub mod loudness;
pub mod mark;
pub mod pcm;

use std::io::{Read, Seek};

pub use decode::{HeardTrack, SoundRequest};
pub use pcm::{Clip, ClipReader, Samples};

use vocabox_base::fault::Fault;

/// Returns the recording in `source` as mono samples at `rate_hz`, read piece by piece: decoded, mixed to one channel,
/// resampled.
///
/// `most_seconds` bounds the recording's length, as in [`decode::open`]. Memory stays below some MiB
/// whatever the length.
///
/// Faults: those of [`decode::open`] here, those of [`Samples::read`] while reading.
pub fn open_speech<S>(source: S, rate_hz: u32, most_seconds: f64) -> Result<Box<dyn Samples>, Fault>
where
    S: Read + Seek + Send + Sync + 'static,
{
    let speech = open_sound(source, &SoundRequest::default(), rate_hz, most_seconds)?;
    Ok(speech.samples)
}

/// The sound of a recording, and which it is.
pub struct Sound {
    /// Mono, at the rate that was asked for.
    pub samples: Box<dyn Samples>,
    pub track: HeardTrack,
    /// Channels of the recording itself.
    pub channels: usize,
}

/// As [`open_speech`], of what `request` asks for.
///
/// Faults: those of [`decode::open_sound`] here, those of [`Samples::read`] while reading.
pub fn open_sound<S>(
    source: S,
    request: &SoundRequest,
    rate_hz: u32,
    most_seconds: f64,
) -> Result<Sound, Fault>
where
    S: Read + Seek + Send + Sync + 'static,
{
    let decoder = decode::open_sound(source, request, most_seconds)?;
    Ok(Sound {
        track: decoder.heard().clone(),
        channels: decoder.recorded_channels(),
        samples: Box::new(dsp::resample::Resampled::new(Box::new(decoder), rate_hz)?),
    })
}
