//! The content of a data folder at one moment, while a server uses it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use vocabox_base::fault::{Fault, Kind};
use vocabox_base::folder::make_private;

use super::manifest::{self, BackupFile, BackupManifest};
use super::{FOLDERS, JOBS, STORE};
use crate::folders::is_unfinished;
use crate::ids::Utc;
use crate::{Store, lmdb};

/// The folder in the data folder.
const FOLDER: &str = "backup";
/// Times that files may be deleted between the copy of the store and the links to its files.
const TRIES: usize = 20;
/// A backup that was interrupted is continued for a day: later, a new one is of more use.
const AGE_MS_MAX: u64 = 24 * 3_600_000;

/// A data folder of one moment, until it is dropped with [`Snapshot::remove`]. There is one of a data folder at most.
pub struct Snapshot {
    dir: PathBuf,
    manifest: BackupManifest,
    _lock: File,
}

impl Snapshot {
    /// Takes a snapshot of `store` in `data_dir`, with the files of dubbing jobs if `with_jobs`. `version` is the program's. Faults:
    /// `Missing` when another process takes one, or the disk is full or cannot be written.
    pub fn take(
        store: &Store,
        data_dir: &Path,
        version: &str,
        with_jobs: bool,
    ) -> Result<Self, Fault> {
        let (dir, lock) = open(data_dir)?;
        clear(&dir).map_err(Fault::disk)?;
        let mut tries = 0;
        let taken_at = loop {
            // Files exist before the records that name them, and are removed after these: what was linked before the copy and
            // what is linked after it are together all that the copy names, but for what was made and deleted between the two.
            link_all(data_dir, &dir, with_jobs).map_err(Fault::disk)?;
            let taken_at = Utc::now();
            store.copy_to(&dir.join(STORE))?;
            link_all(data_dir, &dir, with_jobs).map_err(Fault::disk)?;
            match Store::open(&dir).and_then(|copy| copy.settle(with_jobs)) {
                Ok(()) => break taken_at,
                // A full disk stays full; any other fault comes of a file that was deleted meanwhile.
                Err(fault) if tries == TRIES || fault.kind == Kind::Missing => return Err(fault),
                Err(_) => tries += 1,
            }
        };
        let files = files(&dir).map_err(Fault::disk)?;
        let manifest = BackupManifest::new(version, taken_at, with_jobs, files);
        let json = serde_json::to_vec(&manifest).map_err(Fault::internal)?;
        fs::write(dir.join(manifest::NAME), json).map_err(Fault::disk)?;
        Ok(Snapshot {
            dir,
            manifest,
            _lock: lock,
        })
    }

    /// The snapshot that an interrupted backup left, if it is whole, has jobs as asked for, and is less than a day old. Fault:
    /// `Missing` when another process takes one.
    pub fn left(data_dir: &Path, with_jobs: bool) -> Result<Option<Self>, Fault> {
        if !data_dir.join(FOLDER).exists() {
            return Ok(None);
        }
        let (dir, lock) = open(data_dir)?;
        let manifest = fs::read(dir.join(manifest::NAME)).ok();
        let manifest = manifest.and_then(|json| BackupManifest::parse(&json).ok());
        let is_wanted = |left: &BackupManifest| {
            left.with_jobs == with_jobs && Utc::now().ms_since(left.taken_at) < AGE_MS_MAX
        };
        Ok(manifest.filter(is_wanted).map(|manifest| Snapshot {
            dir,
            manifest,
            _lock: lock,
        }))
    }

    /// What it holds.
    pub fn manifest(&self) -> &BackupManifest {
        &self.manifest
    }

    /// Its folder.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Removes it.
    pub fn remove(self) {
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            log::warn!("the folder of the backup could not be removed: {error}");
        }
    }
}

impl Store {
    /// Copies the databases, as they are at this moment, to the file of the folder `dir`.
    pub(super) fn copy_to(&self, dir: &Path) -> Result<(), Fault> {
        make_private(dir).map_err(Fault::disk)?;
        self.env.copy_to(dir)
    }

    /// Removes the files that no record names, and checks that those which a record names are there, and whole. The
    /// records of jobs go where their files are left out. Faults: `NotFound` when one was deleted, `Internal` when one is damaged.
    pub(super) fn settle(&self, with_jobs: bool) -> Result<(), Fault> {
        if !with_jobs {
            self.write({
                let jobs = self.tables.jobs;
                move |txn| jobs.remove_prefix(txn, &[], |_| ()).map(drop)
            })?;
        }
        self.sweep_voice_files()?;
        self.sweep_job_files()?;
        self.sweep_secrets()?;
        self.check_voice_files()?;
        self.check_job_files()?;
        self.check_secrets()?;
        self.close();
        Ok(())
    }
}

/// Opens the folder of the snapshot for this process alone.
fn open(data_dir: &Path) -> Result<(PathBuf, File), Fault> {
    let dir = data_dir.join(FOLDER);
    make_private(&dir).map_err(Fault::disk)?;
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(dir.join("lock"));
    let file = file.map_err(Fault::disk)?;
    match file.try_lock() {
        Ok(()) => Ok((dir, file)),
        Err(TryLockError::WouldBlock) => Err(Fault::missing(
            "Another backup of this data folder is under way.",
        )),
        Err(TryLockError::Error(error)) => Err(Fault::disk(error)),
    }
}

/// Removes what an earlier snapshot left.
fn clear(dir: &Path) -> io::Result<()> {
    let _ = fs::remove_file(dir.join(manifest::NAME));
    for folder in FOLDERS.map(|folder| dir.join(folder)) {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Links all files of the data folder that are whole; where the disk knows no links, copies them.
fn link_all(data_dir: &Path, dir: &Path, with_jobs: bool) -> io::Result<()> {
    for folder in FOLDERS
        .iter()
        .filter(|folder| **folder != STORE && (with_jobs || **folder != JOBS))
    {
        for path in files_below(data_dir, Path::new(folder))? {
            let (from, to) = (data_dir.join(&path), dir.join(&path));
            if path.file_name().is_none_or(is_unfinished) || is_same(&from, &to) {
                continue;
            }
            if let Some(parent) = to.parent() {
                make_private(parent)?;
            }
            let _ = fs::remove_file(&to);
            let linked = fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop));
            match linked {
                // Deleted since the folder was read.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                linked => linked?,
            }
        }
    }
    Ok(())
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => one.ino() == other.ino() && one.dev() == other.dev(),
        _ => false,
    }
}

/// The files below the folder `folder` of `dir`, by their paths in `dir`; none if it is missing.
fn files_below(dir: &Path, folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(dir.join(folder)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        match entry.file_type()? {
            kind if kind.is_dir() => found.extend(files_below(dir, &path)?),
            kind if kind.is_file() => found.push(path),
            _ => {}
        }
    }
    found.sort();
    Ok(found)
}

/// The files of a snapshot, the store first.
fn files(dir: &Path) -> io::Result<Vec<BackupFile>> {
    let mut files = vec![BackupFile::read(
        dir,
        Path::new(STORE).join(lmdb::DATA_FILE),
    )?];
    for folder in FOLDERS.iter().filter(|folder| **folder != STORE) {
        for path in files_below(dir, Path::new(folder))? {
            files.push(BackupFile::read(dir, path)?);
        }
    }
    Ok(files)
}
