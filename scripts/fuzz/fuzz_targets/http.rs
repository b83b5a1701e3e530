//! The head and the body of an HTTP request. `scripts/fuzz/run` builds and runs it.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vocabox_edge::fuzzing::check(input));
