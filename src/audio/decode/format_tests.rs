//! Recordings in formats of cameras, broadcasts and phones, made here around packets of AAC or samples, have their sound at
//! its time.

use std::io::Cursor;

use super::*;
use crate::encode::AacPackets;
use crate::pcm::{Clip, read_all};
use crate::{SoundRequest, open_sound};
use vocabox_base::fault::Fault;

pub const RATE_HZ: usize = 48_000;
/// Seconds of the sound in the test files, and where in it the pip is.
pub const SECONDS: f64 = 3.0;
pub const PIP_S: f64 = 1.0;

/// Silence with a pip of 50 ms.
pub fn pip() -> Vec<f32> {
    let from = (PIP_S * RATE_HZ as f64) as usize;
    let sample = |n: usize| match n.checked_sub(from) {
        Some(at) if at < RATE_HZ / 20 => 0.5 * (at as f32 * 0.3).sin(),
        _ => 0.0,
    };
    (0..(SECONDS * RATE_HZ as f64) as usize)
        .map(sample)
        .collect()
}

/// When the first sample of 0.2 comes, in seconds.
pub fn pip_s(clip: &Clip) -> f64 {
    let at = clip.samples.iter().position(|x| x.abs() > 0.2);
    at.map_or(-1.0, |at| at as f64 / f64::from(clip.rate_hz))
}

pub fn decoded(file: Vec<u8>) -> Result<Clip, Fault> {
    read_all(&mut open(Cursor::new(file), 60.0)?)
}

/// Asserts that the pip of `file` comes after so many seconds, to a packet of AAC.
fn assert_pip(what: &str, file: Vec<u8>, expected_s: f64) {
    let clip = decoded(file).unwrap_or_else(|fault| panic!("{what}: {fault}"));
    let found_s = pip_s(&clip);
    assert!(
        (found_s - expected_s).abs() < 0.03,
        "{what}: {found_s} s, not {expected_s} s"
    );
}

/// The packets of the pip as AAC, whose first one is priming, and the decoder's configuration.
pub fn aac() -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut encoder = AacPackets::new(1).unwrap();
    let mut packets = encoder.push(&pip()).unwrap();
    packets.extend(encoder.finish().unwrap());
    (packets, encoder.config().to_vec())
}

/// A packet of mono AAC at 48 kHz with its ADTS head.
pub fn adts(packet: &[u8]) -> Vec<u8> {
    let length = packet.len() + 7;
    let head = [
        0xFF,
        0xF1,
        0x4C,
        0x40 | (length >> 11) as u8,
        (length >> 3) as u8,
        (length << 5) as u8 | 0x1F,
        0xFC,
    ];
    [&head[..], packet].concat()
}

/// A tag of FLV.
fn flv_tag(kind: u8, time_ms: u32, data: &[u8]) -> Vec<u8> {
    let [_, l0, l1, l2] = (data.len() as u32).to_be_bytes();
    let [t3, t0, t1, t2] = time_ms.to_be_bytes();
    let head = [kind, l0, l1, l2, t0, t1, t2, t3, 0, 0, 0];
    let all = (data.len() as u32 + 11).to_be_bytes();
    [&head[..], data, &all].concat()
}

/// An FLV whose pictures start at 0 and whose sound starts at `late_ms`; between the packets `lost`, sound is missing.
fn flv(late_ms: u32, lost: std::ops::Range<usize>) -> Vec<u8> {
    let (packets, config) = aac();
    flv_of(&packets, &config, 1024, late_ms, lost)
}

