//! Files that are made once: the first caller makes one, callers at the same time wait, later ones read it.
//!
//! A file's name is derived from everything that determines its content, so that files never become stale. It may have
//! a folder, such as that of an account. Number and bytes of all files are bounded. The least recently used file is
//! deleted first, of files with equal times the first by name, and the file that was made last is deleted last, whatever
//! its time.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tempfile::NamedTempFile;

use crate::engine::contract::CancellationToken;
use crate::fault::Fault;
use crate::scheduler::lanes::POLL;
use vocabox_base::folder::make_private;

/// How much a cache holds.
#[derive(Debug, Clone, Copy)]
pub struct CacheLimits {
    pub files_max: usize,
    pub bytes_max: u64,
}

/// A folder of files that are made once.
pub struct FileCache {
    folder: PathBuf,
    limits: CacheLimits,
    /// Names of the files that are being made.
    making: Mutex<HashSet<String>>,
    /// Notified whenever a name leaves `making`.
    done: Condvar,
    /// What the folder held when it was last looked at, and what was added since.
    held: Mutex<CacheUse>,
}

#[derive(Debug, Default, Clone, Copy)]
struct CacheUse {
    files: usize,
    bytes: u64,
}

impl FileCache {
    /// The cache in `folder`, which is created if it is missing; `limits` apply whenever a file is added. Unfinished
    /// files of an earlier process are removed. Faults: `Internal` when the folder cannot be created or read.
    pub fn open(folder: PathBuf, limits: CacheLimits) -> Result<Self, Fault> {
        make_private(&folder).map_err(Fault::internal)?;
        let mut held = CacheUse::default();
        for file in files(&folder).map_err(Fault::internal)? {
            match file.is_unfinished() {
                true => fs::remove_file(file.path).map_err(Fault::internal)?,
                false => held.add(file.bytes),
            }
        }
        Ok(FileCache {
            folder,
            limits,
            making: Mutex::default(),
            done: Condvar::new(),
            held: Mutex::new(held),
        })
    }

