//! Groups weighted vectors by average linkage on their products, into as many groups as there are.
//!
//! The weighted mean product between the members of two groups is the product of their weighted means: so a group is its
//! weighted sum and its weight, and linking groups of groups is as exact as linking their members. Hence the blocks:
//! neighbours in time are linked first, some hundred at a time, and then the resulting groups, of which there are bounded
//! numbers. Each call asks its steps whether it may go on. Knows nothing of speakers.

use crate::contract::Steps;
use vocabox_base::fault::Fault;

/// Most vectors that are linked at once: a matrix of 1 MB.
const BLOCK: usize = 512;
/// Most groups that are linked at once at the end: a matrix of 16 MB. Each further one joins its nearest group.
const GROUPS_MAX: usize = 2_048;
/// Most groups whose scores are compared at each join: 67 million comparisons in all.
const SCORED_MAX: usize = 512;

/// A group of similar vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The weighted sum of its members.
    pub sum: Vec<f32>,
    /// The sum of their weights.
    pub weight: f32,
    /// The numbers of its vectors, ascending.
    pub members: Vec<usize>,
}

impl Group {
    /// Returns the group of one vector, with this number and a weight above 0.
    pub fn of(number: usize, vector: &[f32], weight: f32) -> Self {
        Group {
            sum: vector.iter().map(|v| v * weight).collect(),
            weight,
            members: vec![number],
        }
    }

    /// Returns the cosine between `direction`, of length 1, and this group's mean.
    pub fn cosine(&self, direction: &[f32]) -> f32 {
        dot(&self.sum, direction) / dot(&self.sum, &self.sum).sqrt().max(f32::MIN_POSITIVE)
    }

    /// Returns the weighted mean product between the members of both.
    pub fn likeness(&self, other: &Group) -> f32 {
        dot(&self.sum, &other.sum) / (self.weight * other.weight)
    }

    /// Returns 1 minus the likeness.
    fn distance(&self, other: &Group) -> f32 {
        1.0 - self.likeness(other)
    }

    /// Adds the members of `other`.
    fn join(&mut self, other: Group) {
        add(&mut self.sum, &other.sum);
        self.weight += other.weight;
        self.members.extend(other.members);
    }
}

/// Joins `parts`, in the order of time, until the likeness of any two groups is below `1 − apart`. Returns the group with
/// the greatest weight first; the result is deterministic.
/// Faults: those of `steps`.
pub fn groups(parts: Vec<Group>, apart: f32, steps: &dyn Steps) -> Result<Vec<Group>, Fault> {
    let mut all = parts;
    while all.len() > BLOCK {
        let before = all.len();
        all = in_blocks(all, apart, steps)?;
        if all.len() > before / 2 {
            break;
        }
    }
    largest_first(&mut all);
    let rest = all.split_off(all.len().min(GROUPS_MAX));
    steps.check()?;
    let mut found = link(all, apart);
    join_nearest(&mut found, rest);
    Ok(found)
}

/// Joins each of `rest` to its nearest of `groups`; the group with the greatest weight is the first then.
fn join_nearest(groups: &mut [Group], rest: Vec<Group>) {
    for small in rest {
        let near = (0..groups.len()).min_by(|&a, &b| {
            f32::total_cmp(&groups[a].distance(&small), &groups[b].distance(&small))
        });
        if let Some(near) = near {
            groups[near].join(small);
        }
    }
    groups.iter_mut().for_each(|g| g.members.sort_unstable());
    largest_first(groups);
}

fn largest_first(groups: &mut [Group]) {
    groups.sort_by(|a, b| {
        let heavier = f32::total_cmp(&b.weight, &a.weight);
        heavier.then(a.members[0].cmp(&b.members[0]))
    });
}

/// Links each block of neighbours separately.
fn in_blocks(groups: Vec<Group>, apart: f32, steps: &dyn Steps) -> Result<Vec<Group>, Fault> {
    let mut linked = Vec::new();
    let mut rest = groups.into_iter();
    loop {
        let block: Vec<Group> = rest.by_ref().take(BLOCK).collect();
        if block.is_empty() {
            return Ok(linked);
        }
        steps.check()?;
        linked.extend(link(block, apart));
    }
}

