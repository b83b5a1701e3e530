//! The files of cloned voices: a folder each, whose files are named by what they hold.
//!
//! A file is there before the record that names it, and goes after it: so a record never names a file that is missing, and
//! what a power cut leaves without a record is removed at the next start.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::voices::VoiceId;
use crate::fault::Fault;

/// The folder of all of them.
#[derive(Debug, Clone)]
pub(super) struct VoiceFiles {
    dir: PathBuf,
}

impl VoiceFiles {
    /// In `data_dir`; nothing is made yet.
    pub(super) fn in_data(data_dir: &Path) -> Self {
        VoiceFiles {
            dir: data_dir.join("voices"),
        }
    }

    /// Writes `bytes` for the voice `id`; on the disk when it returns. The name is the hash.
    pub(super) fn put(&self, id: VoiceId, bytes: &[u8]) -> Result<String, Fault> {
        let name = blake3::hash(bytes).to_hex().to_string();
        self.write(id, &name, bytes).map_err(refused)?;
        Ok(name)
    }

    fn write(&self, id: VoiceId, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let folder = self.folder(id);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        let (path, fresh) = (folder.join(name), folder.join(format!("{name}.new")));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, &path)?;
        // The names, too, have to outlive a power cut.
        File::open(&folder)?.sync_all()?;
        File::open(&self.dir)?.sync_all()
    }

    /// The file `name` of the voice `id`. Faults: `NotFound` when it is gone, `Internal` when it is not what its name says.
    pub(super) fn get(&self, id: VoiceId, name: &str) -> Result<Vec<u8>, Fault> {
        let bytes = match fs::read(self.folder(id).join(name)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Fault::not_found("This voice was deleted."));
            }
            Err(error) => return Err(refused(error)),
        };
        match blake3::hash(&bytes).to_hex().as_str() == name {
            true => Ok(bytes),
            false => Err(Fault::internal(format!(
                "the file {name} of {id} is damaged"
            ))),
        }
    }

    /// Removes the file `name` of the voice `id`; that it is gone already is no fault.
    pub(super) fn remove(&self, id: VoiceId, name: &str) {
        told(fs::remove_file(self.folder(id).join(name)), id);
    }

    /// Removes all files of the voice `id`.
    pub(super) fn remove_all(&self, id: VoiceId) {
        told(fs::remove_dir_all(self.folder(id)), id);
    }

    /// Removes whatever is not among `named`: the files that each voice's record names. How many files and folders.
    pub(super) fn sweep(&self, named: &HashMap<String, Vec<String>>) -> std::io::Result<usize> {
        let folders = match fs::read_dir(&self.dir) {
            Ok(folders) => folders,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut removed = 0;
        for folder in folders {
            let folder = folder?;
            let Some(files) = folder.file_name().to_str().and_then(|name| named.get(name)) else {
                fs::remove_dir_all(folder.path())?;
                removed += 1;
                continue;
            };
            for file in fs::read_dir(folder.path())? {
                let file = file?;
                if !files
                    .iter()
                    .any(|name| file.file_name().to_str() == Some(name))
                {
                    fs::remove_file(file.path())?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    fn folder(&self, id: VoiceId) -> PathBuf {
        self.dir.join(id.to_string())
    }
}

fn refused(error: std::io::Error) -> Fault {
    Fault::from(heed::Error::Io(error))
}

/// What could not be removed takes room until the next start, and harms nobody.
fn told(outcome: std::io::Result<()>, id: VoiceId) {
    match outcome {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            log::warn!("a file of the voice {id} could not be removed: {error}");
        }
        _ => {}
    }
}
