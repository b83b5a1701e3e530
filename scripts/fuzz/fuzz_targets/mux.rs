//! Films that get another sound track. `scripts/fuzz/run` builds and runs it.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::mux(input));
