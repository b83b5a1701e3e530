//! Which pack of a kind goes first: the file `defaults.toml` of the models folder, which `vocabox models default` writes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::PackError;
use crate::manifest::PackKind;

/// Name of the file in the models folder.
const FILE: &str = "defaults.toml";

/// The chosen packs, one a kind: what is not chosen goes by the packs' names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackDefaults {
    chosen: BTreeMap<PackKind, String>,
}

impl PackDefaults {
    /// Reads those of a models folder; none where it has no such file. Errors: a file that cannot be read or is not right.
    pub fn read(models: &Path) -> Result<Self, PackError> {
        let path = models.join(FILE);
        let refused = |why: String| PackError::Manifest {
            path: path.clone(),
            why,
        };
        let text = match fs::read_to_string(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            read => read.map_err(|e| refused(e.to_string()))?,
        };
        let chosen = toml::from_str(&text).map_err(|e| refused(e.message().to_owned()))?;
        Ok(PackDefaults { chosen })
    }

    /// Returns the name of the chosen pack of `kind`.
    pub fn of(&self, kind: PackKind) -> Option<&str> {
        self.chosen.get(&kind).map(String::as_str)
    }

    /// Chooses the pack `name` for `kind`.
    pub fn choose(&mut self, kind: PackKind, name: &str) {
        self.chosen.insert(kind, name.to_owned());
    }

    /// Takes back the choice of the pack `name`, and returns whether it was chosen.
    pub fn forget(&mut self, name: &str) -> bool {
        let before = self.chosen.len();
        self.chosen.retain(|_, chosen| chosen != name);
        self.chosen.len() != before
    }

    /// Writes them to a models folder, at once: a reader finds the old file or the new one. Errors: those of the disk.
    pub fn write(&self, models: &Path) -> io::Result<()> {
        let text = toml::to_string(&self.chosen).map_err(io::Error::other)?;
        let part: PathBuf = models.join(format!(".{FILE}.part{}", std::process::id()));
        let written = File::create(&part).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&part, models.join(FILE))
        });
        written.inspect_err(|_| {
            let _ = fs::remove_file(&part);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_as_they_were_written_and_can_be_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut defaults = PackDefaults::read(folder.path()).unwrap();
        assert_eq!(defaults.of(PackKind::Transcribe), None);
        defaults.choose(PackKind::Transcribe, "large");
        defaults.choose(PackKind::Speak, "joe");
        defaults.write(folder.path()).unwrap();
        let mut read = PackDefaults::read(folder.path()).unwrap();
        assert_eq!(read, defaults);
        assert_eq!(read.of(PackKind::Transcribe), Some("large"));
        assert!(read.forget("large") && !read.forget("large"));
        assert_eq!(read.of(PackKind::Transcribe), None);
        fs::write(folder.path().join(FILE), "sing = \"x\"").unwrap();
        let error = PackDefaults::read(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("defaults.toml") && error.contains("sing"),
            "{error}"
        );
    }
}
