use std::fs::File;
use std::path::Path;

use ebur128::{EbuR128, Mode};

use super::*;
use crate::audio::dsp::resample::resample_clip;
use crate::audio::loudness::Meter;
use crate::audio::{decode, pcm};
use crate::dub::original::hear;
use crate::dub::original::tests::Held;

const SECOND: u64 = 48_000;

/// Seconds `from_s` to `to_s` of a reading, at 48 kHz.
fn speech(from_s: usize, to_s: usize) -> Clip {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = File::open(root.join("models/test-speech/two_cities.wav"));
    let file = file.expect("scripts/fetch-models test-speech was run");
    let clip = pcm::read_all(&mut decode::open(file, 600.0).unwrap()).unwrap();
    let mut clip = resample_clip(&clip, RATE_HZ).unwrap();
    clip.samples = clip.samples[from_s * 48_000..to_s * 48_000].to_vec();
    clip
}

fn sine(hz: f32, height: f32, frames: usize) -> impl Iterator<Item = f32> {
    let step = std::f32::consts::TAU * hz / 48_000.0;
    (0..frames).map(move |n| height * (step * (n % 48_000) as f32).sin())
}

/// The highest true peak (dBTP) of mono `sound`, by the library's meter.
fn peak_dbtp(sound: &[f32], rate_hz: u32) -> f64 {
    let mut meter = EbuR128::new(1, rate_hz, Mode::TRUE_PEAK).unwrap();
    meter.add_frames_f32(sound).unwrap();
    20.0 * meter.true_peak(0).unwrap().log10()
}

/// Places of `lines` (start, seconds, and span of the original's line), with the loudness of the original in `frames`.
fn places(channels: usize, frames: &[f32], lines: &[(u64, f64, Range<u64>)]) -> Vec<PlacedLine> {
    let spans: Vec<Range<u64>> = lines.iter().map(|l| l.2.clone()).collect();
    let heard = hear(&mut Held::new(channels, frames.to_vec()), &spans).unwrap();
    let place =
        |((at, seconds, spoken), heard): (&(u64, f64, Range<u64>), LineLoudness)| PlacedLine {
            at: *at,
            samples: (seconds * SECOND as f64) as u64,
            spoken: spoken.clone(),
            heard,
        };
    lines.iter().zip(heard).map(place).collect()
}

fn laid(
    original: Option<(usize, &[f32])>,
    frames: u64,
    places: &[PlacedLine],
    line: &mut dyn FnMut(usize) -> Vec<f32>,
) -> Vec<f32> {
    let mut made = Vec::new();
    let mut original = original.map(|(channels, frames)| Held::new(channels, frames.to_vec()));
    mix(
        original.as_mut().map(|o| o as &mut dyn AudioFrames),
        frames,
        places,
        &mut |n| {
            Ok(Clip {
                samples: line(n),
                rate_hz: RATE_HZ,
            })
        },
        &mut |piece| {
            made.extend_from_slice(piece);
            Ok(())
        },
    )
    .unwrap();
    made
}

fn db(ratio: f64) -> f64 {
    10.0 * ratio.log10()
}

fn power(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
    sum / samples.len() as f64
}

/// Seconds `from_s` to `to_s` of mono `sound`.
fn cut(sound: &[f32], from_s: f64, to_s: f64) -> &[f32] {
    &sound[(from_s * 48_000.0) as usize..(to_s * 48_000.0) as usize]
}

