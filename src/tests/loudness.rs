//! How loud real speech is, as a meter has it.

use std::io::Cursor;

use ebur128::{EbuR128, Mode};
use serde_json::json;
use vocabox::audio::decode;
use vocabox::audio::level::{LOUDNESS_LUFS, Leveller};
use vocabox::audio::pcm::{Clip, read_all};

use crate::server::Server;

const SENTENCES: &[&str] = &[
    "Wait!",
    "What time does the library open, and is it far from here?",
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness.",
];

fn spoken(text: &str, voice: &str) -> Clip {
    let body = json!({ "text": text, "voice_id": voice });
    let answer = Server::shared().client().post_json("/voice/tts", &body);
    assert_eq!(answer.status, 200);
    read_all(&mut decode::open(Cursor::new(answer.body), 600.0).unwrap()).unwrap()
}

/// −16 LUFS ± 1 and −1 dBTP, for each sentence by itself and for all of them with pauses between.
#[test]
fn real_voices_come_to_one_loudness() {
    for voice in ["af_heart", "am_adam"] {
        let clips: Vec<Clip> = SENTENCES.iter().map(|text| spoken(text, voice)).collect();
        for range in [0..1, 1..2, 2..3, 0..3] {
            let rate_hz = clips[0].rate_hz;
            let mut leveller = Leveller::new(rate_hz);
            let mut meter = EbuR128::new(1, rate_hz, Mode::I | Mode::TRUE_PEAK).unwrap();
            for clip in &clips[range.clone()] {
                let mut piece = clip.samples.clone();
                leveller.level(&mut piece);
                meter.add_frames_f32(&piece).unwrap();
                meter
                    .add_frames_f32(&vec![0.0; rate_hz as usize * 3 / 10])
                    .unwrap();
            }
            let lufs = meter.loudness_global().unwrap();
            let peak = 20.0 * meter.true_peak(0).unwrap().log10();
            let case = format!("{voice}, sentences {range:?}: {lufs} LUFS, {peak} dBTP");
            assert!((lufs - LOUDNESS_LUFS).abs() <= 1.0, "{case}");
            assert!(peak <= -1.0, "{case}");
        }
    }
}
