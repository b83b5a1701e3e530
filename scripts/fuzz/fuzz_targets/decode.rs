//! Recordings of every format. `scripts/fuzz/run` builds and runs it.
#![no_main]

libfuzzer_sys::fuzz_target!(init: checks::allow_shielded_panics(), |input: &[u8]| checks::decode(input));
