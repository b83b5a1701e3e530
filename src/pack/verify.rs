//! Checks that a pack's files are the ones that its manifest lists.
//!
//! Hashing 300 MB takes a second: a file that was hashed once is trusted as long as its size and modification time are
//! the same. A file that changed shortly before it was hashed may change again within the same tick of the file
//! system's clock, so the next start hashes it again. The results are cached in a file in the pack's folder; where that
//! cannot be written, every start hashes the files. Of a pack within the program every start takes BLAKE3 of the files, which
//! is fast.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::manifest::FileEntry;
use super::program::Contents;
use super::{Pack, PackError};

/// Name of the file in a pack's folder that caches the hashes.
const MEMORY: &str = ".hashed.json";

/// The coarsest resolution of modification times in file systems: FAT has two seconds.
const TICK: Duration = Duration::from_secs(2);

/// The size and modification time of a file when it was hashed, and its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct FileState {
    size: u64,
    modified_ns: u128,
    sha256: String,
}

impl FileState {
    /// Whether any change after `then` would change the modification time.
    fn is_settled_at(&self, then: SystemTime) -> bool {
        let until = then.checked_sub(TICK).unwrap_or(UNIX_EPOCH);
        self.modified_ns < ns_since_1970(until)
    }
}

fn ns_since_1970(time: SystemTime) -> u128 {
    time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos())
}

impl Pack {
    /// Checks that every listed file of the variants in use exists, whole and unchanged.
    ///
    /// `variant` is the one that will be loaded; files of other variants may be absent. With `anew` every file is
    /// hashed, and the cache is not used. Errors name the file, what was expected and what was found.
    pub fn verify(&self, variant: Option<&str>, anew: bool) -> Result<(), PackError> {
        match &self.contents {
            Some(contents) => self.verify_within(contents, variant, anew),
            None => self.verify_folder(variant, anew),
        }
    }

    fn verify_within(
        &self,
        contents: &Contents,
        variant: Option<&str>,
        anew: bool,
    ) -> Result<(), PackError> {
        for file in self.manifest.files.iter().filter(|f| f.is_of(variant)) {
            let held = contents
                .file(&file.path)
                .ok_or_else(|| PackError::Program {
                    path: self.folder.join(&file.path),
                    why: "the program does not hold this file, which the pack needs here"
                        .to_owned(),
                })?;
            let (expected, found) = match anew {
                true => (&file.sha256, sha256(held.bytes)),
                false => (&held.blake3, blake3::hash(held.bytes).to_string()),
            };
            if found != *expected {
                return Err(PackError::Program {
                    path: self.folder.join(&file.path),
                    why: format!(
                        "is damaged (hash {found}, expected {expected}): copy the program again"
                    ),
                });
            }
        }
        Ok(())
    }

    fn verify_folder(&self, variant: Option<&str>, anew: bool) -> Result<(), PackError> {
        let memory_path = self.folder.join(MEMORY);
        let mut memory = match anew {
            true => BTreeMap::new(),
            false => recall(&memory_path),
        };
        let before = memory.clone();
        for file in &self.manifest.files {
            if !file.is_of(variant) && !self.path(file).exists() {
                continue;
            }
            let started = SystemTime::now();
            let seen = self.check(file, memory.get(&file.path))?;
            match seen.is_settled_at(started) {
                true => memory.insert(file.path.clone(), seen),
                false => memory.remove(&file.path),
            };
        }
        if memory != before {
            remember(&memory_path, &memory);
        }
        Ok(())
    }

    fn check(&self, file: &FileEntry, seen: Option<&FileState>) -> Result<FileState, PackError> {
        let path = self.folder.join(&file.path);
        let pack = self.name().to_owned();
        let unreadable = |e: io::Error| match e.kind() {
            io::ErrorKind::NotFound => PackError::MissingFile {
                pack: pack.clone(),
                path: path.clone(),
            },
            _ => PackError::Read {
                path: path.clone(),
                why: e.to_string(),
            },
        };
        let metadata = fs::metadata(&path).map_err(unreadable)?;
        if metadata.len() != file.size {
            return Err(PackError::Size {
                pack,
                path,
                expected: file.size,
                found: metadata.len(),
            });
        }
        let modified_ns = ns_since_1970(metadata.modified().map_err(unreadable)?);
        let found = match seen {
            Some(seen) if seen.size == file.size && seen.modified_ns == modified_ns => {
                seen.sha256.clone()
            }
            _ => sha256_of_file(&path).map_err(unreadable)?,
        };
        if found != file.sha256 {
            return Err(PackError::Hash {
                pack,
                path,
                expected: file.sha256.clone(),
                found,
            });
        }
        Ok(FileState {
            size: file.size,
            modified_ns,
            sha256: found,
        })
    }
}

