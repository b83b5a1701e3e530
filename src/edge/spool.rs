//! Owns where bytes wait: in memory while they are few, else in a file that has no name any more.
//! Knows neither sockets nor HTTP.

use std::fs::{File, OpenOptions, remove_file};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::budget::{Budget, Share};
use crate::api::message::Body;
use crate::fault::{Fault, Kind};

/// The folder for spooled bytes and how many may be there at once.
pub(super) struct Spool {
    folder: PathBuf,
    budget: Arc<Budget>,
    memory_bytes_max: usize,
}

impl Spool {
    /// A spool in `folder` (made if missing) for `bytes_max` bytes in all files together; the error tells why
    /// a file cannot be made there.
    pub(super) fn open(folder: &Path, bytes_max: u64, memory_bytes_max: usize) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        nameless_file(folder)?.write_all(b"a place to write")?;
        Ok(Spool {
            folder: folder.to_owned(),
            budget: Budget::new(bytes_max),
            memory_bytes_max,
        })
    }

    /// Bytes that stay in memory.
    pub(super) fn memory_bytes_max(&self) -> u64 {
        self.memory_bytes_max as u64
    }

    /// Room for one body.
    pub(super) fn sink(&self) -> Sink<'_> {
        Sink {
            spool: self,
            memory: Vec::new(),
            file: None,
            bytes: 0,
            share: self.budget.share(),
        }
    }
}

/// A body that grows.
pub(super) struct Sink<'a> {
    spool: &'a Spool,
    memory: Vec<u8>,
    file: Option<File>,
    bytes: u64,
    share: Share,
}

/// A body that is whole, with its part of the spool: keep both together until the body has been used.
pub(super) struct Stored {
    pub(super) body: Body,
    pub(super) share: Share,
}

impl Sink<'_> {
    /// Bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds `more`. `Busy` when the spool is full or the disk fails.
    pub(super) fn write(&mut self, more: &[u8]) -> Result<(), Fault> {
        let bytes = self.bytes + more.len() as u64;
        if bytes > self.spool.memory_bytes_max() {
            self.spill(bytes, more)?;
        } else {
            self.memory.extend_from_slice(more);
        }
        self.bytes = bytes;
        Ok(())
    }

    fn spill(&mut self, bytes: u64, more: &[u8]) -> Result<(), Fault> {
        if !self.share.grow(bytes - self.share.units()) {
            return Err(no_room("the spool is full"));
        }
        let mut file = match self.file.take() {
            Some(file) => file,
            None => {
                let mut file = nameless_file(&self.spool.folder).map_err(no_room)?;
                file.write_all(&self.memory).map_err(no_room)?;
                self.memory = Vec::new();
                file
            }
        };
        file.write_all(more).map_err(no_room)?;
        self.file = Some(file);
        Ok(())
    }

    /// The whole body, its file at its start.
    pub(super) fn finish(self) -> Result<Stored, Fault> {
        let body = match self.file {
            None => Body::Memory(self.memory),
            Some(mut file) => {
                file.seek(SeekFrom::Start(0)).map_err(no_room)?;
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

fn no_room(cause: impl std::fmt::Display) -> Fault {
    Fault::new(
        Kind::Busy { retry_after_s: 1 },
        "There is no room for large bodies just now. Try again.",
    )
    .because(format!("spool: {cause}"))
}

/// A new file that only its owner could open, and that nobody can any more: it lives as long as it is held.
fn nameless_file(folder: &Path) -> io::Result<File> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("body-{}-{count}", std::process::id()));
    // A leftover of a crashed process with our number, from between these two calls, is in the way for ever.
    let _ = remove_file(&path);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("vocabox-spool-{name}-{}", std::process::id()))
    }

    #[test]
    fn bytes_past_memory_are_in_a_file_without_a_name_and_read_back_whole() {
        let folder = folder("past-memory");
        let spool = Spool::open(&folder, 100, 10).unwrap();
        let mut sink = spool.sink();
        for part in [&b"0123456"[..], b"789", b"abcdef", b"g"] {
            sink.write(part).unwrap();
        }
        let stored = sink.finish().unwrap();
        assert!(matches!(stored.body, Body::Spooled { bytes: 17, .. }));
        assert_eq!(spool.budget.used(), 17);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        let mut read = String::new();
        let mut reader = stored.body.into_reader().unwrap();
        reader.read_to_string(&mut read).unwrap();
        assert_eq!(read, "0123456789abcdefg");
        drop(stored.share);
        assert_eq!(spool.budget.used(), 0);
        let _ = std::fs::remove_dir(folder);
    }

    #[test]
    fn full_spool_is_busy_and_memory_costs_nothing_of_it() {
        let folder = folder("full");
        let spool = Spool::open(&folder, 20, 10).unwrap();
        let mut first = spool.sink();
        first.write(&[0; 15]).unwrap();
        let mut second = spool.sink();
        second.write(&[0; 10]).unwrap();
        assert_eq!(spool.budget.used(), 15);
        let fault = second.write(&[0; 1]).unwrap_err();
        assert_eq!(fault.kind, Kind::Busy { retry_after_s: 1 });
        drop(first);
        second.write(&[0; 1]).unwrap();
        let _ = std::fs::remove_dir(folder);
    }
}
