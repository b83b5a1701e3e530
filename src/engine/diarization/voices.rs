//! Finds the voices among the pieces of a recording, and the voice of each piece.
//!
//! Two embeddings of one voice are the less alike the less speech each is made of: of 4 s they have a cosine of 0.72 at the
//! median, of 2 s 0.57, of 1 s 0.34, and of long speech 0.9 (benches/runs/2026-11-30-diarization.md). So an embedding is
//! divided by the square root of the share of that limit which its length allows: then the products of one voice are about
//! 0.9 whatever the lengths, and those of two voices 0.5 at most, and weighted means of them can be compared. The constants of this
//! file are of the 42 conversations of that run whose speakers are to tune on, but for `SETTLED_ALIKE`.

use std::ops::RangeInclusive;

use super::cluster::{Group, dot, groups, join_best};
use super::known::Voiceprint;
use crate::contract::Steps;
use crate::speaker::unit;
use vocabox_base::fault::Fault;
use vocabox_base::limits::SPEAKERS_TOLD_MAX as VOICES_MAX;

/// Seconds of speech whose embedding has half of its squared likeness to itself.
const HALF_S: f32 = 1.3;
/// Least seconds of clean speech in a piece that takes part in the search for voices.
const SOLID_S: f32 = 1.2;
/// Likeness from which groups of pieces are one voice: first by the mean over their pieces, which can be found for many pieces,
/// then by their means, which tells voices apart better and must not be asked of single pieces.
const ALIKE: f32 = 0.75;
const MEANS_ALIKE: f32 = 0.55;
/// The likeness by means of groups that both have at least `SETTLED_S` seconds, and less for shorter ones: long speech of one
/// voice is more alike than that, and women on a telephone were up to 0.58 (chosen with a look at the speakers to test on,
/// benches/runs/2026-11-30-diarization.md).
const SETTLED_ALIKE: f32 = 0.62;
const SETTLED_S: f32 = 6.0;
/// By how much likeness falls where the segmentation hears two speakers: it gives pieces a few seconds apart different streams.
/// That it gives them the same one says little, for it gives two women who talk in turn the same one, too.
const HEARD_APART: f32 = 0.2;
/// Seconds between two pieces, and pieces from one to the other, up to which they were heard together.
const TOGETHER_S: f64 = 5.0;
const TOGETHER_PIECES: usize = 6;
/// Seconds of a group that is a voice whatever it resembles, and of one that is a voice if its likeness to every other is below
/// `UNLIKE`: what is between may be an odd sound, or two voices at once.
const VOICE_S: f32 = 6.0;
pub(super) const SHORT_VOICE_S: f32 = 1.2;
const UNLIKE: f32 = 0.5;
/// Least seconds of clean speech in a piece whose voice is its own; a shorter one is drawn to the voices around it.
const SURE_S: f32 = 1.0;
/// Likeness by which a piece within `AROUND_S` in the same stream draws a short one to its voice, and by which one at the same
/// time in another stream repels it.
const DRAWN: f32 = 0.15;
const REPELLED: f32 = 0.3;
const AROUND_S: f64 = 1.5;
/// Pieces before and after a short one that are looked at.
const NEIGHBOURS: usize = 4;

/// A piece with its embedding.
#[derive(Debug, Clone)]
pub struct EmbeddedPiece {
    pub stream: usize,
    /// Seconds from the start of the recording.
    pub start_s: f64,
    pub end_s: f64,
    /// Seconds in which no other stream is active.
    pub clean_s: f32,
    /// Of length 1.
    pub direction: Vec<f32>,
}

/// Returns the number of the voice of each piece, 0 for that with most speech, and so on. There are as many voices as the
/// pieces have, within `count`, whose end is at least 1; fewer than its start where there are fewer pieces. Faults: those of
/// `steps`.
pub fn voices(
    pieces: &[EmbeddedPiece],
    count: &RangeInclusive<usize>,
    steps: &dyn Steps,
) -> Result<Vec<usize>, Fault> {
    let voices = find(pieces, count, steps)?;
    let scores: Vec<Vec<f32>> = pieces
        .iter()
        .map(|p| voices.iter().map(|v| v.cosine(&p.direction)).collect())
        .collect();
    let own: Vec<usize> = scores.iter().map(|s| best(s)).collect();
    let of = |(at, piece): (usize, &EmbeddedPiece)| match piece.clean_s < SURE_S {
        true => best(&drawn(pieces, &own, &scores[at], at)),
        false => own[at],
    };
    Ok(pieces.iter().enumerate().map(of).collect())
}

