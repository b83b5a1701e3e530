//! JSON of every request that has some. `scripts/fuzz/run` builds and runs it.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vocabox_request::fuzzing::requests(input));
