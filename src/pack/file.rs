//! One file of a pack: in the pack's folder, or within the program.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::PackError;
use super::verify::sha256;

/// Where a file of a pack is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PackFile {
    /// In the folder of its pack.
    Disk(PathBuf),
    /// Within the program (see [`crate::program`]).
    Program {
        /// The path of the program, the pack and the file, for sentences.
        shown: PathBuf,
        /// None for a file that the manifest lists and the program does not contain.
        bytes: Option<&'static [u8]>,
    },
}

impl PackFile {
    /// Returns the path for sentences; a path to read by only if the file is on the disk.
    pub fn shown(&self) -> &Path {
        match self {
            PackFile::Disk(path) => path,
            PackFile::Program { shown, .. } => shown,
        }
    }

    /// Whether the file is there.
    pub fn exists(&self) -> bool {
        match self {
            PackFile::Disk(path) => path.exists(),
            PackFile::Program { bytes, .. } => bytes.is_some(),
        }
    }

    /// Returns the content: read from the disk rather than mapped, because a file that is cut off while it is mapped ends the
    /// process; borrowed from the program, which its own code is mapped from. Errors: those of the file system.
    pub fn read(&self) -> io::Result<Cow<'static, [u8]>> {
        match self {
            PackFile::Disk(path) => fs::read(path).map(Cow::Owned),
            PackFile::Program { bytes, .. } => match bytes {
                Some(bytes) => Ok(Cow::Borrowed(bytes)),
                None => Err(io::ErrorKind::NotFound.into()),
            },
        }
    }

    /// Returns the content, which must still have the hash that its manifest lists: for files that are read long after their
    /// pack was verified. Errors: it cannot be read, or has changed.
    pub fn read_unchanged(&self, expected: &str) -> Result<Cow<'static, [u8]>, PackError> {
        let content = self.read().map_err(|e| PackError::Read {
            path: self.shown().to_owned(),
            why: e.to_string(),
        })?;
        let found = sha256(&content);
        match found == expected {
            true => Ok(content),
            false => Err(PackError::Changed {
                path: self.shown().to_owned(),
                expected: expected.to_owned(),
                found,
            }),
        }
    }
}

impl From<&Path> for PackFile {
    fn from(path: &Path) -> Self {
        PackFile::Disk(path.to_owned())
    }
}
