//! The files that an import may take: those of a folder, or a file and the texts beside it.
//!
//! What is on a stick is not trusted: the number of files and the depth are bounded, links lead to files of the same folder only
//! (or of the store of a Hugging Face cache), and nothing but plain files is opened.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ImportError;
use crate::limits::{IMPORT_DEPTH_MAX, IMPORT_FILES_MAX, IMPORT_TEXT_BYTES_MAX};

/// A file that may become one of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it is, links followed.
    pub path: PathBuf,
    /// Its path below the folder, by which it is told of, with `/` between.
    pub name: String,
    pub size: u64,
}

/// The files of an import.
#[derive(Debug)]
pub struct SourceFiles {
    /// Sorted by name.
    pub files: Vec<SourceFile>,
    /// The file that was named, if it was one and no folder.
    pub only: Option<String>,
    /// The name of the folder or file, without its ending.
    pub stem: String,
}

impl SourceFile {
    /// Its name without the folders before it.
    pub fn base(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// Whether its name ends in `.` and `ending`, in any case.
    pub fn ends(&self, ending: &str) -> bool {
        let base = self.base().to_ascii_lowercase();
        base.strip_suffix(ending).is_some_and(|b| b.ends_with('.'))
    }

    /// Its text. Errors: it is longer than is read, or no text.
    pub fn text(&self) -> Result<String, ImportError> {
        let refused = |why: String| ImportError::Refused(format!("{}: {why}", self.name));
        if self.size > IMPORT_TEXT_BYTES_MAX {
            return Err(refused(format!(
                "it has {} MiB; texts of up to {} MiB are read",
                self.size >> 20,
                IMPORT_TEXT_BYTES_MAX >> 20
            )));
        }
        let mut text = String::new();
        let file = fs::File::open(&self.path).map_err(|e| refused(e.to_string()))?;
        let mut bounded = file.take(IMPORT_TEXT_BYTES_MAX);
        let read = bounded.read_to_string(&mut text);
        read.map_err(|e| refused(e.to_string()))?;
        Ok(text)
    }

    /// Its JSON. Errors: those of [`SourceFile::text`], and what is no JSON.
    pub fn json(&self) -> Result<Value, ImportError> {
        let text = self.text()?;
        let parsed = serde_json::from_str(&text);
        parsed.map_err(|e| ImportError::Refused(format!("{}: no JSON: {e}", self.name)))
    }
}

impl SourceFiles {
    /// Looks through `path`. Errors: it is neither a folder nor a file, has too many files, or a link in it leads elsewhere.
    pub fn read(path: &Path) -> Result<Self, ImportError> {
        let refused = |why: String| ImportError::Refused(format!("{}: {why}", path.display()));
        let real = fs::canonicalize(path).map_err(|e| refused(e.to_string()))?;
        let is_file = real.is_file();
        if !is_file && !real.is_dir() {
            return Err(refused("it is neither a folder nor a file".to_owned()));
        }
        let (root, only) = match is_file {
            // The file as it is named, which may be a link into a cache; what is beside it is beside the link.
            true => {
                let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
                let parent = parent.unwrap_or(Path::new(".")).to_owned();
                let name = path.file_name().and_then(|n| n.to_str());
                let name = name.ok_or_else(|| refused("its name is no UTF-8".to_owned()))?;
                (parent, Some(name.to_owned()))
            }
            false => (real.clone(), None),
        };
        let mut found = FileSearch {
            inside: fs::canonicalize(&root).map_err(|e| refused(e.to_string()))?,
            files: Vec::new(),
        };
        match &only {
            None => found.folder(&root, "", 0)?,
            Some(name) => found.around(&root, name)?,
        }
        let mut files = found.files;
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let named = match &only {
            Some(name) => name.split('.').next().unwrap_or(name).to_owned(),
            None => folder_name(&real),
        };
        Ok(SourceFiles {
            files,
            only,
            stem: named,
        })
    }

