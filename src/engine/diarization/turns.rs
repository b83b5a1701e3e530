//! Turns windows with speaker scores into turns: when the speaker changes, and the speakers' numbers.
//!
//! Owns the time line only: the similarities of windows and speakers come in as scores.

use std::ops::Range;

/// Seconds of one step on the time line.
const STEP_S: f64 = 0.1;
/// The cost of a change of speaker, in cosines times steps: half a second at a clear difference.
const CHANGE: f32 = 0.7;
/// Seconds around a change within which it is moved to the quietest moment.
const SNAP_S: f64 = 0.5;
/// Seconds of pause that a speaker may make within a turn.
const PAUSE_S: f64 = 1.0;

/// The speech of one speaker; times in seconds from the start of the recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    pub start_s: f64,
    pub end_s: f64,
    /// 0 for the speaker who speaks first, and so on in the order of their first speech.
    pub speaker: usize,
}

/// A stretch of speech with the scores of its windows.
pub struct Stretch {
    /// Seconds from the start of the recording.
    pub time_s: Range<f64>,
    /// Middle of each window in seconds, ascending, and its similarity to each of the speakers (cosine).
    pub windows: Vec<(f64, Vec<f32>)>,
}

/// Returns turns, ordered and not overlapping, of speakers numbered in the order of their first speech.
///
/// `loudness(t)` is the power around the second `t`.
pub fn turns(stretches: &[Stretch], loudness: impl Fn(f64) -> f32) -> Vec<Turn> {
    let mut found: Vec<Turn> = Vec::new();
    for stretch in stretches {
        for turn in parted(stretch, &loudness) {
            match found.last_mut() {
                Some(last)
                    if last.speaker == turn.speaker && turn.start_s - last.end_s <= PAUSE_S =>
                {
                    last.end_s = turn.end_s;
                }
                _ => found.push(turn),
            }
        }
    }
    let mut order: Vec<usize> = Vec::new();
    for turn in &mut found {
        let known = order.iter().position(|s| *s == turn.speaker);
        turn.speaker = known.unwrap_or_else(|| {
            order.push(turn.speaker);
            order.len() - 1
        });
    }
    found
}

/// Returns the likeliest sequence of speakers through one stretch (Viterbi), with each change at the quietest moment
/// nearby.
fn parted(stretch: &Stretch, loudness: &impl Fn(f64) -> f32) -> Vec<Turn> {
    let (start_s, end_s) = (stretch.time_s.start, stretch.time_s.end);
    let Some((_, first)) = stretch.windows.first() else {
        return Vec::new();
    };
    let speakers = first.len();
    let steps = (((end_s - start_s) / STEP_S).round() as usize).max(1);
    let mut best = vec![0.0_f32; speakers];
    let mut came_from: Vec<Vec<usize>> = Vec::with_capacity(steps);
    for step in 0..steps {
        let scores = scores_at(&stretch.windows, start_s + (step as f64 + 0.5) * STEP_S);
        let leader = leader(&best);
        let from = |speaker: usize| match best[leader] - CHANGE > best[speaker] && step > 0 {
            true => leader,
            false => speaker,
        };
        let origins: Vec<usize> = (0..speakers).map(from).collect();
        best = (0..speakers)
            .map(|s| {
                let change = if origins[s] == s { 0.0 } else { CHANGE };
                best[origins[s]] - change + scores[s]
            })
            .collect();
        came_from.push(origins);
    }
    let mut speaker = leader(&best);
    let mut turns = Vec::new();
    let mut until = end_s;
    for (step, origins) in came_from.iter().enumerate().rev() {
        let before = origins[speaker];
        if before != speaker {
            let change = quietest(start_s + step as f64 * STEP_S, start_s..until, loudness);
            turns.push(Turn {
                start_s: change,
                end_s: until,
                speaker,
            });
            (until, speaker) = (change, before);
        }
    }
    turns.push(Turn {
        start_s,
        end_s: until,
        speaker,
    });
    turns.reverse();
    turns
}

fn leader(scores: &[f32]) -> usize {
    // Among equals the first, so that the result is deterministic.
    (1..scores.len()).fold(0, |best, s| match scores[s] > scores[best] {
        true => s,
        false => best,
    })
}

