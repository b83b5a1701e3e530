//! Encodes the parts of an answer that is still being made for the inner hop: each after its length, and a length of 0
//! at the end. An answer that breaks off lacks that end. Knows neither sockets nor clients.

use std::io::{self, Write};

/// Bytes of a length: `u32`, little-endian.
const LENGTH_BYTES: usize = 4;

/// Sends `part` at once. A part without bytes is skipped.
pub(crate) fn write(to: &mut impl Write, part: &[u8]) -> io::Result<()> {
    if part.is_empty() {
        return Ok(());
    }
    let length = u32::try_from(part.len()).map_err(io::Error::other)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(part)?;
    to.flush()
}

/// Sends the end mark.
pub(crate) fn end(to: &mut impl Write) -> io::Result<()> {
    to.write_all(&[0; LENGTH_BYTES])?;
    to.flush()
}

/// A decoder of parts.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// The received bytes of the next length.
    length: Vec<u8>,
    /// Bytes of the current part that are still to come.
    left: usize,
    ended: bool,
}

impl Parts {
    /// Whether the end mark was received.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Passes the bytes of parts in `came` to `each`, in order. Bytes after the end are dropped.
    pub(crate) fn take<E>(
        &mut self,
        mut came: &[u8],
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        while !came.is_empty() && !self.ended {
            if self.left > 0 {
                let (part, rest) = came.split_at(self.left.min(came.len()));
                each(part)?;
                self.left -= part.len();
                came = rest;
                continue;
            }
            let lacks = LENGTH_BYTES - self.length.len();
            let (more, rest) = came.split_at(lacks.min(came.len()));
            self.length.extend_from_slice(more);
            came = rest;
            if let Ok(length) = <[u8; LENGTH_BYTES]>::try_from(self.length.as_slice()) {
                self.length.clear();
                self.left = u32::from_le_bytes(length) as usize;
                self.ended = self.left == 0;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_out_as_they_went_in_however_they_are_cut() {
        let mut wire = Vec::new();
        for part in [&b"one"[..], b"", b"three", &[7; 300]] {
            write(&mut wire, part).unwrap();
        }
        let broken_off = wire.len();
        end(&mut wire).unwrap();
        wire.extend(b"and more");
        for size in [1, 2, 3, 5, 64, wire.len()] {
            let (mut parts, mut out) = (Parts::default(), Vec::new());
            for block in wire.chunks(size) {
                let mut each = |part: &[u8]| {
                    out.extend_from_slice(part);
                    Ok::<(), ()>(())
                };
                parts.take(block, &mut each).unwrap();
            }
            assert_eq!(out, [&b"onethree"[..], &[7; 300]].concat());
            assert!(parts.ended());
        }
        let mut parts = Parts::default();
        parts
            .take(&wire[..broken_off], |_| Ok::<(), ()>(()))
            .unwrap();
        assert!(!parts.ended());
    }
}
