//! The bounds of the operator's key. [`limits`](crate::limits) has them, too.

/// Characters of the key: 128 bits in hexadecimal.
pub const ADMIN_KEY_CHARS_MIN: usize = 32;
/// Bytes of the file with the key.
pub const ADMIN_KEY_BYTES_MAX: u64 = 4_096;