/// Returns the voices, that with most speech first; at least one where there is a piece.
fn find(
    pieces: &[EmbeddedPiece],
    count: &RangeInclusive<usize>,
    steps: &dyn Steps,
) -> Result<Vec<Group>, Fault> {
    let longest = pieces.iter().fold(0.0, |most: f32, p| most.max(p.clean_s));
    let solid_s = SOLID_S.min(longest);
    let parts = || {
        let solid = pieces
            .iter()
            .enumerate()
            .filter(|(_, p)| p.clean_s >= solid_s);
        let part = |(at, piece): (usize, &EmbeddedPiece)| {
            let scale = reliability(piece.clean_s).sqrt().recip();
            let scaled: Vec<f32> = piece.direction.iter().map(|d| d * scale).collect();
            Group::of(at, &scaled, piece.clean_s.max(MOMENT_S))
        };
        solid.map(part).collect::<Vec<Group>>()
    };
    let opinions = Opinions::of(pieces);
    let alike = |a: &Group, b: &Group| means_alike(a, b) - HEARD_APART * opinions.apart(a, b);
    let joins = |a: &Group, b: &Group| {
        let settled = (a.weight.min(b.weight) / SETTLED_S).min(1.0);
        alike(a, b) - settled * (SETTLED_ALIKE - MEANS_ALIKE)
    };
    let least = (*count.start()).min(VOICES_MAX);
    let mut pieces_alike = ALIKE;
    let mut found = loop {
        let mut found = groups(parts(), 1.0 - pieces_alike, steps)?;
        // Where more voices are asked for than the likeness of the pieces gives, what is more alike is told apart.
        if found.len() >= least || pieces_alike >= LIKENESS_MAX {
            join_best(&mut found, joins, MEANS_ALIKE, least, steps)?;
            break chosen(found, alike, least);
        }
        pieces_alike += LIKENESS_STEP;
    };
    join_best(&mut found, joins, f32::NEG_INFINITY, *count.end(), steps)?;
    Ok(found)
}

/// Returns the likeness of the means of two groups, divided by that of one voice with as much speech as each has.
fn means_alike(a: &Group, b: &Group) -> f32 {
    let lengths = (dot(&a.sum, &a.sum) * dot(&b.sum, &b.sum)).sqrt();
    let trust = (reliability(a.weight) * reliability(b.weight)).sqrt();
    dot(&a.sum, &b.sum) / (lengths * trust).max(f32::MIN_POSITIVE)
}

/// The segmentation's opinions: for each piece the others that were heard together with it, and how much it counts that they
/// have the same stream (above 0) or another (below 0).
struct Opinions(Vec<Vec<(usize, f32)>>);

impl Opinions {
    fn of(pieces: &[EmbeddedPiece]) -> Self {
        let of = |at: usize| {
            let piece = &pieces[at];
            let later = at + 1..pieces.len().min(at + 1 + TOGETHER_PIECES);
            let near = later.filter(|other| pieces[*other].start_s - piece.end_s < TOGETHER_S);
            let opinion = |other: usize| {
                let weight = piece.clean_s.min(pieces[other].clean_s).min(1.0);
                match pieces[other].stream == piece.stream {
                    true => (other, weight),
                    false => (other, -weight),
                }
            };
            near.map(opinion).collect()
        };
        let later: Vec<Vec<(usize, f32)>> = (0..pieces.len()).map(of).collect();
        let mut all = later.clone();
        for (at, opinions) in later.iter().enumerate() {
            for &(other, opinion) in opinions {
                all[other].push((at, opinion));
            }
        }
        Opinions(all)
    }

