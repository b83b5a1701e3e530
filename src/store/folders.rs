//! Files beside the records: a folder for each cloned voice and each job, which only this user can read.
//!
//! A file exists, whole, before the record that names it, and is removed after the record: so a record never names a
//! missing file, and the next start removes what a power failure left without a record.

use std::ffi::OsStr;
use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek};
use std::marker::PhantomData;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, linkat};

use crate::lmdb;
use vocabox_base::fault::Fault;
use vocabox_base::folder::make_private;

/// The ending of a file that is not whole yet.
const UNFINISHED: &str = "new";

/// The folders of everything that has an `Id`, each named by it.
#[derive(Debug, Clone)]
pub struct Folders<Id> {
    dir: PathBuf,
    of: PhantomData<fn(Id)>,
}

impl<Id: Display + Copy> Folders<Id> {
    /// Returns the folders below `dir` of `data_dir`; it creates nothing yet.
    pub(crate) fn in_data(data_dir: &Path, dir: &str) -> Self {
        Folders {
            dir: data_dir.join(dir),
            of: PhantomData,
        }
    }

    /// Writes all of `from` to the file `name` and returns its bytes. When it returns, the file is whole and on the
    /// disk, or does not exist. Faults: `Missing` when the disk is full or cannot be written.
    pub fn put(&self, id: Id, name: &str, from: &mut dyn Read) -> Result<u64, Fault> {
        let mut bytes = 0;
        self.make(id, name, |file| {
            bytes = io::copy(from, file).map_err(refused)?;
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Makes `content` the file `name`. An unnamed file of the same disk only gets a name: nothing is copied. When it
    /// returns, the file is whole and on the disk, or does not exist. Faults: as [`Folders::put`].
    pub fn take(&self, id: Id, name: &str, content: NewFile) -> Result<(), Fault> {
        let mut file = match content {
            NewFile::Bytes(bytes) => return self.put(id, name, &mut &bytes[..]).map(drop),
            NewFile::File(file) => file,
        };
        let fresh = self.fresh_path(id, name);
        let named = (self.folder_of(id))
            .and_then(|()| Ok(name_file(&file, &fresh)?))
            .and_then(|()| self.place(id, name, &fresh, &file));
        if named.is_ok() {
            return Ok(());
        }
        // Another disk, or a system that does not give names to unnamed files.
        let _ = fs::remove_file(fresh);
        file.rewind().map_err(refused)?;
        self.put(id, name, &mut file).map(drop)
    }

    /// Creates the file `name` with what `write` writes to it. When it returns, the file is whole and on the disk, or
    /// does not exist. Faults: those of `write`, and as [`Folders::put`].
    pub fn make(
        &self,
        id: Id,
        name: &str,
        write: impl FnOnce(&mut File) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let fresh = self.fresh_path(id, name);
        let made = self
            .fresh(id, &fresh)
            .map_err(refused)
            .and_then(|mut file| {
                write(&mut file)?;
                self.place(id, name, &fresh, &file).map_err(refused)
            });
        made.inspect_err(|_| {
            let _ = fs::remove_file(fresh);
        })
    }

    /// Returns an unnamed file on the same disk, which is removed when it is dropped. Faults: as [`Folders::put`].
    pub fn scratch(&self, id: Id) -> Result<File, Fault> {
        tempfile::tempfile_in(self.folder(id)).map_err(refused)
    }

    /// Writes `bytes` to a file that is named by their hash, and returns its name. Faults: as [`Folders::put`].
    pub(crate) fn put_by_hash(&self, id: Id, mut bytes: &[u8]) -> Result<String, Fault> {
        let name = blake3::hash(bytes).to_hex().to_string();
        self.put(id, &name, &mut bytes)?;
        Ok(name)
    }

    fn folder_of(&self, id: Id) -> io::Result<()> {
        make_private(&self.dir)?;
        make_private(&self.folder(id))
    }

    fn fresh(&self, id: Id, path: &Path) -> io::Result<File> {
        self.folder_of(id)?;
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)
    }

    fn place(&self, id: Id, name: &str, fresh: &Path, file: &File) -> io::Result<()> {
        let folder = self.folder(id);
        file.sync_all()?;
        fs::rename(fresh, folder.join(name))?;
        // The names have to survive a power failure too.
        File::open(&folder)?.sync_all()?;
        File::open(&self.dir)?.sync_all()
    }

    /// Opens the file `name`. Faults: `NotFound` when it does not exist.
    pub fn open(&self, id: Id, name: &str) -> Result<File, Fault> {
        File::open(self.folder(id).join(name)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Fault::not_found("It was deleted."),
            _ => refused(error),
        })
    }

    /// Returns the content of a file that is named by its hash. Faults: as [`Folders::open`], `Internal` when the
    /// content does not match the name.
    pub(crate) fn read_by_hash(&self, id: Id, name: &str) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        let mut file = self.open(id, name)?;
        file.read_to_end(&mut bytes).map_err(refused)?;
        match blake3::hash(&bytes).to_hex().as_str() == name {
            true => Ok(bytes),
            false => Err(Fault::internal(format!(
                "the file {name} of {id} is damaged"
            ))),
        }
    }