    /// The graphs: the named file alone, if one was named.
    pub fn graphs(&self) -> impl Iterator<Item = &SourceFile> {
        let wanted = |f: &&SourceFile| match &self.only {
            Some(name) => f.name == *name,
            None => true,
        };
        self.files.iter().filter(|f| f.ends("onnx")).filter(wanted)
    }

    /// The file of this name, the least deep one first.
    pub fn called(&self, base: &str) -> Option<&SourceFile> {
        let depth = |f: &&SourceFile| f.name.matches('/').count();
        let fitting = self.files.iter().filter(|f| f.base() == base);
        fitting.min_by_key(depth)
    }

    /// The JSON of the file of this name, if there is one. Errors: it is none.
    pub fn json(&self, base: &str) -> Result<Option<Value>, ImportError> {
        self.called(base).map(SourceFile::json).transpose()
    }
}

/// The name of a folder; of a snapshot in a Hugging Face cache (`models--OWNER--NAME/snapshots/HASH`) the model's.
fn folder_name(path: &Path) -> String {
    let name = |p: &Path| {
        p.file_name()
            .map_or(String::new(), |n| n.to_string_lossy().into_owned())
    };
    let repository = path.parent().and_then(Path::parent).map(name);
    match repository
        .as_deref()
        .and_then(|r| r.strip_prefix("models--"))
    {
        Some(repository) => repository
            .rsplit("--")
            .next()
            .unwrap_or_default()
            .to_owned(),
        None => name(path),
    }
}

struct FileSearch {
    /// The folder that links may lead into.
    inside: PathBuf,
    files: Vec<SourceFile>,
}

impl FileSearch {
    fn folder(&mut self, path: &Path, prefix: &str, depth: usize) -> Result<(), ImportError> {
        let refused = |why: String| ImportError::Refused(format!("{}: {why}", path.display()));
        for entry in fs::read_dir(path).map_err(|e| refused(e.to_string()))? {
            let entry = entry.map_err(|e| refused(e.to_string()))?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|n| !n.starts_with('.')) else {
                continue;
            };
            let name = format!("{prefix}{name}");
            let kind = entry.file_type().map_err(|e| refused(e.to_string()))?;
            if kind.is_dir() {
                if depth < IMPORT_DEPTH_MAX {
                    self.folder(&entry.path(), &format!("{name}/"), depth + 1)?;
                }
            } else {
                self.file(&entry.path(), name)?;
            }
        }
        Ok(())
    }

    /// The file `name` of a folder, and those texts and weights beside it that may belong to it.
    fn around(&mut self, path: &Path, name: &str) -> Result<(), ImportError> {
        // The operator named it: it may be a link to anywhere.
        let real = fs::canonicalize(path.join(name));
        let inside = real.ok().and_then(|r| r.parent().map(Path::to_owned));
        let own = std::mem::replace(&mut self.inside, inside.unwrap_or_default());
        self.file(&path.join(name), name.to_owned())?;
        self.inside = own;
        let refused = |why: String| ImportError::Refused(format!("{}: {why}", path.display()));
        for entry in fs::read_dir(path).map_err(|e| refused(e.to_string()))? {
            let entry = entry.map_err(|e| refused(e.to_string()))?;
            let beside = entry.file_name();
            let Some(beside) = beside.to_str() else {
                continue;
            };
            let is_own = beside.starts_with(name);
            let is_text = [".json", ".txt", ".md"].iter().any(|e| beside.ends_with(e));
            let is_voices = beside.starts_with("voices") || beside.ends_with(".npz");
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if beside != name && is_file && (is_own || is_text || is_voices) {
                self.file(&entry.path(), beside.to_owned())?;
            }
        }
        let voices = path.join("voices");
        match voices.is_dir() && !voices.is_symlink() {
            true => self.folder(&voices, "voices/", IMPORT_DEPTH_MAX),
            false => Ok(()),
        }
    }

