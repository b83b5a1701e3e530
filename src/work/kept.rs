//! Files that are made once and kept: whoever asks first makes, the others wait, later ones read.
//!
//! A file is named by all that decides its content, so that it never gets old; whoever asks after that has changed asks
//! for another. What is kept is bounded in number and bytes; what was not asked for the longest goes first.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tempfile::NamedTempFile;

use super::pool::LOOK;
use crate::engine::contract::CancellationToken;
use crate::fault::Fault;

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub files_max: usize,
    pub bytes_max: u64,
}

/// A folder of such files.
pub struct Kept {
    folder: PathBuf,
    room: Room,
    /// Names of what is being made.
    making: Mutex<HashSet<String>>,
    /// Told whenever something no longer is.
    done: Condvar,
}

impl Kept {
    /// The files of `folder`, which is made where it is missing, as many as `room` has. What a process that ended
    /// left half done is removed. Faults: `Internal` when the folder cannot be made or read.
    pub fn open(folder: PathBuf, room: Room) -> Result<Self, Fault> {
        fs::create_dir_all(&folder).map_err(Fault::internal)?;
        for entry in fs::read_dir(&folder).map_err(Fault::internal)? {
            let path = entry.map_err(Fault::internal)?.path();
            if path.extension().is_some_and(|e| e == UNFINISHED) {
                fs::remove_file(path).map_err(Fault::internal)?;
            }
        }
        Ok(Kept {
            folder,
            room,
            making: Mutex::default(),
            done: Condvar::new(),
        })
    }

    /// The file called `name` (of letters, digits and a dot), if it was made.
    pub fn find(&self, name: &str) -> Option<Vec<u8>> {
        let mut file = File::options()
            .read(true)
            .write(true)
            .open(self.folder.join(name))
            .ok()?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).ok()?;
        // It goes later than what nobody asks for; where that cannot be noted, it goes earlier.
        let _ = file.set_modified(SystemTime::now());
        Some(content)
    }

    /// The file called `name`, made by `make` unless it is there or another makes it just now. Faults: those of `make`,
    /// after which the next who waits tries, and of `cancellation` while waiting.
    pub fn find_or_make(
        &self,
        name: &str,
        cancellation: &CancellationToken,
        make: impl FnOnce() -> Result<Vec<u8>, Fault>,
    ) -> Result<Vec<u8>, Fault> {
        let _turn = self.turn(name, cancellation)?;
        if let Some(found) = self.find(name) {
            return Ok(found);
        }
        let made = make()?;
        if let Err(cause) = self.keep(name, &made) {
            // It will have to be made again; this time it is there all the same.
            log::warn!("{name} cannot be kept: {cause}");
        }
        Ok(made)
    }

    /// Waits until nobody makes `name`.
    fn turn<'a>(
        &'a self,
        name: &'a str,
        cancellation: &CancellationToken,
    ) -> Result<Turn<'a>, Fault> {
        let mut making = self.lock();
        while making.contains(name) {
            let waited = self.done.wait_timeout(making, LOOK);
            making = waited.unwrap_or_else(PoisonError::into_inner).0;
            cancellation.check()?;
        }
        making.insert(name.to_owned());
        Ok(Turn { kept: self, name })
    }

    /// Writes a whole file under its name, or nothing.
    fn keep(&self, name: &str, content: &[u8]) -> std::io::Result<()> {
        let suffix = format!(".{UNFINISHED}");
        let mut file = NamedTempFile::with_suffix_in(suffix, &self.folder)?;
        file.write_all(content)?;
        // Or a power cut may leave the name and lose the content.
        file.as_file().sync_all()?;
        file.persist(self.folder.join(name))?;
        sweep(&self.folder, self.room)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How names of files end that are not whole yet.
const UNFINISHED: &str = "part";

/// Removes the oldest files beyond `room`.
fn sweep(folder: &Path, room: Room) -> std::io::Result<()> {
    let (mut files, mut bytes) = (Vec::new(), 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|e| e != UNFINISHED) {
            let known = entry.metadata()?;
            bytes += known.len();
            files.push((known.modified()?, entry.path(), known.len()));
        }
    }
    files.sort();
    let mut count = files.len();
    for (_, path, length) in files {
        if count <= room.files_max && bytes <= room.bytes_max {
            break;
        }
        fs::remove_file(path)?;
        (count, bytes) = (count - 1, bytes - length);
    }
    Ok(())
}

