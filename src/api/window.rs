//! A part of a received body, read where it lies: nothing is copied, however large it is.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use super::message::Body;

/// The bytes `range` of a body, with a cursor of its own.
#[derive(Debug, Clone)]
pub struct Window {
    body: Arc<Body>,
    range: Range<u64>,
    /// From the start of the window.
    at: u64,
}

impl Window {
    /// Of `body`, which it keeps; `range` lies within it.
    pub fn new(body: Arc<Body>, range: Range<u64>) -> Self {
        Window { body, range, at: 0 }
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.len().saturating_sub(self.at);
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if most == 0 {
            return Ok(0);
        }
        let at = self.range.start + self.at;
        let bytes = self.body.read_at(&mut buffer[..most], at)?;
        self.at += bytes as u64;
        Ok(bytes)
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.len().checked_add_signed(by),
        };
        self.at = at.ok_or(ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_window_reads_and_seeks_as_a_file_of_its_own() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let spooled = Body::Spooled { file, bytes: 10 };
        for body in [Body::Memory(b"0123456789".to_vec()), spooled] {
            let body = Arc::new(body);
            let mut window = Window::new(body.clone(), 2..7);
            let mut other = Window::new(body, 5..10);
            let mut read = String::new();
            assert_eq!(window.read(&mut [0; 2]).unwrap(), 2);
            other.read_to_string(&mut read).unwrap();
            assert_eq!(read, "56789");
            read.clear();
            window.read_to_string(&mut read).unwrap();
            assert_eq!(read, "456");
            assert_eq!(window.read(&mut [0; 2]).unwrap(), 0);
            for (to, rest) in [
                (SeekFrom::Start(1), "3456"),
                (SeekFrom::End(-1), "6"),
                (SeekFrom::Current(-5), "23456"),
                (SeekFrom::Start(u64::MAX), ""),
            ] {
                read.clear();
                window.seek(to).unwrap();
                window.read_to_string(&mut read).unwrap();
                assert_eq!(read, rest, "{to:?}");
            }
            assert!(window.seek(SeekFrom::End(-6)).is_err());
        }
        assert!(Window::new(Arc::new(Body::Memory(Vec::new())), 0..0).is_empty());
    }
}
