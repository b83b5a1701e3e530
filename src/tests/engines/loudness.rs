//! The loudness of real speech, by a meter.

use std::io::Cursor;

use ebur128::{EbuR128, Mode};
use serde_json::json;
use vocabox::audio::decode;
use vocabox::audio::loudness::leveller::LOUDNESS_LUFS;
use vocabox::audio::pcm::read_all;

use crate::support::server::Server;

const TEXTS: &[&str] = &[
    "Wait, please!",
    "What time does the library open, and is it far from here?",
    "It was the best of times, it was the worst of times. No! It was the age of wisdom, it was the age of foolishness; \
     it was the epoch of belief. Was it the epoch of incredulity? It was the season of Light.",
];

/// −16 LUFS ± 1 and at most −1 dBTP, for a whole answer.
#[test]
fn real_voices_have_one_loudness() {
    for voice in ["af_heart", "am_adam", "vocabusta_sw_female", "piper_joe"] {
        for text in TEXTS {
            let body = json!({ "text": text, "voice_id": voice });
            let answer = Server::shared().client().post_json("/voice/tts", &body);
            assert_eq!(answer.status, 200);
            let sound = decode::open(Cursor::new(answer.body), 600.0).unwrap();
            let clip = read_all(&mut { sound }).unwrap();
            let mut meter = EbuR128::new(1, clip.rate_hz, Mode::I | Mode::TRUE_PEAK).unwrap();
            meter.add_frames_f32(&clip.samples).unwrap();
            let lufs = meter.loudness_global().unwrap();
            let peak = 20.0 * meter.true_peak(0).unwrap().log10();
            let case = format!(
                "{voice}, {:.1} s: {lufs:.2} LUFS, {peak:.2} dBTP",
                clip.seconds()
            );
            assert!((lufs - LOUDNESS_LUFS).abs() <= 1.0, "{case}");
            assert!(peak <= -1.0, "{case}");
        }
    }
}