/// The right to make one file. Dropping it lets the next one look.
struct Turn<'a> {
    kept: &'a Kept,
    name: &'a str,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.kept.lock().remove(self.name);
        self.kept.done.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    fn cancellation() -> CancellationToken {
        CancellationToken::until(Instant::now() + Duration::from_secs(60))
    }

    fn room(files_max: usize, bytes_max: u64) -> Room {
        Room {
            files_max,
            bytes_max,
        }
    }

    fn kept(files_max: usize) -> (tempfile::TempDir, Kept) {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::open(folder.path().join("kept"), room(files_max, u64::MAX)).unwrap();
        (folder, kept)
    }

    #[test]
    fn whoever_asks_at_once_gets_what_was_made_once() {
        let (_folder, kept) = kept(9);
        let (asked, made) = (Barrier::new(8), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    asked.wait();
                    let make = || {
                        made.fetch_add(1, Ordering::SeqCst);
                        Ok(b"sound".repeat(9_999))
                    };
                    let got = kept.find_or_make("a.wav", &cancellation(), make).unwrap();
                    assert_eq!(got.len(), 5 * 9_999);
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
        assert!(kept.find("a.wav").is_some() && kept.find("b.wav").is_none());
    }

    #[test]
    fn what_failed_or_panicked_can_be_made_by_the_next() {
        let (_folder, kept) = kept(9);
        let failing = kept.find_or_make("a.wav", &cancellation(), || Err(Fault::engine("no")));
        assert!(failing.is_err());
        let panicking = || kept.find_or_make("a.wav", &cancellation(), || panic!("on purpose"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panicking)).is_err());
        let made = kept.find_or_make("a.wav", &cancellation(), || Ok(vec![1]));
        assert_eq!(made.unwrap(), [1]);
    }

    #[test]
    fn waiting_ends_with_the_watch() {
        let (_folder, kept) = kept(9);
        let _turn = kept.turn("a.wav", &cancellation()).unwrap();
        let over = CancellationToken::until(Instant::now());
        assert!(kept.find_or_make("a.wav", &over, || Ok(vec![])).is_err());
    }

    #[test]
    fn the_oldest_make_room_and_half_files_do_not_last() {
        let (folder, kept) = kept(2);
        let path = |name: &str| folder.path().join("kept").join(name);
        for (age, name) in [(30, "a.wav"), (20, "b.wav"), (10, "c.wav")] {
            kept.find_or_make(name, &cancellation(), || Ok(vec![7]))
                .unwrap();
            if kept.find(name).is_some() {
                let file = fs::File::options().write(true).open(path(name)).unwrap();
                let then = std::time::SystemTime::now() - Duration::from_secs(age);
                file.set_modified(then).unwrap();
            }
        }
        assert_eq!(
            (kept.find("a.wav"), kept.find("c.wav")),
            (None, Some(vec![7]))
        );
        fs::write(path(".x.part"), "half").unwrap();
        Kept::open(folder.path().join("kept"), room(2, 99)).unwrap();
        assert!(!path(".x.part").exists() && path("b.wav").exists());
    }

    #[test]
    fn what_was_not_asked_for_the_longest_makes_room_for_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::open(folder.path().to_owned(), room(9, 10)).unwrap();
        let then = SystemTime::now() - Duration::from_secs(60);
        for name in ["a.wav", "b.wav"] {
            kept.find_or_make(name, &cancellation(), || Ok(vec![7; 4]))
                .unwrap();
            let file = fs::File::options()
                .write(true)
                .open(folder.path().join(name));
            file.unwrap().set_modified(then).unwrap();
        }
        assert!(kept.find("a.wav").is_some());
        kept.find_or_make("c.wav", &cancellation(), || Ok(vec![7; 4]))
            .unwrap();
        assert!(kept.find("a.wav").is_some() && kept.find("b.wav").is_none());
    }
}
