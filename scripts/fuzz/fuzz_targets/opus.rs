//! Opus packets alone, for coverage that no container holds back. `scripts/fuzz/run` builds and runs it.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::opus(input));
