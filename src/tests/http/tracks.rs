//! Which sound of a recording is heard: one of several tracks, each channel by itself, or samples without a head.

use serde_json::Value;

use crate::support::client::HttpAnswer;
use crate::support::server::{Server, recording};
use crate::support::wer::assert_words;

const RATE_HZ: u32 = 8_000;
/// What is said in the first 21 s of two_cities, and the seconds of the pauses between the parts.
const SAID: [&str; 4] = [
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness,",
    "it was the epoch of belief, it was the epoch of incredulity,",
    "it was the season of Light, it was the season of Darkness,",
    "it was the spring of hope, it was the winter of despair,",
];
const PAUSES_S: [f64; 5] = [0.0, 8.4, 13.1, 17.0, 20.8];

fn stt(file: &[u8], fields: &[(&str, &str)]) -> HttpAnswer {
    let client = Server::shared().client();
    client.post_form("/voice/stt", file, fields)
}

fn heard(file: &[u8], fields: &[(&str, &str)]) -> Value {
    let answer = stt(file, fields);
    let body = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, 200, "{body}");
    answer.json()
}

fn assert_refused(file: &[u8], fields: &[(&str, &str)], why: &str) {
    let answer = stt(file, fields);
    assert_eq!(answer.status, 400, "{fields:?}");
    assert!(answer.detail().contains(why), "{}", answer.detail());
}

/// The parts of two_cities, 16-bit samples at 8 kHz.
fn parts() -> [Vec<i16>; 4] {
    let mut reader = hound::WavReader::open(recording("two_cities.8k.wav")).unwrap();
    let all: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    let at = |s: f64| (s * f64::from(RATE_HZ)) as usize;
    std::array::from_fn(|n| all[at(PAUSES_S[n])..at(PAUSES_S[n + 1])].to_vec())
}

