//! Opens the container in a source, recognised by content, and reads the length that it claims.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::audio::Channels;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{
    FORMAT_ID_FLAC, FORMAT_ID_ISOMP4, FORMAT_ID_MKV, FORMAT_ID_WAVE,
};
use symphonia::core::formats::{FormatOptions, FormatReader, Track};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;

use crate::decode::patch::Patch;
use crate::decode::repair;
use crate::decode::shield::shielded;
use crate::decode::track::undecodable;
use vocabox_base::fault::Fault;

/// Opens the container in `source`, which has `bytes` bytes. A cut or damaged file is opened as far as it can be
/// repaired.
///
/// Faults: `Invalid` when the format is not supported, or damaged where the format is recognised; `Internal` when the
/// source cannot be read.
pub fn open<S>(mut source: S, bytes: u64) -> Result<Box<dyn FormatReader>, Fault>
where
    S: Read + Seek + Send + Sync + 'static,
{
    let repair = repair::read(&mut source, bytes);
    if repair.lacks_index {
        return Err(Fault::invalid(
            "file breaks off before its index (moov), which is at its end and says where the sound is: nothing of it can be heard",
        ));
    }
    source.rewind().map_err(Fault::internal)?;
    let source = Box::new(PatchedSource {
        source,
        bytes,
        at: 0,
        patches: repair.patches,
    });
    let probed = shielded(|| {
        symphonia::default::get_probe().probe(
            &Hint::new(),
            MediaSourceStream::new(source, Default::default()),
            FormatOptions::default(),
            MetadataOptions::default(),
        )
    });
    probed
        .ok_or_else(|| undecodable("its structure is damaged"))?
        .map_err(undecodable)
}

/// Returns the length of `track` that a file of `bytes` bytes declares, where that is reliable; MP3 and ADTS only
/// estimate it.
pub fn told_seconds(format: &dyn FormatReader, track: &Track, bytes: u64) -> Option<f64> {
    let params = track.codec_params.as_ref()?.audio()?;
    let seconds = track
        .time_base?
        .calc_duration(track.duration?)?
        .as_secs_f64();
    match format.format_info().format {
        FORMAT_ID_FLAC | FORMAT_ID_ISOMP4 | FORMAT_ID_MKV => Some(seconds),
        // A WAV written to a pipe claims 4 GiB: never accept more than the file can hold.
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

/// A source of known length as symphonia requires it, with patches over it.
struct PatchedSource<S> {
    source: S,
    bytes: u64,
    at: u64,
    patches: Vec<Patch>,
}

impl<S: Read> Read for PatchedSource<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        let (from, to) = (self.at, self.at + count as u64);
        let end = |patch: &Patch| patch.at + patch.bytes.len() as u64;
        let first = self.patches.partition_point(|patch| end(patch) <= from);
        for patch in self.patches[first..].iter().take_while(|p| p.at < to) {
            let (start, end) = (patch.at.max(from), end(patch).min(to));
            let bytes = &patch.bytes[(start - patch.at) as usize..(end - patch.at) as usize];
            buffer[(start - from) as usize..(end - from) as usize].copy_from_slice(bytes);
        }
        self.at = to;
        Ok(count)
    }
}

impl<S: Seek> Seek for PatchedSource<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.source.seek(to)?;
        Ok(self.at)
    }
}

impl<S: Read + Seek + Send + Sync> MediaSource for PatchedSource<S> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn patches_lie_over_what_is_read_however_it_is_read() {
        let patch = |at: u64, byte: u8, count: usize| Patch {
            at,
            bytes: vec![byte; count],
        };
        let whole = [[1; 10], [2; 10], [3; 10]].concat();
        for piece in 1..30 {
            let mut source = PatchedSource {
                source: Cursor::new(vec![0; 40]),
                bytes: 40,
                at: 0,
                patches: vec![patch(0, 1, 10), patch(10, 2, 10), patch(20, 3, 10)],
            };
            let mut read = Vec::new();
            let mut buffer = vec![9; piece];
            while let count @ 1.. = source.read(&mut buffer).unwrap() {
                read.extend_from_slice(&buffer[..count]);
            }
            assert_eq!(read, [whole.as_slice(), &[0; 10]].concat(), "{piece}");
            source.seek(SeekFrom::Start(15)).unwrap();
            source.read_exact(&mut buffer[..1]).unwrap();
            assert_eq!(buffer[0], 2);
        }
    }
}
