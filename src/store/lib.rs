//! Data that must survive a power failure (accounts, keys with their token buckets, history, voices, jobs, lexicons, named speakers), in one
//! LMDB environment.
//!
//! The only place that names `heed`. Reads are short transactions on the caller's thread and see what any
//! process committed before; writes go through one thread (`writer.rs`) and are on the disk when they return.
//! A second process (the command line) may have the same store open at the same time.
//! It knows nothing of requests and statuses.

mod account_records;
mod accounts;
mod age;
pub mod backup;
mod codec;
mod data_folder;
mod folders;
mod history;
mod ids;
mod job_room;
mod jobs;
mod keys;
mod lexicons;
mod lmdb;
mod lock_file;
mod named_speakers;
mod order;
mod prune;
mod purge;
mod quotas;
mod rate_limit;
mod seal;
mod served;
mod size;
mod transfer;
mod upgrade;
mod voices;
mod writer;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use heed::byteorder::BigEndian;
use heed::types::{Bytes, Str, U64, Unit};
use heed::{CommitOrAbort, RwTxn};

pub use accounts::{Account, AccountChanges, HistoryFate, check_rpm};
pub use folders::{Folders, NewFile};
pub use history::{HistoryItem, Page, Status};
pub use ids::{AccountId, Feature, ItemId, JobId, KeyId, SpeakerId, Utc, VoiceId};
pub use job_room::JobRoom;
pub use jobs::{Job, JobKind, JobStatus, RESULT};
pub use keys::{Key, KeyEnv, KeyLimits, Secret, check_concurrent};
pub use lexicons::{LexiconEntry, LexiconRecord};
pub use named_speakers::NamedSpeaker;
pub use prune::Retention;
pub use quotas::{AccountQuotas, QuotaChanges};
pub use rate_limit::bucket::Level;
pub use rate_limit::buckets::Draw;
pub use rate_limit::clock::Clock;
pub use size::StoreSize;
pub use transfer::{Imported, PortableAccount};
pub use voices::{ClonedStyle, ClonedVoice, VoiceConsent};

use codec::Json;
use lmdb::{Env, Failure, Table};
use rate_limit::buckets;
use vocabox_base::fault::Fault;
use vocabox_base::folder;
use vocabox_base::limits::{
    NAME_CHARS_MAX, STORE_BYTES, STORE_READERS_MAX, STORE_SPARE_PARTS, STORE_WRITABLE_MS,
};
pub use vocabox_base::names::check_name;

const META: &str = "meta";
const ACCOUNTS: &str = "accounts";
const ACCOUNT_NAMES: &str = "account_names";
const KEYS: &str = "keys";
const HISTORY: &str = "history";
const HISTORY_INDEX: &str = "history_index";
const HISTORY_COUNTS: &str = "history_counts";
const BUCKETS: &str = "buckets";
const PURGES: &str = "purges";
const VOICES: &str = "voices";
const JOBS: &str = "jobs";
const LEXICONS: &str = "lexicons";
const SPEAKERS: &str = "speakers";
const DATABASES: u32 = 13;

/// The folder of the data folder that has LMDB's files.
const STORE_FOLDER: &str = "store";

/// The only server of a data folder holds a lock on it as long as it lives.
const LOCK_FILE: &str = "serve.lock";

const CHECKED_AT: &str = "checked_at";
/// Bytes that the last server allowed the store to grow to. LMDB's own note of it never falls.
const MAP_BYTES: &str = "map_bytes";
/// LMDB's bound on a key; account names are keys.
const LMDB_KEY_BYTES_MAX: usize = 511;
const _: () = assert!(NAME_CHARS_MAX * char::MAX.len_utf8() <= LMDB_KEY_BYTES_MAX);

type Count = U64<BigEndian>;
type Meta<'t> = Table<'t, Str, Count>;

