//! Replacement bytes for parts of a file, which correct what the file declares about itself.

use std::io::{self, Read, Seek, SeekFrom};
use vocabox_base::interrupted::uninterrupted;

/// Bytes that are read in place of those at `at`.
#[derive(Debug, PartialEq)]
pub struct Patch {
    pub at: u64,
    pub bytes: Vec<u8>,
}

impl From<(u64, Vec<u8>)> for Patch {
    fn from((at, bytes): (u64, Vec<u8>)) -> Self {
        Patch { at, bytes }
    }
}

/// Lays `patches`, which are in order and do not overlap, over `read`: bytes of the file from `from` on.
pub fn lay(patches: &[Patch], from: u64, read: &mut [u8]) {
    let to = from + read.len() as u64;
    let end = |patch: &Patch| patch.at + patch.bytes.len() as u64;
    let first = patches.partition_point(|patch| end(patch) <= from);
    for patch in patches[first..].iter().take_while(|p| p.at < to) {
        let (start, end) = (patch.at.max(from), end(patch).min(to));
        let bytes = &patch.bytes[(start - patch.at) as usize..(end - patch.at) as usize];
        read[(start - from) as usize..(end - from) as usize].copy_from_slice(bytes);
    }
}

/// A file with patches over it.
pub struct Patched<R> {
    reader: R,
    at: u64,
    patches: Vec<Patch>,
}

impl<R: Read + Seek> Patched<R> {
    /// Returns `reader` with `patches` over it, from its start.
    pub fn new(mut reader: R, patches: Vec<Patch>) -> io::Result<Self> {
        reader.rewind()?;
        Ok(Patched {
            reader,
            at: 0,
            patches,
        })
    }
}

impl<R: Read> Read for Patched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = uninterrupted(|| self.reader.read(buffer))?;
        lay(&self.patches, self.at, &mut buffer[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl<R: Seek> Seek for Patched<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.reader.seek(to)?;
        Ok(self.at)
    }
}
