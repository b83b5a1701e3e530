use std::io::Cursor;

use super::*;
use crate::decode;
use crate::dsp::resample::resample_clip;
use crate::pcm::{Clip, read_all};

fn whole(format: Format, samples: &[f32], rate_hz: u32) -> Result<Vec<u8>, Fault> {
    super::whole(format, samples, rate_hz, None)
}

fn stream(format: Format, rate_hz: u32) -> Result<Box<dyn Stream>, Fault> {
    super::stream(format, rate_hz, None)
}

/// Signal over error that Opus must keep on a chirp, in decibels. Measured: 12.6 to 22.
const OPUS_SNR_DB_MIN: f64 = 10.0;
/// The same for AAC.
const AAC_SNR_DB_MIN: f64 = 10.0;
/// Largest time shift of Opus: 83 µs.
const SHIFT: usize = 4;
const RATES: [u32; 4] = [8_000, 16_000, 22_050, 24_000];
const LENGTHS: [usize; 8] = [1, 2, 7, 331, 1_023, 4_097, 24_000, 50_001];

/// A sweep from 100 Hz up to a quarter of the rate, which no shift by a sample leaves alike.
fn sweep(samples: usize, rate_hz: u32) -> Vec<f32> {
    let end = f64::from(rate_hz) / 4.0;
    (0..samples)
        .map(|n| {
            let t = n as f64 / f64::from(rate_hz);
            let whole = samples as f64 / f64::from(rate_hz);
            let phase = 100.0 * t + (end - 100.0) * t * t / (2.0 * whole);
            (0.5 * (std::f64::consts::TAU * phase).sin()) as f32
        })
        .collect()
}

fn decoded(file: Vec<u8>) -> Clip {
    read_all(&mut decode::open(Cursor::new(file), 60.0).unwrap()).unwrap()
}

/// `samples` in pieces of odd lengths, the first of them empty.
fn streamed(format: Format, samples: &[f32], rate_hz: u32) -> Vec<u8> {
    let mut stream = stream(format, rate_hz).unwrap();
    let mut file = stream.push(&[]).unwrap();
    let (mut rest, mut most) = (samples, 1);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(most.min(rest.len()));
        file.extend(stream.push(piece).unwrap());
        (rest, most) = (after, most * 7 % 9_973 + 1);
    }
    file.extend(stream.finish().unwrap());
    file
}

fn snr_db(ideal: &[f32], made: &[f32]) -> f64 {
    let power = |s: f32| f64::from(s) * f64::from(s);
    let error: f64 = ideal.iter().zip(made).map(|(a, b)| power(a - b)).sum();
    10.0 * (ideal.iter().map(|s| power(*s)).sum::<f64>() / error).log10()
}

#[test]
fn wav_has_true_sizes_and_rounded_samples() {
    let samples = [0.0, 0.5, -1.0, 1.0, 2.0, -2.0, f32::NAN, 1.4 / 32_768.0];
    let file = whole(Format::Wav, &samples, 24_000).unwrap();
    assert_eq!(file.len(), WAV_HEAD_BYTES + 16);
    assert_eq!(&file[..4], b"RIFF");
    assert_eq!(file[4..8], (file.len() as u32 - 8).to_le_bytes());
    assert_eq!(file[24..28], 24_000u32.to_le_bytes());
    assert_eq!(file[40..44], 16u32.to_le_bytes());
    let bare = whole(Format::Pcm, &samples, 24_000).unwrap();
    assert_eq!(file[WAV_HEAD_BYTES..], bare);
    let samples: Vec<i16> = bare
        .chunks_exact(2)
        .map(|b| i16::from_le_bytes([b[0], b[1]]))
        .collect();
    assert_eq!(samples, [0, 16_384, -32_768, 32_767, 32_767, -32_768, 0, 1]);
}

#[test]
fn lossless_files_and_streams_decode_to_every_sample() {
    for rate_hz in RATES {
        for length in LENGTHS {
            let samples = sweep(length, rate_hz);
            let exact: Vec<f32> = samples
                .iter()
                .map(|s| f32::from(to_i16(*s)) / FULL_SCALE)
                .collect();
            for format in [Format::Wav, Format::Flac] {
                for file in [
                    whole(format, &samples, rate_hz).unwrap(),
                    streamed(format, &samples, rate_hz),
                ] {
                    let clip = decoded(file);
                    assert_eq!(clip.rate_hz, rate_hz);
                    assert!(
                        clip.samples == exact,
                        "{format:?}, {rate_hz} Hz, {length} samples"
                    );
                }
            }
            assert_eq!(
                streamed(Format::Pcm, &samples, rate_hz),
                whole(Format::Pcm, &samples, rate_hz).unwrap()
            );
        }
    }
}

