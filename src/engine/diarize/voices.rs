//! Which voices there are among the windows of a recording.
//!
//! A window across a change of speakers sounds like neither of the two, and enough of those like somebody else: so a voice
//! has to be heard for a while without a break.

use super::cluster::{Group, groups};
use crate::engine::speaker::unit;

/// How far the windows of two speakers are from each other on average (1 − cosine). Windows of one speaker were 0.15 to
/// 0.30 apart, of different ones 0.35 to 0.7 (Kokoro voices and a reader; windows of 1.6 s).
const APART: f32 = 0.34;
/// Two voices whose mean directions are at least this near (cosine) are one: the mean does not scatter as windows do. Those
/// of one speaker's sentences were 0.89 to 0.96 near, of different speakers at most 0.85 (the same voices).
const ALIKE: f32 = 0.87;
/// Windows in a row that only a voice of its own fills: with 1.6 s every 0.4 s, three of them can be across one change.
const RUN_MIN: usize = 4;
/// Windows of such runs that a voice has: some 3 s of speech.
const SOLID_MIN: usize = 5;
/// Times that windows are given to the voice that they sound most like.
const ROUNDS: usize = 3;

/// What one window sounds like.
pub struct Print {
    /// The stretch of speech that it is in.
    pub stretch: usize,
    /// Its middle, in seconds from the start of the recording.
    pub middle_s: f64,
    /// Of length 1.
    pub direction: Vec<f32>,
}

/// The voices of a recording; at least one where there is any speech. `prints` in the order of time.
pub fn voices(prints: &[Print]) -> Vec<Group> {
    let directions: Vec<Vec<f32>> = prints.iter().map(|p| p.direction.clone()).collect();
    let found = groups(&directions, APART);
    let Some(largest) = found.first().cloned() else {
        return Vec::new();
    };
    let mut labels = vec![None; prints.len()];
    for (label, group) in found.iter().enumerate() {
        group.members.iter().for_each(|m| labels[*m] = Some(label));
    }
    let mut voices = solid(prints, &labels, found.len());
    for _ in 0..ROUNDS {
        let nearest = |p: &Print| {
            let scores = voices.iter().map(|v| v.cosine(&p.direction));
            let best = scores.enumerate().max_by(|a, b| f32::total_cmp(&a.1, &b.1));
            best.map(|(voice, _)| voice)
        };
        let labels: Vec<Option<usize>> = prints.iter().map(nearest).collect();
        let again = solid(prints, &labels, voices.len());
        let is_same = again.len() == voices.len();
        voices = again;
        if is_same && voices.len() <= 1 {
            break;
        }
    }
    match voices.is_empty() {
        true => vec![largest],
        false => voices,
    }
}

/// The groups that `labels` make of the windows, of those only that stand in runs; without the groups that have too few.
fn solid(prints: &[Print], labels: &[Option<usize>], count: usize) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    groups.resize_with(count, || Group {
        sum: vec![0.0; prints.first().map_or(0, |p| p.direction.len())],
        members: Vec::new(),
    });
    let mut start = 0;
    while start < prints.len() {
        let stretch = prints[start].stretch;
        let is_same = |at: &usize| prints[*at].stretch == stretch && labels[*at] == labels[start];
        let end = (start..prints.len()).take_while(is_same).count() + start;
        let begins = start == 0 || prints[start - 1].stretch != stretch;
        let ends = end == prints.len() || prints[end].stretch != stretch;
        // At the start or the end of a stretch fewer windows are across a change, and a whole stretch is across none.
        let least = match (begins, ends) {
            (true, true) => 1,
            (false, false) => RUN_MIN,
            _ => RUN_MIN - 1,
        };
        if let (Some(label), true) = (labels[start], end - start >= least) {
            for print in &prints[start..end] {
                let sum = groups[label].sum.iter_mut();
                sum.zip(&print.direction).for_each(|(s, d)| *s += d);
            }
            groups[label].members.extend(start..end);
        }
        start = end;
    }
    groups.retain(|g| g.members.len() >= SOLID_MIN);
    while let Some((a, b)) = alike(&groups) {
        let gone = groups.remove(b);
        groups[a].join(gone);
    }
    groups
}

/// The two that are nearest, the earlier one first, when they are near enough to be one.
fn alike(groups: &[Group]) -> Option<(usize, usize)> {
    let near = |a: usize, b: usize| groups[a].cosine(&unit(groups[b].sum.clone()));
    let pairs = (0..groups.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
    let nearest = pairs
        .map(|(a, b)| (near(a, b), a, b))
        .max_by(|x, y| f32::total_cmp(&x.0, &y.0))?;
    (nearest.0 >= ALIKE).then_some((nearest.1, nearest.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows of one stretch each run, along the axes named, or between two of them.
    fn prints(runs: &[(usize, usize, usize)]) -> Vec<Print> {
        let mut all = Vec::new();
        for (stretch, (a, b, count)) in runs.iter().enumerate() {
            for n in 0..*count {
                let mut direction = vec![0.0; 8];
                direction[*a] += 0.5;
                direction[*b] += 0.5;
                all.push(Print {
                    stretch: stretch / 3,
                    middle_s: n as f64,
                    direction: unit(direction),
                });
            }
        }
        all
    }

    #[test]
    fn what_is_only_heard_across_changes_is_nobody() {
        // Ten times speaker 0, then both for two windows, then speaker 1.
        let runs: Vec<_> = [(0, 0, 8), (0, 1, 2), (1, 1, 8)].repeat(10);
        assert_eq!(voices(&prints(&runs)).len(), 2);
    }

    #[test]
    fn one_speaker_in_two_moods_is_one() {
        let mood = |a: f32, b: f32, n: usize| {
            (0..12).map(move |at| {
                // Windows scatter in directions of their own.
                let mut direction = vec![a, b, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
                direction[2 + at % 6] += 0.6;
                Print {
                    stretch: n,
                    middle_s: at as f64,
                    direction: unit(direction),
                }
            })
        };
        let all: Vec<Print> = mood(1.0, 0.0, 0).chain(mood(0.92, 0.39, 1)).collect();
        assert_eq!(voices(&all).len(), 1);
        let all: Vec<Print> = mood(1.0, 0.0, 0).chain(mood(0.0, 1.0, 1)).collect();
        assert_eq!(voices(&all).len(), 2);
    }

    #[test]
    fn a_short_clip_has_one_voice_and_silence_none() {
        assert_eq!(voices(&prints(&[(0, 0, 2)])).len(), 1);
        assert!(voices(&[]).is_empty());
    }
}
