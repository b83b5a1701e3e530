//! Panics of other projects' demuxers and decoders. A damaged file may cause one (fuzzing found an index out of bounds in
//! the run tables of fragmented MP4), and is treated as one that ends there.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static SHIELDED: Cell<bool> = const { Cell::new(false) };
}

/// Returns what `parse` returns; none when it panics. What `parse` changes may then only be dropped.
pub(crate) fn shielded<T>(parse: impl FnOnce() -> T) -> Option<T> {
    let outer = SHIELDED.replace(true);
    let parsed = catch_unwind(AssertUnwindSafe(parse));
    SHIELDED.set(outer);
    parsed.ok()
}

/// Whether a panic of this thread would now be treated as the end of a damaged file: a panic hook need not report it.
pub fn is_shielded() -> bool {
    SHIELDED.get()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode;
    use std::io::Cursor;
    use vocabox_base::fault::Kind;

    #[test]
    fn a_recording_on_which_the_demuxer_panics_is_refused() {
        let found =
            include_bytes!("../../../scripts/fuzz/found/decode/mp4-run-without-durations.bin");
        let opened = decode::open(Cursor::new(found), 60.0);
        assert_eq!(opened.err().map(|fault| fault.kind), Some(Kind::Invalid));
    }

    #[test]
    fn only_panics_within_are_caught_and_known() {
        assert!(!is_shielded());
        assert_eq!(shielded(is_shielded), Some(true));
        let inner = shielded(|| {
            (
                shielded(|| panic!("a damaged file")).is_none(),
                is_shielded(),
            )
        });
        assert_eq!(inner, Some((true, true)));
        assert!(!is_shielded());
    }
}
