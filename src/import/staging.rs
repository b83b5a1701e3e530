//! A folder in the models folder that becomes a pack at once, or not at all.
//!
//! Its name begins with a dot, so that no server takes it for a pack. It is locked as long as its import runs: one that is not was
//! left by an import that was killed, and the next import removes it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use sha2::{Digest, Sha256};

use super::ImportError;
use super::plan::{ImportPlan, PlannedContent};
use crate::pack::Pack;
use crate::pack::manifest::{FileEntry, Manifest};
use vocabox_base::disk::free_bytes;

/// How the name of such a folder begins.
const PREFIX: &str = ".import-";
/// Bytes that are copied and hashed at a time.
const CHUNK: usize = 1 << 20;
/// Bytes that stay free on the disk.
const RESERVE_BYTES: u64 = 64 << 20;

/// A pack that is being made. Dropped, it leaves nothing.
pub struct Staging {
    models: PathBuf,
    folder: PathBuf,
    /// The folder while it may still be removed.
    unfinished: Arc<Mutex<Option<PathBuf>>>,
    /// Holds the lock of the folder.
    _lock: File,
}

/// A pack that is made, and has no name yet.
pub struct Staged {
    pub pack: Pack,
    staging: Staging,
}

/// Ends an import from another thread.
#[derive(Clone)]
pub struct Abandon(Arc<Mutex<Option<PathBuf>>>);

impl Abandon {
    /// Removes what was made so far, and keeps the import from going on. Returns false where the pack already has its name.
    pub fn now(&self) -> bool {
        let mut unfinished = lock(&self.0);
        let Some(folder) = unfinished.take() else {
            return false;
        };
        // The import may write while its files are removed: then they are removed again.
        for _ in 0..1000 {
            if fs::remove_dir_all(&folder).is_ok() || !folder.exists() {
                break;
            }
            std::thread::yield_now();
        }
        // Never given back: the import must not rename anything after this.
        std::mem::forget(unfinished);
        true
    }
}

impl Staging {
    /// Makes the folder of a pack `name`. Errors: there is such a pack, and it is not to be replaced; it cannot be made.
    pub fn begin(models: &Path, name: &str, replace: bool) -> Result<Self, ImportError> {
        let disk = |e: std::io::Error| {
            ImportError::Disk(format!("{} cannot be written: {e}", models.display()))
        };
        may_be_written(models, name, replace)?;
        // A program that holds its packs serves without a models folder.
        fs::create_dir_all(models).map_err(disk)?;
        // Until the new folder is locked, no other import may take it for one that was left.
        let all = File::open(models).map_err(disk)?;
        all.lock().map_err(disk)?;
        let folder = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{name}-"))
            .tempdir_in(models)
            .map_err(disk)?
            .keep();
        let staging = File::open(&folder).and_then(|folder| {
            folder.lock()?;
            Ok(folder)
        });
        let lock = staging.map_err(disk)?;
        // The server may be another user.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).map_err(disk)?;
        Ok(Staging {
            models: models.to_owned(),
            unfinished: Arc::new(Mutex::new(Some(folder.clone()))),
            folder,
            _lock: lock,
        })
    }

    /// What ends this import from another thread.
    pub fn abandon(&self) -> Abandon {
        Abandon(Arc::clone(&self.unfinished))
    }

    /// Copies or links the files of `plan`, and hashes them. `progress` is told the bytes of each step. Errors: the disk has no
    /// room, a file cannot be read or written, or the manifest of it all would be refused.
    pub fn fill(
        self,
        plan: ImportPlan,
        link: bool,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Staged, ImportError> {
        let copied = plan.files.iter().map(|f| match &f.content {
            PlannedContent::File(..) if link => 0,
            content => content.size(),
        });
        let (need, free) = (
            copied.sum::<u64>(),
            free_bytes(&self.folder).unwrap_or(u64::MAX),
        );
        if free < need.saturating_add(RESERVE_BYTES) {
            return Err(ImportError::Disk(format!(
                "the model has {} MiB, and {} MiB are free in the models folder: make room, or link the files with --link",
                need >> 20,
                free >> 20
            )));
        }
        let mut manifest = plan.manifest;
        for planned in plan.files {
            let path = self.folder.join(&planned.path);
            let failed = |what: &Path, e: std::io::Error| {
                ImportError::Disk(format!("{}: {e}", what.display()))
            };
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(|e| failed(parent, e))?;
            }
            let (size, sha256) = match &planned.content {
                PlannedContent::Bytes(bytes) => {
                    let written = write(&path, &mut bytes.as_slice(), progress);
                    written.map_err(|e| failed(&path, e))?
                }
                PlannedContent::File(from, _) => {
                    let mut source = File::open(from).map_err(|e| failed(from, e))?;
                    match link {
                        true => {
                            symlink(from, &path).map_err(|e| failed(&path, e))?;
                            hash(&mut source, progress).map_err(|e| failed(from, e))?
                        }
                        false => {
                            write(&path, &mut source, progress).map_err(|e| failed(&path, e))?
                        }
                    }
                }
            };
            manifest.files.push(FileEntry {
                role: planned.role,
                variant: None,
                path: planned.path,
                size,
                sha256,
                inputs: planned.inputs,
                outputs: planned.outputs,
            });
        }
        // What this writes, the server must read.
        let wrong = |why: String| ImportError::Refused(format!("the model makes no pack: {why}"));
        let text = toml::to_string(&manifest).map_err(|e| wrong(e.to_string()))?;
        let manifest = Manifest::parse(&text).map_err(wrong)?;
        let path = self.folder.join("pack.toml");
        let written = write(&path, &mut text.as_bytes(), &mut |_| {});
        written.map_err(|e| ImportError::Disk(format!("{}: {e}", path.display())))?;
        Ok(Staged {
            pack: Pack::in_folder(self.folder.clone(), manifest),
            staging: self,
        })
    }
}

