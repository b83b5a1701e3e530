//! The end of the process where it cannot be orderly.

/// Ends the process at once, with nothing run behind it. An orderly exit lets libraries destroy what is theirs, and
/// under a model that still computes that pulls the ground away: ONNX Runtime then fails on memory that is gone, or
/// does not end at all.
pub fn at_once(code: i32) -> ! {
    // SAFETY: it takes a number, returns never, and runs no code of this process.
    unsafe { libc::_exit(code) }
}
