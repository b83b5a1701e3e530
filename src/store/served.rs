//! Which process serves a data folder, without taking its lock: a server that starts just then must find it free.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::{LOCK_FILE, Store};

impl Store {
    /// Returns the id of the process that serves `data_dir`; none where no server runs, and where the kernel does not tell.
    pub fn server_of(data_dir: &Path) -> Option<u32> {
        let inode = fs::metadata(data_dir.join(LOCK_FILE)).ok()?.ino();
        holder(&fs::read_to_string("/proc/locks").ok()?, inode)
    }
}

/// The process that holds the lock of a whole file (flock) on `inode`, of a list as in `/proc/locks` (proc(5)):
/// `1: FLOCK  ADVISORY  WRITE 4242 fe:01:131 0 EOF`.
fn holder(listed: &str, inode: u64) -> Option<u32> {
    listed.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields[..] {
            // A process that waits for the lock has an arrow after the number.
            [_, "FLOCK", _, "WRITE", pid, file, ..] => {
                let same = file.rsplit(':').next()?.parse() == Ok(inode);
                pid.parse().ok().filter(|_| same)
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreBounds;

    #[test]
    fn the_holder_is_the_process_that_has_the_lock_and_not_one_that_waits() {
        let listed = "1: POSIX  ADVISORY  WRITE 7 fe:01:131 0 EOF\n2: -> FLOCK  ADVISORY  WRITE 8 fe:01:131 0 EOF\n\
                      3: FLOCK  ADVISORY  READ 9 fe:01:131 0 EOF\n4: FLOCK  ADVISORY  WRITE 10 fe:01:132 0 EOF\n";
        assert_eq!(holder(listed, 131), None);
        assert_eq!(holder(listed, 132), Some(10));
        assert_eq!(holder("", 1), None);
    }

    #[test]
    fn a_folder_is_served_as_long_as_its_server_lives() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Store::server_of(dir.path()), None);
        let server = Store::serve(dir.path(), StoreBounds::default()).unwrap();
        assert_eq!(Store::server_of(dir.path()), Some(std::process::id()));
        drop(server);
        assert_eq!(Store::server_of(dir.path()), None);
    }
}