/// Joins the two nearest groups as long as they are at most `apart`, by chains of nearest neighbours (Müllner 2011,
/// arXiv 1109.2378): average linkage never brings a joined group nearer to a third than the nearer of its parts was, so
/// any two mutual nearest neighbours may be joined in any order.
fn link(groups: Vec<Group>, apart: f32) -> Vec<Group> {
    let count = groups.len();
    let mut distances = vec![f32::INFINITY; count * count];
    for a in 0..count {
        for b in 0..a {
            let distance = groups[a].distance(&groups[b]);
            distances[a * count + b] = distance;
            distances[b * count + a] = distance;
        }
    }
    let mut slots: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
    // A group whose nearest neighbour is too far stays unchanged: nothing comes nearer later.
    let mut open: Vec<bool> = vec![true; count];
    let mut chain: Vec<usize> = Vec::new();
    loop {
        let Some(top) = chain
            .last()
            .copied()
            .or_else(|| open.iter().position(|o| *o))
        else {
            return slots.into_iter().flatten().collect();
        };
        if chain.is_empty() {
            chain.push(top);
        }
        let row = &distances[top * count..(top + 1) * count];
        let before = chain.len().checked_sub(2).map(|at| chain[at]);
        let mut nearest = (f32::INFINITY, None);
        for (at, distance) in row.iter().enumerate() {
            // Among equally near groups the previous one in the chain is preferred, so that the chain ends.
            let is_nearer = *distance < nearest.0 || (*distance == nearest.0 && before == Some(at));
            if slots[at].is_some() && is_nearer {
                nearest = (*distance, Some(at));
            }
        }
        match nearest {
            (distance, Some(near)) if distance <= apart => {
                if before != Some(near) {
                    chain.push(near);
                    continue;
                }
                chain.truncate(chain.len() - 2);
                let (low, high) = (near.min(top), near.max(top));
                if let (Some(mut kept), Some(gone)) = (slots[low].take(), slots[high].take()) {
                    kept.join(gone);
                    for (at, slot) in slots.iter().enumerate() {
                        if let Some(other) = slot {
                            let distance = kept.distance(other);
                            distances[low * count + at] = distance;
                            distances[at * count + low] = distance;
                        }
                    }
                    slots[low] = Some(kept);
                }
                open[high] = false;
            }
            _ => {
                open[top] = false;
                chain.pop();
            }
        }
    }
}

fn add(sum: &mut [f32], more: &[f32]) {
    sum.iter_mut().zip(more).for_each(|(s, m)| *s += m);
}

/// Joins the two of `groups` with the greatest `score`, as long as it is at least `score_min` and there are
/// more than `least` groups. The lightest beyond `SCORED_MAX` join their nearest before: each join looks at all scores. Faults: those
/// of `steps`.
pub fn join_best(
    groups: &mut Vec<Group>,
    score: impl Fn(&Group, &Group) -> f32,
    score_min: f32,
    least: usize,
    steps: &dyn Steps,
) -> Result<(), Fault> {
    if groups.len() > SCORED_MAX {
        largest_first(groups);
        let rest = groups.split_off(SCORED_MAX);
        join_nearest(groups, rest);
    }
    // The scores of each group with those before it.
    let mut scores: Vec<Vec<f32>> = (0..groups.len())
        .map(|b| (0..b).map(|a| score(&groups[a], &groups[b])).collect())
        .collect();
    while groups.len() > least.max(1) {
        steps.check()?;
        let mut best = (f32::NEG_INFINITY, 0, 0);
        for (b, row) in scores.iter().enumerate() {
            for (a, score) in row.iter().enumerate() {
                // Among equals the first.
                if *score > best.0 {
                    best = (*score, a, b);
                }
            }
        }
        let (found, a, b) = best;
        if a == b || found < score_min {
            break;
        }
        let gone = groups.remove(b);
        groups[a].join(gone);
        groups[a].members.sort_unstable();
        scores.remove(b);
        for row in &mut scores[b..] {
            row.remove(b);
        }
        for at in 0..groups.len() {
            let (low, high) = (at.min(a), at.max(a));
            if low != high {
                scores[high][low] = score(&groups[low], &groups[high]);
            }
        }
    }
    largest_first(groups);
    Ok(())
}