#[test]
fn opus_files_and_streams_end_where_the_sound_does_and_sound_alike() {
    for rate_hz in RATES {
        for length in LENGTHS {
            let samples = sweep(length, rate_hz);
            let made = decoded(whole(Format::Opus, &samples, rate_hz).unwrap());
            assert_eq!(made.rate_hz, 48_000);
            let off = made.samples.len() as f64 / 48_000.0 - length as f64 / f64::from(rate_hz);
            // Never shorter, and longer by less than one sample of the encoder's rate.
            let one = 1.0 / f64::from(rate_hz.min(24_000));
            assert!(
                (0.0..one).contains(&(off + 1e-9)),
                "{rate_hz} Hz, {length} samples: {off} s"
            );
            let again = decoded(streamed(Format::Opus, &samples, rate_hz));
            assert!(again == made, "{rate_hz} Hz, {length} samples");
            if length > 20_000 {
                let ideal = resample_clip(&Clip { samples, rate_hz }, 48_000).unwrap();
                // The codec's own resamplers shift the sound by a sample or two at its lower rates.
                let snr = (0..=2 * SHIFT)
                    .map(|n| snr_db(&ideal.samples[SHIFT..], &made.samples[n..]))
                    .fold(f64::MIN, f64::max);
                assert!(
                    snr > OPUS_SNR_DB_MIN,
                    "{rate_hz} Hz, {length} samples: {snr} dB"
                );
            }
        }
    }
}

#[test]
fn two_channels_stay_apart_in_opus_packets() {
    let second = |hz: f32| (0..96_000).map(move |n| 0.4 * (n as f32 * hz / 7_639.437).sin());
    let sides: [Vec<f32>; 2] = [second(440.0).collect(), second(1_310.0).collect()];
    let frames: Vec<f32> = sides[0]
        .iter()
        .zip(&sides[1])
        .flat_map(|(left, right)| [*left, *right])
        .collect();
    let mut packets = OpusPackets::new(48_000, 2).unwrap();
    let mut made = Vec::new();
    for piece in frames.chunks(2 * 1_777) {
        made.extend(packets.push(piece).unwrap());
    }
    made.extend(packets.finish().unwrap());
    assert_eq!(packets.end(), u64::from(packets.pre_skip()) + 96_000);
    let bytes: usize = made.iter().map(Vec::len).sum();
    assert!((8_000..40_000).contains(&bytes), "{bytes}");
    let mut decoder = opus_pure::OpusDecoder::new(48_000, 2).unwrap();
    let (mut decoded, mut room) = (Vec::new(), vec![0.0; 2 * 5_760]);
    for packet in &made {
        let frames = decoder.decode(packet, 5_760, &mut room).unwrap();
        decoded.extend_from_slice(&room[..2 * frames]);
    }
    let sound = &decoded[2 * usize::from(packets.pre_skip())..];
    for (at, side) in sides.iter().enumerate() {
        let heard: Vec<f32> = sound.iter().skip(at).step_by(2).copied().collect();
        assert!(snr_db(side, &heard) > 15.0, "{} dB", snr_db(side, &heard));
    }
}

#[test]
fn aac_packets_are_as_long_as_the_sound_and_alike() {
    for (channels, length) in [(1, 1), (1, 1_024), (1, 48_001), (2, 95_999)] {
        let sides: Vec<Vec<f32>> = (0..channels)
            .map(|side| {
                let mut samples = sweep(length, 48_000 / (side + 1));
                samples[0] = 2.0;
                samples
            })
            .collect();
        let frames: Vec<f32> = (0..length)
            .flat_map(|n| sides.iter().map(move |side| side[n]))
            .collect();
        let mut packets = AacPackets::new(channels as usize).unwrap();
        let mut made = Vec::new();
        for piece in frames.chunks(channels as usize * 1_777) {
            made.extend(packets.push(piece).unwrap());
        }
        made.extend(packets.finish().unwrap());
        assert_eq!(made.len(), 1 + length.div_ceil(1_024), "{length}");
        // AAC-LC (2), 48 kHz (3), so many channels.
        assert_eq!(packets.config(), [0x11, 0x80 | (channels as u8) << 3]);
        let adts = made
            .iter()
            .flat_map(|packet| syom::wrap_adts_au(packet, 48_000, channels as usize).unwrap());
        let file = Cursor::new(adts.collect::<Vec<u8>>());
        let mut wide = crate::decode::StereoReader::open(file, 48_000, 60.0).unwrap();
        assert_eq!(wide.channels(), channels as usize);
        let mut heard = Vec::new();
        while wide.read(&mut heard, 10_007).unwrap() > 0 {}
        let skip = channels as usize * usize::from(packets.pre_skip());
        for (at, side) in sides.iter().enumerate() {
            let own = heard[skip..].iter().skip(at).step_by(channels as usize);
            let own: Vec<f32> = own.copied().collect();
            assert!((length..length + 1_024).contains(&own.len()));
            if length > 1 {
                let snr = snr_db(&side[1..], &own[1..length]);
                assert!(snr > AAC_SNR_DB_MIN, "{length} samples, {at}: {snr} dB");
            }
        }
    }
}

