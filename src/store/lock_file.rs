//! LMDB's table of readers, a file that every process with the store open maps and writes to.
//!
//! LMDB only sets its length. On a full disk the first write to a page of it that has no room on the disk would end the
//! process (SIGBUS), at the start or when more clients than ever read at once; so the file gets its room before.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use vocabox_base::fault::Fault;

use crate::lmdb;

/// LMDB's name of the file.
const NAME: &str = "lock.mdb";
/// Bytes of one reader, and more than the table's head has (`MDB_reader` and `MDB_txninfo` in LMDB's mdb.c).
const READER_BYTES: u64 = 64;
const HEAD_BYTES: u64 = 4096;

/// Creates the file in the folder `dir`, if it is missing, and gives all of it room on the disk. Faults: `Missing` when the
/// disk is full or cannot be written.
pub(crate) fn give_room(dir: &Path, readers_max: u32) -> Result<(), Fault> {
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(dir.join(NAME));
    let file = opened.map_err(|error| lmdb::fault(error.into()))?;
    let bytes = HEAD_BYTES + u64::from(readers_max) * READER_BYTES;
    match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
        // File systems without this call do without the protection.
        Ok(()) | Err(Errno::OPNOTSUPP) => Ok(()),
        Err(error) => Err(lmdb::fault(std::io::Error::from(error).into())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use crate::Store;

    #[test]
    fn all_of_the_table_has_room_on_the_disk_in_new_and_in_old_stores() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store/lock.mdb");
        let is_whole = || {
            let file = path.metadata().unwrap();
            file.blocks() * 512 >= file.len()
        };
        drop(Store::open(dir.path()).unwrap());
        let bytes = path.metadata().unwrap().len();
        assert!(is_whole(), "a new one of {bytes} bytes");
        // As LMDB alone makes it.
        let old = std::fs::File::create(&path).unwrap();
        old.set_len(bytes).unwrap();
        assert!(!is_whole());
        drop(Store::open(dir.path()).unwrap());
        assert!(is_whole());
        assert_eq!(path.metadata().unwrap().len(), bytes);
    }
}
