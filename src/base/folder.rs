//! Folders that no other user of the machine can enter.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

/// The mode of a folder that only its owner can enter.
const PRIVATE: u32 = 0o700;

/// Creates the folder `path`, and those above it that are missing, for this user alone. One that is there stays as it is.
pub fn create_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(PRIVATE).create(path)
}

/// As [`create_private`]; one that is there is closed to others, where this user owns it.
pub fn make_private(path: &Path) -> io::Result<()> {
    create_private(path)?;
    close(path).map(drop)
}

/// Closes a folder that is there to other users, where this user owns it. Returns the mode by which others can still enter
/// it; none where they cannot.
pub fn close(path: &Path) -> io::Result<Option<u32>> {
    let found = fs::metadata(path)?;
    let mode = found.mode() & 0o7777;
    if mode & 0o077 == 0 {
        return Ok(None);
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Ok(Some(mode));
    }
    fs::set_permissions(path, Permissions::from_mode(PRIVATE))?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_closed_to_others_whoever_made_them() {
        let folder = std::env::temp_dir().join(format!("vocabox-private-{}", std::process::id()));
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        make_private(&folder.join("a/b")).unwrap();
        for path in [&folder, &folder.join("a"), &folder.join("a/b")] {
            assert_eq!(mode(path), PRIVATE);
            fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
        }
        make_private(&folder.join("a/b")).unwrap();
        assert_eq!(mode(&folder.join("a/b")), PRIVATE);
        // What is above was there before, and may not be this program's.
        assert_eq!(mode(&folder), 0o777);
        assert_eq!(close(&folder).unwrap(), None);
        assert_eq!(mode(&folder), PRIVATE);
        fs::remove_dir_all(&folder).unwrap();
    }
}
