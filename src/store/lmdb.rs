//! LMDB as the store uses it: heed's environment and databases, with faults in place of heed's errors.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use heed::{
    BytesDecode, BytesEncode, CompactionOption, Database, DatabaseStat, EnvOpenOptions, MdbError,
    RoTxn, RwTxn, WithoutTls,
};
use rustix::process::{Resource, getrlimit};
use vocabox_base::disk;
use vocabox_base::fault::{Fault, Kind};
use vocabox_base::limits::{STORE_BYTES, STORE_FREE_PARTS};

/// The sentence of a store that cannot be mapped.
pub(crate) const NO_ADDRESS_SPACE: &str =
    "The store has no room in the address space of this process.";

/// LMDB's name for the file of an environment.
pub(crate) const DATA_FILE: &str = "data.mdb";

use crate::lock_file;

/// The open environment. Read transactions hold a reader slot for a lookup only, not as long as a thread lives.
#[derive(Clone)]
pub(crate) struct Env(heed::Env<WithoutTls>);

impl Env {
    /// Opens the environment in the folder `dir`, which no other user can read. It may grow to `map_bytes`; with none, as
    /// far as the program that opened it before allowed. Faults: `Missing`.
    pub(crate) fn open(
        dir: &Path,
        map_bytes: Option<usize>,
        readers_max: u32,
        databases: u32,
    ) -> Result<Self, Fault> {
        lock_file::give_room(dir, readers_max)?;
        let mut options = EnvOpenOptions::new().read_txn_without_tls();
        options.max_readers(readers_max).max_dbs(databases);
        // Without a size, LMDB reads it from the file, and gives a new file 1 MiB.
        match map_bytes {
            None if dir.join(DATA_FILE).exists() => {}
            bytes => {
                let bytes = bytes.unwrap_or(STORE_BYTES.default as usize);
                options.map_size(whole_pages(bytes));
            }
        }
        // SAFETY: only this program uses the files (mode 0700), through LMDB and with its locks on; heed refuses to
        // open them twice in this process.
        let env = unsafe { options.open(dir) }.map_err(fault)?;
        let env = Env(env);
        env.clear_stale_readers()?;
        Ok(env)
    }

    /// Bounds the environment to `map_bytes`, or to what it has if that is more. The caller has the only handle, so that no
    /// transaction is open.
    pub(crate) fn resize(&mut self, map_bytes: usize) -> Result<(), Fault> {
        // SAFETY: no transaction of this process is open.
        unsafe { self.0.resize(whole_pages(map_bytes)) }.map_err(fault)
    }

    /// Frees the reader slots of processes that were killed during a read: each keeps the pages of its snapshot, and the
    /// store would grow.
    pub(crate) fn clear_stale_readers(&self) -> Result<(), Fault> {
        self.0.clear_stale_readers().map(drop).map_err(fault)
    }

    /// Returns heed's environment, for creating databases.
    pub(crate) fn heed(&self) -> &heed::Env<WithoutTls> {
        &self.0
    }

    /// Returns the bytes that the store may grow to.
    pub(crate) fn map_bytes(&self) -> usize {
        self.0.info().map_size
    }

    /// Returns the bytes of the file. Faults: `Missing` when the disk does not tell.
    pub(crate) fn file_bytes(&self) -> Result<u64, Fault> {
        self.0.real_disk_size().map_err(fault)
    }

    /// Returns the bytes of pages that all histories together may keep.
    pub(crate) fn history_bytes_kept(&self) -> usize {
        let map_bytes = self.map_bytes();
        map_bytes - map_bytes / STORE_FREE_PARTS
    }

    /// Returns a read transaction: a snapshot of what is committed now. Faults: `Busy` when too many are open.
    pub(crate) fn read_txn(&self) -> Result<RoTxn<'_, WithoutTls>, Fault> {
        self.0.read_txn().map_err(fault)
    }

    /// Whether LMDB refuses every transaction from now on: a write of a root page has failed.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.0.read_txn(), Err(heed::Error::Mdb(MdbError::Panic)))
    }

    /// Copies what is committed now, without free pages, to the file of an environment in the folder `dir`; it is on the disk
    /// when this returns. Faults: `Missing` when the disk is full or cannot be written.
    pub(crate) fn copy_to(&self, dir: &Path) -> Result<(), Fault> {
        self.copy_to_file(&dir.join(DATA_FILE))
    }

    /// As [`Env::copy_to`], to the file `path`.
    pub(crate) fn copy_to_file(&self, path: &Path) -> Result<(), Fault> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path);
        let mut file = file.map_err(|error| fault(error.into()))?;
        (self.0.copy_to_file(&mut file, CompactionOption::Enabled)).map_err(fault)?;
        file.sync_all().map_err(|error| fault(error.into()))
    }

    /// Returns the only write transaction; waits for that of another process.
    pub(crate) fn write_txn(&self) -> Result<RwTxn<'_>, Fault> {
        self.0.write_txn().map_err(fault)
    }
}