#[test]
fn aac_of_nothing_and_of_no_numbers_is_made() {
    let mut packets = AacPackets::new(2).unwrap();
    assert!(packets.push(&[]).unwrap().is_empty());
    assert_eq!(packets.finish().unwrap().len(), 2);
    let mut packets = AacPackets::new(1).unwrap();
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 7.0];
    assert!(packets.push(&odd).unwrap().is_empty());
    assert_eq!(packets.finish().unwrap().len(), 2);
}

#[test]
fn no_samples_is_a_file_of_no_samples() {
    for rate_hz in RATES {
        let wav = whole(Format::Wav, &[], rate_hz).unwrap();
        assert_eq!(wav.len(), WAV_HEAD_BYTES);
        assert_eq!(streamed(Format::Wav, &[], rate_hz).len(), WAV_HEAD_BYTES);
        assert!(whole(Format::Pcm, &[], rate_hz).unwrap().is_empty());
        // "fLaC" and STREAMINFO, which counts no samples (RFC 9639 §8.2).
        for flac in [
            whole(Format::Flac, &[], rate_hz).unwrap(),
            streamed(Format::Flac, &[], rate_hz),
        ] {
            assert_eq!((&flac[..4], flac.len()), (&b"fLaC"[..], 42));
            assert_eq!((flac[21] & 0x0f, &flac[22..26]), (0, &[0; 4][..]));
            // The least and the largest size of a frame are unknown.
            assert_eq!(flac[12..18], [0; 6]);
        }
        let some = streamed(Format::Flac, &[0.1; 3_000], rate_hz);
        assert_eq!(some[12..18], [0; 6], "nor are they when it begins");
        // The last page's position is the warm-up's end (RFC 7845 §4).
        let opus = whole(Format::Opus, &[], rate_hz).unwrap();
        assert_eq!(opus, streamed(Format::Opus, &[], rate_hz));
        let last = opus.windows(4).rposition(|w| w == b"OggS").unwrap();
        assert_eq!(opus[last + 6..last + 14], 312u64.to_le_bytes());
    }
}

/// Sound must not wait for more sound: a push gives all but what a block or packet still needs.
#[test]
fn a_stream_gives_what_it_can_at_once() {
    for (format, rate_hz, held_back_s) in [
        (Format::Wav, 24_000, 0.0),
        (Format::Pcm, 24_000, 0.0),
        (Format::Flac, 24_000, 0.043),
        (Format::Opus, 24_000, 0.047),
        (Format::Opus, 22_050, 0.127),
    ] {
        let mut stream = stream(format, rate_hz).unwrap();
        let head = stream.push(&[]).unwrap();
        assert_eq!(head.is_empty(), format == Format::Pcm);
        let second = sweep(rate_hz as usize, rate_hz);
        let now = [head, stream.push(&second).unwrap()].concat();
        let seconds = match format {
            Format::Pcm => now.len() as f64 / f64::from(2 * rate_hz),
            _ => decoded(now).seconds(),
        };
        assert!(
            seconds >= 1.0 - held_back_s,
            "{format:?}, {rate_hz} Hz: {seconds} s"
        );
    }
}

#[test]
fn a_streamed_wav_claims_no_length() {
    let head = stream(Format::Wav, 24_000).unwrap().push(&[]).unwrap();
    let true_sizes = whole(Format::Wav, &[], 24_000).unwrap();
    assert_eq!(
        (&head[4..8], &head[40..44]),
        (&[0xff; 4][..], &[0xff; 4][..])
    );
    assert_eq!(
        (&head[..4], &head[8..40]),
        (&true_sizes[..4], &true_sizes[8..40])
    );
}

#[test]
fn compressed_is_smaller() {
    let samples = sweep(48_000, 24_000);
    let bytes = |format| whole(format, &samples, 24_000).unwrap().len();
    assert!(bytes(Format::Flac) < bytes(Format::Wav));
    assert!(bytes(Format::Opus) < 20_000, "{}", bytes(Format::Opus));
}