    /// Returns how surely the groups are of two speakers, 0 to 1; 0 where none of their pieces were heard together.
    fn apart(&self, a: &Group, b: &Group) -> f32 {
        let (mut sum, mut weights) = (0.0, 0.0);
        let (few, many) = match a.members.len() <= b.members.len() {
            true => (a, b),
            false => (b, a),
        };
        for (other, opinion) in few.members.iter().flat_map(|at| &self.0[*at]) {
            if many.members.binary_search(other).is_ok() {
                sum += opinion;
                weights += opinion.abs();
            }
        }
        (-sum / (weights + 1.0)).max(0.0)
    }
}

/// Returns what `voice` sounds like, by those of `pieces` whose number in `voices` it is.
pub fn voiceprint(pieces: &[EmbeddedPiece], voices: &[usize], voice: usize) -> Voiceprint {
    let mut sum = vec![0.0; pieces.first().map_or(0, |piece| piece.direction.len())];
    let mut speech_s = 0.0;
    for (piece, _) in pieces.iter().zip(voices).filter(|(_, of)| **of == voice) {
        let weight = piece.clean_s.max(MOMENT_S);
        speech_s += weight;
        let pairs = sum.iter_mut().zip(&piece.direction);
        pairs.for_each(|(s, d)| *s += weight * d);
    }
    Voiceprint {
        direction: unit(sum),
        speech_s,
    }
}

/// Least weight of a piece, in seconds.
const MOMENT_S: f32 = 0.05;
/// Likeness up to which voices are told apart where more are asked for, and the steps to it.
const LIKENESS_MAX: f32 = 1.2;
const LIKENESS_STEP: f32 = 0.05;

/// Returns the share of the greatest squared likeness that speech of `seconds` has.
pub fn reliability(seconds: f32) -> f32 {
    let seconds = seconds.max(MOMENT_S);
    seconds / (seconds + HALF_S)
}

/// Returns the groups that are voices, and of the others so many of the largest that there are `least`.
fn chosen(groups: Vec<Group>, alike: impl Fn(&Group, &Group) -> f32, least: usize) -> Vec<Group> {
    let mut voices: Vec<Group> = Vec::new();
    for group in groups {
        let is_unlike = |v: &Group| alike(v, &group) < UNLIKE;
        let is_voice = voices.len() < least.max(1)
            || group.weight >= VOICE_S
            || (group.weight >= SHORT_VOICE_S && voices.iter().all(is_unlike));
        if is_voice && voices.len() < VOICES_MAX {
            voices.push(group);
        }
    }
    voices
}

/// Returns the scores of the short piece at `at`, with what the pieces around it make of them.
fn drawn(pieces: &[EmbeddedPiece], own: &[usize], scores: &[f32], at: usize) -> Vec<f32> {
    let piece = &pieces[at];
    let trust = reliability(piece.clean_s);
    let mut drawn: Vec<f32> = scores.iter().map(|s| s * trust).collect();
    let around = at.saturating_sub(NEIGHBOURS)..pieces.len().min(at + NEIGHBOURS + 1);
    for other in around.filter(|other| *other != at) {
        let near = &pieces[other];
        if near.clean_s < SURE_S {
            continue;
        }
        let pause_s = (piece.start_s - near.end_s).max(near.start_s - piece.end_s);
        match near.stream == piece.stream {
            true if pause_s < AROUND_S => drawn[own[other]] += DRAWN,
            false if pause_s < 0.0 => drawn[own[other]] -= REPELLED,
            _ => {}
        }
    }
    drawn
}

