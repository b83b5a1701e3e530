use super::*;
use crate::encode;
use crate::pcm::{Clip, read_all};
use opus_pure::{Application, OggOpusWriter, OpusEncoder, OpusHead};
use std::io::Cursor;
use vocabox_base::fault::Kind;

fn tone(samples: usize) -> Vec<f32> {
    (0..samples)
        .map(|n| 0.5 * (n as f32 * 0.05).sin())
        .collect()
}

fn decode(file: Vec<u8>, most_seconds: f64) -> Result<Clip, Fault> {
    read_all(&mut open(Cursor::new(file), most_seconds)?)
}

/// An Ogg Opus file of `packets` packets of 20 ms.
fn opus(packets: usize) -> Vec<u8> {
    let mut encoder = OpusEncoder::new(48_000, 1, Application::Voip).unwrap();
    let head = OpusHead::for_encoder(&encoder, 48_000);
    let mut writer = OggOpusWriter::new(Vec::new(), head).unwrap();
    let mut packet = vec![0; 4_000];
    for frame in tone(960 * packets).chunks_exact(960) {
        let bytes = encoder.encode(frame, 960, &mut packet).unwrap();
        writer.write_packet(&packet[..bytes]).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn wav_comes_back_exactly() {
    let file = encode::wav(&tone(10_000), 22_050).unwrap();
    let clip = decode(file.clone(), 1.0).unwrap();
    assert_eq!((clip.rate_hz, clip.samples.len()), (22_050, 10_000));
    assert_eq!(encode::wav(&clip.samples, clip.rate_hz).unwrap(), file);
}

#[test]
fn opus_is_decoded_and_its_start_cut() {
    let clip = decode(opus(50), 1.5).unwrap();
    assert_eq!(clip.rate_hz, 48_000);
    let skip = OpusHead::for_encoder(
        &OpusEncoder::new(48_000, 1, Application::Voip).unwrap(),
        48_000,
    )
    .pre_skip;
    assert_eq!(clip.samples.len(), 48_000 - usize::from(skip));
}

#[test]
fn too_long_is_refused_at_once_or_while_reading() {
    let wav = encode::wav(&tone(32_000), 16_000).unwrap();
    let fault = open(Cursor::new(wav), 1.5).err().unwrap();
    assert_eq!(
        fault.sentence,
        "audio lasts 2.0 s; at most 1.5 s is accepted"
    );
    assert!(
        decode(opus(100), 1.5)
            .unwrap_err()
            .sentence
            .starts_with("audio lasts more than 1.5 s")
    );
}

#[test]
fn what_is_no_sound_is_told_apart() {
    assert_eq!(
        decode(Vec::new(), 1.0).unwrap_err().sentence,
        "file is empty"
    );
    for (file, found) in [
        (
            vec![0; 5_000],
            "file could not be decoded as audio: its format is not recognized; ",
        ),
        (
            b"hello ".repeat(900),
            "file is text, which is no recording; ",
        ),
        (
            encode::wav(&[], 16_000).unwrap(),
            "file could not be decoded as audio: it is WAV with PCM Signed 16-bit Little-Endian Interleaved (channels: 1), and no packet",
        ),
    ] {
        let fault = decode(file, 1.0).unwrap_err();
        assert_eq!(fault.kind, Kind::Invalid);
        assert!(fault.sentence.starts_with(found), "{}", fault.sentence);
    }
    let mut slow = encode::wav(&tone(100), 16_000).unwrap();
    slow[24..28].copy_from_slice(&100u32.to_le_bytes());
    assert!(
        decode(slow, 9.0)
            .unwrap_err()
            .sentence
            .starts_with("audio has 100 samples a second")
    );
}

/// Flipped bytes, cuts and runs of ones: an answer or a refusal, never a panic, and samples in range.
#[test]
fn rubbish_never_panics() {
    let mut state = 7u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for whole in [encode::wav(&tone(3_000), 16_000).unwrap(), opus(10)] {
        for round in 0..300 {
            let mut file = whole.clone();
            file.truncate(if round % 3 == 0 {
                random(whole.len())
            } else {
                whole.len()
            });
            for _ in 0..random(9) {
                let at = random(file.len().clamp(1, 200)).min(file.len().saturating_sub(1));
                file.iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|byte| *byte = random(256) as u8);
            }
            if let Ok(clip) = decode(file, 60.0) {
                assert!(clip.samples.iter().all(|x| (-1.0..=1.0).contains(x)));
            }
        }
    }
}
