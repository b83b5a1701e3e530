//! Finds the voices among the windows of a recording.
//!
//! A window across a change of speakers resembles neither of the two, and enough of such windows resemble a third
//! speaker. So speech is split where its sound changes, windows across such a place are left out, and whole pieces are
//! grouped: a piece's mean scatters less than its windows do. How different two voices are depends on the recording (a
//! telephone makes all people sound alike), so it is measured relative to how similar a voice is to itself there.

use std::ops::Range;

use super::cluster::{Group, dot, groups};

/// Windows between two that share no sound: each has 1.6 s, one every 0.4 s.
const CLEAR: usize = 4;
/// Windows before and after a change that differ because of the same change.
const NEAR: usize = 2;
/// Groups whose similarity is below this share of a voice's similarity to itself are different voices. Measured on 260
/// conversations with 1 to 4 of 23 voices (benches/runs/2026-11-25-diarization.md).
const ALIKE: f32 = 0.9;
/// The quantile of the similarities of pairs of windows without shared sound that is taken for a voice's similarity to
/// itself: some pairs span a change of speaker, so it is above one half.
const STEADY: f32 = 0.65;
/// A voice's similarity to itself (cosine of windows without shared sound) where there are fewer pairs than this to
/// measure it.
const USUAL: f32 = 0.8;
const PAIRS_MIN: usize = 8;
/// Least windows of a piece that are certainly of one voice.
const PIECE_MIN: usize = 2;
/// Least windows of a voice, in such pieces: some 3 s of speech.
const VOICE_MIN: usize = 5;
/// Least windows of a voice (some 2 s) whose similarity to every other is below this share of a voice's similarity to
/// itself. Groups that were no voice (an odd tone, a missed change) were above 0.86, real voices below 0.77 (some
/// twenty in the same conversations).
const SHORT_MIN: usize = 3;
const UNLIKE: f32 = 0.8;

/// The embedding of one window.
pub struct WindowEmbedding {
    /// The number of its stretch of speech.
    pub stretch: usize,
    /// Its middle, in seconds from the start of the recording.
    pub middle_s: f64,
    /// Of length 1.
    pub direction: Vec<f32>,
}

/// Returns the voices of a recording, at least one where there is any speech. `embeddings` are in the order of time.
pub fn voices(embeddings: &[WindowEmbedding]) -> Vec<Group> {
    let steadiness = steadiness(embeddings);
    let alike = ALIKE * steadiness;
    let mut pieces = pieces(embeddings, alike);
    if pieces.iter().any(|p| p.len() >= PIECE_MIN) {
        pieces.retain(|p| p.len() >= PIECE_MIN);
    }
    let part = |p: Range<usize>| Group::of(p.start, embeddings[p].iter().map(|p| &p.direction));
    let mut voices: Vec<Group> = Vec::new();
    for group in groups(pieces.into_iter().map(part).collect(), 1.0 - alike) {
        let is_unlike = |v: &Group| 1.0 - v.distance(&group) < UNLIKE * steadiness;
        // The largest group is a voice, however short.
        let is_voice = match group.members.len() {
            VOICE_MIN.. => true,
            SHORT_MIN.. => voices.iter().all(is_unlike),
            _ => voices.is_empty(),
        };
        if is_voice {
            voices.push(group);
        }
    }
    voices
}

/// Returns a voice's similarity to itself in this recording: the cosine of windows that share no sound.
fn steadiness(embeddings: &[WindowEmbedding]) -> f32 {
    let mut pairs: Vec<f32> = embeddings
        .windows(CLEAR + 1)
        .filter(|w| w[0].stretch == w[CLEAR].stretch)
        .map(|w| dot(&w[0].direction, &w[CLEAR].direction))
        .collect();
    if pairs.len() < PAIRS_MIN {
        return USUAL;
    }
    pairs.sort_by(f32::total_cmp);
    pairs[(STEADY * (pairs.len() - 1) as f32) as usize]
}

