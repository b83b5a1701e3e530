//! Counts the steps that reading a text takes, for tests that bound them by the text's length.
//!
//! Owns the count of the thread: looks at tokens, and rules that are tried. A count does not depend on the machine, as a
//! time does.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Adds `steps` to the thread's count.
pub fn add(steps: u64) {
    STEPS.set(STEPS.get() + steps);
}

/// Returns the steps that `work` takes on this thread.
pub fn of(work: impl FnOnce()) -> u64 {
    let before = STEPS.get();
    work();
    STEPS.get() - before
}
