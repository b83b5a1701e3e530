use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::contract::CancellationToken;
use crate::graph::tract::TractNet;
use crate::tts::style::{Style, StyleTable};

/// The suite's small graphs: a tone is the mean magnitude, and sound is made as loud as the target's says.
fn tone() -> ToneConverter {
    let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("src/tests/data");
    let load = |name: &str| Arc::new(TractNet::load(&data.join(name).as_path().into()).unwrap());
    ToneConverter {
        extract: load("tone_extract.onnx"),
        convert: load("tone_convert.onnx"),
        rate_hz: 16_000,
        settings: Settings {
            window_samples: 512,
            hop_samples: 128,
        },
        known: Mutex::default(),
    }
}

fn hum(gain: f32, rate_hz: u32) -> Clip {
    let sample = |n| gain * (n as f32 * 1_000.0 / rate_hz as f32).sin();
    Clip {
        samples: (0..2 * rate_hz).map(sample).collect(),
        rate_hz,
    }
}

fn loudest(clip: &Clip) -> f32 {
    clip.samples.iter().fold(0.0, |m, s| m.max(s.abs()))
}

/// Speaks two pieces of a hum.
struct Hums;

impl Speak for Hums {
    fn pieces<'a>(&'a self, _: &'a Utterance) -> Result<SpeechPieces<'a>, Fault> {
        let piece = |gain: f32| {
            Ok(SpeechPiece {
                make: Box::new(move |_| Ok(hum(gain, 24_000).samples)),
                pause_s: 0.0,
                about_s: 2.0,
                words: Vec::new(),
            })
        };
        Ok(SpeechPieces {
            rate_hz: 24_000,
            pieces: Box::new([0.1, 0.05].into_iter().map(piece)),
        })
    }
}

fn said(engine: &dyn Speak, example: Option<Example>) -> Clip {
    let style_table = Arc::new(StyleTable {
        rows: Vec::new(),
        lively: Vec::new(),
    });
    let utterance = Utterance {
        style: Some(Style {
            style_table,
            example,
            nearest: String::new(),
            exaggeration: None,
            cfg_weight: None,
        }),
        ..Utterance::default()
    };
    let cancellation = CancellationToken::until(Instant::now() + Duration::from_secs(60));
    let SpeechPieces { rate_hz, pieces } = engine.pieces(&utterance).unwrap();
    let made = pieces.map(|piece| Clip {
        samples: (piece.unwrap().make)(&cancellation).unwrap(),
        rate_hz,
    });
    Clip::joined(made).unwrap()
}

#[test]
fn what_is_spoken_takes_the_tone_of_the_example() {
    let engine = tone().over(Arc::new(Hums));
    let example = |name: &str, gain| Example {
        name: name.to_owned(),
        speech: Arc::new(hum(gain, 16_000)),
    };
    let made = said(&*engine, Some(example("loud", 0.4)));
    assert_eq!((made.rate_hz, made.samples.len()), (24_000, 4 * 24_000));
    let half = made.samples.len() / 2;
    let piece = |samples: &[f32]| Clip {
        samples: samples[1_000..samples.len() - 1_000].to_vec(),
        rate_hz: 24_000,
    };
    let (first, second) = (
        loudest(&piece(&made.samples[..half])),
        loudest(&piece(&made.samples[half..])),
    );
    assert!((first - 0.4).abs() < 0.02, "{first}");
    assert!(
        (second - 0.2).abs() < 0.02,
        "the voice's own tone is that of its first piece: {second}"
    );
    // The tone of an example is made once.
    let again = said(&*engine, Some(example("loud", 0.001)));
    assert_eq!(again, made);
    let other = said(&*engine, Some(example("soft", 0.2)));
    let other = loudest(&piece(&other.samples[..half]));
    assert!((other - 0.2).abs() < 0.02, "{other}");
    assert!(
        (loudest(&said(&*engine, None)) - 0.1).abs() < 1e-3,
        "without an example nothing is converted"
    );
}
