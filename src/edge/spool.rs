//! Holds waiting bytes: in memory while they are few and memory has space, else in an unnamed file. Knows neither
//! sockets nor HTTP.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::message::Body;
use vocabox_base::budget::{Budget, Share};
use vocabox_base::disk;
use vocabox_base::fault::{Fault, Kind};
use vocabox_base::folder::make_private;

/// Bytes that are collected for one write to a file: chunks of a body may have one byte each.
const WRITE_BYTES: usize = 64 * 1024;

/// How many bytes may wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpoolLimits {
    /// In all files together.
    pub(crate) files: u64,
    /// In files, those of one owner, whatever others have.
    pub(crate) files_least: u64,
    /// In memory, all bodies together.
    pub(crate) memory: u64,
    /// In memory, one body.
    pub(crate) memory_each: usize,
}

/// The folder for spooled bytes, and the bytes that wait now.
pub(crate) struct Spool {
    folder: PathBuf,
    files: Arc<Budget>,
    memory: Arc<Budget>,
    memory_each: u64,
}

impl Spool {
    /// Opens a spool in `folder` (created if missing); the error says why no file can be created there.
    pub(crate) fn open(folder: &Path, room: SpoolLimits) -> io::Result<Self> {
        make_private(folder)?;
        tempfile::tempfile_in(folder)?.write_all(b"a place to write")?;
        Ok(Spool {
            folder: folder.to_owned(),
            files: Budget::new(room.files, room.files_least),
            memory: Budget::new(room.memory, 0),
            memory_each: room.memory_each as u64,
        })
    }

    /// Returns the most bytes of one body that stay in memory.
    pub(crate) fn memory_bytes_max(&self) -> u64 {
        self.memory_each
    }

    /// Returns a sink for one body of `owner`.
    pub(crate) fn sink(&self, owner: Option<u64>) -> Sink<'_> {
        Sink {
            spool: self,
            owner,
            waits: Waits::Memory(Vec::new()),
            bytes: 0,
            // What exceeds an owner's memory goes to a file.
            share: self.memory.share(owner),
        }
    }
}

/// A body that is being written.
pub(crate) struct Sink<'a> {
    spool: &'a Spool,
    owner: Option<u64>,
    waits: Waits,
    bytes: u64,
    /// The share of memory or files, depending on `waits`.
    share: Share,
}

enum Waits {
    Memory(Vec<u8>),
    File(BufWriter<File>),
}

/// A complete body with its share of the budget: keep both together until the body has been used.
pub(crate) struct Stored {
    pub(crate) body: Body,
    pub(crate) share: Share,
}

impl Sink<'_> {
    /// Returns the bytes so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds `more`. `Busy` when the spool is full or the disk fails.
    pub(crate) fn write(&mut self, more: &[u8]) -> Result<(), Fault> {
        let bytes = self.bytes + more.len() as u64;
        if let Waits::Memory(memory) = &mut self.waits {
            if bytes <= self.spool.memory_each && self.share.grow(more.len() as u64) {
                memory.extend_from_slice(more);
                self.bytes = bytes;
                return Ok(());
            }
            self.spill()?;
        }
        if !self.share.grow(more.len() as u64) {
            return Err(no_room("the spool is full"));
        }
        if let Waits::File(file) = &mut self.waits {
            file.write_all(more).map_err(unwritten)?;
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Fills `block` from the byte `from` on, as far as there are bytes, and returns how many. Fault: `Busy` when the
    /// disk fails.
    pub(crate) fn read_at(&mut self, from: u64, block: &mut [u8]) -> Result<usize, Fault> {
        let most = block.len().min((self.bytes - from) as usize);
        let block = &mut block[..most];
        match &mut self.waits {
            Waits::Memory(memory) => block.copy_from_slice(&memory[from as usize..][..most]),
            Waits::File(file) => {
                file.flush().map_err(unwritten)?;
                file.get_ref()
                    .read_exact_at(block, from)
                    .map_err(unwritten)?;
            }
        }
        Ok(most)
    }

    /// Moves the bytes from memory to a file.
    fn spill(&mut self) -> Result<(), Fault> {
        let Waits::Memory(memory) = &self.waits else {
            return Ok(());
        };
        let mut share = self.spool.files.share(self.owner);
        if !share.grow(self.bytes) {
            return Err(no_room("the spool is full"));
        }
        let file = tempfile::tempfile_in(&self.spool.folder).map_err(unwritten)?;
        let mut file = BufWriter::with_capacity(WRITE_BYTES, file);
        file.write_all(memory).map_err(unwritten)?;
        self.waits = Waits::File(file);
        self.share = share;
        Ok(())
    }

    /// Returns the whole body, its file positioned at its start.
    pub(crate) fn finish(self) -> Result<Stored, Fault> {
        let body = match self.waits {
            Waits::Memory(memory) => Body::Memory(memory),
            Waits::File(file) => {
                let mut file = file.into_inner().map_err(|e| unwritten(e.into_error()))?;
                file.seek(SeekFrom::Start(0)).map_err(unwritten)?;
                Body::Spooled {
                    file,
                    bytes: self.bytes,
                }
            }
        };
        Ok(Stored {
            body,
            share: self.share,
        })
    }
}

/// The fault of a file that cannot be written.
fn unwritten(error: io::Error) -> Fault {
    if matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    ) {
        disk::note_full();
    }
    no_room(error)
}