    /// The content of the file called `name` (of letters, digits, a dot, and a slash after its folder), if there is one.
    pub fn find(&self, name: &str) -> Option<Vec<u8>> {
        let mut file = File::options()
            .read(true)
            .write(true)
            .open(self.folder.join(name))
            .ok()?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).ok()?;
        // Marks the file as the most recently used; if that fails, it is only deleted earlier.
        let _ = file.set_modified(SystemTime::now());
        Some(content)
    }

    /// The content of the file called `name`; `make` makes it if it is missing and no other caller is making it.
    /// Faults: those of `make`, after which the next waiting caller tries, and of `cancellation` while waiting.
    pub fn find_or_make(
        &self,
        name: &str,
        cancellation: &CancellationToken,
        make: impl FnOnce() -> Result<Vec<u8>, Fault>,
    ) -> Result<Vec<u8>, Fault> {
        let _guard = self.claim(name, cancellation)?;
        if let Some(found) = self.find(name) {
            return Ok(found);
        }
        let made = make()?;
        if let Err(cause) = self.keep(name, &made) {
            // This caller still gets the content; the next one has to make it again.
            log::warn!("{name} cannot be kept: {cause}");
        }
        Ok(made)
    }

    /// Waits until no other caller is making `name`.
    fn claim<'a>(
        &'a self,
        name: &'a str,
        cancellation: &CancellationToken,
    ) -> Result<MakeGuard<'a>, Fault> {
        let mut making = self.lock();
        while making.contains(name) {
            let waited = self.done.wait_timeout(making, POLL);
            making = waited.unwrap_or_else(PoisonError::into_inner).0;
            cancellation.check()?;
        }
        making.insert(name.to_owned());
        Ok(MakeGuard { cache: self, name })
    }

    /// Writes the file called `name`, whole or not at all.
    fn keep(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let suffix = format!(".{UNFINISHED}");
        let path = self.folder.join(name);
        let own = path.parent().unwrap_or(&self.folder);
        make_private(own)?;
        let mut file = NamedTempFile::with_suffix_in(suffix, own)?;
        file.write_all(content)?;
        // Set from the clock that `find` uses, because the file system's own time lags behind it.
        file.as_file().set_modified(SystemTime::now())?;
        // Otherwise a power cut could keep the name and lose the content.
        file.as_file().sync_all()?;
        file.persist(&path)?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.add(content.len() as u64);
        if held.is_within(self.limits.files_max, self.limits.bytes_max) {
            return Ok(());
        }
        *held = sweep(&self.folder, self.limits, &path)?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Extension of unfinished files.
const UNFINISHED: &str = "part";

/// Deletes the least recently used files until `limits` hold with an eighth to spare, so that the folder is not read
/// for each new file; `newest` is deleted last. Returns what is left.
fn sweep(folder: &Path, limits: CacheLimits, newest: &Path) -> io::Result<CacheUse> {
    let mut files = files(folder)?;
    files.retain(|file| !file.is_unfinished());
    files.sort_by(|a, b| {
        let order = |file: &CachedFile| (file.path == newest, file.modified);
        order(a).cmp(&order(b)).then_with(|| a.path.cmp(&b.path))
    });
    let mut held = CacheUse::default();
    files.iter().for_each(|file| held.add(file.bytes));
    let files_max = limits.files_max - limits.files_max / 8;
    let bytes_max = limits.bytes_max - limits.bytes_max / 8;
    for file in files {
        if held.is_within(files_max, bytes_max) {
            break;
        }
        match fs::remove_file(file.path) {
            // Another process was faster.
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        (held.files, held.bytes) = (held.files - 1, held.bytes - file.bytes);
    }
    Ok(held)
}

impl CacheUse {
    fn add(&mut self, bytes: u64) {
        (self.files, self.bytes) = (self.files + 1, self.bytes + bytes);
    }

    fn is_within(&self, files_max: usize, bytes_max: u64) -> bool {
        self.files <= files_max && self.bytes <= bytes_max
    }
}

/// A file of the cache, finished or not.
struct CachedFile {
    path: PathBuf,
    modified: SystemTime,
    bytes: u64,
}

impl CachedFile {
    fn is_unfinished(&self) -> bool {
        self.path.extension().is_some_and(|e| e == UNFINISHED)
    }
}

/// Returns the files in `folder` and in its folders. One that is deleted meanwhile, as by another process, is left out.
fn files(folder: &Path) -> io::Result<Vec<CachedFile>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let read = match path.metadata() {
            Ok(known) if known.is_dir() => files(&path).map(|below| found.extend(below)),
            Ok(known) => known.modified().map(|modified| {
                found.push(CachedFile {
                    path,
                    modified,
                    bytes: known.len(),
                })
            }),
            Err(error) => Err(error),
        };
        match read {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(found)
}

/// The right to make one file. Dropping it lets the next waiting caller continue.
struct MakeGuard<'a> {
    cache: &'a FileCache,
    name: &'a str,
}

impl Drop for MakeGuard<'_> {
    fn drop(&mut self) {
        self.cache.lock().remove(self.name);
        self.cache.done.notify_all();
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

    fn limits(files_max: usize, bytes_max: u64) -> CacheLimits {
        CacheLimits {
            files_max,
            bytes_max,
        }
    }

    fn cache(files_max: usize) -> (tempfile::TempDir, FileCache) {
        let folder = tempfile::tempdir().unwrap();
        let cache =
            FileCache::open(folder.path().join("kept"), limits(files_max, u64::MAX)).unwrap();
        (folder, cache)
    }

    #[test]
    fn whoever_asks_at_once_gets_what_was_made_once() {
        let (_folder, cache) = cache(9);
        let (asked, made) = (Barrier::new(8), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    asked.wait();
                    let make = || {
                        made.fetch_add(1, Ordering::SeqCst);
                        Ok(b"sound".repeat(9_999))
                    };
                    let got = cache.find_or_make("a.wav", &cancellation(), make).unwrap();
                    assert_eq!(got.len(), 5 * 9_999);
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
        assert!(cache.find("a.wav").is_some() && cache.find("b.wav").is_none());
    }

    #[test]
    fn what_failed_or_panicked_can_be_made_by_the_next() {
        let (_folder, cache) = cache(9);
        let failing = cache.find_or_make("a.wav", &cancellation(), || Err(Fault::engine("no")));
        assert!(failing.is_err());
        let panicking = || cache.find_or_make("a.wav", &cancellation(), || panic!("on purpose"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panicking)).is_err());
        let made = cache.find_or_make("a.wav", &cancellation(), || Ok(vec![1]));
        assert_eq!(made.unwrap(), [1]);
    }

    #[test]
    fn waiting_ends_with_the_watch() {
        let (_folder, cache) = cache(9);
        let _guard = cache.claim("a.wav", &cancellation()).unwrap();
        let over = CancellationToken::until(Instant::now());
        assert!(cache.find_or_make("a.wav", &over, || Ok(vec![])).is_err());
    }

    #[test]
    fn the_oldest_make_room_and_half_files_do_not_last() {
        let (folder, cache) = cache(2);
        let path = |name: &str| folder.path().join("kept").join(name);
        for (age, name) in [(30, "a.wav"), (20, "b.wav"), (10, "c.wav")] {
            cache
                .find_or_make(name, &cancellation(), || Ok(vec![7]))
                .unwrap();
            if cache.find(name).is_some() {
                let file = fs::File::options().write(true).open(path(name)).unwrap();
                let then = std::time::SystemTime::now() - Duration::from_secs(age);
                file.set_modified(then).unwrap();
            }
        }
        assert_eq!(
            (cache.find("a.wav"), cache.find("c.wav")),
            (None, Some(vec![7]))
        );
        fs::write(path(".x.part"), "half").unwrap();
        FileCache::open(folder.path().join("kept"), limits(2, 99)).unwrap();
        assert!(!path(".x.part").exists() && path("b.wav").exists());
    }

    #[test]
    fn what_was_not_asked_for_the_longest_makes_room_for_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FileCache::open(folder.path().to_owned(), limits(9, 10)).unwrap();
        let then = SystemTime::now() - Duration::from_secs(60);
        for name in ["a.wav", "b.wav"] {
            cache
                .find_or_make(name, &cancellation(), || Ok(vec![7; 4]))
                .unwrap();
            let file = fs::File::options()
                .write(true)
                .open(folder.path().join(name));
            file.unwrap().set_modified(then).unwrap();
        }
        assert!(cache.find("a.wav").is_some());
        cache
            .find_or_make("c.wav", &cancellation(), || Ok(vec![7; 4]))
            .unwrap();
        assert!(cache.find("a.wav").is_some() && cache.find("b.wav").is_none());
    }

    #[test]
    fn files_of_all_folders_share_the_bounds_and_a_removed_folder_is_made_anew() {
        let (folder, cache) = cache(2);
        let make = |name: &str| cache.find_or_make(name, &cancellation(), || Ok(vec![7]));
        let then = SystemTime::now() - Duration::from_secs(60);
        for name in ["1/a.wav", "2/a.wav"] {
            make(name).unwrap();
            let path = folder.path().join("kept").join(name);
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(then).unwrap();
        }
        make("2/b.wav").unwrap();
        let there = ["1/a.wav", "2/a.wav", "2/b.wav"].map(|name| cache.find(name).is_some());
        assert_eq!(there, [false, true, true]);
        fs::remove_dir_all(folder.path().join("kept/2")).unwrap();
        assert!(cache.find("2/b.wav").is_none());
        make("2/b.wav").unwrap();
        assert!(cache.find("2/b.wav").is_some());
    }

    #[test]
    fn what_was_just_made_stays_when_the_clock_was_set_back() {
        let (folder, cache) = cache(2);
        let ahead = SystemTime::now() + Duration::from_secs(3_600);
        for name in ["b.wav", "c.wav", "a.wav"] {
            cache
                .find_or_make(name, &cancellation(), || Ok(vec![7]))
                .unwrap();
            let file = File::options()
                .write(true)
                .open(folder.path().join("kept").join(name));
            file.unwrap().set_modified(ahead).unwrap();
        }
        // Of files with equal times the first by name is deleted, except the one that was made last.
        let there = ["a.wav", "b.wav", "c.wav"].map(|name| cache.find(name).is_some());
        assert_eq!(there, [true, false, true]);
    }
}