    fn file(&mut self, path: &Path, name: String) -> Result<(), ImportError> {
        if self.files.len() == IMPORT_FILES_MAX {
            return Err(ImportError::Refused(format!(
                "the folder has more than {IMPORT_FILES_MAX} files: name the model's own folder"
            )));
        }
        // A link that leads nowhere, and what vanishes while it is looked at, is no file of the model.
        let Ok(real) = fs::canonicalize(path) else {
            return Ok(());
        };
        let Ok(metadata) = fs::metadata(&real) else {
            return Ok(());
        };
        if !metadata.is_file() {
            return Ok(());
        }
        if !real.starts_with(&self.inside) && !self.is_of_cache(&real) {
            return Err(ImportError::Refused(format!(
                "{name} is a link to a file outside of the folder: put the file itself there"
            )));
        }
        self.files.push(SourceFile {
            path: real,
            name,
            size: metadata.len(),
        });
        Ok(())
    }

    /// Whether a file is in the store of the Hugging Face cache that the folder is a snapshot of: `…/snapshots/HASH` links to
    /// `…/blobs`.
    fn is_of_cache(&self, real: &Path) -> bool {
        let snapshots = self
            .inside
            .ancestors()
            .find(|p| p.file_name().is_some_and(|n| n == "snapshots"));
        let store = snapshots.and_then(Path::parent).map(|p| p.join("blobs"));
        store.is_some_and(|store| real.parent() == Some(&store))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(path: &Path) -> Vec<String> {
        let files = SourceFiles::read(path).unwrap().files;
        files.into_iter().map(|f| f.name).collect()
    }

    #[test]
    fn files_of_folders_are_found_and_links_stay_inside() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("whisper-base.en");
        fs::create_dir_all(root.join("onnx")).unwrap();
        fs::write(root.join("onnx/encoder_model.onnx"), "x").unwrap();
        fs::write(root.join("config.json"), "{}").unwrap();
        fs::write(root.join(".hidden"), "x").unwrap();
        symlink("config.json", root.join("link.json")).unwrap();
        symlink("nowhere", root.join("broken.json")).unwrap();
        symlink("/", root.join("everything")).unwrap();
        assert_eq!(
            names(&root),
            ["config.json", "link.json", "onnx/encoder_model.onnx"]
        );
        assert_eq!(SourceFiles::read(&root).unwrap().stem, "whisper-base.en");
        symlink("/etc/passwd", root.join("tokens.txt")).unwrap();
        let refused = SourceFiles::read(&root).unwrap_err().to_string();
        assert!(refused.contains("tokens.txt is a link"), "{refused}");
    }

    #[test]
    fn a_snapshot_of_a_cache_links_to_its_store_and_has_the_models_name() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("models--openai--whisper-tiny");
        let snapshot = model.join("snapshots/0123");
        fs::create_dir_all(&snapshot).unwrap();
        fs::create_dir_all(model.join("blobs")).unwrap();
        fs::write(model.join("blobs/abc"), "{}").unwrap();
        symlink("../../blobs/abc", snapshot.join("config.json")).unwrap();
        assert_eq!(names(&snapshot), ["config.json"]);
        assert_eq!(SourceFiles::read(&snapshot).unwrap().stem, "whisper-tiny");
        fs::write(folder.path().join("other"), "{}").unwrap();
        symlink("../../../other", snapshot.join("x.json")).unwrap();
        assert!(SourceFiles::read(&snapshot).is_err());
    }

    #[test]
    fn a_file_comes_with_the_texts_beside_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.onnx", "a.onnx.json", "b.onnx", "README.md", "film.mp4"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let source = SourceFiles::read(&folder.path().join("a.onnx")).unwrap();
        let graphs: Vec<&str> = source.graphs().map(|f| f.name.as_str()).collect();
        assert_eq!(graphs, ["a.onnx"]);
        assert_eq!(
            names(&folder.path().join("a.onnx")),
            ["README.md", "a.onnx", "a.onnx.json"]
        );
        assert!(SourceFiles::read(&folder.path().join("none")).is_err());
    }
}