/// The same of these packets of so many samples.
pub fn flv_of(
    packets: &[Vec<u8>],
    config: &[u8],
    samples: usize,
    late_ms: u32,
    lost: std::ops::Range<usize>,
) -> Vec<u8> {
    let mut file = b"FLV\x01\x05\0\0\0\x09\0\0\0\0".to_vec();
    file.extend(flv_tag(9, 0, &[0x17, 0, 0, 0, 0]));
    file.extend(flv_tag(8, 0, &[&[0xAF, 0], config].concat()));
    for (n, packet) in packets
        .iter()
        .enumerate()
        .filter(|(n, _)| !lost.contains(n))
    {
        let time_ms = late_ms + (n * samples * 1000 / RATE_HZ) as u32;
        file.extend(flv_tag(8, time_ms, &[&[0xAF, 1], &packet[..]].concat()));
    }
    file
}

#[test]
fn flv_has_its_sound_at_its_time() {
    assert_pip("plain", flv(0, 0..0), PIP_S);
    assert_pip("late", flv(1_500, 0..0), PIP_S + 1.5);
    // Half a second is missing before the pip.
    assert_pip("gap", flv(0, 5..28), PIP_S);
    let whole = flv(0, 0..0);
    let cut = decoded(whole[..whole.len() * 2 / 3].to_vec()).unwrap();
    assert!((0.8..2.9).contains(&cut.seconds()), "{}", cut.seconds());
}

/// A packet of a transport stream with up to 184 bytes of a stream.
fn ts_packet(id: u16, is_start: bool, data: &[u8]) -> Vec<u8> {
    let mut packet = vec![
        0x47,
        (id >> 8) as u8 | if is_start { 0x40 } else { 0 },
        id as u8,
    ];
    match 184 - data.len() {
        0 => packet.push(0x10),
        1 => packet.extend([0x30, 0]),
        rest => {
            packet.extend([0x30, rest as u8 - 1, 0]);
            packet.resize(4 + rest, 0xFF);
        }
    }
    packet.extend(data);
    packet
}

/// A table of a transport stream, whose check sum is not looked at.
fn ts_table(id: u16, table: u8, content: &[u8]) -> Vec<u8> {
    let mut section = vec![0, table, 0xB0, content.len() as u8 + 9, 0, 1, 0xC1, 0, 0];
    section.extend(content);
    section.extend([0; 4]);
    section.resize(184, 0xFF);
    ts_packet(id, true, &section)
}

/// A packet of a program, at a time in units of 1/90000 s.
fn pes(stream: u8, time: u64, data: &[u8]) -> Vec<u8> {
    let mut packet = vec![0, 0, 1, stream];
    packet.extend((data.len() as u16 + 8).to_be_bytes());
    packet.extend([
        0x80,
        0x80,
        5,
        0x21 | (time >> 29) as u8 & 0x0E,
        (time >> 22) as u8,
        1 | (time >> 14) as u8,
        (time >> 7) as u8,
        1 | (time << 1) as u8,
    ]);
    packet.extend(data);
    packet
}

/// A transport stream of pictures and, `late_s` later, sound, with `before` and `after` bytes around each packet.
fn ts(late_s: f64, kind: u8, before: usize, after: usize) -> Vec<u8> {
    let (start, mut packets) = (126_000, Vec::new());
    packets.push(ts_table(0, 0, &[0, 1, 0xE1, 0]));
    let streams = [
        0xE0, 0x50, 0xF0, 0, 0x1B, 0xE0, 0x50, 0xF0, 0, kind, 0xE0, 0x51, 0xF0, 0,
    ];
    packets.push(ts_table(0x100, 2, &streams));
    let mut put = |id: u16, data: &[u8]| {
        for (n, part) in data.chunks(184).enumerate() {
            packets.push(ts_packet(id, n == 0, part));
        }
    };
    put(0x50, &pes(0xE0, start, &[7; 300]));
    for (n, frames) in aac().0.chunks(4).enumerate() {
        let time = start + (late_s * 90_000.0) as u64 + (n * 4 * 1024 * 90_000 / RATE_HZ) as u64;
        let frames: Vec<u8> = frames.iter().flat_map(|packet| adts(packet)).collect();
        put(0x51, &pes(0xC0, time, &frames));
    }
    let around = |packet: Vec<u8>| [vec![0; before], packet, vec![0; after]].concat();
    packets.into_iter().flat_map(around).collect()
}

