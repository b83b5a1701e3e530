//! The bounds of the self-test. [`limits`](crate::limits) has them, too.

/// Seconds that the test of a capability may take: a second of sound, on a slow and busy machine.
pub const SELF_TEST_SECONDS_MAX: u64 = 60;
/// Milliseconds between two tests while an engine fails: what they compute is taken from the requests.
pub const SELF_TEST_EVERY_MS: u64 = 10_000;
