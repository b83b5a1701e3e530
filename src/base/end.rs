//! Ends the process where an orderly exit is not possible, and keeps signals from ending it where none is asked for.

use std::sync::OnceLock;

static BEFORE: OnceLock<fn()> = OnceLock::new();

/// Has [`at_once`] call `last` first, which must end in a bounded time: the log's last lines say why the process ended. Only
/// the first call has an effect.
pub fn before(last: fn()) {
    let _ = BEFORE.set(last);
}

/// Ends the process at once with exit status `code`; no destructor and no exit handler runs. An orderly exit lets
/// libraries destroy their state while a model still computes with it: ONNX Runtime then fails on freed memory, or
/// never ends.
pub fn at_once(code: i32) -> ! {
    if let Some(last) = BEFORE.get() {
        last();
    }
    // SAFETY: `_exit` takes a number, never returns and runs no code of this process.
    unsafe { libc::_exit(code) }
}

/// Has the process ignore the signals that end it by default and say nothing of its end: SIGHUP, which a closed terminal
/// and rotators of logs send, SIGUSR1 and SIGUSR2, and SIGXFSZ, in whose place a write beyond `ulimit -f` fails.
pub fn ignore_other_signals() {
    for signal in [libc::SIGHUP, libc::SIGUSR1, libc::SIGUSR2, libc::SIGXFSZ] {
        // SAFETY: it replaces what the process does at a signal by nothing; no handler runs.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}
