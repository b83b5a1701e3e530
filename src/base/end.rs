//! Ends the process where an orderly exit is not possible.

/// Ends the process at once with exit status `code`; no destructor and no exit handler runs. An orderly exit lets
/// libraries destroy their state while a model still computes with it: ONNX Runtime then fails on freed memory, or
/// never ends.
pub fn at_once(code: i32) -> ! {
    // SAFETY: `_exit` takes a number, never returns and runs no code of this process.
    unsafe { libc::_exit(code) }
}
