//! The bounds of the operator's key and of models that are unloaded. [`limits`](crate::limits) has them, too.

use crate::limits::Movable;

/// Characters of the key: 128 bits in hexadecimal.
pub const ADMIN_KEY_CHARS_MIN: usize = 32;
/// Bytes of the file with the key.
pub const ADMIN_KEY_BYTES_MAX: u64 = 4_096;

/// Seconds without a run after which a graph is unloaded, where the operator wants that.
pub const UNLOAD_SECONDS: Movable = Movable {
    min: 1,
    default: 600,
    max: 604_800,
};
