//! Decodes any bytes as a recording: a result or a fault, within bounds. Run with cargo-fuzz, here with the stable
//! compiler:
//!
//! RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir scripts/fuzz decode -- -max_len=65536 -timeout=30 -rss_limit_mb=1500
//!
//! Small inputs that it finds belong in `scripts/fuzz/found`, which the tests decode, too. A short run over the same
//! corpus is part of the tests (`src/tests/engines/damage.rs`).

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
