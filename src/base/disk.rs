//! How much room a disk has, and when one was full last, for those who are asked whether the server is ready.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Milliseconds on the machine's clock at which a write found no room; 0 for never.
static FULL_AT_MS: AtomicU64 = AtomicU64::new(0);

/// Notes that a write found no room on its disk.
pub fn note_full() {
    FULL_AT_MS.store(now_ms().max(1), Ordering::Relaxed);
}

/// Whether a write found no room on its disk within the last `time`.
pub fn was_full_within(time: Duration) -> bool {
    let full_at_ms = FULL_AT_MS.load(Ordering::Relaxed);
    full_at_ms != 0 && u128::from(now_ms().saturating_sub(full_at_ms)) <= time.as_millis()
}

/// Returns the free bytes of the disk of `path` that this user may write.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn now_ms() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as u64 * 1_000 + time.tv_nsec as u64 / 1_000_000
}
