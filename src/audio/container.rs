//! A source → an opened container, told by content, and the length that it claims.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::audio::Channels;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{
    FORMAT_ID_FLAC, FORMAT_ID_ISOMP4, FORMAT_ID_MKV, FORMAT_ID_WAVE,
};
use symphonia::core::formats::{FormatOptions, FormatReader, Track};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;

use super::track::undecodable;
use crate::fault::Fault;

/// The container in `source`, which stands at its start and has `bytes` bytes.
///
/// Faults: `Invalid` when it is of no format that is read here, or damaged where the format is told.
pub fn open<S>(source: S, bytes: u64) -> Result<Box<dyn FormatReader>, Fault>
where
    S: Read + Seek + Send + Sync + 'static,
{
    let source = Box::new(Source { source, bytes });
    symphonia::default::get_probe()
        .probe(
            &Hint::new(),
            MediaSourceStream::new(source, Default::default()),
            FormatOptions::default(),
            MetadataOptions::default(),
        )
        .map_err(undecodable)
}

/// The length of `track` that a file of `bytes` bytes tells, where that can be relied on; MP3 and ADTS only estimate it.
pub fn told_seconds(format: &dyn FormatReader, track: &Track, bytes: u64) -> Option<f64> {
    let params = track.codec_params.as_ref()?.audio()?;
    let seconds = track
        .time_base?
        .calc_duration(track.duration?)?
        .as_secs_f64();
    match format.format_info().format {
        FORMAT_ID_FLAC | FORMAT_ID_ISOMP4 | FORMAT_ID_MKV => Some(seconds),
        // A WAV written to a pipe claims 4 GiB: believe no more than the file can hold.
        FORMAT_ID_WAVE => {
            let channels = params.channels.as_ref().map_or(1, Channels::count);
            let bits = params.bits_per_coded_sample.or(params.bits_per_sample)?;
            let claimed =
                seconds * f64::from(params.sample_rate?) * channels as f64 * f64::from(bits);
            (claimed <= bytes as f64 * 8.0).then_some(seconds)
        }
        _ => None,
    }
}

/// A source of known length, as symphonia wants it.
struct Source<S> {
    source: S,
    bytes: u64,
}

impl<S: Read> Read for Source<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer)
    }
}

impl<S: Seek> Seek for Source<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}

impl<S: Read + Seek + Send + Sync> MediaSource for Source<S> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.bytes)
    }
}
