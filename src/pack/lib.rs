//! Model packs: folders of weights with a manifest that describes them.

pub mod manifest;
pub mod translate;
pub mod verify;

use std::path::{Path, PathBuf};

use manifest::{FileEntry, Manifest, PackKind};
use thiserror::Error;

/// Why a pack is refused. For operators: it names files and what was expected.
#[derive(Debug, Error)]
pub enum PackError {
    #[error("{path}: {why}")]
    Manifest { path: PathBuf, why: String },
    #[error("models folder {path} cannot be read: {why}")]
    Folder { path: PathBuf, why: String },
    #[error("{path} is missing; pack {pack} lists it. Run scripts/fetch-models {pack}")]
    MissingFile { pack: String, path: PathBuf },
    #[error(
        "{path} has {found} bytes, pack {pack} says {expected}. Delete it and run scripts/fetch-models {pack}"
    )]
    Size {
        pack: String,
        path: PathBuf,
        expected: u64,
        found: u64,
    },
    #[error(
        "{path} has sha256 {found}, pack {pack} says {expected}. Delete it and run scripts/fetch-models {pack}"
    )]
    Hash {
        pack: String,
        path: PathBuf,
        expected: String,
        found: String,
    },
    #[error(
        "{path} has sha256 {found}, and had {expected} when its pack was loaded: it was changed. Restore it, or start the server again"
    )]
    Changed {
        path: PathBuf,
        expected: String,
        found: String,
    },
    #[error("{path} cannot be read: {why}")]
    Read { path: PathBuf, why: String },
    #[error("pack {pack} has no file with role {role}{variant}")]
    Role {
        pack: String,
        role: String,
        variant: String,
    },
    #[error("{path}: the graph's {side} are {found}; pack {pack} says {expected}")]
    Tensors {
        pack: String,
        path: PathBuf,
        side: &'static str,
        expected: String,
        found: String,
    },
}

/// A pack's folder and its manifest.
#[derive(Debug, Clone)]
pub struct Pack {
    pub folder: PathBuf,
    pub manifest: Manifest,
}

impl Pack {
    /// Reads `folder/pack.toml`. Errors: an unreadable or wrong manifest.
    pub fn open(folder: &Path) -> Result<Self, PackError> {
        Ok(Pack {
            folder: folder.to_owned(),
            manifest: Manifest::read(&folder.join("pack.toml"))?,
        })
    }

    /// Returns all packs below `models`, sorted by name. Errors: an unreadable folder or one wrong manifest.
    pub fn all(models: &Path) -> Result<Vec<Pack>, PackError> {
        let unreadable = |e: std::io::Error| PackError::Folder {
            path: models.to_owned(),
            why: e.to_string(),
        };
        let mut folders = Vec::new();
        for entry in std::fs::read_dir(models).map_err(unreadable)? {
            let folder = entry.map_err(unreadable)?.path();
            if folder.join("pack.toml").is_file() {
                folders.push(folder);
            }
        }
        folders.sort();
        folders.iter().map(|folder| Pack::open(folder)).collect()
    }

    /// Returns the manifest's name.
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// Returns what the pack is for.
    pub fn kind(&self) -> PackKind {
        self.manifest.kind
    }

    /// Whether the weights have been fetched: at least one listed file exists. An incomplete pack counts, so that
    /// [`Pack::verify`] can say which file is missing.
    pub fn is_fetched(&self) -> bool {
        self.manifest
            .files
            .iter()
            .any(|f| self.folder.join(&f.path).exists())
    }

    /// Returns the file with this role, of `variant` where the role has variants.
    pub fn file(&self, role: &str, variant: Option<&str>) -> Result<&FileEntry, PackError> {
        self.manifest
            .files
            .iter()
            .find(|f| f.role == role && (f.variant.is_none() || f.variant.as_deref() == variant))
            .ok_or_else(|| PackError::Role {
                pack: self.name().to_owned(),
                role: role.to_owned(),
                variant: variant.map_or(String::new(), |v| format!(" and variant {v}")),
            })
    }

    /// Returns a text that differs between packs as soon as any of their files does.
    pub fn fingerprint(&self) -> String {
        let files = self.manifest.files.iter();
        files
            .map(|f| format!("{} {}\n", f.path, f.sha256))
            .collect()
    }

    /// Returns the hash that the manifest lists for the file `path` of the pack; empty, which no file has, if it lists none.
    pub fn sha256_of(&self, path: &str) -> String {
        let file = self.manifest.files.iter().find(|f| f.path == path);
        file.map_or_else(String::new, |f| f.sha256.clone())
    }

    /// Returns the path of `file`.
    pub fn path(&self, file: &FileEntry) -> PathBuf {
        self.folder.join(&file.path)
    }
}