/// Returns runs of windows without a change of voice, in the order of time. Where the windows before and after a moment
/// have a similarity below `alike`, and the lowest one nearby, the windows across it belong to no run.
fn pieces(embeddings: &[WindowEmbedding], alike: f32) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut from = 0;
    for stretch in embeddings.chunk_by(|a, b| a.stretch == b.stretch) {
        let (mut start, end) = (from, from + stretch.len());
        let around: Vec<f32> = stretch
            .windows(CLEAR + 1)
            .map(|w| dot(&w[0].direction, &w[CLEAR].direction))
            .collect();
        for (at, here) in around.iter().enumerate() {
            let before = &around[at.saturating_sub(NEAR)..at];
            let after = &around[at + 1..around.len().min(at + 1 + NEAR)];
            // Among equals the first.
            let is_least = before.iter().all(|b| here < b) && after.iter().all(|a| here <= a);
            if *here < alike && is_least {
                all.push(start..from + at + 1);
                start = from + at + CLEAR;
            }
        }
        all.push(start..end);
        from = end;
    }
    all.retain(|piece| !piece.is_empty());
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speaker::unit;

    /// Windows of one stretch each run, along the axes named, or between two of them.
    fn embeddings(runs: &[(usize, usize, usize)]) -> Vec<WindowEmbedding> {
        let mut all = Vec::new();
        for (stretch, (a, b, count)) in runs.iter().enumerate() {
            for n in 0..*count {
                let mut direction = vec![0.0; 8];
                direction[*a] += 0.5;
                direction[*b] += 0.5;
                all.push(WindowEmbedding {
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
        assert_eq!(voices(&embeddings(&runs)).len(), 2);
    }

    #[test]
    fn who_says_little_is_somebody_when_unlike_all_others() {
        let with =
            |few: usize| voices(&embeddings(&[(0, 0, 8), (0, 0, 8), (0, 0, 8), (1, 1, few)]));
        let heard: Vec<usize> = with(3).iter().map(|v| v.members.len()).collect();
        assert_eq!(heard, [24, 3]);
        assert_eq!(with(2).len(), 1);
    }

    /// Windows of one stretch that scatter by `off`, in directions of their own, around one that is `cosine` from the axis.
    fn mood(cosine: f32, off: f32, stretch: usize) -> impl Iterator<Item = WindowEmbedding> {
        (0..12).map(move |at| {
            let mut direction = vec![0.0; 8];
            direction[0] = cosine;
            direction[1] = (1.0 - cosine * cosine).sqrt();
            direction[2 + at % 6] += off;
            WindowEmbedding {
                stretch,
                middle_s: at as f64,
                direction: unit(direction),
            }
        })
    }

    #[test]
    fn one_speaker_in_two_moods_is_one() {
        let with = |cosine: f32| {
            let all: Vec<WindowEmbedding> = mood(1.0, 0.6, 0).chain(mood(cosine, 0.6, 1)).collect();
            voices(&all).len()
        };
        assert_eq!((with(0.93), with(0.0)), (1, 2));
    }

    #[test]
    fn where_a_voice_hardly_changes_a_small_difference_is_another_one() {
        let apart = |off: f32| {
            let all: Vec<WindowEmbedding> = mood(1.0, off, 0).chain(mood(0.85, off, 1)).collect();
            let (a, b) = (&all[0].direction, &all[13].direction);
            (dot(a, b), voices(&all).len())
        };
        // On a telephone all speakers sound alike, and each is even more similar to itself.
        let (alike, count) = apart(0.2);
        assert!(alike > 0.8 && count == 2, "{alike}: {count}");
        let scattered: Vec<WindowEmbedding> = mood(1.0, 0.6, 0).chain(mood(0.95, 0.6, 1)).collect();
        let alike = dot(&scattered[0].direction, &scattered[13].direction);
        assert!(alike < 0.8 && voices(&scattered).len() == 1, "{alike}");
    }

    #[test]
    fn a_short_clip_has_one_voice_and_silence_none() {
        assert_eq!(voices(&embeddings(&[(0, 0, 2)])).len(), 1);
        assert!(voices(&[]).is_empty());
    }
}