#[test]
fn rates_beyond_bounds_are_faults_and_unusual_ones_are_not() {
    for format in Format::ALL {
        assert!(whole(format, &[0.0], 0).is_err(), "{format:?}");
        assert!(stream(format, 0).is_err(), "{format:?}");
    }
    for rate_hz in [11_025, 44_100, 48_000, 96_000] {
        let samples = sweep(rate_hz as usize, rate_hz);
        for format in [Format::Wav, Format::Flac, Format::Opus] {
            let clip = decoded(whole(format, &samples, rate_hz).unwrap());
            assert!((clip.seconds() - 1.0).abs() < 1e-4, "{format:?} {rate_hz}");
        }
    }
}

#[test]
fn formats_are_parsed_by_name_and_others_refused_with_the_list() {
    for format in Format::ALL {
        assert_eq!(Format::parse(format.name()).unwrap(), format);
        assert_eq!(
            Format::parse(&format.name().to_uppercase()).unwrap(),
            format
        );
        assert!(format.content_type().starts_with("audio/"));
    }
    assert_eq!(Format::parse("ogg").unwrap(), Format::Opus);
    let sentence = Format::parse("wma").unwrap_err().sentence;
    assert!(
        sentence.starts_with("format is \"wma\"; wav, pcm, flac, opus, mp3, aac are accepted"),
        "{sentence}"
    );
    assert!(
        Format::parse(&"x".repeat(100_000))
            .unwrap_err()
            .sentence
            .len()
            < 200
    );
}

/// Seconds by which the sound of an MP3 starts late: the delays of encoder and decoder, in a frame of 8 kHz the longest.
const MP3_LATE_S: f64 = 0.2;

/// Where in `heard` the `sound` starts, by their likeness.
fn start_of(sound: &[f32], heard: &[f32]) -> usize {
    let likeness = |at: usize| -> f32 { sound.iter().zip(&heard[at..]).map(|(a, b)| a * b).sum() };
    let most = heard.len() - sound.len();
    (0..=most)
        .max_by(|a, b| likeness(*a).total_cmp(&likeness(*b)))
        .unwrap()
}

#[test]
fn mp3_has_the_whole_sound_and_a_stream_of_it_the_same_bytes() {
    for rate_hz in RATES {
        for length in [1, 1_023, 24_000, 50_001] {
            let samples = sweep(length, rate_hz);
            let file = whole(Format::Mp3, &samples, rate_hz).unwrap();
            assert!(
                file == streamed(Format::Mp3, &samples, rate_hz),
                "{rate_hz}"
            );
            let heard = decoded(file);
            assert_eq!(heard.rate_hz, rate_hz);
            let late = heard.samples.len() - length;
            assert!(
                (late as f64) < MP3_LATE_S * f64::from(rate_hz),
                "{rate_hz} Hz: {late}"
            );
            if length > 20_000 {
                let start = start_of(&samples[..4_000], &heard.samples[..4_000 + late]);
                let error = |(a, b): (&f32, &f32)| (a - b).powi(2);
                let apart: f32 = samples.iter().zip(&heard.samples[start..]).map(error).sum();
                let power: f32 = samples.iter().map(|x| x * x).sum();
                let noise_db = 10.0 * (apart / power).log10();
                assert!(noise_db < -20.0, "{rate_hz} Hz: noise of {noise_db} dB");
            }
        }
    }
}

#[test]
fn joined_mp3s_play_one_after_the_other() {
    let (one, other) = (sweep(30_000, 24_000), sweep(20_000, 24_000));
    let file = |samples: &[f32]| whole(Format::Mp3, samples, 24_000).unwrap();
    let lengths = [file(&one), file(&other)].map(|file| decoded(file).samples.len());
    let joined = decoded([file(&one), file(&other)].concat());
    assert_eq!(joined.samples.len(), lengths.iter().sum::<usize>());
    // Every frame has the same length: the rate is constant, and no frame tells of the others.
    let bytes = file(&one);
    assert_eq!(bytes.len() % 384, 0, "128 kbit/s of 576 samples at 24 kHz");
    assert!(
        bytes
            .chunks(384)
            .all(|frame| frame[0] == 0xFF && frame[1] & 0xFE == 0xF2)
    );
    assert!(
        ![&b"Xing"[..], b"Info", b"ID3"]
            .iter()
            .any(|mark| bytes.windows(mark.len()).any(|w| w == *mark))
    );
}

#[test]
fn aac_has_the_whole_sound_and_a_stream_of_it_the_same_bytes() {
    for rate_hz in RATES {
        for length in [1, 24_000] {
            let samples = sweep(length, rate_hz);
            let file = whole(Format::Aac, &samples, rate_hz).unwrap();
            assert!(
                file == streamed(Format::Aac, &samples, rate_hz),
                "{rate_hz}"
            );
            let heard = decoded(file);
            let seconds = length as f64 / f64::from(rate_hz);
            let longer = heard.seconds() - seconds;
            assert!((0.0..0.1).contains(&longer), "{rate_hz}: {longer} s longer");
        }
    }
}