#[test]
fn mpeg_ts_of_files_cameras_and_broadcasts_has_its_sound_at_its_time() {
    for (what, before, after) in [("file", 0, 0), ("camera", 4, 0), ("broadcast", 0, 16)] {
        assert_pip(what, ts(0.0, 0x0F, before, after), PIP_S);
        assert_pip(what, ts(1.25, 0x0F, before, after), PIP_S + 1.25);
    }
    // The table does not tell the codec.
    assert_pip("private", ts(0.0, 0x06, 4, 0), PIP_S);
    let whole = ts(0.0, 0x0F, 0, 0);
    // Begun in the middle of a packet, and with rubbish in its midst.
    assert_pip("begun late", [&[7; 100][..], &whole].concat(), PIP_S);
    let mut damaged = whole.clone();
    damaged.splice(188 * 6..188 * 6, [0x55; 50]);
    assert_pip("damaged", damaged, PIP_S);
    let cut = decoded(whole[..whole.len() * 2 / 3].to_vec()).unwrap();
    assert!((0.8..2.9).contains(&cut.seconds()), "{}", cut.seconds());
}

#[test]
fn a_stream_without_sound_that_is_read_is_refused_and_named() {
    let refused = |kind| decoded(ts(0.0, kind, 0, 0)).unwrap_err().sentence;
    assert!(refused(0x82).starts_with("sound is in DTS, which is not read here"));
    // Pictures only.
    assert!(refused(0x1B).starts_with("file could not be decoded as audio"));
    let mut bare = ts(0.0, 0x0F, 0, 0);
    bare.drain(..376);
    assert!(
        decoded(bare)
            .unwrap_err()
            .sentence
            .starts_with("file could not be decoded as audio")
    );
}

/// A chunk of RIFF.
fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let padding = vec![0; content.len() % 2];
    [
        &name[..],
        &(content.len() as u32).to_le_bytes(),
        content,
        &padding,
    ]
    .concat()
}

/// An AVI with a stream of pictures and one of this sound, in these chunks, which starts so many frames late.
fn avi(format: &[u8], late: u32, rate: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    let stream = |kind: &[u8; 4], start: u32, rate: u32, format: &[u8]| {
        let mut head = [&kind[..], &[0; 16]].concat();
        head.extend(
            [1, rate, start, 0]
                .iter()
                .flat_map(|n: &u32| n.to_le_bytes()),
        );
        head.resize(56, 0);
        let list = [
            b"strl".to_vec(),
            chunk(b"strh", &head),
            chunk(b"strf", format),
        ];
        chunk(b"LIST", &list.concat())
    };
    let heads = [
        b"hdrl".to_vec(),
        chunk(b"avih", &[0; 56]),
        stream(b"vids", 0, 25, &[0; 40]),
        stream(b"auds", late, rate, format),
    ];
    let mut movie = b"movi".to_vec();
    for sound in chunks {
        movie.extend(chunk(b"00dc", &[3; 33]));
        // Some writers put the sound of a moment into a list of its own.
        movie.extend(chunk(
            b"LIST",
            &[b"rec ".to_vec(), chunk(b"01wb", sound)].concat(),
        ));
    }
    let all = [
        b"AVI ".to_vec(),
        chunk(b"LIST", &heads.concat()),
        chunk(b"LIST", &movie),
    ];
    chunk(b"RIFF", &all.concat())
}

fn wave_format(tag: u16, block: u16, bits: u16, extra: &[u8]) -> Vec<u8> {
    let mut format = [tag.to_le_bytes(), 1u16.to_le_bytes()].concat();
    format.extend((RATE_HZ as u32).to_le_bytes());
    format.extend([0; 4]);
    format.extend(
        [block, bits, extra.len() as u16]
            .iter()
            .flat_map(|n| n.to_le_bytes()),
    );
    format.extend(extra);
    format
}

