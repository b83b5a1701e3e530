//! What a backup holds: the first file in it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use vocabox_base::fault::Fault;

use super::FOLDERS;
use crate::ids::Utc;
use crate::upgrade;

/// The name of the manifest in a backup.
pub(super) const NAME: &str = "manifest.json";
/// The only format so far.
const FORMAT: &str = "vocabox-backup-1";
/// Bytes of a manifest that are read: some 300 000 files.
pub(super) const BYTES_MAX: u64 = 64 << 20;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupManifest {
    format: String,
    /// The version of the program that took it.
    pub version: String,
    /// The layout of its store.
    pub layout: u64,
    /// When its content was that of the data folder.
    pub taken_at: Utc,
    /// Whether dubbing jobs are in it.
    pub with_jobs: bool,
    /// In the order in which they are packed.
    pub files: Vec<BackupFile>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Its place in the data folder.
    pub path: PathBuf,
    pub bytes: u64,
    /// BLAKE3 of its content, hexadecimal.
    pub blake3: String,
}

impl BackupManifest {
    /// The manifest of `files`, taken at `taken_at` by `version` of the program.
    pub(super) fn new(
        version: &str,
        taken_at: Utc,
        with_jobs: bool,
        files: Vec<BackupFile>,
    ) -> Self {
        BackupManifest {
            format: FORMAT.to_owned(),
            version: version.to_owned(),
            layout: upgrade::VERSION,
            taken_at,
            with_jobs,
            files,
        }
    }

    /// Parses the first file of a backup. Faults: `Missing` when it is not a manifest, or one of a newer program, or names files
    /// that no data folder has.
    pub(super) fn parse(json: &[u8]) -> Result<Self, Fault> {
        let unknown = || Fault::missing("The file is not a backup that this program knows.");
        let manifest: BackupManifest =
            serde_json::from_slice(json).map_err(|error| unknown().because(error))?;
        if manifest.format != FORMAT {
            return Err(unknown().because(format!("its format is {:.40}", manifest.format)));
        }
        if manifest.layout > upgrade::VERSION {
            return Err(Fault::missing(format!(
                "The backup has layout {}, and this program knows 1 to {}: use vocabox {:.40}, which took it, or a newer one.",
                manifest.layout,
                upgrade::VERSION,
                manifest.version
            )));
        }
        match manifest.files.iter().find(|file| !is_ours(&file.path)) {
            Some(file) => Err(unknown().because(format!(
                "it names {}",
                file.path.display().to_string().escape_debug()
            ))),
            None => Ok(manifest),
        }
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

impl BackupFile {
    /// The manifest itself, whose JSON is `json`, as a file.
    pub(super) fn of_manifest(json: &[u8]) -> Self {
        BackupFile {
            path: NAME.into(),
            bytes: json.len() as u64,
            blake3: blake3::hash(json).to_hex().to_string(),
        }
    }

    /// Reads the file `path` of the folder `dir`.
    pub(super) fn read(dir: &Path, path: PathBuf) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        let bytes = hash(&mut File::open(dir.join(&path))?, &mut hasher)?;
        Ok(BackupFile {
            path,
            bytes,
            blake3: hasher.finalize().to_hex().to_string(),
        })
    }

    /// Checks that `from` has this content. Faults: `Missing` when it has not, those of reading.
    pub(super) fn check(&self, from: &mut dyn Read) -> Result<(), Fault> {
        let mut hasher = blake3::Hasher::new();
        let bytes = hash(from, &mut hasher).map_err(Fault::disk)?;
        match bytes == self.bytes && hasher.finalize().to_hex().as_str() == self.blake3 {
            true => Ok(()),
            false => Err(Fault::missing(format!(
                "The backup is damaged: {} does not match its hash.",
                self.path.display()
            ))),
        }
    }
}

fn hash(from: &mut dyn Read, hasher: &mut blake3::Hasher) -> io::Result<u64> {
    let before = hasher.count();
    hasher.update_reader(from)?;
    Ok(hasher.count() - before)
}

/// Whether `path` lies in a folder of a backup, and not outside by `..`.
fn is_ours(path: &Path) -> bool {
    let mut parts = path.components();
    let first = parts.next();
    FOLDERS
        .iter()
        .any(|folder| first == Some(Component::Normal(folder.as_ref())))
        && parts.clone().next().is_some()
        && parts.all(|part| matches!(part, Component::Normal(_)))
}
