//! Backups of a data folder: taken while a server uses it, and restored.
//!
//! A backup is a tar file: the manifest ([`manifest`]), a compact copy of the store, and the files that its records name. It is made
//! in two steps. [`Snapshot::take`] makes, in the folder `backup` of the data folder, a data folder of one moment: a copy of LMDB and
//! links to the files, which are never changed in place. [`archive::write`] then packs it, however long that takes, and goes on
//! where it was interrupted. [`restore::restore`] unpacks, checks and then exchanges the folders.

pub mod archive;
pub mod manifest;
pub mod restore;
mod snapshot;
#[cfg(test)]
mod tests;

pub use snapshot::Snapshot;

/// Folders of a data folder that a backup has; all others are caches, locks and uploads under way.
const FOLDERS: [&str; 4] = [STORE, "secrets", "voices", JOBS];
const STORE: &str = crate::STORE_FOLDER;
const JOBS: &str = "jobs";

/// Told after each file: bytes that are packed, checked or restored so far, and all bytes.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);