    /// Removes the file `name`; a missing file is no fault.
    pub(crate) fn remove(&self, id: Id, name: &str) {
        told(fs::remove_file(self.folder(id).join(name)), id);
    }

    /// Removes the folder and everything in it.
    pub fn remove_all(&self, id: Id) {
        told(fs::remove_dir_all(self.folder(id)), id);
    }

    /// Removes the folders and files that no record names, and returns how many: `keeps` is called with each folder,
    /// and with each file in it. For the only server of a data folder, before it serves requests: a file that is being
    /// written has no record yet.
    pub(crate) fn sweep(&self, keeps: impl Fn(&str, Option<&str>) -> bool) -> io::Result<usize> {
        let folders = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            folders => folders?,
        };
        let mut removed = 0;
        for folder in folders {
            let folder = folder?;
            let folder_name = folder.file_name();
            let folder_name = folder_name.to_str().unwrap_or("");
            if !keeps(folder_name, None) {
                match folder.file_type()?.is_dir() {
                    true => fs::remove_dir_all(folder.path())?,
                    // Of a program that had no folders here.
                    false => fs::remove_file(folder.path())?,
                }
                removed += 1;
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                let file = file?;
                if !keeps(folder_name, file.file_name().to_str()) {
                    fs::remove_file(file.path())?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    /// The name of the file `name` until it is whole.
    fn fresh_path(&self, id: Id, name: &str) -> PathBuf {
        self.folder(id).join(format!("{name}.{UNFINISHED}"))
    }

    fn folder(&self, id: Id) -> PathBuf {
        self.dir.join(id.to_string())
    }
}

/// The content of a file that is to be made.
#[derive(Debug)]
pub enum NewFile {
    Bytes(Vec<u8>),
    /// All of a file without a name.
    File(File),
}

/// Whether a file of this name is not whole yet.
pub(crate) fn is_unfinished(name: &OsStr) -> bool {
    Path::new(name).extension() == Some(OsStr::new(UNFINISHED))
}

/// Gives an unnamed file the name `path`, as `man 2 open` says under `O_TMPFILE`.
fn name_file(file: &File, path: &Path) -> rustix::io::Result<()> {
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(CWD, open, CWD, path, AtFlags::SYMLINK_FOLLOW)
}

fn refused(error: io::Error) -> Fault {
    lmdb::fault(heed::Error::Io(error))
}

/// A file that could not be removed only takes space until the next start.
fn told(outcome: io::Result<()>, id: impl Display) {
    match outcome {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            log::warn!("a file of {id} could not be removed: {error}");
        }
        _ => {}
    }
}
