//! Windows end in pauses and lose nothing: over a detector that takes loud sound for speech.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::WINDOW_SAMPLES;
use super::window::{Window, Windows};
use crate::contract::CancellationToken;
use crate::graph::net::{Input, Net, Signature, Value};
use crate::level;
use crate::vad::Silero;
use vocabox_audio::pcm::{Clip, ClipReader};
use vocabox_base::fault::Fault;

const SECOND: usize = 16_000;

/// Speech is what is louder than −48 dBFS at the detector's gain.
struct LoudNet(Signature);

struct Floats(Vec<usize>, Vec<f32>);

impl Value for Floats {
    fn shape(&self) -> &[usize] {
        &self.0
    }

    fn floats(&self) -> Result<&[f32], Fault> {
        Ok(&self.1)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Net for LoudNet {
    fn signature(&self) -> &Signature {
        &self.0
    }

    fn run_keeping(
        &self,
        inputs: &[(&str, Input<'_>)],
        _: &[&str],
        _: usize,
    ) -> Result<Vec<Box<dyn Value>>, Fault> {
        let Input::Floats(_, frame) = inputs[0].1 else {
            panic!("the frame comes first");
        };
        let is_speech = level::rms(&frame[64..]) > 0.004;
        let probability = vec![if is_speech { 0.9 } else { 0.1 }];
        Ok(vec![
            Box::new(Floats(vec![1, 1], probability)),
            Box::new(Floats(vec![2, 1, 128], vec![0.0; 256])),
        ])
    }
}

/// Sound by (seconds, level) in turns.
fn sound(parts: &[(f64, f32)]) -> Vec<f32> {
    let part = |&(seconds, level): &(f64, f32)| {
        let count = (seconds * SECOND as f64) as usize;
        (0..count).map(move |n| level * if n % 7 < 3 { 1.0 } else { -1.0 })
    };
    parts.iter().flat_map(part).collect()
}

fn windows(samples: Vec<f32>, ends_at_pauses: bool) -> Windows {
    let clip = Clip {
        samples,
        rate_hz: 16_000,
    };
    let detector = Silero::new(Arc::new(LoudNet(Signature::default())));
    Windows::new(Box::new(ClipReader::from(clip)), detector, ends_at_pauses)
}

fn all(samples: Vec<f32>, ends_at_pauses: bool) -> Vec<Window> {
    let mut windows = windows(samples, ends_at_pauses);
    let steps = CancellationToken::until(Instant::now() + Duration::from_secs(600));
    let mut found = Vec::new();
    while let Some(window) = windows.next(&steps).unwrap() {
        windows.pass(&window);
        found.push(window);
    }
    found
}

/// Words of 0.3 s with gaps of 0.15 s, and a pause of `gap` s after `before` s of them; then words of `after` s.
fn prose(before: f64, gap: f64, after: f64) -> (Vec<f32>, Vec<(f64, f64)>) {
    let mut parts = Vec::new();
    let mut said = Vec::new();
    let mut at = 0.0;
    while at < before {
        let word = f64::min(0.3, before - at);
        said.push((at, at + word));
        parts.extend([(word, 0.1), (0.15, 0.0)]);
        at += word + 0.15;
    }
    parts.push((gap, 0.0));
    at += gap;
    let start = at;
    while at < start + after {
        said.push((at, at + 0.3));
        parts.extend([(0.3, 0.1), (0.15, 0.0)]);
        at += 0.45;
    }
    (sound(&parts), said)
}

#[test]
fn no_window_cuts_a_word_and_none_loses_one() {
    for step in 0..25 {
        let gap = 0.4 + 0.05 * f64::from(step);
        let (samples, said) = prose(28.7, gap, 4.0);
        let found = all(samples, true);
        for (from, to) in said {
            let (from, to) = ((from * 16_000.0) as usize, (to * 16_000.0) as usize);
            // Within a hop and a half of the detector's.
            let holds = |w: &&Window| w.start <= from + 768 && to <= w.end + 768;
            assert_eq!(
                found.iter().filter(holds).count(),
                1,
                "{from} with a gap of {gap}"
            );
        }
        assert!(found.iter().all(|w| w.end - w.start <= WINDOW_SAMPLES));
        assert!(found.iter().all(|w| w.samples.len() == w.end - w.start));
    }
}

#[test]
fn a_remnant_is_joined_to_what_comes_before_it() {
    // Speech without a pause that ends 0.2 s after the window would.
    let found = all(sound(&[(30.2, 0.1), (2.0, 0.0)]), true);
    assert_eq!(found.len(), 2);
    assert!(
        found[1].samples.len() >= SECOND / 2,
        "{}",
        found[1].samples.len()
    );
}

#[test]
fn long_pauses_end_windows_where_short_ones_are_cheap() {
    let samples = sound(&[(3.0, 0.1), (6.0, 0.0), (3.0, 0.1)]);
    let ends = |ends_at_pauses| all(samples.clone(), ends_at_pauses).len();
    assert_eq!((ends(true), ends(false)), (2, 1));
}

#[test]
fn far_speech_is_heard_beside_near_speech_and_digital_silence_is_not() {
    let near_and_far = sound(&[(2.0, 0.2), (1.5, 0.0), (2.0, 0.002), (1.0, 0.0)]);
    let found = all(near_and_far, true);
    assert!(found.last().unwrap().end > 5 * SECOND);
    let quiet = all(sound(&[(1.0, 0.0), (2.0, 0.000_3), (1.0, 0.0)]), true);
    assert_eq!(quiet.len(), 1, "-70 dBFS");
    assert!(level::rms(&quiet[0].samples) > 0.01, "raised for the model");
    assert!(all(sound(&[(5.0, 0.000_03)]), true).is_empty(), "-90 dBFS");
}

#[test]
fn what_is_heard_again_starts_between_words() {
    let (samples, said) = prose(10.0, 1.0, 4.0);
    let mut windows = windows(samples, true);
    let steps = CancellationToken::until(Instant::now() + Duration::from_secs(600));
    let window = windows.next(&steps).unwrap().unwrap();
    // The model's timestamp is within the fifth word.
    let within = ((said[4].0 + 0.1) * 16_000.0) as usize;
    windows.resume(&window, within);
    let again = windows.next(&steps).unwrap().unwrap();
    let is_within = |(from, to): &(f64, f64)| {
        let start = again.start as f64 / 16_000.0;
        from + 0.05 < start && start < to - 0.05
    };
    assert!(!said.iter().any(is_within), "{}", again.start);
    assert!(again.start.abs_diff(within) <= SECOND / 2);
    // A position at the start does not hear the same window for ever.
    windows.resume(&again, again.start);
    let next = windows.next(&steps).unwrap().unwrap();
    assert!(next.start >= again.start + SECOND / 2);
    // A position after the window, in the silence that the model hears, does not hear it again at all.
    windows.resume(&next, next.end + SECOND);
    let after = windows.next(&steps).unwrap();
    assert!(after.is_none_or(|after| after.start >= next.end - SECOND / 2));
}
