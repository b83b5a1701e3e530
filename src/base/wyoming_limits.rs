//! The bounds of Wyoming clients. [`limits`](crate::limits) has them, too.

use crate::limits::MIB;

/// Connections of Wyoming clients; further ones wait until one of them ends. Each has a thread and the sound that it sends.
pub const WYOMING_CONNECTIONS_MAX: usize = 16;
/// Seconds without an event after which such a connection is closed.
pub const WYOMING_IDLE_SECONDS_MAX: u64 = 300;
/// Seconds that a request of such a client waits while its key's limits or the places are used up.
pub const WYOMING_WAIT_SECONDS_MAX: u64 = 60;
/// Bytes of the line of an event, and of its data and its payload.
pub const WYOMING_LINE_BYTES_MAX: usize = 64 * 1024;
pub const WYOMING_PART_BYTES_MAX: usize = MIB as usize;
/// Bytes of the sound that a client has transcribed at once: at 16 kHz 163 s. A connection holds it twice while it is heard.
pub const WYOMING_SOUND_BYTES_MAX: usize = 5 * MIB as usize;
