//! Fits spoken lines into their time: first by speaking faster, then by time compression, then by using the pause after
//! the line, then by cutting.
//!
//! A line's own time is that of the original line; its room also includes the pause before the next line.

use crate::audio::Clip;
use crate::audio::dsp::time_stretch::{self, stretch};
use crate::fault::Fault;

/// Slowest speed at which a line is synthesized: below it, voices sound dull.
pub const SPEED_MIN: f32 = 0.8;
/// Fastest speed at which a line is synthesized: above it, voices sound hurried.
pub const SPEED_MAX: f32 = 1.35;
/// A shorter line is slowed until it fills this share of its own time. Longer ones are not slowed: differences of this
/// size are not noticeable.
const FILLED: f64 = 0.9;
/// Greatest factor of time compression. Up to 1.25 no word was misheard (0.8 to 1.25 were measured).
const FASTER_MAX: f64 = 1.25;
/// Seconds that stay silent before the next line.
const GAP_S: f64 = 0.08;
/// Greatest share of the room that this gap may take, for short lines.
const GAP_PART_MAX: f64 = 0.2;
/// Window and step, in seconds, of the loudness that finds gaps between words, which last 40 ms or more.
const QUIET_S: f64 = 0.04;
const HOP_S: f64 = 0.005;
/// Seconds before the end of its room within which a gap is searched where a line can be cut.
const CUT_S_MAX: f64 = 1.2;
/// Power of a gap between words, at most, as a share of the line's (20 dB below).
const QUIET: f64 = 0.01;
/// Power of the silence at a line's edges, at most, as a share of the loudest part's (40 dB below), and the seconds of
/// it that are kept.
const SILENT: f64 = 1e-4;
const EDGE_S: f64 = 0.02;
/// Seconds of the fade of a line that is cut where there is no gap.
const FADE_S: f64 = 0.06;

/// Characters in a second of unhurried speech, blanks included: the voice af_heart says 19 of English by itself (160
/// characters in 8.5 s), and a reader of prose 14.
const CHARS_PER_SECOND: f64 = 16.0;

/// A line that fits its room.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// Mono at 48 kHz, without the silence at its edges, never longer than the room.
    pub clip: Clip,
    /// Length of the line at speed 1 divided by its own time; above 1 the line had to be made faster. 0 if it has no
    /// time of its own.
    pub fit_ratio: f64,
    /// Whether the end of the line is missing.
    pub truncated: bool,
}

/// The speed, [`SPEED_MIN`] to [`SPEED_MAX`], for a line that lasts `spoken_s` seconds at speed 1 and has `own_s`
/// seconds of its own. 1 if either is not a positive length.
pub fn speed(spoken_s: f64, own_s: f64) -> f32 {
    let ratio = spoken_s / own_s;
    let speed = match ratio {
        r if !r.is_finite() || r <= 0.0 => 1.0,
        r if r > 1.0 => r,
        r => (r / FILLED).min(1.0),
    };
    (speed as f32).clamp(SPEED_MIN, SPEED_MAX)
}

/// Characters that can be spoken between the start of a line and the later of its own end and the start of the next
/// line.
pub fn room_chars(start_s: f64, end_s: f64, next_start_s: Option<f64>) -> usize {
    let end_s = next_start_s.map_or(end_s, |s| s.max(end_s));
    ((end_s - start_s).max(0.0) * CHARS_PER_SECOND) as usize
}

/// Seconds of `clip` without the silence at its edges: the length that [`speed`] needs.
pub fn spoken_s(clip: &Clip) -> f64 {
    trimmed(&clip.samples, clip.rate_hz).len() as f64 / f64::from(clip.rate_hz.max(1))
}