#[test]
fn lines_are_as_loud_as_the_original_and_its_speech_is_eighteen_decibels_down() {
    let original = speech(2, 14).samples;
    let lines = [
        (SECOND, 2.0, SECOND..4 * SECOND),
        (5 * SECOND, 3.0, 5 * SECOND..8 * SECOND),
    ];
    let places = places(1, &original, &lines);
    // Another voice, much louder than the reader, whose speech has about −36 LUFS.
    let voice: Vec<f32> = speech(20, 30).samples.iter().map(|s| s * 10.0).collect();
    let mut line = |n: usize| voice[n * 150_000..][..places[n].samples as usize].to_vec();
    let frames = original.len() as u64;
    let silent = laid(None, frames, &places, &mut line);
    for place in &places {
        let made = &silent[place.at as usize..(place.at + place.samples) as usize];
        let (made, wanted) = (lufs(made, RATE_HZ).unwrap(), place.heard.lufs.unwrap());
        assert!((made - wanted).abs() < 1.0, "{made} LUFS, not {wanted}");
    }
    let made = laid(Some((1, &original)), frames, &places, &mut line);
    assert_eq!((made.len(), silent.len()), (original.len(), original.len()));
    let under: Vec<f32> = made.iter().zip(&silent).map(|(m, s)| m - s).collect();
    // All of the second line's span, and all of the first's, of which its line fills only a part.
    for (from_s, to_s) in [(1.0, 3.0), (3.0, 4.0), (5.0, 8.0)] {
        let left = db(power(cut(&under, from_s, to_s)) / power(cut(&original, from_s, to_s)));
        assert!((left + 18.0).abs() < 0.2, "{from_s} s: {left} dB");
    }
    for (from_s, to_s) in [(0.0, 0.94), (4.21, 4.94), (8.21, 12.0)] {
        assert!(cut(&made, from_s, to_s) == cut(&original, from_s, to_s));
    }
}

#[test]
fn of_stereo_the_middle_goes_down_and_the_sides_stay_as_far_as_no_speech_is_in_them() {
    let voice = speech(2, 8).samples;
    // Music in the sides, 12 dB below the voice in the middle.
    let height = (2.0 * power(cut(&voice, 1.0, 4.0)) / 10f64.powf(1.2)).sqrt() as f32;
    let music: Vec<f32> = sine(440.0, height, voice.len()).collect();
    let both = voice.iter().zip(&music);
    let original: Vec<f32> = both.flat_map(|(v, m)| [v + m, v - m]).collect();
    let places = places(2, &original, &[(SECOND, 3.0, SECOND..4 * SECOND)]);
    assert!((places[0].heard.side_db - 12.0).abs() < 0.1);
    let spoken = speech(20, 23).samples;
    let frames = voice.len() as u64;
    let made = laid(Some((2, &original)), frames, &places, &mut |_| {
        spoken.clone()
    });
    assert_eq!(made.len(), original.len());
    let half: Vec<f32> = made.chunks(2).map(|f| 0.5 * (f[0] - f[1])).collect();
    let side = db(power(cut(&half, 1.0, 4.0)) / power(cut(&music, 1.0, 4.0)));
    assert!((side + 6.0).abs() < 0.1, "{side} dB");
    // The line is in the middle, and as loud in stereo as the original was there.
    let mut meter = Meter::new(2, RATE_HZ).unwrap();
    meter.hear(&made[2 * 48_000..8 * 48_000]).unwrap();
    let wanted = places[0].heard.lufs.unwrap() + 3.01;
    let lufs = meter.lufs().unwrap();
    assert!((lufs - wanted).abs() < 1.0, "{lufs} LUFS, not {wanted}");
    // A speaker on the left is ducked completely.
    let left: Vec<f32> = voice.iter().flat_map(|v| [*v, 0.0]).collect();
    let places = super::tests::places(2, &left, &[(SECOND, 3.0, SECOND..4 * SECOND)]);
    let made = laid(Some((2, &left)), frames, &places, &mut |_| {
        vec![0.0; 144_000]
    });
    let down = db(power(&made[2 * 48_000..8 * 48_000]) / power(&left[2 * 48_000..8 * 48_000]));
    assert!((down + 18.0).abs() < 0.1, "{down} dB");
}

#[test]
fn no_peak_passes_one_decibel_below_full_scale_and_edges_are_soft() {
    let original: Vec<f32> = sine(997.0, 1.0, 5 * 48_000).collect();
    let places = places(1, &original, &[(SECOND, 2.0, SECOND..3 * SECOND)]);
    let tone: Vec<f32> = sine(500.0, 0.1, 96_000).collect();
    let made = laid(Some((1, &original)), 5 * SECOND, &places, &mut |_| {
        tone.clone()
    });
    let peak = peak_dbtp(&made, RATE_HZ);
    assert!((-2.0..=-1.0).contains(&peak), "{peak} dBTP");
    let silent = laid(None, 5 * SECOND, &places, &mut |_| vec![0.1; 96_000]);
    let step = silent.windows(2).map(|w| (w[1] - w[0]).abs());
    assert!(step.fold(0.0, f32::max) < 0.01);
    assert!(silent[48_000] < 1e-3 && silent[3 * 48_000 - 1] < 1e-3);
}

