//! Any bytes, taken for a recording: an answer or a refusal, within bounds. Run, with cargo-fuzz and a nightly compiler:
//!
//! cargo fuzz run --fuzz-dir scripts/fuzz decode -- -max_len=65536 -timeout=10 -rss_limit_mb=512
//!
//! A short run over the same corpus is part of the tests (`src/tests/damage.rs`).

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use vocabox::audio::{self, pcm};

fuzz_target!(|bytes: &[u8]| {
    let opened = audio::open_speech(Cursor::new(bytes.to_vec()), 16_000, 60.0);
    if let Ok(clip) = opened.and_then(|mut sound| pcm::read_all(sound.as_mut())) {
        assert!(clip.samples.iter().all(|x| x.is_finite()));
        assert!(clip.seconds() <= 61.0);
    }
});
