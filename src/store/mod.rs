//! What must survive a power cut: accounts, keys, history, in one LMDB environment.
//!
//! The only place that names `heed`. Reads are short transactions on the caller's thread and see what any
//! process committed before; writes go through one thread (`writer.rs`) and are on the disk when they return.
//! A second process (the command line) may have the same store open at the same time.
//! It knows nothing of requests and statuses.

mod accounts;
mod codec;
mod history;
mod keys;
mod upgrade;
mod writer;

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use heed::byteorder::BigEndian;
use heed::types::{Bytes, Str, U64, Unit};
use heed::{CommitOrAbort, Database, Env, EnvOpenOptions, MdbError, RwTxn, WithoutTls};

pub use accounts::{Account, check_name, check_rpm};
pub use codec::{AccountId, ItemId, KeyId, Utc};
pub use history::{Feature, HistoryItem, Page, Status};
pub use keys::{Key, KeyEnv, Secret};

use crate::fault::{Fault, Kind};
use crate::limits::{NAME_CHARS_MAX, STORE_MAP_BYTES, STORE_READERS_MAX, STORE_WRITABLE_MS};
use codec::Json;

const META: &str = "meta";
const ACCOUNTS: &str = "accounts";
const ACCOUNT_NAMES: &str = "account_names";
const KEYS: &str = "keys";
const HISTORY: &str = "history";
const HISTORY_INDEX: &str = "history_index";
const HISTORY_COUNTS: &str = "history_counts";
const DATABASES: u32 = 7;

const CHECKED_AT: &str = "checked_at";
/// LMDB's own bound on a key; account names are keys.
const LMDB_KEY_BYTES_MAX: usize = 511;
const _: () = assert!(NAME_CHARS_MAX * char::MAX.len_utf8() <= LMDB_KEY_BYTES_MAX);

type Count = U64<BigEndian>;
type Meta<'t> = Database<'t, Str, Count>;

/// The databases; their keys are laid out in [`codec`].
#[derive(Clone, Copy)]
struct Tables {
    meta: Meta<'static>,
    accounts: Database<'static, Bytes, Json<Account>>,
    account_names: Database<'static, Str, Count>,
    keys: Database<'static, Bytes, Json<keys::KeyRecord>>,
    /// JSON of a `HistoryItem`.
    history: Database<'static, Bytes, Bytes>,
    /// Each item twice: among all of its account, and among those of its feature.
    history_index: Database<'static, Bytes, Unit>,
    history_counts: Database<'static, Bytes, Count>,
}

/// The open store. Closed by [`Store::close`] or when the last owner drops it.
pub struct Store {
    // Without thread-local reader slots: a slot is held for a lookup only, not as long as a thread lives.
    env: Env<WithoutTls>,
    tables: Tables,
    uses: Arc<keys::Uses>,
    writer: writer::Writer,
}

impl Store {
    /// Opens the store in the folder `store` of `data_dir`; makes both, for this user alone, when they are missing.
    /// Fault: `Missing`; its cause, for the operator, names the folder.
    pub fn open(data_dir: &Path) -> Result<Arc<Store>, Fault> {
        Store::open_sized(data_dir, STORE_MAP_BYTES)
    }

    fn open_sized(data_dir: &Path, map_bytes: usize) -> Result<Arc<Store>, Fault> {
        let dir = data_dir.join("store");
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&dir)
            .map_err(heed::Error::Io)
            .and_then(|()| {
                let mut options = EnvOpenOptions::new().read_txn_without_tls();
                options
                    .map_size(map_bytes)
                    .max_readers(STORE_READERS_MAX)
                    .max_dbs(DATABASES);
                // SAFETY: the files are ours alone (0700), reached through LMDB only and with its locks on;
                // heed refuses to open them twice in this process.
                unsafe { options.open(&dir) }
            })
            .map_err(Fault::from)
            .and_then(Store::over)
            .map_err(|fault| {
                let cause = fault.cause.as_deref().unwrap_or("refused");
                let cause = format!("{}: {cause}; --data-dir chooses another", dir.display());
                fault.because(cause)
            })
    }

    fn over(env: Env<WithoutTls>) -> Result<Arc<Store>, Fault> {
        env.clear_stale_readers()?;
        let txn = env.write_txn()?;
        let tables = env.create_databases_and_commit(txn, |open, txn| -> Result<_, Fault> {
            let meta = open.create_database(txn, Some(META))?;
            upgrade::run(txn, meta)?;
            Ok(CommitOrAbort::<_, ()>::Commit((
                meta,
                open.create_database(txn, Some(ACCOUNTS))?,
                open.create_database(txn, Some(ACCOUNT_NAMES))?,
                open.create_database(txn, Some(KEYS))?,
                open.create_database(txn, Some(HISTORY))?,
                open.create_database(txn, Some(HISTORY_INDEX))?,
                open.create_database(txn, Some(HISTORY_COUNTS))?,
            )))
        })?;
        let (meta, accounts, account_names, keys, history, history_index, history_counts) =
            tables.unwrap_commit();
        let tables = Tables {
            meta,
            accounts,
            account_names,
            keys,
            history,
            history_index,
            history_counts,
        };
        let uses = Arc::new(keys::Uses::default());
        let riders = uses.clone();
        let ride_along = Box::new(move || riders.take(tables));
        let writer = writer::Writer::start(env.clone(), ride_along).map_err(Fault::internal)?;
        Ok(Arc::new(Store {
            env,
            tables,
            uses,
            writer,
        }))
    }

    /// Nothing, when a write reached the disk within the last `STORE_WRITABLE_MS` or reaches it now.
    /// Faults: as any write.
    pub fn check_writable(&self) -> Result<(), Fault> {
        if self.writer.committed_within(STORE_WRITABLE_MS) {
            return Ok(());
        }
        let meta = self.tables.meta;
        let now = Utc::now().ms_since(Utc::EPOCH);
        self.write(move |txn| Ok(meta.put(txn, CHECKED_AT, &now)?))
    }

    /// Writes what waits to the disk and refuses writes from then on. Reads go on until the store is dropped.
    pub fn close(&self) {
        self.writer.stop();
    }

    /// See [`writer::Writer::write`]. Every write of the store is one call of this.
    fn write<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut RwTxn<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.writer.write(work)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

impl From<heed::Error> for Fault {
    fn from(error: heed::Error) -> Self {
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
                    Fault::missing("The disk of the store is full: its operator has to make room.")
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
            heed::Error::Mdb(_) => Fault::missing("The store cannot be read or written."),
        };
        fault.because(error)
    }
}

#[cfg(test)]
mod tests;
#[derive(Clone, Copy)]
pub struct Retention {
    pub items_max: u64,
    pub days_max: Option<u32>,
}
impl Store {
    pub fn serve(d: &Path, _: Retention) -> Result<Arc<Store>, Fault> {
        Store::open(d)
    }
    pub fn delete_item(&self, _: AccountId, _: ItemId) -> Result<(), Fault> {
        Ok(())
    }
}