/// The databases; their keys are laid out in [`codec`].
#[derive(Clone, Copy)]
struct Tables {
    meta: Meta<'static>,
    accounts: Table<'static, Bytes, Json<Account>>,
    account_names: Table<'static, Str, Count>,
    keys: Table<'static, Bytes, Json<keys::KeyRecord>>,
    /// JSON of a `HistoryItem`, sealed.
    history: Table<'static, Bytes, Bytes>,
    /// Each item twice: in the index of its whole account, and in that of its feature.
    history_index: Table<'static, Bytes, Unit>,
    history_counts: Table<'static, Bytes, Count>,
    /// Buckets of the keys that have called; a key without a record has a full bucket.
    buckets: Table<'static, Bytes, Json<buckets::BucketRecord>>,
    /// Deleted accounts whose history has to be removed.
    purges: Table<'static, Bytes, Unit>,
    /// Cloned voices.
    voices: Table<'static, Bytes, Json<voices::VoiceRecord>>,
    /// Dubbing jobs.
    jobs: Table<'static, Bytes, Json<Job>>,
    /// JSON of a `LexiconRecord`, sealed.
    lexicons: Table<'static, Bytes, Bytes>,
    /// JSON of a list of `NamedSpeaker`, sealed.
    speakers: Table<'static, Bytes, Bytes>,
}

/// What a server's store may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreBounds {
    /// Bytes that its file may grow to: address space until they are used.
    pub bytes_max: usize,
    pub retention: Retention,
}

impl Default for StoreBounds {
    fn default() -> Self {
        StoreBounds {
            bytes_max: STORE_BYTES.default as usize,
            retention: Retention::default(),
        }
    }
}

/// The open store. It closes by [`Store::close`] or when the last owner drops it.
pub struct Store {
    env: Env,
    tables: Tables,
    uses: Arc<keys::Uses>,
    buckets: Arc<buckets::Buckets>,
    writer: Arc<writer::Writer>,
    history_bytes_max: usize,
    seals: Arc<seal::Seals>,
    voice_files: Folders<VoiceId>,
    job_files: Folders<JobId>,
    /// What dubbing made of an account's texts and recordings, and may use again.
    spoken: Folders<AccountId>,
    /// Only in a server's store.
    pruner: Option<prune::Pruner>,
    /// Dropped last, when everything is written.
    _only_server: Option<ServerLock>,
}

impl Store {
    /// The folder of the data folder in which dubbing keeps what it has made for an account, in a folder with the account's
    /// id; the store removes that when a job or a voice of the account is deleted, or the account.
    pub const SPOKEN: &str = "spoken";
    /// The folder in it of the command line, which has no account.
    pub const COMMAND: &str = "command";

    /// Opens the store in the folder `store` of `data_dir`; creates both, readable by this user only, when they are
    /// missing. Fault: `Missing`; its cause, for the operator, names the folder.
    pub fn open(data_dir: &Path) -> Result<Arc<Store>, Fault> {
        Store::open_sized(data_dir, None, Clock::of_machine()).map(Arc::new)
    }

    /// Opens the store for a server, the only one on `data_dir`, and keeps it within `bounds` from then on. Faults: as
    /// [`Store::open`]; `Missing` also when another server has it open.
    pub fn serve(data_dir: &Path, bounds: StoreBounds) -> Result<Arc<Store>, Fault> {
        Store::serve_by(data_dir, bounds, Clock::of_machine())
    }

    /// As [`Store::serve`], with token buckets that use `clock`.
    pub fn serve_by(
        data_dir: &Path,
        bounds: StoreBounds,
        clock: Clock,
    ) -> Result<Arc<Store>, Fault> {
        let only_server = only_server(data_dir).map_err(|fault| in_folder(data_dir, fault))?;
        let mut store = Store::open_sized(data_dir, Some(bounds.bytes_max), clock)?;
        store.sweep_voice_files()?;
        store.sweep_job_files()?;
        store.sweep_secrets()?;
        store.continue_order()?;
        let pruner = prune::Pruner::start(store.pruning(), bounds.retention);
        store.pruner = Some(pruner.map_err(Fault::internal)?);
        store._only_server = Some(only_server);
        Ok(Arc::new(store))
    }

