//! Sound of many channels, of two rates, in antiphase, and what is no sound.

use std::io::Cursor;

use syom::EncodeOptions;

use super::format_tests::{PIP_S, RATE_HZ, SECONDS, aac, adts, decoded, flv_of, pip, pip_s};
use crate::encode::wav;
use crate::pcm::read_all;
use crate::{SoundRequest, open_sound};

/// The pip in the channel of this number of six, front left first, as ADTS.
fn surround(channel: usize) -> Vec<u8> {
    let silence = vec![0.0; pip().len()];
    let planes: Vec<Vec<f32>> = (0..6)
        .map(|n| if n == channel { pip() } else { silence.clone() })
        .collect();
    syom::encode_with(
        &planes,
        RATE_HZ as u32,
        &EncodeOptions::adts().with_bitrate_bps(384_000),
    )
    .unwrap()
}

#[test]
fn aac_of_six_channels_is_heard_but_for_its_low_frequencies() {
    let peak = |channel| {
        let clip = decoded(surround(channel)).unwrap();
        assert!(
            (clip.seconds() - SECONDS).abs() < 0.05,
            "{}",
            clip.seconds()
        );
        clip.samples
            .iter()
            .fold(0.0f32, |peak, x| peak.max(x.abs()))
    };
    let peaks: Vec<f32> = (0..6).map(peak).collect();
    // Of ITU-R BS.775: the middle 1, left and right 0.707, those behind 0.5, low frequencies nothing; scaled to a sum of 1.
    let sum = 1.0 + 2.0 * 0.707 + 2.0 * 0.5;
    let mut expected = [1.0, 0.707, 0.707, 0.5, 0.5, 0.0].map(|weight| 0.5 * weight / sum);
    let mut found = peaks.clone();
    found.sort_by(f32::total_cmp);
    expected.sort_by(f32::total_cmp);
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 0.02,
            "{peaks:?}, not {expected:?}"
        );
    }
}

#[test]
fn he_aac_that_declares_itself_has_its_length_and_its_times() {
    for (options, object_type, channels) in [
        (
            EncodeOptions::raw().with_he(true).with_bitrate_bps(48_000),
            5,
            1,
        ),
        (
            EncodeOptions::raw()
                .with_he_v2(true)
                .with_bitrate_bps(32_000),
            29,
            2,
        ),
    ] {
        let mut encoder = syom::Encoder::new(RATE_HZ as u32, channels, &options).unwrap();
        let mut packets: Vec<Vec<u8>> = Vec::new();
        let planes = vec![pip(); channels];
        let planes: Vec<&[f32]> = planes.iter().map(Vec::as_slice).collect();
        let mut keep = |frame: syom::EncodedFrame<'_>| {
            packets.push(frame.payload.to_vec());
            Ok(())
        };
        encoder.feed(&planes, &mut keep).unwrap();
        encoder.finish(&mut keep).unwrap();
        let config = encoder.asc().to_vec();
        assert_eq!(config[0] >> 3, object_type);
        let clip = decoded(flv_of(&packets, &config, 2048, 0, 0..0)).unwrap();
        assert_eq!(clip.rate_hz, RATE_HZ as u32);
        // Priming, which FLV cannot declare, is 3018 samples.
        let priming_s = 3_018.0 / RATE_HZ as f64;
        assert!((clip.seconds() - SECONDS).abs() < 0.2, "{}", clip.seconds());
        assert!(
            (pip_s(&clip) - priming_s - PIP_S).abs() < 0.03,
            "{}",
            pip_s(&clip)
        );
    }
}

#[test]
fn opposite_channels_are_heard_and_each_side_by_itself() {
    let mut file = Cursor::new(Vec::new());
    let mut writer = crate::encode::WavWriter::new(&mut file, RATE_HZ as u32, 2).unwrap();
    let stereo: Vec<f32> = pip().iter().flat_map(|x| [*x, -x]).collect();
    writer.push(&stereo).unwrap();
    writer.finish().unwrap();
    let file = file.into_inner();
    let clip = decoded(file.clone()).unwrap();
    assert!((pip_s(&clip) - PIP_S).abs() < 0.01);
    for (side, sign) in [(0, 1.0), (1, -1.0)] {
        let request = SoundRequest {
            side: Some(side),
            ..SoundRequest::default()
        };
        let mut sound =
            open_sound(Cursor::new(file.clone()), &request, RATE_HZ as u32, 60.0).unwrap();
        assert_eq!(sound.channels, 2);
        let one = read_all(sound.samples.as_mut()).unwrap();
        for (found, expected) in one.samples.iter().zip(pip()) {
            assert!((found - sign * expected).abs() < 1e-3);
        }
    }
}

#[test]
fn sound_in_a_tag_is_no_sound_and_large_tags_are_skipped() {
    let stream: Vec<u8> = aac().0.iter().flat_map(|packet| adts(packet)).collect();
    let tag = |content: &[u8]| {
        let size = [21, 14, 7, 0].map(|by| (content.len() >> by) as u8 & 0x7F);
        [&b"ID3\x03\0\0"[..], &size, content].concat()
    };
    let right = decoded(stream.clone()).unwrap();
    for content in [vec![0; 1_300_000], stream.repeat(9)] {
        assert_eq!(
            decoded([tag(&content), stream.clone()].concat()).unwrap(),
            right
        );
    }
}

#[test]
fn what_is_mostly_no_frames_is_no_recording_of_a_moment() {
    let packets = aac().0;
    let sound: Vec<u8> = packets
        .iter()
        .take(40)
        .flat_map(|packet| adts(packet))
        .collect();
    let rubbish: Vec<u8> = (0..20 * sound.len())
        .map(|n| (n * 7_919 % 251) as u8)
        .collect();
    let fault = decoded([sound.clone(), rubbish.clone()].concat()).unwrap_err();
    assert!(
        fault
            .sentence
            .starts_with("file could not be decoded as audio"),
        "{fault}"
    );
    // A stretch of damage is skipped.
    let most = [&sound[..], &rubbish[..sound.len() / 2], &sound].concat();
    assert!(decoded(most).is_ok());
    assert!(decoded(wav(&pip(), RATE_HZ as u32).unwrap()).is_ok());
}

/// MP3s of two rates.
const MP3S: [&[u8]; 2] = [
    include_bytes!("../../../scripts/fuzz/corpus/decode/stereo.mp3"),
    include_bytes!("../../../scripts/fuzz/corpus/decode/mono24.mp3"),
];

#[test]
fn a_part_with_another_rate_is_heard_too() {
    let seconds = |files: &[usize]| {
        let joined: Vec<u8> = files.iter().flat_map(|file| MP3S[*file].to_vec()).collect();
        let clip = decoded(joined).unwrap();
        (clip.rate_hz, clip.seconds())
    };
    let [(first_hz, first_s), (second_hz, second_s)] = [seconds(&[0]), seconds(&[1])];
    assert_ne!(first_hz, second_hz);
    // The padding that a part declares is cut only where nothing follows.
    for (files, rate_hz) in [([0, 1], first_hz), ([1, 0], second_hz)] {
        let (found_hz, found_s) = seconds(&files);
        assert_eq!(found_hz, rate_hz);
        assert!(
            (found_s - first_s - second_s).abs() < 0.1,
            "{found_s}, not {}",
            first_s + second_s
        );
    }
}
