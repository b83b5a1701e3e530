//! The data folder itself, which may have been made beforehand, with a mode by which others of the machine can enter it.

use std::fs;
use std::path::Path;

use vocabox_base::folder;

/// What this program keeps in a data folder, and what is in every new file system.
const NAMES: [&str; 13] = [
    "backup",
    "jobs",
    "lost+found",
    "previews",
    "restore",
    "secrets",
    "serve.lock",
    "socket",
    "spoken",
    "spool",
    "stock-voices.json",
    "store",
    "voices",
];

/// Closes the data folder to others, if it holds nothing but this program's files. One that holds more, such as `/tmp`, is
/// not this program's: its mode stays, and only what this program makes in it is closed.
pub(crate) fn close(data_dir: &Path) {
    if let Err(error) = close_own(data_dir) {
        log::warn!("the mode of the data folder could not be changed: {error}");
    }
}

fn close_own(data_dir: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(data_dir)? {
        let name = entry?.file_name();
        if !NAMES.iter().any(|own| name == *own) {
            return Ok(());
        }
    }
    folder::close(data_dir).map(drop)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;
    use crate::Store;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    fn open_to_all(path: &Path) {
        fs::create_dir_all(path).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
    }

    #[test]
    fn a_folder_that_was_made_beforehand_is_closed_and_one_of_others_stays_open() {
        let dir = tempfile::tempdir().unwrap();
        let (own, shared) = (dir.path().join("own"), dir.path().join("shared"));
        for data in [&own, &shared] {
            open_to_all(data);
            open_to_all(&data.join("store"));
        }
        fs::write(shared.join("letter.txt"), "").unwrap();
        for data in [&own, &shared] {
            drop(Store::open(data).unwrap());
            assert_eq!(mode(&data.join("store")), 0o700);
        }
        assert_eq!((mode(&own), mode(&shared)), (0o700, 0o777));
    }
}
