//! Gives a film of any bytes another sound track: a file that is hardly larger, or a fault, within bounds. Run, with
//! cargo-fuzz and a nightly compiler:
//!
//! cargo fuzz run --fuzz-dir scripts/fuzz mux -- -max_len=65536 -timeout=10 -rss_limit_mb=512
//!
//! A short run over the same corpus is part of the tests (`src/tests/dubbing/damaged_films.rs`).

#![no_main]

use std::io::Cursor;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use vocabox::audio::encode::Codec;
use vocabox::media::{self, SoundTrack, TrackWriter};
use vocabox::fault::Kind;

/// Bytes that may be written beyond the film's size: the sound, and tables that replace a more compact form.
const MORE_BYTES: u64 = 200_000;

fn sound() -> &'static SoundTrack {
    static SOUND: OnceLock<SoundTrack> = OnceLock::new();
    SOUND.get_or_init(|| {
        let mut writer = TrackWriter::new(tempfile::tempfile().unwrap(), 1, Codec::Opus).unwrap();
        writer.push(&[0.1; 24_000]).unwrap();
        writer.finish("eng").unwrap()
    })
}

fuzz_target!(|bytes: &[u8]| {
    let mut out = tempfile::tempfile().unwrap();
    match media::replace_audio(Cursor::new(bytes), sound(), &mut out) {
        Ok(()) => {
            let length = out.metadata().unwrap().len();
            assert!(length <= 40 * bytes.len() as u64 + MORE_BYTES, "{length}");
            assert!(media::inspect(out).unwrap().is_some());
        }
        Err(fault) => assert_eq!(fault.kind, Kind::Invalid, "{fault}"),
    }
});