    fn open_sized(data_dir: &Path, map_bytes: Option<usize>, clock: Clock) -> Result<Store, Fault> {
        let dir = data_dir.join(STORE_FOLDER);
        backup::restore::refuse_interrupted(data_dir)?;
        make_folder(&dir)
            .map(|()| data_folder::close(data_dir))
            .and_then(|()| Env::open(&dir, map_bytes, STORE_READERS_MAX, DATABASES))
            .and_then(|env| Store::over(env, data_dir, map_bytes, clock))
            .map_err(|fault| in_folder(&dir, fault))
    }

    fn over(
        mut env: Env,
        data_dir: &Path,
        map_bytes: Option<usize>,
        clock: Clock,
    ) -> Result<Store, Fault> {
        let txn = env.write_txn()?;
        let created =
            env.heed()
                .create_databases_and_commit(txn, |open, txn| -> Result<_, Failure> {
                    let meta = open.create_database(txn, Some(META))?;
                    upgrade::check(txn, meta.into())?;
                    Ok(CommitOrAbort::<_, ()>::Commit((
                        meta,
                        open.create_database(txn, Some(ACCOUNTS))?,
                        open.create_database(txn, Some(ACCOUNT_NAMES))?,
                        open.create_database(txn, Some(KEYS))?,
                        open.create_database(txn, Some(HISTORY))?,
                        open.create_database(txn, Some(HISTORY_INDEX))?,
                        open.create_database(txn, Some(HISTORY_COUNTS))?,
                        open.create_database(txn, Some(BUCKETS))?,
                        open.create_database(txn, Some(PURGES))?,
                        open.create_database(txn, Some(VOICES))?,
                        open.create_database(txn, Some(JOBS))?,
                        // A pair: heed commits tuples of at most twelve.
                        (
                            open.create_database(txn, Some(LEXICONS))?,
                            open.create_database(txn, Some(SPEAKERS))?,
                        ),
                    )))
                })?;
        let (
            meta,
            accounts,
            account_names,
            keys,
            history,
            history_index,
            history_counts,
            buckets,
            purges,
            voices,
            jobs,
            (lexicons, speakers),
        ) = created.unwrap_commit();
        let tables = Tables {
            meta: meta.into(),
            accounts: accounts.into(),
            account_names: account_names.into(),
            keys: keys.into(),
            history: history.into(),
            history_index: history_index.into(),
            history_counts: history_counts.into(),
            buckets: buckets.into(),
            purges: purges.into(),
            voices: voices.into(),
            jobs: jobs.into(),
            lexicons: lexicons.into(),
            speakers: speakers.into(),
        };
        upgrade::keep_former(&env, &data_dir.join(STORE_FOLDER), tables.meta)?;
        let mut txn = env.write_txn()?;
        upgrade::run(&mut txn, tables)?;
        if let Some(bytes) = map_bytes {
            tables.meta.put(&mut txn, MAP_BYTES, &(bytes as u64))?;
        }
        let noted = tables.meta.get(&txn, MAP_BYTES)?;
        txn.commit().map_err(lmdb::fault)?;
        if let (None, Some(bytes)) = (map_bytes, noted) {
            env.resize(bytes as usize)?;
        }
        let map_bytes = env.map_bytes();
        let history_bytes_max = map_bytes - map_bytes / STORE_SPARE_PARTS;
        let uses = Arc::new(keys::Uses::default());
        let buckets = Arc::new(buckets::Buckets::new(clock));
        let (due_uses, due_buckets) = (uses.clone(), buckets.clone());
        let ride_along = Box::new(move |is_last| {
            let due = [due_uses.take(tables), due_buckets.due(tables, is_last)];
            due.into_iter().flatten().collect()
        });
        let writer = writer::Writer::start(env.clone(), ride_along).map_err(Fault::internal)?;
        Ok(Store {
            env,
            tables,
            uses,
            buckets,
            writer: Arc::new(writer),
            history_bytes_max,
            seals: Arc::new(seal::Seals::new(Folders::in_data(data_dir, "secrets"))),
            voice_files: Folders::in_data(data_dir, "voices"),
            job_files: Folders::in_data(data_dir, "jobs"),
            spoken: Folders::in_data(data_dir, Store::SPOKEN),
            pruner: None,
            _only_server: None,
        })
    }

