//! Tests that mount file systems or must be cut off from every network run in namespaces of their own, which end with
//! them.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Set in the process that runs inside.
const INSIDE: &str = "RUNS_IN_NAMESPACES";

/// What a test gets for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespaces {
    /// Mounts that no other process sees.
    Mounts,
    /// And network interfaces, of which there are none at first.
    MountsAndNetwork,
}

/// Whether the calling test runs in such namespaces, as their superuser. Outside of them, runs the test called `name` of the
/// module `module` (its `module_path!()`) once more, inside, fails if that fails, and returns false. Where the machine allows
/// no namespaces, it says so on standard error, which `cargo test` shows of passing tests, too, and returns false.
#[track_caller]
pub fn is_inside(namespaces: Namespaces, module: &str, name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let (_, path) = module.split_once("::").expect("a module of the crate");
    let test = format!("{path}::{name}");
    let unshare = || {
        let mut unshare = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            unshare.args(["--user", "--map-root-user"]);
        }
        if namespaces == Namespaces::MountsAndNetwork {
            unshare.arg("--net");
        }
        unshare.args(["--mount", "--"]);
        unshare
    };
    let why = match unshare().arg("true").output() {
        Ok(tried) if tried.status.success() => None,
        Ok(tried) => Some(String::from_utf8_lossy(&tried.stderr).trim().to_owned()),
        Err(error) => Some(format!("unshare of util-linux: {error}")),
    };
    if let Some(why) = why {
        let line = format!("NOT RUN, because namespaces cannot be made here ({why}): {test}\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return false;
    }
    let own = std::env::current_exe().unwrap();
    let inside = unshare()
        .arg(own)
        .args(["--exact", &test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said =
        [inside.stdout, inside.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    println!("{}{}", said[0], said[1]);
    assert!(inside.status.success(), "it failed in its namespaces");
    assert!(said[0].contains("1 passed"), "{test} is no test");
    false
}

/// Runs a command of the machine, which must succeed.
#[track_caller]
pub fn must(command: &str) {
    let mut words = command.split_whitespace();
    let made = Command::new(words.next().unwrap()).args(words).output();
    let made = made.unwrap_or_else(|error| panic!("{command}: {error}"));
    let why = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{command}: {why}");
}

/// A file system of its own in memory (tmpfs), which a test can fill; only inside of namespaces.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// An empty disk of so many MiB.
    pub fn mount(mib: usize) -> SmallDisk {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        must(&format!(
            "mount -t tmpfs -o size={mib}m,mode=700 tmpfs {path}"
        ));
        SmallDisk { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fills the disk but for `left` bytes.
    pub fn fill(&self, left: u64) {
        let mut filler = File::create(self.path().join("filler")).unwrap();
        let mut bytes = 0;
        for block in [64 * 1024, 4096, 1] {
            let block = vec![7; block];
            loop {
                match filler.write(&block) {
                    Ok(written) => bytes += written as u64,
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
        filler.set_len(bytes.saturating_sub(left)).unwrap();
    }

    /// Gives the room back that [`SmallDisk::fill`] took.
    pub fn clear(&self) {
        std::fs::remove_file(self.path().join("filler")).unwrap();
    }

    /// Lets nobody write to the disk any more; no file of it may be open for writing.
    pub fn make_read_only(&self) {
        must(&format!("mount -o remount,ro {}", self.path().display()));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because a server may still be ending.
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .status();
    }
}
