//! The bounds of the store: its size, its shares, and its writes. [`limits`](crate::limits) has them, too.

use crate::limits::{GIB, MIB, Movable};

/// Bytes of address space for the store. Sparse: the file grows with what is in it.
pub const STORE_BYTES: Movable = Movable {
    min: 16 * MIB,
    default: 16 * GIB,
    max: 1024 * GIB,
};
/// The fraction of it (one part in this many) that history may not take: a removal writes too, so a completely full
/// store could not be reduced.
pub const STORE_SPARE_PARTS: usize = 8;
/// The fraction of it (one part in this many) that history leaves free: when all histories together have more than the
/// rest, the largest loses its oldest items.
pub const STORE_FREE_PARTS: usize = 4;
/// The fraction of it (one part in this many) that all lexicons and named speakers together may take: half of what
/// history leaves.
pub const STORE_RECORDS_PARTS: usize = 2 * STORE_SPARE_PARTS;
/// Simultaneous LMDB readers: every connection may check its key at once, and the command line reads too.
pub const STORE_READERS_MAX: u32 = 9_216;
/// Writes that one group commit takes.
pub const COMMIT_ITEMS_MAX: usize = 64;
/// Milliseconds that a group commit waits for further writes.
pub const COMMIT_WAIT_MS: u64 = 2;
/// Writes that may wait for a commit, and milliseconds that each of them waits for it.
pub const COMMIT_QUEUE_MAX: usize = 2048;
pub const STORE_WAIT_MS: u64 = 10_000;
/// Milliseconds for which a commit proves that the store is writable.
pub const STORE_WRITABLE_MS: u64 = 1_000;
/// Milliseconds between two records of a key's last use.
pub const LAST_USED_MS: u64 = 60_000;
/// History items that one transaction removes: some milliseconds, so that no append waits longer for it.
pub const PRUNE_ITEMS_MAX: usize = 256;
/// Milliseconds between two checks for history items that are too old.
pub const PRUNE_EVERY_MS: u64 = 600_000;
