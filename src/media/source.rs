//! A seekable input of known length, which never reads past its end.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use vocabox_base::interrupted::uninterrupted;

use super::damaged;
use vocabox_audio::decode::{Patched, mended_matroska};
use vocabox_base::fault::Fault;

/// Bytes that are read ahead or copied at a time.
const BLOCK_BYTES: usize = 64 * 1024;

/// The input of a mux. A read past the file's end is `Invalid`; other faults are `Internal`.
pub struct Source<R> {
    reader: BufReader<Patched<R>>,
    at: u64,
    bytes: u64,
}

impl<R: Read + Seek> Source<R> {
    /// Returns a source over `reader` from its first byte, wherever it stands.
    pub fn new(reader: R) -> Result<Self, Fault> {
        Source::over(Patched::new(reader, Vec::new()))
    }

    /// As [`Source::new`], with the lengths of a Matroska film that breaks off corrected to what is there.
    pub fn mended(reader: R) -> Result<Self, Fault> {
        Source::over(mended_matroska(reader))
    }

    fn over(reader: io::Result<Patched<R>>) -> Result<Self, Fault> {
        let mut reader = reader.map_err(Fault::internal)?;
        let bytes = reader.seek(SeekFrom::End(0)).map_err(Fault::internal)?;
        reader.rewind().map_err(Fault::internal)?;
        Ok(Source {
            reader: BufReader::with_capacity(BLOCK_BYTES, reader),
            at: 0,
            bytes,
        })
    }

    /// Returns the file's length.
    pub fn length(&self) -> u64 {
        self.bytes
    }

    /// Returns the position of the next read.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Seeks to `to`, at most the file's end.
    pub fn go(&mut self, to: u64) -> Result<(), Fault> {
        if to > self.bytes {
            return Err(cut_off());
        }
        // A seek within the read-ahead buffer costs nothing.
        let by = to as i64 - self.at as i64;
        self.reader.seek_relative(by).map_err(Fault::internal)?;
        self.at = to;
        Ok(())
    }

    /// Fills `buffer`.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Fault> {
        if buffer.len() as u64 > self.bytes - self.at {
            return Err(cut_off());
        }
        self.reader.read_exact(buffer).map_err(Fault::internal)?;
        self.at += buffer.len() as u64;
        Ok(())
    }

    /// Returns the next `count` bytes, at most `most`; `what` names them in the fault.
    pub fn take(&mut self, count: u64, most: u64, what: &str) -> Result<Vec<u8>, Fault> {
        if count > self.bytes - self.at {
            return Err(cut_off());
        }
        if count > most {
            return Err(Fault::invalid(format!(
                "file has {count} bytes of {what}; {most} are accepted"
            )));
        }
        let mut taken = vec![0; count as usize];
        self.fill(&mut taken)?;
        Ok(taken)
    }

    /// Copies the next `count` bytes to `out`.
    pub fn copy(&mut self, mut count: u64, out: &mut impl Write) -> Result<(), Fault> {
        let mut block = [0; BLOCK_BYTES];
        while count > 0 {
            let part = &mut block[..count.min(BLOCK_BYTES as u64) as usize];
            self.fill(part)?;
            out.write_all(part).map_err(Fault::disk)?;
            count -= part.len() as u64;
        }
        Ok(())
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = uninterrupted(|| self.reader.read(buffer))?;
        self.at += read as u64;
        Ok(read)
    }
}

fn cut_off() -> Fault {
    damaged("it is cut off, or points behind its end")
}