/// `bytes` as heed takes sizes; no page of memory is larger than 64 KiB.
fn whole_pages(bytes: usize) -> usize {
    bytes.next_multiple_of(64 * 1024)
}

/// A key and its value.
type Entry<'txn, K, V> = (
    <K as BytesDecode<'txn>>::DItem,
    <V as BytesDecode<'txn>>::DItem,
);

/// One database with keys of `K` and values of `V`. The methods are those of heed's `Database`; their faults are those
/// of [`fault`].
pub(crate) struct Table<'t, K, V>(Database<'t, K, V>);

impl<K, V> Clone for Table<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Table<'_, K, V> {}

impl<'t, K, V> From<Database<'t, K, V>> for Table<'t, K, V> {
    fn from(database: Database<'t, K, V>) -> Self {
        Table(database)
    }
}

impl<'t, K: 'static, V: 'static> Table<'t, K, V> {
    /// Returns the same database with its values decoded as `W`.
    pub(crate) fn remap_data_type<W>(self) -> Table<'t, K, W> {
        Table(self.0.remap_data_type())
    }

    /// Returns LMDB's page statistics of the database.
    pub(crate) fn stat(&self, txn: &RoTxn) -> Result<DatabaseStat, Fault> {
        self.0.stat(txn).map_err(fault)
    }

    /// Returns the number of entries.
    pub(crate) fn len(&self, txn: &RoTxn) -> Result<u64, Fault> {
        self.0.len(txn).map_err(fault)
    }

    /// Returns the value of `key`, if there is one.
    pub(crate) fn get<'a, 'txn>(
        &self,
        txn: &'txn RoTxn,
        key: &'a K::EItem,
    ) -> Result<Option<V::DItem>, Fault>
    where
        K: BytesEncode<'a>,
        V: BytesDecode<'txn>,
    {
        self.0.get(txn, key).map_err(fault)
    }

    /// Returns the first entry whose key is not below `key`.
    pub(crate) fn get_greater_than_or_equal_to<'a, 'txn>(
        &self,
        txn: &'txn RoTxn,
        key: &'a K::EItem,
    ) -> Result<Option<Entry<'txn, K, V>>, Fault>
    where
        K: BytesEncode<'a> + BytesDecode<'txn>,
        V: BytesDecode<'txn>,
    {
        self.0.get_greater_than_or_equal_to(txn, key).map_err(fault)
    }

    /// Returns the first entry.
    pub(crate) fn first<'txn>(&self, txn: &'txn RoTxn) -> Result<Option<Entry<'txn, K, V>>, Fault>
    where
        K: BytesDecode<'txn>,
        V: BytesDecode<'txn>,
    {
        self.0.first(txn).map_err(fault)
    }

    /// Returns all entries in the order of their keys.
    pub(crate) fn iter<'txn>(
        &self,
        txn: &'txn RoTxn,
    ) -> Result<impl Iterator<Item = Result<Entry<'txn, K, V>, Fault>> + use<'txn, K, V>, Fault>
    where
        K: BytesDecode<'txn>,
        V: BytesDecode<'txn>,
    {
        let entries = self.0.iter(txn).map_err(fault)?;
        Ok(entries.map(|entry| entry.map_err(fault)))
    }

    /// Returns the entries whose keys start with `prefix`, in the order of their keys.
    pub(crate) fn prefix_iter<'a, 'txn>(
        &self,
        txn: &'txn RoTxn,
        prefix: &'a <K as BytesEncode<'a>>::EItem,
    ) -> Result<impl Iterator<Item = Result<Entry<'txn, K, V>, Fault>> + use<'txn, K, V>, Fault>
    where
        K: BytesEncode<'a> + BytesDecode<'txn>,
        V: BytesDecode<'txn>,
    {
        let entries = self.0.prefix_iter(txn, prefix).map_err(fault)?;
        Ok(entries.map(|entry| entry.map_err(fault)))
    }

    /// Returns the entries whose keys start with `prefix`, the last key first.
    pub(crate) fn rev_prefix_iter<'a, 'txn>(
        &self,
        txn: &'txn RoTxn,
        prefix: &'a <K as BytesEncode<'a>>::EItem,
    ) -> Result<impl Iterator<Item = Result<Entry<'txn, K, V>, Fault>> + use<'txn, K, V>, Fault>
    where
        K: BytesEncode<'a> + BytesDecode<'txn>,
        V: BytesDecode<'txn>,
    {
        let entries = self.0.rev_prefix_iter(txn, prefix).map_err(fault)?;
        Ok(entries.map(|entry| entry.map_err(fault)))
    }

    /// Sets the value of `key`.
    pub(crate) fn put<'a>(
        &self,
        txn: &mut RwTxn,
        key: &'a K::EItem,
        value: &'a V::EItem,
    ) -> Result<(), Fault>
    where
        K: BytesEncode<'a>,
        V: BytesEncode<'a>,
    {
        self.0.put(txn, key, value).map_err(fault)
    }

    /// Returns the existing value of `key`; when there is none, sets it to `value` and returns none.
    pub(crate) fn get_or_put<'a>(
        &'a self,
        txn: &mut RwTxn,
        key: &'a K::EItem,
        value: &'a V::EItem,
    ) -> Result<Option<V::DItem>, Fault>
    where
        K: BytesEncode<'a>,
        V: BytesEncode<'a> + BytesDecode<'a>,
    {
        self.0.get_or_put(txn, key, value).map_err(fault)
    }

    /// Removes `key`; returns whether it existed.
    pub(crate) fn delete<'a>(&self, txn: &mut RwTxn, key: &'a K::EItem) -> Result<bool, Fault>
    where
        K: BytesEncode<'a>,
    {
        self.0.delete(txn, key).map_err(fault)
    }

    /// Removes every entry whose key starts with `prefix`; returns what `of` made of each value, in the order of the
    /// keys.
    pub(crate) fn remove_prefix<'a, 'txn, T: 'static>(
        &self,
        txn: &'txn mut RwTxn,
        prefix: &'a <K as BytesEncode<'a>>::EItem,
        of: impl Fn(V::DItem) -> T,
    ) -> Result<Vec<T>, Fault>
    where
        K: BytesEncode<'a> + BytesDecode<'txn>,
        V: BytesDecode<'txn>,
    {
        let mut removed = Vec::new();
        let mut entries = self.0.prefix_iter_mut(txn, prefix).map_err(fault)?;
        while let Some(entry) = entries.next() {
            removed.push(of(entry.map_err(fault)?.1));
            // SAFETY: `of` returns a `'static` value, so that nothing read from the entry is used after its removal.
            unsafe { entries.del_current() }.map_err(fault)?;
        }
        Ok(removed)
    }
}