/// Returns the scores at `at_s`, interpolated between those of the windows before and after it.
fn scores_at(windows: &[(f64, Vec<f32>)], at_s: f64) -> Vec<f32> {
    let after = windows.partition_point(|(middle, _)| *middle < at_s);
    let (Some((from_s, from)), Some((to_s, to))) =
        (windows.get(after.wrapping_sub(1)), windows.get(after))
    else {
        let nearest = after.min(windows.len() - 1);
        return windows[nearest].1.clone();
    };
    let share = ((at_s - from_s) / (to_s - from_s)) as f32;
    from.iter()
        .zip(to)
        .map(|(a, b)| a + share * (b - a))
        .collect()
}

/// Returns the quietest moment within `SNAP_S` of `change_s`, nearer ones first, strictly inside `within_s`.
fn quietest(change_s: f64, within_s: Range<f64>, loudness: &impl Fn(f64) -> f32) -> f64 {
    const LOOK_S: f64 = 0.02;
    let looks = (SNAP_S / LOOK_S) as i32;
    // Distance counts as loudness: a distant pause within a word is no change of speaker.
    let cost = |look: &i32| {
        let away = f64::from(look.abs()) / f64::from(looks);
        (loudness(change_s + f64::from(*look) * LOOK_S) + 1e-7) * (1.0 + 2.0 * away) as f32
    };
    let inside = |look: &i32| {
        let at = change_s + f64::from(*look) * LOOK_S;
        within_s.start + LOOK_S < at && at < within_s.end - LOOK_S
    };
    let best = (-looks..=looks)
        .filter(inside)
        .min_by(|a, b| f32::total_cmp(&cost(a), &cost(b)));
    best.map_or(change_s, |look| change_s + f64::from(look) * LOOK_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows every 0.4 s whose speaker is 1 from `change_s` on.
    fn stretch(time_s: Range<f64>, change_s: f64) -> Stretch {
        let count = ((time_s.end - time_s.start) / 0.4) as usize;
        let window = |n: usize| {
            let middle = time_s.start + 0.4 * n as f64;
            let (zero, one) = if middle < change_s {
                (0.8, 0.5)
            } else {
                (0.5, 0.8)
            };
            (middle, vec![zero, one])
        };
        Stretch {
            windows: (0..=count).map(window).collect(),
            time_s,
        }
    }

    #[test]
    fn a_change_falls_on_the_quietest_moment_nearby() {
        let quiet_at = |at: f64| move |t: f64| ((t - at).abs() as f32).min(0.1) + 0.001;
        let found = turns(&[stretch(0.0..8.0, 4.0)], quiet_at(4.2));
        assert_eq!(found.len(), 2);
        assert!((found[0].end_s - 4.2).abs() < 0.03, "{found:?}");
        assert_eq!(found[0].end_s, found[1].start_s);
        assert_eq!((found[0].start_s, found[1].end_s), (0.0, 8.0));
    }

    #[test]
    fn one_odd_window_is_no_change_and_speakers_are_numbered_by_their_first_word() {
        let mut odd = stretch(0.0..8.0, 100.0);
        odd.windows[10].1 = vec![0.6, 0.7];
        let found = turns(&[odd], |_| 0.1);
        assert_eq!(found.len(), 1);

        let (first, second) = (stretch(0.0..4.0, -1.0), stretch(6.0..10.0, 100.0));
        let found = turns(&[first, second], |_| 0.1);
        let speakers: Vec<usize> = found.iter().map(|t| t.speaker).collect();
        assert_eq!(speakers, [0, 1], "who is second in the scores spoke first");
    }

    #[test]
    fn a_short_pause_stays_within_a_turn_and_a_long_one_parts_it() {
        let at = |start: f64| stretch(start..start + 3.0, 100.0);
        let found = turns(&[at(0.0), at(3.8), at(9.0)], |_| 0.1);
        let times: Vec<(f64, f64)> = found.iter().map(|t| (t.start_s, t.end_s)).collect();
        assert_eq!(times, [(0.0, 6.8), (9.0, 12.0)]);
        assert!(turns(&[], |_| 0.1).is_empty());
    }
}
