//! Sound between a client and a model: features, rates, pieces of speech, files.

use std::io::Cursor;

use vocabox::audio;
use vocabox::audio::dsp::mel::Mel;
use vocabox::audio::dsp::resample::resample_clip;
use vocabox::audio::encode::{self, Format};
use vocabox::audio::pcm::{Clip, read_all};
use vocabox::engine::tts::joiner::Joiner;

use super::numbers::numbers;
use super::step::{Step, step};

/// Samples a second of speech that is made, and of speech that is heard.
const SPOKEN_HZ: u32 = 24_000;
const HEARD_HZ: u32 = 16_000;

/// All of them, of `seconds` of sound.
pub fn all(seconds: usize) -> Vec<Step> {
    let clip = |rate_hz: u32| Clip {
        samples: numbers(seconds * rate_hz as usize)
            .map(|x| 0.4 * x - 0.2)
            .collect(),
        rate_hz,
    };
    let (heard, upload, film) = (clip(HEARD_HZ), clip(48_000), clip(SPOKEN_HZ));
    let mut mel = Mel::whisper(80);
    let piece = clip(SPOKEN_HZ);
    let mut steps = vec![
        step("mel_80_bands", move || {
            mel.log_mel(&heard.samples, 100 * seconds)
        }),
        step("resample_48_to_16_khz", move || {
            resample_clip(&upload, HEARD_HZ)
        }),
        step("resample_24_to_48_khz", move || {
            resample_clip(&film, 48_000)
        }),
        step("join_a_piece", move || {
            Joiner::new(SPOKEN_HZ).push(&piece.samples, 0.3)
        }),
    ];
    for format in Format::ALL {
        let spoken = clip(SPOKEN_HZ);
        let name = format.name();
        // Bare samples have no header to be known by.
        if format != Format::Pcm {
            let file = encode::whole(format, &spoken.samples, SPOKEN_HZ, None);
            let file = file.expect("it encodes");
            steps.push(step(format!("decode_{name}"), move || {
                let source = Cursor::new(file.clone());
                let mut heard = audio::open_speech(source, HEARD_HZ, 60.0).expect("it opens");
                read_all(&mut *heard).expect("it decodes")
            }));
        }
        steps.push(step(format!("encode_{name}"), move || {
            let mut encoder = encode::stream(format, SPOKEN_HZ, None).expect("it encodes");
            let part = encoder.push(&spoken.samples).expect("it encodes");
            (part, encoder.finish().expect("it ends"))
        }));
    }
    steps
}
