//! Multipart forms: a line with the content type, then the body. `scripts/fuzz/run` builds and runs it.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vocabox_request::fuzzing::form(input));
