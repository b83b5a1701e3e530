//! Model packs: weights with a manifest that describes them, in folders or within the program.

pub mod defaults;
mod extract;
mod file;
pub mod manifest;
pub mod program;
pub mod translate;
pub mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use file::PackFile;
use manifest::{FileEntry, Manifest, PackKind};
use thiserror::Error;

/// Name of the manifest in a pack's folder.
const MANIFEST: &str = "pack.toml";

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
    #[error("{path} cannot be written: {why}")]
    Write { path: PathBuf, why: String },
    #[error("{path}: {why}")]
    Program { path: PathBuf, why: String },
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

/// A pack: its manifest, and where its files are.
#[derive(Debug, Clone)]
pub struct Pack {
    /// The pack's folder; for a pack within the program the path of the program and the pack's name, for sentences.
    pub folder: PathBuf,
    pub manifest: Manifest,
    /// What the program holds of the pack, if it is within it.
    contents: Option<Arc<program::Contents>>,
}

impl Pack {
    /// Reads `folder/pack.toml`. Errors: an unreadable or wrong manifest.
    pub fn open(folder: &Path) -> Result<Self, PackError> {
        let manifest = Manifest::read(&folder.join(MANIFEST))?;
        Ok(Pack::in_folder(folder.to_owned(), manifest))
    }

    /// Returns the pack whose files are in `folder`.
    pub fn in_folder(folder: PathBuf, manifest: Manifest) -> Self {
        Pack {
            folder,
            manifest,
            contents: None,
        }
    }

    /// Returns all packs in folders of `models` and within the program, sorted by name. Of two with one name, the one in a folder
    /// counts if it is fetched, so that an operator can replace what the program holds. Errors: an unreadable folder, unless the
    /// program holds packs and there is none; a wrong manifest; a program that is not whole.
    pub fn all(models: &Path) -> Result<Vec<Pack>, PackError> {
        let mut within = program::packs()?;
        let mut packs = match within.is_empty() || models.exists() {
            true => Self::in_folders(models)?,
            false => Vec::new(),
        };
        within.retain(|pack| {
            !packs
                .iter()
                .any(|p| p.name() == pack.name() && p.is_fetched())
        });
        packs.retain(|pack| !within.iter().any(|p| p.name() == pack.name()));
        packs.append(&mut within);
        packs.sort_by(|a, b| a.name().cmp(b.name()));
        Ok(packs)
    }

    fn in_folders(models: &Path) -> Result<Vec<Pack>, PackError> {
        let unreadable = |e: std::io::Error| PackError::Folder {
            path: models.to_owned(),
            why: e.to_string(),
        };
        let mut packs = Vec::new();
        for entry in std::fs::read_dir(models).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            // An import makes its pack in a folder whose name begins with a dot.
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let folder = entry.path();
            if folder.join(MANIFEST).is_file() {
                packs.push(Pack::open(&folder)?);
            }
        }
        Ok(packs)
    }

    /// Whether the files are within the program.
    pub fn is_within_program(&self) -> bool {
        self.contents.is_some()
    }

    /// Returns the text of the manifest. Errors: it cannot be read.
    fn manifest_text(&self) -> Result<String, PackError> {
        if let Some(contents) = &self.contents {
            return Ok(contents.manifest.clone());
        }
        let path = self.folder.join(MANIFEST);
        std::fs::read_to_string(&path).map_err(|e| PackError::Read {
            path,
            why: e.to_string(),
        })
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
        self.manifest.files.iter().any(|f| self.path(f).exists())
    }

    /// Returns the file with this role, of `variant` where the role has variants.
    pub fn file(&self, role: &str, variant: Option<&str>) -> Result<&FileEntry, PackError> {
        self.manifest
            .files
            .iter()
            .find(|f| f.role == role && f.is_of(variant))
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

    /// Returns where `file` is.
    pub fn path(&self, file: &FileEntry) -> PackFile {
        self.listed(&file.path)
    }

    /// Returns where the file `path` of the manifest is.
    pub fn listed(&self, path: &str) -> PackFile {
        let shown = self.folder.join(path);
        match &self.contents {
            None => PackFile::Disk(shown),
            Some(contents) => PackFile::Program {
                shown,
                bytes: contents.file(path).map(|file| file.bytes),
            },
        }
    }
}