/// Fits `clip`, a line spoken at `speed`, into `room_s`: the seconds from its start to the start of the next line or
/// the end of the recording, of which the first `own_s` are its own. A shorter line keeps its length.
///
/// Faults: `Internal` when the clip's rate is 0.
pub fn fit(clip: &Clip, speed: f32, own_s: f64, room_s: f64) -> Result<Fitted, Fault> {
    let rate = f64::from(time_stretch::RATE_HZ);
    let line = Clip {
        samples: trimmed(&clip.samples, clip.rate_hz).to_vec(),
        rate_hz: clip.rate_hz,
    };
    let line_s = line.seconds();
    let room_s = if room_s.is_nan() {
        0.0
    } else {
        room_s.max(0.0)
    };
    let own_s = if own_s > 0.0 { own_s } else { room_s };
    let most_s = room_s - GAP_S.min(GAP_PART_MAX * room_s);
    let own_most_s = own_s.min(most_s);
    let faster = (line_s / own_most_s).clamp(1.0, FASTER_MAX);
    let mut clip = stretch(&line, if faster.is_nan() { 1.0 } else { faster })?;
    let most = (most_s * rate) as usize; // saturates for a room without an end
    let truncated = clip.samples.len() > most;
    if truncated {
        cut(&mut clip.samples, most, rate);
    }
    let natural_s = line_s * f64::from(speed);
    Ok(Fitted {
        clip,
        fit_ratio: if own_s > 0.0 && own_s.is_finite() {
            natural_s / own_s
        } else {
            0.0
        },
        truncated,
    })
}

/// `samples` without the silence at either end, except for [`EDGE_S`]; empty if all are silent.
fn trimmed(samples: &[f32], rate_hz: u32) -> &[f32] {
    let hop = ((HOP_S * f64::from(rate_hz)) as usize).max(1);
    let powers: Vec<f64> = samples.chunks(hop).map(power).collect();
    // Compared with the loudest part and not with the mean, because some lines are mostly pauses.
    let loudest = powers.iter().copied().fold(0.0, f64::max);
    let is_heard = |power: &f64| *power > SILENT * loudest;
    let (Some(first), Some(last)) = (
        powers.iter().position(is_heard),
        powers.iter().rposition(is_heard),
    ) else {
        return &[];
    };
    let edge = (EDGE_S * f64::from(rate_hz)) as usize;
    let from = (first * hop).saturating_sub(edge);
    let until = ((last + 1) * hop + edge).min(samples.len());
    &samples[from..until]
}

/// Shortens `samples` to at most `most`: at the last gap between words within [`CUT_S_MAX`] before that, else exactly
/// there, with a fade.
fn cut(samples: &mut Vec<f32>, most: usize, rate: f64) {
    let (window, hop) = ((QUIET_S * rate) as usize, (HOP_S * rate) as usize);
    let earliest = (most / 2).max(most.saturating_sub((CUT_S_MAX * rate) as usize));
    let quiet = QUIET * power(samples);
    let mut starts = (earliest..(most + 1).saturating_sub(window))
        .rev()
        .step_by(hop);
    let gap = starts.find(|start| power(&samples[*start..*start + window]) <= quiet);
    match gap {
        Some(start) => samples.truncate(start + window / 2),
        None => {
            samples.truncate(most);
            let fade = ((FADE_S * rate) as usize).min(most);
            for (n, sample) in samples[most - fade..].iter_mut().enumerate() {
                *sample *= 1.0 - (n + 1) as f32 / fade as f32;
            }
        }
    }
}

