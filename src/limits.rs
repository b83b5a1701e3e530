//! Every bound in one place: its unit is the last word of its name but one, `max` or `min` the last.
//!
//! Anything that a client can size has a bound here. Defaults that an operator may change are
//! fields of `config::Config` and are documented there; these are their ceilings and the fixed ones.

/// Characters (Unicode scalar values) of one text to speak. The hosted API's own bound.
pub const TEXT_CHARS_MAX: usize = 5_000;
/// Slowest and fastest speaking rate, as a factor. The hosted API's own bounds.
pub const SPEED_MIN: f64 = 0.5;
pub const SPEED_MAX: f64 = 2.0;
/// Voices of one blend, and the weight of each.
pub const BLEND_VOICES_MAX: usize = 5;
pub const BLEND_WEIGHT_MIN: f32 = 0.1;
pub const BLEND_WEIGHT_MAX: f32 = 10.0;

/// Bytes of a request's line and headers: twice what browsers send at the most.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Headers of one request.
pub const HEADERS_MAX: usize = 64;
/// Milliseconds from the first byte of a connection (or its acceptance) to the end of a head.
pub const HEAD_DEADLINE_MS: u64 = 5_000;
/// Milliseconds that a kept-alive connection may be silent before its next head.
pub const IDLE_MS: u64 = 15_000;
/// Milliseconds that one write to a client may block.
pub const WRITE_BLOCK_MS: u64 = 5_000;
/// Bytes a second that an upload must reach on average, after a grace of `UPLOAD_GRACE_MS`.
pub const UPLOAD_RATE_MIN: u64 = 8 * 1024;
pub const UPLOAD_GRACE_MS: u64 = 5_000;
/// Milliseconds that any upload may last, whatever its rate: a place is not held for hours.
pub const UPLOAD_DEADLINE_MS: u64 = 600_000;
/// Bytes of a body that are kept in memory; a larger one is spooled to an unlinked file.
pub const BODY_MEMORY_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of an unread body that are read and dropped after a refusal, so that the answer is not lost to a reset.
pub const DRAIN_BYTES_MAX: usize = 1024 * 1024;
pub const DRAIN_MS: u64 = 1_000;

/// Bytes of a JSON body.
pub const JSON_BYTES_MAX: u64 = 1024 * 1024;
/// Bytes of an uploaded recording.
pub const AUDIO_BYTES_MAX: u64 = 100 * 1024 * 1024;
/// Bytes of all spooled bodies together.
pub const SPOOL_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Fields of one multipart form, and bytes of a field that is not a file.
pub const FORM_FIELDS_MAX: usize = 32;
pub const FORM_FIELD_BYTES_MAX: usize = 64 * 1024;

/// Seconds of one recording to transcribe.
pub const AUDIO_SECONDS_MAX: f64 = 4.0 * 3600.0;
/// Sample rates and channels that a recording may claim.
pub const AUDIO_RATE_HZ_MIN: u32 = 4_000;
pub const AUDIO_RATE_HZ_MAX: u32 = 384_000;
pub const AUDIO_CHANNELS_MAX: usize = 32;

/// Connections of all clients together (a thread each, with a small stack).
pub const CONNECTIONS_MAX: usize = 1024;
/// Highest number of connections that an operator may set.
pub const CONNECTIONS_CEILING: usize = 4_096;
/// Connections of one client address.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 256;
/// Bytes of a connection thread's stack.
pub const CONNECTION_STACK_BYTES: usize = 256 * 1024;
/// Handler threads kept free for health, voices and history when every long request's place is taken.
pub const HANDLERS_RESERVE: usize = 8;
/// Characters of a client's own request id.
pub const REQUEST_ID_CHARS_MAX: usize = 64;
/// Bytes of the `X-Vox-Metadata` header; its `text` is cut to fit.
pub const METADATA_BYTES_MAX: usize = 4 * 1024;

/// Workers of one capability, and requests that may wait for them.
pub const WORKERS_MAX: usize = 64;
pub const QUEUE_MAX: usize = 1_024;
/// Seconds that speaking one text may take, queueing included.
pub const SPEAK_SECONDS_MAX: u64 = 300;
/// Seconds that transcribing one recording may take, queueing included.
pub const TRANSCRIBE_SECONDS_MAX: u64 = 3_600;

/// Items of one page of history.
pub const HISTORY_PAGE_MAX: usize = 200;
/// Characters of one item's text; a longer transcript is cut there, so that a page stays below some MiB.
pub const HISTORY_TEXT_CHARS_MAX: usize = 20_000;
/// Furthest `offset` into the history.
pub const HISTORY_OFFSET_MAX: usize = 100_000;
/// Characters of an account's or a key's name.
pub const NAME_CHARS_MAX: usize = 100;
/// Calls a minute of an account or a key.
pub const RPM_MAX: u32 = 100_000;

/// Bytes of address space for the store. Sparse: the file grows with what is in it.
pub const STORE_MAP_BYTES: usize = 16 * 1024 * 1024 * 1024;
/// Simultaneous LMDB readers: every connection may check its key at once, and the command line reads too.
pub const STORE_READERS_MAX: u32 = 9_216;
/// Writes that one group commit takes, and milliseconds that it waits for more.
pub const COMMIT_ITEMS_MAX: usize = 64;
pub const COMMIT_WAIT_MS: u64 = 2;
/// Writes that may wait for a commit, and milliseconds that each of them waits for it.
pub const COMMIT_QUEUE_MAX: usize = 2048;
pub const STORE_WAIT_MS: u64 = 10_000;
/// Milliseconds for which a commit proves that the store is writable.
pub const STORE_WRITABLE_MS: u64 = 1_000;
/// Milliseconds between two records of a key's last use.
pub const LAST_USED_MS: u64 = 60_000;

const _: () = assert!(HEAD_BYTES_MAX < BODY_MEMORY_BYTES_MAX);
const _: () = assert!(CONNECTIONS_PER_ADDRESS_MAX < CONNECTIONS_MAX);
const _: () = assert!(AUDIO_BYTES_MAX < SPOOL_BYTES_MAX);
const _: () = assert!(JSON_BYTES_MAX as usize >= TEXT_CHARS_MAX * 12); // every character as \uXXXX\uXXXX
const _: () = assert!(METADATA_BYTES_MAX < HEAD_BYTES_MAX);
const _: () = assert!(COMMIT_ITEMS_MAX < COMMIT_QUEUE_MAX && COMMIT_WAIT_MS < STORE_WAIT_MS);
// A thread for each connection and at most as many handlers (checked in `config`), and the command line's readers.
const _: () = assert!(CONNECTIONS_MAX <= CONNECTIONS_CEILING);
const _: () = assert!(2 * CONNECTIONS_CEILING < STORE_READERS_MAX as usize);