#[test]
fn the_track_is_exactly_as_long_as_is_asked_whatever_the_original_has() {
    let original = vec![0.01; 50_000];
    for frames in [0, 1, 100, 23_999, 24_000, 50_000, 123_457] {
        let made = laid(Some((1, &original)), frames, &[], &mut |_| Vec::new());
        assert_eq!(made.len() as u64, frames);
        let kept = original.len().min(made.len());
        assert!(made[..kept] == original[..kept]);
        assert!(made[kept..].iter().all(|s| *s == 0.0));
        assert_eq!(
            laid(None, frames, &[], &mut |_| Vec::new()).len() as u64,
            frames
        );
    }
}

#[test]
fn lines_out_of_order_beyond_the_end_or_of_another_length_are_refused() {
    let place = |at: u64, samples: u64| PlacedLine {
        at,
        samples,
        spoken: at..at.saturating_add(1),
        heard: LineLoudness {
            lufs: None,
            side_db: 60.0,
        },
    };
    let mix = |places: &[PlacedLine], samples: usize| {
        let mut line = |_: usize| {
            Ok(Clip {
                samples: vec![0.1; samples],
                rate_hz: RATE_HZ,
            })
        };
        mix(None, 1_000, places, &mut line, &mut |_| Ok(()))
    };
    assert!(mix(&[place(0, 100), place(100, 100)], 100).is_ok());
    assert!(mix(&[place(100, 100), place(0, 100)], 100).is_err());
    assert!(mix(&[place(950, 100)], 100).is_err());
    assert!(mix(&[place(u64::MAX, 100)], 100).is_err());
    assert!(mix(&[place(0, 100)], 99).is_err());
}

/// Lines are fetched in order, each once and not before the mix reaches it, so that they are never all in memory.
#[test]
fn lines_are_fetched_when_their_time_has_come() {
    let heard = LineLoudness {
        lufs: Some(-30.0),
        side_db: 60.0,
    };
    let places: Vec<PlacedLine> = (0..40)
        .map(|n| PlacedLine {
            at: n * 30_000,
            samples: 29_000,
            spoken: n * 30_000..n * 30_000 + 29_000,
            heard,
        })
        .collect();
    let made = std::cell::Cell::new(0u64);
    let mut fetched = 0;
    mix(
        None,
        1_200_000,
        &places,
        &mut |n| {
            assert_eq!(n, fetched);
            fetched += 1;
            let ahead = places[n].at.saturating_sub(made.get());
            assert!(ahead <= 2 * BLOCK_FRAMES as u64, "{ahead} frames early");
            Ok(Clip {
                samples: vec![0.1; 29_000],
                rate_hz: RATE_HZ,
            })
        },
        &mut |piece| {
            assert!(piece.len() <= 2 * BLOCK_FRAMES);
            made.set(made.get() + piece.len() as u64);
            Ok(())
        },
    )
    .unwrap();
    assert_eq!((fetched, made.get()), (40, 1_200_000));
}

#[test]
fn lines_that_are_heard_at_once_are_mixed() {
    let nothing = LineLoudness {
        lufs: None,
        side_db: 0.0,
    };
    let place = |at: u64, seconds: u64| PlacedLine {
        at,
        samples: seconds * SECOND,
        spoken: at..at,
        heard: nothing,
    };
    // The second begins and ends within the first, the third begins with the second.
    let places = [place(SECOND, 4), place(2 * SECOND, 1), place(2 * SECOND, 5)];
    let frames = 8 * SECOND;
    let tone =
        |n: usize, samples: u64| sine(300.0 * (n + 1) as f32, 0.1, samples as usize).collect();
    let together = laid(None, frames, &places, &mut |n| tone(n, places[n].samples));
    let mut sum = vec![0.0; frames as usize];
    for (n, place) in places.iter().enumerate() {
        let own = std::slice::from_ref(place);
        let alone = laid(None, frames, own, &mut |_| tone(n, place.samples));
        sum.iter_mut().zip(alone).for_each(|(sum, x)| *sum += x);
    }
    let off = together.iter().zip(&sum).map(|(a, b)| (a - b).abs());
    assert!(off.fold(0.0, f32::max) < 1e-4);
    assert!(power(cut(&together, 2.2, 2.8)) > 2.5 * power(cut(&together, 1.2, 1.8)));
}