/// A WAV file of these channels.
fn wav(channels: &[Vec<i16>]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: channels.len() as u16,
        sample_rate: RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for at in 0..channels[0].len() {
        for channel in channels {
            writer.write_sample(channel[at]).unwrap();
        }
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

/// A call: the first and third part on one side, the others on the other.
fn call() -> [Vec<i16>; 2] {
    let parts = parts();
    let side = |side: usize| {
        let of_side = |(n, part): (usize, &Vec<i16>)| match n % 2 == side {
            true => part.clone(),
            false => vec![0; part.len()],
        };
        parts.iter().enumerate().flat_map(of_side).collect()
    };
    [side(0), side(1)]
}

#[test]
fn each_side_of_a_call_is_a_speaker_of_its_own() {
    let body = heard(&wav(&call()), &[("channels", "split"), ("language", "en")]);
    assert_eq!(
        body["speakers"],
        serde_json::json!(["SPEAKER_00", "SPEAKER_01"])
    );
    let segments = body["segments"].as_array().unwrap();
    for (side, name) in ["SPEAKER_00", "SPEAKER_01"].into_iter().enumerate() {
        let of_side = segments.iter().filter(|segment| segment["speaker"] == name);
        let texts: Vec<&str> = of_side.map(|s| s["text"].as_str().unwrap()).collect();
        let said = [SAID[side], SAID[side + 2]].join(" ");
        assert_words(&said, &texts.join(" "), 10.0);
    }
    let starts: Vec<f64> = segments
        .iter()
        .map(|s| s["start"].as_f64().unwrap())
        .collect();
    assert!(starts.is_sorted(), "{starts:?}");
    // Mixed, it is one text without speakers.
    let mixed = heard(&wav(&call()), &[("language", "en")]);
    assert!(mixed.get("speakers").is_none());
    assert_words(&SAID.join(" "), mixed["transcript"].as_str().unwrap(), 10.0);
}

#[test]
fn only_recordings_of_one_or_two_channels_are_split_and_not_diarized_too() {
    let [one, other] = call();
    let three = wav(&[one.clone(), other, one.clone()]);
    assert_refused(
        &three,
        &[("channels", "split")],
        "the recording has 3 channels",
    );
    let both = [("channels", "split"), ("diarize", "true")];
    assert_refused(&wav(&call()), &both, "diarize is not accepted beside it");
    assert_refused(
        &wav(&call()),
        &[("channels", "left")],
        "channels is \"left\"",
    );
    let body = heard(&wav(&[one]), &[("channels", "split"), ("language", "en")]);
    assert_eq!(body["speakers"], serde_json::json!(["SPEAKER_00"]));
}

#[test]
fn samples_without_a_head_are_heard_by_a_hint_only() {
    let content = |name: &str| {
        let file = std::fs::read(recording(name)).unwrap();
        let at = file.windows(4).position(|name| name == b"data").unwrap();
        file[at + 8..].to_vec()
    };
    // The first 21 s of each.
    let bytes = |rate_hz: f64, of_sample: usize| (PAUSES_S[4] * rate_hz) as usize * of_sample;
    let law = bytes(16_000.0, 1);
    for (name, coding, rate, bytes) in [
        ("two_cities.mulaw.wav", "mulaw", Some("16000"), law),
        ("two_cities.alaw.wav", "alaw", Some("16000"), law),
        ("two_cities.8k.wav", "s16le", None, bytes(8_000.0, 2)),
    ] {
        let mut file = content(name);
        file.truncate(bytes);
        let mut fields = vec![("raw_encoding", coding), ("language", "en")];
        fields.extend(rate.map(|rate| ("raw_sample_rate", rate)));
        let body = heard(&file, &fields);
        let seconds = body["duration_seconds"].as_f64().unwrap();
        assert!(
            (seconds - PAUSES_S[4]).abs() < 0.01,
            "{coding}: {seconds} s"
        );
        assert_words(&SAID.join(" "), body["transcript"].as_str().unwrap(), 5.0);
        assert_refused(&file, &[], "file could not be decoded as audio");
    }
    let file = content("two_cities.8k.wav");
    assert_refused(&file, &[("raw_encoding", "mp3")], "raw_encoding is \"mp3\"");
    let slow = [("raw_encoding", "mulaw"), ("raw_sample_rate", "10")];
    assert_refused(&file, &slow, "raw_sample_rate is \"10\"");
}

/// A chunk of RIFF.
fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_le_bytes();
    [&name[..], &length, content, &[0][..content.len() % 2]].concat()
}

/// An AVI without pictures whose sound tracks, none of which it marks, have these samples.
fn avi(tracks: &[Vec<i16>]) -> Vec<u8> {
    let le =
        |numbers: &[u32]| -> Vec<u8> { numbers.iter().flat_map(|n| n.to_le_bytes()).collect() };
    let stream = |_: &Vec<i16>| {
        // Scale and rate: one frame of two bytes a sample.
        let mut head = [&b"auds"[..], &[0; 16], &le(&[1, RATE_HZ, 0, 0])].concat();
        head.resize(56, 0);
        // Samples, one channel; bytes a second; bytes of a frame, bits of a sample.
        let format = le(&[1 | 1 << 16, RATE_HZ, 2 * RATE_HZ, 2 | 16 << 16]);
        let list = [
            b"strl".to_vec(),
            chunk(b"strh", &head),
            chunk(b"strf", &format),
        ];
        chunk(b"LIST", &list.concat())
    };
    let mut heads = [b"hdrl".to_vec(), chunk(b"avih", &[0; 56])].concat();
    heads.extend(tracks.iter().flat_map(stream));
    let mut movie = b"movi".to_vec();
    let blocks = tracks[0].len().div_ceil(4_000);
    for block in 0..blocks {
        for (n, track) in tracks.iter().enumerate() {
            let samples = track.iter().skip(block * 4_000).take(4_000);
            let bytes: Vec<u8> = samples.flat_map(|x| x.to_le_bytes()).collect();
            movie.extend(chunk(&[b'0', b'0' + n as u8, b'w', b'b'], &bytes));
        }
    }
    let all = [
        b"AVI ".to_vec(),
        chunk(b"LIST", &heads),
        chunk(b"LIST", &movie),
    ];
    chunk(b"RIFF", &all.concat())
}

/// Chords that change twice a second, with a beat.
fn music(samples: usize) -> Vec<i16> {
    let wave = |n: usize, hz: f32| (n as f32 * hz * std::f32::consts::TAU / RATE_HZ as f32).sin();
    let at = |n: usize| {
        let (step, within) = (n / 4_000, (n % 4_000) as f32 / 4_000.0);
        let root = [220.0, 174.6, 261.6, 196.0][step % 4];
        let chord: f32 = [1.0, 1.25, 1.5, 2.0]
            .iter()
            .map(|r| wave(n, root * r))
            .sum();
        0.12 * chord * (1.0 - 0.8 * within) + 0.3 * wave(n, 55.0) * (1.0 - within).powi(8)
    };
    (0..samples).map(|n| (at(n) * 32_767.0) as i16).collect()
}

#[test]
fn of_tracks_that_are_not_marked_the_first_with_speech_is_heard_or_the_one_that_is_asked_for() {
    let speech = parts().concat();
    let film = avi(&[music(speech.len()), speech.clone(), vec![0; speech.len()]]);
    let body = heard(&film, &[("language", "en")]);
    assert_eq!(body["audio_track"]["number"], 2, "{}", body["audio_track"]);
    assert_eq!(body["audio_track"]["count"], 3);
    assert_words(&SAID.join(" "), body["transcript"].as_str().unwrap(), 5.0);
    // The one that is asked for, whatever is in it.
    for (number, is_speech) in [("1", false), ("2", true), ("3", false)] {
        let body = heard(&film, &[("audio_track", number), ("language", "en")]);
        assert_eq!(body["audio_track"]["number"].to_string(), number);
        assert_eq!(
            body["transcript"] != "",
            is_speech,
            "track {number}: {}",
            body["transcript"]
        );
    }
    assert_refused(
        &film,
        &[("audio_track", "4")],
        "audio_track is 4; the file has 3 sound tracks",
    );
    // A film over 1 MiB waits in a file, which the search and the transcription both read.
    let wordless = [
        music(speech.len()),
        music(speech.len()),
        vec![0; speech.len()],
    ];
    let large = avi(&[&[speech.clone()][..], &wordless].concat());
    assert!(large.len() > 1 << 20, "{} bytes", large.len());
    let body = heard(&large, &[("language", "en")]);
    assert_eq!(body["audio_track"]["number"], 1);
    assert_words(&SAID.join(" "), body["transcript"].as_str().unwrap(), 5.0);
    // Where nothing is said in any, the first that is not silent.
    let body = heard(&avi(&[vec![0; speech.len()], music(speech.len())]), &[]);
    assert_eq!(
        (&body["audio_track"]["number"], &body["transcript"]),
        (&2.into(), &"".into())
    );
}
