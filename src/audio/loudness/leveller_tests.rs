use std::fs::File;
use std::path::Path;
use std::sync::LazyLock;

use super::*;
use crate::decode;
use crate::dsp::resample::resample_clip;
use crate::pcm::{Clip, read_all};

/// The required loudness and peak of any speech.
const OFF_LU_MAX: f64 = 1.0;
const PEAK_DBTP_MAX: f64 = -1.0;

/// A reader's voice, recorded: 43 s at 24 kHz.
fn speech() -> &'static Clip {
    static SPEECH: LazyLock<Clip> = LazyLock::new(read_speech);
    &SPEECH
}

fn read_speech() -> Clip {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let file = File::open(root.join("models/test-speech/two_cities.wav"));
    let file = file.expect("scripts/fetch-models test-speech was run");
    let clip = read_all(&mut decode::open(file, 600.0).unwrap()).unwrap();
    let mut clip = resample_clip(&clip, 24_000).unwrap();
    clip.samples.drain(..24_000); // nothing is said yet
    // Recorded at −36 LUFS: made as loud as a usual voice model, with peaks at −4 dBFS.
    clip.samples.iter_mut().for_each(|s| *s *= factor(12.0));
    clip
}

/// Loudness and true peak by the reference meter alone.
fn measured(sound: &[f32], rate_hz: u32) -> (f64, f64) {
    let mut meter = EbuR128::new(1, rate_hz, Mode::I | Mode::TRUE_PEAK).unwrap();
    meter.add_frames_f32(sound).unwrap();
    let peak = 20.0 * meter.true_peak(0).unwrap().log10();
    (meter.loudness_global().unwrap(), peak)
}

/// Levels `sound` in pieces of these lengths, over and over.
fn levelled(sound: &[f32], rate_hz: u32, lengths_s: &[f64]) -> Vec<f32> {
    let mut leveller = Leveller::new(rate_hz);
    let (mut made, mut rest) = (Vec::new(), sound);
    for seconds in lengths_s.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let most = (seconds * f64::from(rate_hz)) as usize;
        let (piece, after) = rest.split_at(most.min(rest.len()));
        let mut piece = piece.to_vec();
        leveller.level(&mut piece);
        made.extend(piece);
        rest = after;
    }
    made
}

#[test]
fn any_speech_comes_to_the_aim_and_below_the_ceiling() {
    let speech = speech();
    for (gain_db, lengths_s, seconds) in [
        (0.0, &[60.0][..], 60),
        (0.0, &[3.0, 9.0], 60),
        (0.0, &[0.6, 2.0, 15.0], 30),
        (0.0, &[5.0], 10),
        (-6.0, &[5.0], 10),
        (9.0, &[5.0], 10),
        (0.0, &[60.0], 2),
        (0.0, &[0.6], 2),
    ] {
        let most = speech.samples.len().min(seconds * 24_000);
        let gain = factor(gain_db);
        let sound: Vec<f32> = speech.samples[..most].iter().map(|s| s * gain).collect();
        let (lufs, peak) = measured(&levelled(&sound, 24_000, lengths_s), 24_000);
        let case = format!("{gain_db} dB, {lengths_s:?}, {seconds} s: {lufs} LUFS, {peak} dBTP");
        assert!((lufs - LOUDNESS_LUFS).abs() <= OFF_LU_MAX, "{case}");
        assert!(peak <= PEAK_DBTP_MAX, "{case}");
    }
}

#[test]
fn pieces_of_very_different_loudness_come_to_the_aim_together() {
    let speech = speech();
    for (i, change_db) in [9.0f64, -9.0].into_iter().enumerate() {
        let mut uneven = speech.samples[..20 * 24_000].to_vec();
        for (n, piece) in uneven.chunks_mut(4 * 24_000).enumerate() {
            if n % 2 == i {
                piece.iter_mut().for_each(|s| *s *= factor(change_db));
            }
        }
        let (lufs, peak) = measured(&levelled(&uneven, 24_000, &[4.0]), 24_000);
        assert!((lufs - LOUDNESS_LUFS).abs() <= OFF_LU_MAX, "{lufs} LUFS");
        assert!(peak <= PEAK_DBTP_MAX, "{peak} dBTP");
    }
}

#[test]
fn what_comes_later_changes_nothing_before() {
    let speech = &speech().samples;
    let cut = 6 * 24_000;
    let long = levelled(&speech[..3 * cut], 24_000, &[3.0]);
    let short = levelled(&speech[..cut], 24_000, &[3.0]);
    assert!(long[..cut] == short[..]);
}

#[test]
fn silence_stays_as_it_is_and_noise_is_not_lifted_to_speech() {
    let mut leveller = Leveller::new(24_000);
    leveller.level(&mut []);
    let mut silence = vec![0.0; 24_000];
    silence[777] = 3e-5;
    let before = silence.clone();
    leveller.level(&mut silence);
    assert!(silence == before);
    let noise = |amplitude: f32| -> Vec<f32> {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * amplitude
        };
        (0..24_000).map(|_| next()).collect()
    };
    let mut quiet = noise(0.001);
    leveller.level(&mut quiet);
    let gain = quiet[500] / noise(0.001)[500];
    assert!((gain - 10.0).abs() < 1e-3, "{gain}");
}

#[test]
fn a_short_word_is_as_loud_as_a_long_one() {
    let speech = &speech().samples;
    let word = &speech[24_000..24_000 + 6_000];
    let mut short = levelled(word, 24_000, &[1.0]);
    short.resize(8_000, 0.0); // and a short pause
    let again = short.repeat(8);
    let (lufs, peak) = measured(&again, 24_000);
    assert!((lufs - LOUDNESS_LUFS).abs() <= OFF_LU_MAX, "{lufs} LUFS");
    assert!(peak <= PEAK_DBTP_MAX, "{peak} dBTP");
}

/// A sine at a quarter of the rate whose samples all miss its peaks, by 3 dB.
#[test]
fn peaks_between_samples_are_held_too() {
    let sine: Vec<f32> = (0..24_000)
        .map(|n| 0.99 * (std::f64::consts::FRAC_PI_2 * (f64::from(n) + 0.5)).sin() as f32 * 1.4)
        .collect();
    let (_, before) = measured(&sine, 24_000);
    assert!(before > 2.0, "{before} dBTP");
    let held = held(&sine, factor(PEAK_DB)).unwrap();
    let (_, peak) = measured(&held, 24_000);
    assert!(peak <= PEAK_DBTP_MAX, "{peak} dBTP");
    assert!(peak > PEAK_DBTP_MAX - 1.0, "{peak} dBTP");
}

#[test]
fn the_limiter_moves_gain_smoothly_and_leaves_the_rest_alone() {
    let mut before = vec![0.1; 24_000];
    before[12_000] = 2.0;
    let sound = held(&before, 0.5).unwrap();
    let gains: Vec<f32> = sound.iter().zip(&before).map(|(s, b)| s / b).collect();
    let step = gains
        .windows(2)
        .map(|w| (w[1] - w[0]).abs())
        .fold(0.0, f32::max);
    assert!(step < 0.01, "{step}");
    assert!(gains[..11_000].iter().all(|g| *g == 1.0));
    assert!(gains[23_999] > 0.99);
    assert!(held(&before[..12_000], 0.5).is_none());
}

fn held(sound: &[f32], ceiling: f32) -> Option<Vec<f32>> {
    limiter::held(sound, &limiter::peaks(sound, ceiling), 24_000, ceiling)
}
