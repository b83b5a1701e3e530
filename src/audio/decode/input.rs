//! The bytes of a recording as demuxers read them: a stretch of the file, with patches over it.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};
use vocabox_base::interrupted::uninterrupted;

use symphonia::core::io::MediaSource;

use crate::decode::patch::{Patch, lay};

/// What a recording can be read from.
trait Bytes: Read + Seek + Send + Sync {}
impl<S: Read + Seek + Send + Sync> Bytes for S {}

/// A file and the position that it stands at.
struct Positioned {
    source: Box<dyn Bytes>,
    at: u64,
}

/// A stretch of a file with its own position. Clones read the same file: each may be read in turn.
#[derive(Clone)]
pub struct FileSpan {
    file: Arc<Mutex<Positioned>>,
    /// Where the stretch starts in the file, and its length.
    from: u64,
    bytes: u64,
    /// In the order of the stretch, not overlapping.
    patches: Arc<Vec<Patch>>,
    at: u64,
}

impl FileSpan {
    /// Returns all bytes of `source`. Fault: that of the seek which measures it.
    pub fn new<S>(mut source: S) -> io::Result<Self>
    where
        S: Read + Seek + Send + Sync + 'static,
    {
        let bytes = source.seek(SeekFrom::End(0))?;
        Ok(FileSpan {
            file: Arc::new(Mutex::new(Positioned {
                source: Box::new(source),
                at: bytes,
            })),
            from: 0,
            bytes,
            patches: Arc::default(),
            at: 0,
        })
    }

    /// Returns the length in bytes.
    pub fn length(&self) -> u64 {
        self.bytes
    }

    /// Returns the bytes between `from` and `to` (at most the end) without patches, from their start.
    pub fn part(&self, from: u64, to: u64) -> Self {
        let to = to.min(self.bytes);
        let from = from.min(to);
        FileSpan {
            file: Arc::clone(&self.file),
            from: self.from + from,
            bytes: to - from,
            patches: Arc::default(),
            at: 0,
        }
    }

    /// Returns the same bytes with `patches` over them, from their start.
    pub fn patched(&self, patches: Vec<Patch>) -> Self {
        FileSpan {
            patches: Arc::new(patches),
            at: 0,
            ..self.clone()
        }
    }

    /// Returns up to `most` bytes from the start.
    pub fn start(&self, most: usize) -> io::Result<Vec<u8>> {
        let mut read = Vec::new();
        let start = self.part(0, most as u64);
        start.take(most as u64).read_to_end(&mut read)?;
        Ok(read)
    }
}

impl Read for FileSpan {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.bytes.saturating_sub(self.at);
        let most = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let count = {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            let place = self.from + self.at;
            if file.at != place {
                // Until it has succeeded, the position is not known.
                file.at = u64::MAX;
                file.at = file.source.seek(SeekFrom::Start(place))?;
            }
            let count = uninterrupted(|| file.source.read(&mut buffer[..most]))?;
            file.at += count as u64;
            count
        };
        lay(&self.patches, self.at, &mut buffer[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for FileSpan {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::End(by) => self.bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

impl MediaSource for FileSpan {
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
        let file = FileSpan::new(Cursor::new(vec![0; 40])).unwrap();
        for piece in 1..30 {
            let mut source =
                file.patched(vec![patch(0, 1, 10), patch(10, 2, 10), patch(20, 3, 10)]);
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

    #[test]
    fn parts_end_where_they_were_told_and_are_read_in_turn() {
        let file = FileSpan::new(Cursor::new((0..100).collect::<Vec<u8>>())).unwrap();
        let (mut first, mut second) = (file.part(10, 20), file.part(90, 200));
        assert_eq!((first.length(), second.length()), (10, 10));
        let mut buffer = [0; 4];
        for n in 0..2u8 {
            first.read_exact(&mut buffer).unwrap();
            assert_eq!(buffer[0], 10 + 4 * n);
            second.read_exact(&mut buffer).unwrap();
            assert_eq!(buffer[0], 90 + 4 * n);
        }
        let mut rest = Vec::new();
        first.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, [18, 19]);
        assert_eq!(first.part(3, 5).start(9).unwrap(), [13, 14]);
    }
}
