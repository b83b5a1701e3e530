//! Runs each step once, for `scripts/count_instructions.py`, which counts what `measured` executes. Prints the steps' names.

use std::hint::black_box;

mod work;

/// A hundredth of a second of speech in tensors, and a second of sound.
const ROWS: usize = 48;
const SECONDS: usize = 1;

fn main() {
    for mut step in work::all(ROWS, SECONDS) {
        // The first run fills tables that later ones share.
        (step.run)();
        println!("{}", step.name);
        measured(&mut step.run);
    }
}

/// Counted by its name, which nothing else may have.
// SAFETY: no other symbol of the program is called so.
#[unsafe(no_mangle)]
#[inline(never)]
fn measured(run: &mut dyn FnMut()) {
    run();
    black_box(());
}