impl Staged {
    /// Gives the pack its name, in one step: a server finds the old pack or the new one. Returns it where it now is. Errors:
    /// another import was first, or the disk.
    pub fn publish(self, replace: bool) -> Result<Pack, ImportError> {
        let name = self.pack.name();
        let Staging { models, folder, .. } = &self.staging;
        let place = models.join(name);
        let disk = |e: std::io::Error| {
            ImportError::Disk(format!("{} cannot be written: {e}", place.display()))
        };
        File::open(folder)
            .and_then(|f| f.sync_all())
            .map_err(disk)?;
        let mut unfinished = lock(&self.staging.unfinished);
        if unfinished.is_none() {
            return Err(ImportError::Interrupted);
        }
        // A folder is never put in the place of one that has files.
        match fs::rename(folder, &place) {
            Ok(()) => *unfinished = None,
            Err(_) if place.exists() && replace => {
                may_be_written(models, name, replace)?;
                // What stays behind, the old pack, is removed when this is dropped.
                let exchanged = renameat_with(CWD, folder, CWD, &place, RenameFlags::EXCHANGE);
                exchanged.map_err(|e| disk(e.into()))?;
            }
            Err(_) if place.exists() => return Err(exists(name)),
            Err(e) => return Err(disk(e)),
        }
        drop(unfinished);
        File::open(models)
            .and_then(|f| f.sync_all())
            .map_err(disk)?;
        let manifest = self.pack.manifest.clone();
        Ok(Pack::in_folder(place, manifest))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Some(folder) = lock(&self.unfinished).take() {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// Removes what imports left that were killed. What cannot be removed stays.
pub fn clear_abandoned(models: &Path) {
    let all = File::open(models);
    let Ok(()) = all.as_ref().map_or(Ok(()), File::lock) else {
        return;
    };
    for entry in fs::read_dir(models).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_ours = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PREFIX.as_bytes());
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        // Not locked: its import has ended.
        let is_left = || File::open(&path).is_ok_and(|folder| folder.try_lock().is_ok());
        if is_ours && is_folder && is_left() {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Removes the folder of `pack`: no server finds a part of it. Errors: those of the disk.
pub fn remove(models: &Path, pack: &Pack) -> std::io::Result<()> {
    let aside = tempfile::Builder::new()
        .prefix(PREFIX)
        .tempdir_in(models)?
        .keep();
    // Into a folder of its own, of which the next import removes what is left if this is interrupted.
    let moved = fs::rename(&pack.folder, aside.join("removed"));
    let removed = fs::remove_dir_all(&aside);
    moved.and(removed)
}

/// Whether a pack may be called `name` and be written. Errors: there is one.
fn may_be_written(models: &Path, name: &str, replace: bool) -> Result<(), ImportError> {
    let place = models.join(name);
    if fs::symlink_metadata(&place).is_err() {
        return Ok(());
    }
    if !replace {
        return Err(exists(name));
    }
    match Pack::open(&place) {
        Ok(pack) if pack.manifest.sources.is_empty() => Ok(()),
        Ok(_) => Err(ImportError::Asked(format!(
            "{name} is a pack that scripts/fetch-models fetches: choose another name, as in --name {name}-own"
        ))),
        Err(_) => Err(ImportError::Asked(format!(
            "{} is no pack, and is not replaced: choose another name, as in --name {name}-own",
            place.display()
        ))),
    }
}

fn exists(name: &str) -> ImportError {
    ImportError::Asked(format!(
        "there is a pack {name}: --replace replaces it, and another name keeps both, as in --name {name}-2"
    ))
}

/// Writes all of `source` to a new file, and returns its size and hash.
fn write(
    path: &Path,
    source: &mut dyn Read,
    progress: &mut dyn FnMut(u64),
) -> std::io::Result<(u64, String)> {
    let mut file = File::create_new(path)?;
    let made = each_chunk(source, progress, &mut |chunk| file.write_all(chunk))?;
    file.sync_all()?;
    Ok(made)
}

fn hash(source: &mut dyn Read, progress: &mut dyn FnMut(u64)) -> std::io::Result<(u64, String)> {
    each_chunk(source, progress, &mut |_| Ok(()))
}

fn each_chunk(
    source: &mut dyn Read,
    progress: &mut dyn FnMut(u64),
    each: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<(u64, String)> {
    let (mut hasher, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = vocabox_base::interrupted::uninterrupted(|| source.read(&mut buffer))?;
        if read == 0 {
            return Ok((size, format!("{:x}", hasher.finalize())));
        }
        hasher.update(&buffer[..read]);
        each(&buffer[..read])?;
        size += read as u64;
        progress(read as u64);
    }
}

/// Nothing that can panic runs under this lock.
fn lock(unfinished: &Mutex<Option<PathBuf>>) -> MutexGuard<'_, Option<PathBuf>> {
    unfinished.lock().unwrap_or_else(PoisonError::into_inner)
}