/// Returns SHA-256 of `content` as lower-case hex.
pub(super) fn sha256(content: &[u8]) -> String {
    digits(Sha256::digest(content))
}

fn sha256_of_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    Ok(digits(hasher.finalize()))
}

fn digits(hash: impl AsRef<[u8]>) -> String {
    hash.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

fn recall(path: &Path) -> BTreeMap<String, FileState> {
    let text = fs::read(path).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

fn remember(path: &Path, memory: &BTreeMap<String, FileState>) {
    let Ok(text) = serde_json::to_vec_pretty(memory) else {
        return;
    };
    let part = path.with_extension(format!("part{}", std::process::id()));
    if let Err(e) = fs::write(&part, text).and_then(|()| fs::rename(&part, path)) {
        log::debug!("{} is not remembered: {e}", path.display());
        let _ = fs::remove_file(&part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Manifest, PackKind};

    fn pack(folder: &Path) -> Pack {
        let file = FileEntry {
            role: "model".into(),
            variant: None,
            path: "model.onnx".into(),
            size: 3,
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
            inputs: BTreeMap::new(),
            outputs: BTreeMap::new(),
        };
        let manifest = Manifest {
            name: "tiny".into(),
            kind: PackKind::Speak,
            engine: "none".into(),
            runtime: None,
            title: String::new(),
            description: String::new(),
            licence: String::new(),
            origin: String::new(),
            default: false,
            sample_rate_hz: None,
            languages: vec![],
            cuda_variant: None,
            variant: None,
            files: vec![file],
            voices: vec![],
            vits: None,
            translate: None,
            tone: None,
            sources: vec![],
            steps: vec![],
        };
        Pack::in_folder(folder.to_owned(), manifest)
    }

    #[test]
    fn missing_truncated_and_changed_files_are_named_with_what_was_expected() {
        let folder = tempfile::tempdir().unwrap();
        let pack = pack(folder.path());
        let file = folder.path().join("model.onnx");
        assert!(matches!(
            pack.verify(None, false),
            Err(PackError::MissingFile { .. })
        ));
        fs::write(&file, "ab").unwrap();
        assert!(matches!(
            pack.verify(None, false),
            Err(PackError::Size {
                expected: 3,
                found: 2,
                ..
            })
        ));
        fs::write(&file, "abd").unwrap();
        let error = pack.verify(None, false).unwrap_err().to_string();
        assert!(
            error.contains("ba7816bf") && error.contains("a52d159f"),
            "{error}"
        );
        fs::write(&file, "abc").unwrap();
        pack.verify(None, false).unwrap();
    }

    #[test]
    fn a_hash_is_remembered_until_size_or_time_changes() {
        let folder = tempfile::tempdir().unwrap();
        let pack = pack(folder.path());
        let file = folder.path().join("model.onnx");
        let put = |content: &str, time: SystemTime| {
            fs::write(&file, content).unwrap();
            let file = File::options().write(true).open(&file).unwrap();
            file.set_modified(time).unwrap();
        };
        let time = SystemTime::now() - Duration::from_secs(60);
        put("abc", time);
        pack.verify(None, false).unwrap();
        put("abd", time);
        pack.verify(None, false)
            .expect("size and time are the same: believed");
        assert!(
            matches!(pack.verify(None, true), Err(PackError::Hash { .. })),
            "hashed anew"
        );
        put("abd", time + Duration::from_secs(1));
        assert!(matches!(
            pack.verify(None, false),
            Err(PackError::Hash { .. })
        ));
    }

    #[test]
    fn a_file_that_changes_again_within_a_tick_of_the_clock_is_hashed_again() {
        let folder = tempfile::tempdir().unwrap();
        let pack = pack(folder.path());
        let file = folder.path().join("model.onnx");
        fs::write(&file, "abc").unwrap();
        let time = fs::metadata(&file).unwrap().modified().unwrap();
        pack.verify(None, false).unwrap();
        fs::write(&file, "abd").unwrap();
        let changed = File::options().write(true).open(&file).unwrap();
        changed.set_modified(time).unwrap();
        assert!(matches!(
            pack.verify(None, false),
            Err(PackError::Hash { .. })
        ));
    }
}