/// Returns the product of two vectors: of length 1, their cosine.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use crate::contract::CancellationToken;
    use std::time::{Duration, Instant};
    use vocabox_base::fault::Kind;

    const DIMENSIONS: usize = 16;

    fn in_a_minute() -> CancellationToken {
        CancellationToken::until(Instant::now() + Duration::from_secs(60))
    }

    fn unit(mut v: Vec<f32>) -> Vec<f32> {
        let length = dot(&v, &v).sqrt();
        v.iter_mut().for_each(|x| *x /= length);
        v
    }

    /// Returns the groups that remain of `directions` after those that are near enough are joined.
    fn joined(directions: &[Vec<f32>], apart: f32) -> Vec<Group> {
        let single = |at: usize| Group::of(at, &directions[at], 1.0);
        let parts = (0..directions.len()).map(single).collect();
        groups(parts, apart, &in_a_minute()).unwrap()
    }

    /// Returns directions near some axes: each one's axis, and its deviation.
    fn near_axes(axes: &[usize], off: &[f32]) -> Vec<Vec<f32>> {
        axes.iter()
            .zip(off.chunks_exact(DIMENSIONS))
            .map(|(axis, off)| {
                let mut v: Vec<f32> = off.to_vec();
                v[*axis] += 1.0;
                unit(v)
            })
            .collect()
    }

    /// Whether `groups` separates exactly what `axes` separates.
    fn is_by_axis(groups: &[Group], axes: &[usize]) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        groups.iter().all(|group| {
            let axis = axes[group.members[0]];
            let whole = axes.iter().filter(|a| **a == axis).count();
            seen.insert(axis)
                && group.members.len() == whole
                && group.members.iter().all(|m| axes[*m] == axis)
        })
    }

    fn axes_and_offsets(most: usize) -> impl Strategy<Value = (Vec<usize>, Vec<f32>)> {
        prop::collection::vec(0_usize..6, 1..most).prop_flat_map(|axes| {
            let off = prop::collection::vec(-0.05_f32..0.05, axes.len() * DIMENSIONS);
            (Just(axes), off)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_well_apart_is_parted_and_nothing_else((axes, off) in axes_and_offsets(120)) {
            let found = joined(&near_axes(&axes, &off), 0.4);
            prop_assert!(is_by_axis(&found, &axes));
            prop_assert!(found.is_sorted_by_key(|g| std::cmp::Reverse(g.members.len())));
        }

        #[test]
        fn groups_end_up_further_apart_than_the_bound(
            values in prop::collection::vec(-1.0_f32..1.0, DIMENSIONS..DIMENSIONS * 60), apart in 0.1_f32..1.5
        ) {
            let directions: Vec<Vec<f32>> =
                values.chunks_exact(DIMENSIONS).map(|v| unit(v.to_vec())).collect();
            let found = joined(&directions, apart);
            let mut members: Vec<usize> = found.iter().flat_map(|g| g.members.clone()).collect();
            members.sort_unstable();
            prop_assert_eq!(members, (0..directions.len()).collect::<Vec<_>>());
            for (at, a) in found.iter().enumerate() {
                for b in &found[..at] {
                    prop_assert!(a.distance(b) > apart - 1e-4);
                }
            }
        }
    }

    #[test]
    fn the_best_pairs_are_joined_down_to_a_number_or_a_score() {
        let axes = [0, 1, 0, 2, 1, 0];
        let all = || -> Vec<Group> {
            let direction = |axis: usize| (0..3).map(|n| f32::from(u8::from(n == axis))).collect();
            let vectors: Vec<Vec<f32>> = axes.into_iter().map(direction).collect();
            let one = |(at, v): (usize, &Vec<f32>)| Group::of(at, v, 1.0 + at as f32);
            vectors.iter().enumerate().map(one).collect()
        };
        let members = |score_min: f32, least: usize| -> Vec<Vec<usize>> {
            let mut groups = all();
            join_best(
                &mut groups,
                Group::likeness,
                score_min,
                least,
                &in_a_minute(),
            )
            .unwrap();
            groups.into_iter().map(|g| g.members).collect()
        };
        assert_eq!(members(0.5, 1), [vec![0, 2, 5], vec![1, 4], vec![3]]);
        assert_eq!(members(0.5, 5).len(), 5);
        assert_eq!(members(-1.0, 2).len(), 2);
        assert_eq!(members(-1.0, 0), [vec![0, 1, 2, 3, 4, 5]]);
    }

    #[test]
    fn more_groups_than_are_compared_end_in_as_many_as_are_asked_for() {
        let count = SCORED_MAX + 100;
        let mut groups: Vec<Group> = (0..count)
            .map(|at| Group::of(at, &[1.0, (at % 7) as f32], 1.0))
            .collect();
        let token = in_a_minute();
        join_best(&mut groups, Group::likeness, f32::NEG_INFINITY, 500, &token).unwrap();
        assert_eq!(groups.len(), 500);
        let mut members: Vec<usize> = groups.into_iter().flat_map(|g| g.members).collect();
        members.sort_unstable();
        assert_eq!(members, (0..count).collect::<Vec<_>>());
    }

    #[test]
    fn a_cancelled_task_joins_nothing_more() {
        let token = in_a_minute();
        token.cancel();
        let all = || -> Vec<Group> { (0..9).map(|at| Group::of(at, &[1.0], 1.0)).collect() };
        let mut joined = all();
        let ended = join_best(&mut joined, Group::likeness, 0.0, 1, &token);
        assert_eq!(ended.unwrap_err().kind, Kind::Cancelled);
        assert_eq!(joined.len(), 9);
        let ended = groups(all(), 1.0, &token);
        assert_eq!(ended.unwrap_err().kind, Kind::Cancelled);
    }

    #[test]
    fn a_long_recording_in_blocks_gives_the_same_groups() {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        let axes: Vec<usize> = (0..2_000).map(|_| (random() * 4.0) as usize).collect();
        let off: Vec<f32> = (0..2_000 * DIMENSIONS)
            .map(|_| 0.2 * random() - 0.1)
            .collect();
        let directions = near_axes(&axes, &off);
        let found = joined(&directions, 0.4);
        assert_eq!(found.len(), 4);
        assert!(is_by_axis(&found, &axes));
        assert_eq!(found, joined(&directions, 0.4));
        assert!(joined(&[], 0.4).is_empty());
    }
}