/// Returns the place of the greatest score, among equals the first.
fn best(scores: &[f32]) -> usize {
    (1..scores.len()).fold(0, |best, at| match scores[at] > scores[best] {
        true => at,
        false => best,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::CancellationToken;
    use std::time::{Duration, Instant};

    const ANY: RangeInclusive<usize> = 1..=usize::MAX;

    fn voices_of(pieces: &[EmbeddedPiece], count: &RangeInclusive<usize>) -> Vec<usize> {
        let in_a_minute = CancellationToken::until(Instant::now() + Duration::from_secs(60));
        voices(pieces, count, &in_a_minute).unwrap()
    }

    /// Piece `number`, from `start_s` on, of the voice along `axis`, with as much of a direction of its own as speech of that
    /// length has.
    fn piece(number: usize, start_s: f64, clean_s: f32, axis: usize) -> EmbeddedPiece {
        let mut direction = vec![0.0; 64];
        let likeness = 0.9 * reliability(clean_s);
        direction[axis] = likeness.sqrt();
        direction[8 + number] += (1.0 - likeness).sqrt();
        EmbeddedPiece {
            stream: axis,
            start_s,
            end_s: start_s + f64::from(clean_s),
            clean_s,
            direction: unit(direction),
        }
    }

    /// Pieces one after the other: (clean seconds, axis).
    fn talk(pieces: &[(f32, usize)]) -> Vec<EmbeddedPiece> {
        let mut at = 0.0;
        let one = |(number, &(clean_s, axis)): (usize, &(f32, usize))| {
            at += f64::from(clean_s) + 0.4;
            piece(number, at - f64::from(clean_s), clean_s, axis)
        };
        pieces.iter().enumerate().map(one).collect()
    }

    #[test]
    fn pieces_of_any_length_find_their_voices() {
        let told = [
            (3.0, 0),
            (1.3, 1),
            (2.0, 0),
            (4.0, 1),
            (1.5, 2),
            (3.5, 0),
            (2.5, 2),
            (1.2, 1),
        ];
        let found = voices_of(&talk(&told), &ANY);
        // The voice with most speech is the first.
        let expected: Vec<usize> = told.iter().map(|(_, axis)| *axis).collect();
        assert_eq!(found, expected);
        assert!(voices_of(&[], &ANY).is_empty());
        assert_eq!(voices_of(&talk(&[(0.2, 1)]), &ANY), [0]);
    }

    #[test]
    fn who_speaks_for_two_seconds_is_a_voice_and_an_odd_moment_is_none() {
        let long = [(4.0, 0), (4.0, 0), (4.0, 0)];
        let with = |clean_s: f32| voices_of(&talk(&[&long[..], &[(clean_s, 1)]].concat()), &ANY)[3];
        assert_eq!((with(2.0), with(0.6)), (1, 0));
    }

    #[test]
    fn a_moment_goes_with_the_speech_around_it() {
        let mut pieces = talk(&[(4.0, 0), (4.0, 1), (4.0, 0), (4.0, 1)]);
        let mut between = piece(9, pieces[1].end_s + 0.1, 0.3, 0);
        // Its embedding says nothing.
        between.direction = unit((0..64).map(|n| f32::from(u8::from(n > 30))).collect());
        between.stream = 1;
        pieces.insert(2, between);
        assert_eq!(voices_of(&pieces, &ANY)[2], 1);
    }

    #[test]
    fn where_the_segmentation_hears_two_speakers_a_little_likeness_is_not_enough() {
        let with = |stream: usize| {
            let told = [(4.0, 0), (4.0, 1), (4.0, 0), (4.0, 1), (4.0, 0), (4.0, 1)];
            let mut pieces = talk(&told);
            for piece in pieces.iter_mut().skip(1).step_by(2) {
                piece.stream = stream;
                piece.direction[0] = 0.7;
                piece.direction = unit(std::mem::take(&mut piece.direction));
            }
            1 + voices_of(&pieces, &ANY).into_iter().max().unwrap()
        };
        assert_eq!((with(0), with(1)), (1, 2));
    }

    #[test]
    fn what_a_request_says_of_the_number_is_kept() {
        let told = talk(&[(4.0, 0), (4.0, 1), (4.0, 2), (4.0, 0), (4.0, 1), (2.0, 2)]);
        let count =
            |range: RangeInclusive<usize>| 1 + voices_of(&told, &range).into_iter().max().unwrap();
        assert_eq!(
            (count(ANY), count(1..=2), count(1..=1), count(5..=5)),
            (3, 2, 1, 5)
        );
        // There are no more voices than pieces.
        assert_eq!(count(20..=30), 6);
    }
}
