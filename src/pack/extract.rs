//! Writing a pack into a folder: what the program holds, as files that an operator can look at and replace.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{MANIFEST, Pack, PackError};

impl Pack {
    /// Writes the pack's folder below `models`: its manifest and the files that are there. The folder has its name once it is
    /// whole. Returns its path.
    ///
    /// Errors: the folder exists, a file is not as the manifest says, or it cannot be written.
    pub fn extract(&self, models: &Path) -> Result<PathBuf, PackError> {
        let folder = models.join(self.name());
        let unwritten = |e: io::Error| PackError::Write {
            path: folder.clone(),
            why: e.to_string(),
        };
        if folder.exists() {
            return Err(unwritten(io::ErrorKind::AlreadyExists.into()));
        }
        fs::create_dir_all(models).map_err(unwritten)?;
        let part = tempfile::Builder::new()
            .prefix(".extract-")
            .tempdir_in(models);
        let part = part.map_err(unwritten)?;
        for file in &self.manifest.files {
            let from = self.path(file);
            if !from.exists() {
                continue;
            }
            let to = part.path().join(&file.path);
            // A manifest's path stays within the folder and names a file in it.
            fs::create_dir_all(to.parent().unwrap_or(part.path())).map_err(unwritten)?;
            fs::write(&to, from.read_unchanged(&file.sha256)?).map_err(unwritten)?;
        }
        fs::write(part.path().join(MANIFEST), self.manifest_text()?).map_err(unwritten)?;
        fs::set_permissions(part.path(), readable()).map_err(unwritten)?;
        fs::rename(part.path(), &folder).map_err(unwritten)?;
        Ok(folder)
    }
}

/// The permissions of a folder that all may read: a temporary one is its owner's only.
fn readable() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o755)
}