    /// The process that serves `data_dir`, if one does.
    pub fn server(data_dir: &Path) -> Option<u32> {
        let mut file = File::open(data_dir.join(LOCK_FILE)).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                file.read_to_string(&mut process).ok()?;
                process.parse().ok()
            }
            // Closing the file unlocks it.
            _ => None,
        }
    }

    /// Checks that the store can be written: a write has reached the disk within the last `STORE_WRITABLE_MS`, or
    /// reaches it now. Faults: as any write.
    pub fn check_writable(&self) -> Result<(), Fault> {
        if self.writer.committed_within(STORE_WRITABLE_MS) {
            return Ok(());
        }
        let meta = self.tables.meta;
        let now = Utc::now().ms_since(Utc::EPOCH);
        self.write(move |txn| meta.put(txn, CHECKED_AT, &now))
    }

    /// Whether LMDB refuses every transaction from now on, because it no longer knows what is on the disk. Only a new start
    /// of the process helps.
    pub fn has_failed(&self) -> bool {
        self.env.has_failed()
    }

    /// Writes everything that waits to the disk, token buckets exactly, and refuses later writes. Reads work until the
    /// store is dropped.
    pub fn close(&self) {
        if let Some(pruner) = &self.pruner {
            pruner.stop();
        }
        self.writer.stop();
    }

    /// See [`writer::Writer::write`]. Every write of the store calls this.
    fn write<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut RwTxn<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.writer.write(work)
    }
}

/// The lock of a data folder, released explicitly when this is dropped. Closing the file would not suffice: a child
/// process that another thread has just started has it open too, until it executes its own program.
struct ServerLock(File);

impl Drop for ServerLock {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            log::warn!("the data folder could not be unlocked: {error}");
        }
    }
}

/// Takes the lock for the only server of `data_dir`; it ends with the process, however that ends.
fn only_server(data_dir: &Path) -> Result<ServerLock, Fault> {
    make_folder(&data_dir.join(STORE_FOLDER))?;
    data_folder::close(data_dir);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(data_dir.join(LOCK_FILE))
        .map_err(|error| lmdb::fault(error.into()))?;
    match file.try_lock() {
        Ok(()) => {
            // For [`Store::server`], and for people; that it is not written keeps no server from its work.
            let _ = file.set_len(0);
            let _ = write!(file, "{}", std::process::id());
            Ok(ServerLock(file))
        }
        Err(TryLockError::WouldBlock) => Err(Fault::missing(
            "Another vocabox serves this data folder: stop it first.",
        )
        .because("it is locked")),
        Err(TryLockError::Error(error)) => {
            Err(Fault::missing("The data folder cannot be locked.").because(error))
        }
    }
}

fn make_folder(dir: &Path) -> Result<(), Fault> {
    folder::make_private(dir).map_err(|error| lmdb::fault(error.into()))
}

/// Returns the fault with the folder in its cause, for the operator.
fn in_folder(dir: &Path, fault: Fault) -> Fault {
    if fault.sentence == lmdb::NO_ADDRESS_SPACE {
        return fault;
    }
    let cause = fault.cause.as_deref().unwrap_or("refused");
    let cause = format!("{}: {cause}; --data-dir chooses another", dir.display());
    fault.because(cause)
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;