/// The mean square; 0 for no samples.
fn power(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
    sum / samples.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;

    use super::*;
    use crate::audio::{decode, pcm};

    /// The first seconds of a reading of "It was the best of times, it was the worst of times, …", at 24 kHz.
    fn line(seconds: f64) -> Clip {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = File::open(root.join("models/test-speech/two_cities.wav"));
        let file = file.expect("scripts/fetch-models test-speech was run");
        let mut clip = pcm::read_all(&mut decode::open(file, 600.0).unwrap()).unwrap();
        let rate = f64::from(clip.rate_hz);
        let from = (2.0 * rate) as usize;
        clip.samples = clip.samples[from..from + (seconds * rate) as usize].to_vec();
        clip
    }

    #[test]
    fn speed_goes_with_the_room_within_its_bounds() {
        for (spoken_s, own_s, expected) in [
            (2.0, 2.0, 1.0),
            (2.4, 2.0, 1.2),
            (3.0, 2.0, SPEED_MAX),
            (1.9, 2.0, 1.0),
            (1.8, 2.0, 1.0),
            (1.62, 2.0, 0.9),
            (0.5, 2.0, SPEED_MIN),
            (0.0, 2.0, 1.0),
            (2.0, 0.0, 1.0),
            (f64::NAN, 2.0, 1.0),
        ] {
            let found = speed(spoken_s, own_s);
            assert!(
                (found - expected).abs() < 1e-6,
                "{spoken_s}/{own_s}: {found}"
            );
        }
    }

    #[test]
    fn a_line_is_pressed_then_borrows_and_only_then_is_cut() {
        let line = line(4.0);
        let spoken = spoken_s(&line);
        assert!((3.5..=4.0).contains(&spoken), "{spoken}");
        // As shares of the line's length: its own time, its room, and the length of the result.
        for (own, room, expected, truncated) in [
            (1.5, 2.0, 1.0, false),
            (1.0, 1.5, 1.0, false),
            (0.9, 1.2, 0.9, false),
            (0.8, 1.0, 0.8, false),
            (0.7, 1.0, 0.8, false),
            (0.5, f64::INFINITY, 0.8, false),
        ] {
            let made = fit(&line, 1.0, own * spoken, room * spoken).unwrap();
            assert_eq!(made.clip.rate_hz, 48_000);
            let part = made.clip.seconds() / spoken;
            assert!((part - expected).abs() < 0.001, "{own}, {room}: {part}");
            assert_eq!(made.truncated, truncated, "{own}, {room}");
            assert!((made.fit_ratio - 1.0 / own).abs() < 1e-6);
        }
        let fast = fit(&line, 1.35, spoken, 2.0 * spoken).unwrap();
        assert!((fast.fit_ratio - 1.35).abs() < 1e-4);
    }

    #[test]
    fn what_does_not_fit_is_cut_where_it_is_quiet_and_leaves_a_gap() {
        let line = line(8.0);
        for room_s in [1.5, 2.0, 2.5, 3.0, 4.0, 5.0] {
            let made = fit(&line, 1.0, room_s, room_s).unwrap();
            assert!(made.truncated);
            let seconds = made.clip.seconds();
            assert!(seconds <= room_s - GAP_S + 1e-6, "{room_s}: {seconds}");
            assert!(seconds > room_s - GAP_S - CUT_S_MAX && seconds > 0.4 * room_s);
            let samples = &made.clip.samples;
            let end = &samples[samples.len() - 480..];
            let db = 10.0 * (power(end) / power(samples)).log10();
            assert!(db < -12.0, "{room_s}: ends at {db} dB");
        }
    }

    #[test]
    fn without_a_gap_the_end_fades() {
        let tone = Clip {
            samples: (0..96_000).map(|n| 0.5 * (n as f32 * 0.05).sin()).collect(),
            rate_hz: 48_000,
        };
        let made = fit(&tone, 1.0, 1.0, 1.0).unwrap();
        assert_eq!(made.clip.samples.len(), (0.92 * 48_000.0) as usize);
        assert_eq!(made.clip.samples.last(), Some(&0.0));
        assert!(made.truncated);
    }

    #[test]
    fn silence_at_the_edges_is_taken_off_so_that_lines_begin_in_time() {
        let mut line = line(2.0);
        let plain = fit(&line, 1.0, 3.0, 3.0).unwrap();
        let mut samples = vec![1e-6; 12_000];
        samples.append(&mut line.samples);
        samples.resize(samples.len() + 20_000, 0.0);
        line.samples = samples;
        let padded = fit(&line, 1.0, 3.0, 3.0).unwrap();
        let more = padded.clip.seconds() - plain.clip.seconds();
        assert!(more.abs() <= 2.0 * (EDGE_S + HOP_S), "{more}");
    }

    #[test]
    fn nothing_and_no_room_are_answered() {
        let nothing = |samples: Vec<f32>| Clip {
            samples,
            rate_hz: 24_000,
        };
        for samples in [Vec::new(), vec![0.0; 24_000]] {
            let made = fit(&nothing(samples), 1.0, 1.0, 1.0).unwrap();
            assert!(made.clip.samples.is_empty() && !made.truncated);
            assert_eq!(made.fit_ratio, 0.0);
        }
        for (own_s, room_s) in [(0.0, 0.0), (1.0, 0.0), (f64::NAN, f64::NAN), (0.01, 0.01)] {
            let made = fit(&line(1.0), 1.0, own_s, room_s).unwrap();
            assert!(made.truncated && made.clip.seconds() <= 0.01);
            assert!(made.fit_ratio.is_finite());
        }
    }
}
