//! Files beside the records: a folder for each cloned voice and each job, for this user alone.
//!
//! A file is there, whole, before the record that names it, and goes after it: so a record never names a file that is
//! missing, and what a power cut leaves without a record is removed at the next start.

use std::fmt::Display;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::marker::PhantomData;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::lmdb;
use vocabox_base::fault::Fault;

/// The folders of all that have an `Id`, each named by it.
#[derive(Debug, Clone)]
pub struct Folders<Id> {
    dir: PathBuf,
    of: PhantomData<fn(Id)>,
}

impl<Id: Display + Copy> Folders<Id> {
    /// Those in the folder `dir` of `data_dir`; nothing is made yet.
    pub(crate) fn in_data(data_dir: &Path, dir: &str) -> Self {
        Folders {
            dir: data_dir.join(dir),
            of: PhantomData,
        }
    }

    /// Writes all of `from` to the file `name`; whole and on the disk when it returns, else not there. How many bytes.
    /// Faults: `Missing` when the disk is full or cannot be written.
    pub fn put(&self, id: Id, name: &str, from: &mut dyn Read) -> Result<u64, Fault> {
        let mut bytes = 0;
        self.make(id, name, |file| {
            bytes = io::copy(from, file).map_err(refused)?;
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Makes the file `name` with what `write` writes to it; whole and on the disk when this returns, else not there. Faults:
    /// those of `write`, and as [`Folders::put`].
    pub fn make(
        &self,
        id: Id,
        name: &str,
        write: impl FnOnce(&mut File) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let fresh = self.folder(id).join(format!("{name}.new"));
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

    /// A file without a name, gone when it is dropped, on the same disk. Faults: as [`Folders::put`].
    pub fn scratch(&self, id: Id) -> Result<File, Fault> {
        tempfile::tempfile_in(self.folder(id)).map_err(refused)
    }

    /// Writes `bytes` to a file that is named by their hash, and returns its name. Faults: as [`Folders::put`].
    pub(crate) fn put_by_hash(&self, id: Id, mut bytes: &[u8]) -> Result<String, Fault> {
        let name = blake3::hash(bytes).to_hex().to_string();
        self.put(id, &name, &mut bytes)?;
        Ok(name)
    }

    fn fresh(&self, id: Id, path: &Path) -> io::Result<File> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(self.folder(id))?;
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
        // The names, too, have to outlive a power cut.
        File::open(&folder)?.sync_all()?;
        File::open(&self.dir)?.sync_all()
    }

    /// The file `name`. Faults: `NotFound` when it is not there.
    pub fn open(&self, id: Id, name: &str) -> Result<File, Fault> {
        File::open(self.folder(id).join(name)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Fault::not_found("It was deleted."),
            _ => refused(error),
        })
    }

    /// All of a file that is named by its hash. Faults: as [`Folders::open`], `Internal` when it is not what its name says.
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

    /// Removes the file `name`; that it is gone already is no fault.
    pub(crate) fn remove(&self, id: Id, name: &str) {
        told(fs::remove_file(self.folder(id).join(name)), id);
    }

    /// Removes the folder and all in it.
    pub fn remove_all(&self, id: Id) {
        told(fs::remove_dir_all(self.folder(id)), id);
    }

    /// Removes the folders and files that no record names: `keeps` is asked for each folder, and, with its name, for each
    /// file in it. How many. For the one server of a data folder, before it serves: what is just being made has no record
    /// yet.
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
                fs::remove_dir_all(folder.path())?;
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

    fn folder(&self, id: Id) -> PathBuf {
        self.dir.join(id.to_string())
    }
}

fn refused(error: io::Error) -> Fault {
    lmdb::fault(heed::Error::Io(error))
}

/// What could not be removed takes room until the next start, and harms nobody.
fn told(outcome: io::Result<()>, id: impl Display) {
    match outcome {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            log::warn!("a file of {id} could not be removed: {error}");
        }
        _ => {}
    }
}
