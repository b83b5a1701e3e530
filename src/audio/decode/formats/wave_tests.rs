use super::*;
use std::io::Cursor;

use crate::decode::open;
use crate::pcm::read_all;

/// Samples of the sound in the test files: 16 bits, one channel, 8 kHz.
const SAMPLES: usize = 4_001;

fn sound() -> Vec<u8> {
    let sample = |n: usize| ((n as f32 * 0.3).sin() * 9_000.0) as i16;
    (0..SAMPLES).flat_map(|n| sample(n).to_le_bytes()).collect()
}

fn format() -> Vec<u8> {
    let mut format = [1u16.to_le_bytes(), 1u16.to_le_bytes()].concat();
    format.extend(8_000u32.to_le_bytes());
    format.extend(16_000u32.to_le_bytes());
    format.extend([2u16.to_le_bytes(), 16u16.to_le_bytes()].concat());
    format
}

fn chunk(name: &[u8; 4], length: u32, content: &[u8]) -> Vec<u8> {
    [name, &length.to_le_bytes()[..], content].concat()
}

/// A file whose list and sound claim these lengths, with `after` behind the sound.
fn wav(list: u32, sound_length: u32, after: &[u8]) -> Vec<u8> {
    let mut file = chunk(b"RIFF", list, b"WAVE");
    file.extend(chunk(b"fmt ", 16, &format()));
    file.extend(chunk(b"data", sound_length, &sound()));
    file.extend(after);
    file
}

/// The samples of `file`, or the sentence of its refusal.
fn decoded(file: Vec<u8>) -> Result<Vec<f32>, String> {
    let read = || Ok(read_all(&mut open(Cursor::new(file), 60.0)?)?.samples);
    read().map_err(|fault: vocabox_base::fault::Fault| fault.sentence)
}

#[test]
fn lengths_that_lie_do_not_hide_the_sound() {
    let (bytes, list) = (2 * SAMPLES as u32, 36 + 2 * SAMPLES as u32);
    let right = decoded(wav(list, bytes, &[])).unwrap();
    assert_eq!(right.len(), SAMPLES);
    for (list, length) in [
        (0, 0),
        (36, 0),
        (36, bytes),
        (0, bytes),
        (1_000, bytes),
        (u32::MAX, u32::MAX),
        (0, u32::MAX),
        (list, u32::MAX),
        (list, 3 * bytes),
        (list, bytes - 1_000),
        (list, 1_000),
    ] {
        assert!(
            decoded(wav(list, length, &[])) == Ok(right.clone()),
            "{list}, {length}"
        );
    }
    // What stands behind the sound is none of it, even when the sound has an odd length and no padding.
    let tags = chunk(b"LIST", 8, b"INFOabcd");
    assert!(decoded(wav(list + 16, bytes, &tags)) == Ok(right.clone()));
    let odd = [&[7][..], &tags].concat();
    assert!(decoded(wav(list + 17, bytes + 1, &odd)) == Ok(right.clone()));
    let none = [
        chunk(b"RIFF", 52, b"WAVE"),
        chunk(b"fmt ", 16, &format()),
        chunk(b"data", 0, &tags),
    ];
    assert!(
        decoded(none.concat())
            .unwrap_err()
            .starts_with("file could not be decoded")
    );
}

#[test]
fn descriptions_of_any_length_and_chunks_without_padding_are_read() {
    let right = decoded(wav(0, 0, &[])).unwrap();
    for more in [vec![], vec![0; 2], vec![0; 4], vec![0; 24]] {
        let format = [format(), more].concat();
        for note in [chunk(b"note", 3, b"abc"), chunk(b"note", 3, b"abc\0")] {
            let file = [
                chunk(b"RIFF", 99, b"WAVE"),
                chunk(b"fmt ", format.len() as u32, &format),
                note,
                chunk(b"data", 2 * SAMPLES as u32, &sound()),
            ];
            assert!(decoded(file.concat()) == Ok(right.clone()));
        }
    }
}

#[test]
fn larger_and_turned_siblings_are_read() {
    let right = decoded(wav(0, 0, &[])).unwrap();
    let bytes = 2 * SAMPLES as u64;
    let long = [&u64::MAX.to_le_bytes()[..], &bytes.to_le_bytes(), &[0; 12]].concat();
    for head in [chunk(b"ds64", 28, &long), Vec::new()] {
        for after in [Vec::new(), chunk(b"LIST", 4, b"INFO")] {
            // Without the true length, nothing tells where the sound ends but the file.
            if head.is_empty() && !after.is_empty() {
                continue;
            }
            let file = [
                chunk(b"RF64", u32::MAX, b"WAVE"),
                head.clone(),
                chunk(b"fmt ", 16, &format()),
                chunk(b"data", u32::MAX, &sound()),
                after,
            ];
            assert!(decoded(file.concat()) == Ok(right.clone()));
        }
    }
    let turned = |data: &[u8], size: usize| -> Vec<u8> {
        data.chunks(size)
            .flat_map(|number| number.iter().rev().copied())
            .collect()
    };
    let big = |name: &[u8; 4], length: u32, content: &[u8]| {
        [name, &length.to_be_bytes()[..], content].concat()
    };
    let described = format();
    let described = [
        turned(&described[..4], 2),
        turned(&described[4..12], 4),
        turned(&described[12..], 2),
    ];
    let file = [
        big(b"RIFX", 9, b"WAVE"),
        big(b"fmt ", 16, &described.concat()),
        big(b"data", 0, &turned(&sound(), 2)),
    ];
    assert!(decoded(file.concat()) == Ok(right.clone()));
    let wide = |name: &[u8; 4], content: &[u8]| {
        let length = (content.len() as u64 + 24).to_le_bytes();
        let padding = vec![0; content.len().next_multiple_of(8) - content.len()];
        [name, &W64_REST[..], &length, content, &padding].concat()
    };
    let file = [
        W64_START.to_vec(),
        0u64.to_le_bytes().to_vec(),
        [&b"wave"[..], &W64_REST].concat(),
        wide(b"note", b"abc"),
        wide(b"fmt ", &format()),
        wide(b"data", &sound()),
    ];
    assert!(decoded(file.concat()) == Ok(right));
}

#[test]
fn codecs_without_a_decoder_are_named() {
    let mut described = format();
    described[0] = 0x65;
    let file = [
        chunk(b"RIFF", 0, b"WAVE"),
        chunk(b"fmt ", 16, &described),
        chunk(b"data", 9, &[7; 9]),
    ];
    let sentence = decoded(file.concat()).unwrap_err();
    assert!(
        sentence.starts_with("sound is in G.722, which is not read here; accepted are WAV"),
        "{sentence}"
    );
}

#[test]
fn any_cut_is_read_or_refused() {
    let whole = wav(0, 2 * SAMPLES as u32, &chunk(b"LIST", 4, b"INFO"));
    for end in (0..60).chain((60..whole.len()).step_by(97)) {
        if let Ok(samples) = decoded(whole[..end].to_vec()) {
            assert!(samples.len() <= SAMPLES + 8 && end > 44, "{end}");
        }
    }
}
