//! How large the store is, and how much of it history takes.

use std::path::Path;

use vocabox_base::fault::Fault;

use crate::Store;
use crate::lmdb;

/// The size of the store at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreSize {
    /// Bytes of its file, which never shrinks: what was freed is used again before it grows.
    pub file_bytes: u64,
    /// Bytes that it may grow to.
    pub map_bytes: u64,
    /// Items of the histories of all accounts.
    pub history_items: u64,
    pub accounts: u64,
    pub keys: u64,
    pub voices: u64,
    pub jobs: u64,
}

impl Store {
    /// Returns how large the store is now; it reads no records. Faults: those of reading the store.
    pub fn size(&self) -> Result<StoreSize, Fault> {
        let tables = self.tables;
        let txn = self.env.read_txn()?;
        Ok(StoreSize {
            file_bytes: self.env.file_bytes()?,
            map_bytes: self.env.map_bytes() as u64,
            history_items: tables.history.len(&txn)?,
            accounts: tables.accounts.len(&txn)?,
            keys: tables.keys.len(&txn)?,
            voices: tables.voices.len(&txn)?,
            jobs: tables.jobs.len(&txn)?,
        })
    }

    /// Whether `data_dir` has a store: opening one that is not there would make it.
    pub fn is_in(data_dir: &Path) -> bool {
        data_dir
            .join(crate::STORE_FOLDER)
            .join(lmdb::DATA_FILE)
            .exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::open;

    #[test]
    fn the_size_counts_what_is_in_the_store() {
        let (dir, store) = open();
        assert!(Store::is_in(dir.path()) && !Store::is_in(&dir.path().join("store")));
        let before = store.size().unwrap();
        assert_eq!((before.accounts, before.history_items), (0, 0));
        assert!(before.file_bytes > 0 && before.file_bytes < before.map_bytes);
        store.create_account("a", 60, true, None).unwrap();
        assert_eq!(store.size().unwrap().accounts, 1);
    }
}