/// A fault, or an error of heed that becomes one: for heed's calls that take a closure.
pub(crate) enum Failure {
    Heed(heed::Error),
    Fault(Fault),
}

impl From<heed::Error> for Failure {
    fn from(error: heed::Error) -> Self {
        Failure::Heed(error)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Failure::Fault(fault)
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Heed(error) => fault(error),
            Failure::Fault(fault) => fault,
        }
    }
}

/// Returns the fault for `error`: `Missing` when the disk or the map is full or the folder cannot be used, `Busy` when
/// too many transactions read at once, `Internal` for a value that cannot be decoded.
pub(crate) fn fault(error: heed::Error) -> Fault {
    let fault = match &error {
        heed::Error::Mdb(MdbError::MapFull) => {
            Fault::missing("The store is full: its operator has to make room.")
        }
        heed::Error::Mdb(MdbError::ReadersFull) => Fault::new(
            Kind::Busy { retry_after_s: 1 },
            "Too many requests read the store at once. Try again.",
        ),
        heed::Error::Io(error) => match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                disk::note_full();
                Fault::missing("The disk of the store is full: its operator has to make room.")
            }
            ErrorKind::OutOfMemory => {
                let may = getrlimit(Resource::As).current;
                let may = may.map_or("all of it".to_owned(), |bytes| {
                    format!("{} MiB", bytes >> 20)
                });
                return Fault::missing(NO_ADDRESS_SPACE).because(format!(
                    "it takes as much as --store-bytes, {} MiB by default, and the process may have {may}: raise `ulimit -v`, or start the server with a smaller --store-bytes",
                    STORE_BYTES.default >> 20
                ));
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                Fault::missing("The data folder cannot be written.")
            }
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                Fault::missing("The data folder is not a folder.")
            }
            _ => Fault::missing("The store cannot be read or written."),
        },
        heed::Error::Encoding(_) | heed::Error::Decoding(_) => return Fault::internal(error),
        heed::Error::EnvAlreadyOpened => {
            Fault::missing("The store is open already in this process.")
        }
        // LMDB no longer knows what is on the disk, because a write of a root page failed.
        heed::Error::Mdb(MdbError::Panic) => {
            Fault::missing("The store has failed: its operator has to start the server again.")
        }
        heed::Error::Mdb(MdbError::MapResized) => Fault::missing(
            "Another program made the store larger than this server may: its operator has to start the server again.",
        ),
        heed::Error::Mdb(_) => Fault::missing("The store cannot be read or written."),
    };
    fault.because(error)
}
