//! Texts in every language, from letters to phonemes. `scripts/fuzz/run` builds and runs it.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::text(input));