#[test]
fn avi_has_its_sound_at_its_time() {
    let samples: Vec<u8> = pip()
        .iter()
        .flat_map(|x| ((x * 32_767.0) as i16).to_le_bytes())
        .collect();
    // Chunks that end within a sample.
    let pieces: Vec<Vec<u8>> = samples.chunks(3_001).map(<[u8]>::to_vec).collect();
    let pcm = wave_format(1, 2, 16, &[]);
    assert_pip("samples", avi(&pcm, 0, RATE_HZ as u32, &pieces), PIP_S);
    assert_pip(
        "late samples",
        avi(&pcm, 24_000, RATE_HZ as u32, &pieces),
        PIP_S + 0.5,
    );
    let (packets, config) = aac();
    assert_pip(
        "AAC",
        avi(&wave_format(0xFF, 1, 0, &config), 0, 25, &packets),
        PIP_S,
    );
    let stream: Vec<u8> = packets.iter().flat_map(|packet| adts(packet)).collect();
    let pieces: Vec<Vec<u8>> = stream.chunks(777).map(<[u8]>::to_vec).collect();
    assert_pip(
        "ADTS",
        avi(&wave_format(0x1600, 1, 0, &[]), 0, 25, &pieces),
        PIP_S,
    );
    let other = avi(&wave_format(0x161, 1, 0, &[]), 0, 25, &pieces);
    let sentence = decoded(other).unwrap_err().sentence;
    assert!(
        sentence.starts_with("sound is in Windows Media Audio, which is not read here"),
        "{sentence}"
    );
}

#[test]
fn a_chunk_of_avi_may_have_more_than_a_decoder_takes_at_once() {
    let samples: Vec<u8> = pip()
        .iter()
        .flat_map(|x| ((x * 32_767.0) as i16).to_le_bytes())
        .collect();
    let pcm = wave_format(1, 2, 16, &[]);
    assert_pip("samples", avi(&pcm, 0, RATE_HZ as u32, &[samples]), PIP_S);
    // ADPCM of IMA: blocks of 1024 bytes have 2041 samples.
    let ima = wave_format(0x11, 1024, 4, &2041u16.to_le_bytes());
    let chunks = vec![vec![0; 3 * 1024]; 4];
    let clip = decoded(avi(&ima, 0, RATE_HZ as u32, &chunks)).unwrap();
    assert_eq!(clip.samples.len(), 12 * 2041);
}

#[test]
fn more_channels_than_are_accepted_are_refused_by_the_head_alone() {
    let mut head = b".snd".to_vec();
    // Doubles, at 48 kHz, in 65 535 channels.
    head.extend(
        [24u32, 800, 7, 48_000, 65_535]
            .iter()
            .flat_map(|n| n.to_be_bytes()),
    );
    head.extend([0; 800]);
    let sentence = decoded(head).unwrap_err().sentence;
    assert!(
        sentence.starts_with("audio has 65535 channels"),
        "{sentence}"
    );
}

#[test]
fn bare_sound_is_read_by_a_hint_only() {
    // µ-law: 0xFF is silence, 0x80 and 0x00 are the loudest samples.
    let mut file = vec![0xFF; 8_000];
    file.extend([0x80, 0x00].repeat(4_000));
    assert!(decoded(file.clone()).is_err());
    let request = SoundRequest {
        bare: Some((BareCoding::MuLaw, 8_000)),
        ..SoundRequest::default()
    };
    let mut sound = open_sound(Cursor::new(file), &request, 8_000, 60.0).unwrap();
    let clip = read_all(sound.samples.as_mut()).unwrap();
    assert_eq!((clip.samples.len(), clip.rate_hz), (16_000, 8_000));
    assert!((pip_s(&clip) - 1.0).abs() < 0.01);
}