fn no_room(cause: impl std::fmt::Display) -> Fault {
    Fault::new(
        Kind::Busy { retry_after_s: 1 },
        "There is no room for large bodies just now. Try again.",
    )
    .because(format!("spool: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn spool(folder: &tempfile::TempDir, files: u64, memory: u64) -> Spool {
        let room = SpoolLimits {
            files,
            files_least: 0,
            memory,
            memory_each: 10,
        };
        Spool::open(folder.path(), room).unwrap()
    }

    fn read(stored: Stored) -> String {
        let mut read = String::new();
        let mut reader = stored.body.into_reader();
        reader.read_to_string(&mut read).unwrap();
        read
    }

    #[test]
    fn bytes_past_memory_are_in_a_file_without_a_name_and_read_back_whole() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder, 100, 100);
        let mut sink = spool.sink(None);
        for part in [&b"0123456"[..], b"789", b"abcdef", b"g"] {
            sink.write(part).unwrap();
        }
        let stored = sink.finish().unwrap();
        assert!(matches!(stored.body, Body::Spooled { bytes: 17, .. }));
        assert_eq!((spool.files.used(), spool.memory.used()), (17, 0));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        assert_eq!(read(stored), "0123456789abcdefg");
        assert_eq!(spool.files.used(), 0);
    }

    #[test]
    fn full_spool_is_busy_and_memory_costs_nothing_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder, 20, 100);
        let mut first = spool.sink(None);
        first.write(&[0; 15]).unwrap();
        let mut second = spool.sink(None);
        second.write(&[0; 10]).unwrap();
        assert_eq!((spool.files.used(), spool.memory.used()), (15, 10));
        let fault = second.write(&[0; 1]).unwrap_err();
        assert_eq!(fault.kind, Kind::Busy { retry_after_s: 1 });
        drop(first);
        second.write(&[0; 1]).unwrap();
        assert_eq!((spool.files.used(), spool.memory.used()), (11, 0));
    }

    #[test]
    fn what_waits_can_be_read_while_more_comes() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder, 40, 100);
        let mut sink = spool.sink(None);
        let mut block = [0; 8];
        for (more, from, read) in [
            (&b"01234"[..], 3, &b"34"[..]),
            (b"56789abcdef", 4, b"456789ab"),
        ] {
            sink.write(more).unwrap();
            let bytes = sink.read_at(from, &mut block).unwrap();
            assert_eq!(&block[..bytes], read);
        }
        assert!(matches!(sink.waits, Waits::File(_)));
        assert_eq!(sink.read_at(16, &mut block).unwrap(), 0);
    }

    #[test]
    fn what_memory_has_no_room_for_is_spooled_however_small() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder, 20, 12);
        let mut first = spool.sink(None);
        first.write(b"0123456789").unwrap();
        let mut second = spool.sink(None);
        for part in [b"ab", b"cd"] {
            second.write(part).unwrap();
        }
        let second = second.finish().unwrap();
        assert!(matches!(second.body, Body::Spooled { bytes: 4, .. }));
        assert_eq!(read(second), "abcd");
        let first = first.finish().unwrap();
        assert!(matches!(&first.body, Body::Memory(_)));
        drop(first);
        assert_eq!((spool.files.used(), spool.memory.used()), (0, 0));
    }
}
