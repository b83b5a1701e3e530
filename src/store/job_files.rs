//! The files of dubbing jobs: a folder each, for this user alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::jobs::JobId;
use crate::fault::Fault;

/// The folder of all of them.
#[derive(Debug, Clone)]
pub struct JobFiles {
    dir: PathBuf,
}

impl JobFiles {
    /// In `data_dir`; nothing is made yet.
    pub(super) fn in_data(data_dir: &Path) -> Self {
        JobFiles {
            dir: data_dir.join("jobs"),
        }
    }

    /// Writes all of `from` to the file `name` of a job; whole and on the disk when it returns, else not there. How many
    /// bytes. Faults: `Missing` when the disk is full or cannot be written.
    pub fn put(&self, id: JobId, name: &str, from: &mut dyn Read) -> Result<u64, Fault> {
        self.make(id, name, |file| io::copy(from, file))
    }

    /// Lets `write` fill the file `name` of a job; whole and on the disk when it returns, else not there. Faults: as
    /// [`JobFiles::put`].
    pub fn make<T>(
        &self,
        id: JobId,
        name: &str,
        write: impl FnOnce(&mut File) -> io::Result<T>,
    ) -> Result<T, Fault> {
        let fresh = self.folder(id).join(format!("{name}.new"));
        let made = self.write(id, name, &fresh, write);
        made.map_err(|error| {
            let _ = fs::remove_file(fresh);
            Fault::from(heed::Error::Io(error))
        })
    }

    fn write<T>(
        &self,
        id: JobId,
        name: &str,
        fresh: &Path,
        write: impl FnOnce(&mut File) -> io::Result<T>,
    ) -> io::Result<T> {
        let folder = self.folder(id);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(fresh)?;
        let written = write(&mut file)?;
        file.sync_all()?;
        fs::rename(fresh, folder.join(name))?;
        // The names, too, have to outlive a power cut.
        File::open(&folder)?.sync_all()?;
        File::open(&self.dir)?.sync_all()?;
        Ok(written)
    }

    /// The file `name` of a job. Faults: `NotFound` when it is not there.
    pub fn open(&self, id: JobId, name: &str) -> Result<File, Fault> {
        match File::open(self.folder(id).join(name)) {
            Ok(file) => Ok(file),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(Fault::not_found("This job has no such file."))
            }
            Err(error) => Err(Fault::from(heed::Error::Io(error))),
        }
    }

    /// Removes all files of a job; what cannot be removed takes room until the next start.
    pub fn remove_all(&self, id: JobId) {
        match fs::remove_dir_all(self.folder(id)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                log::warn!("the files of {id} could not be removed: {error}");
            }
            _ => {}
        }
    }

    /// Removes the folders that are not among `named`. How many.
    pub(super) fn sweep(&self, named: &[String]) -> io::Result<usize> {
        let folders = match fs::read_dir(&self.dir) {
            Ok(folders) => folders,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut removed = 0;
        for folder in folders {
            let folder = folder?;
            if !named
                .iter()
                .any(|name| folder.file_name().to_str() == Some(name))
            {
                fs::remove_dir_all(folder.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn folder(&self, id: JobId) -> PathBuf {
        self.dir.join(id.to_string())
    }
}
