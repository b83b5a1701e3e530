//! Chooses where a window ends: in a pause, never inside a word.

use std::ops::Range;

use crate::vad::{HOP, PAUSE_BELOW, RATE_HZ};

/// Hops of the shortest pause that counts as one: 0.1 s. Shorter gaps are stops within words.
const PAUSE_HOPS_MIN: usize = 3;
/// Seconds of a pause beyond which a longer one is no better, and how many seconds of pause outweigh a window that is one
/// second shorter: a pause of 0.6 s is taken up to 5 s earlier than one of 0.3 s.
const PAUSE_S_MAX: f64 = 0.6;
const SHORTER_COST: f64 = 0.06;
/// Hops by which the detector notices the end of speech late.
const LATE_HOPS: usize = 2;
/// Hops of the mean by which the quietest moment is found.
const SMOOTH_HOPS: usize = 3;

/// What is known of each hop of a recording.
#[derive(Debug, Clone, Copy)]
pub struct Hops<'a> {
    /// Probability of speech.
    pub probabilities: &'a [f32],
    /// Root mean square.
    pub levels: &'a [f32],
}

impl Hops<'_> {
    /// Returns the hop of `within` at which speech is best cut: the quietest of the pause that is the longest and the
    /// latest, or of all where there is no pause.
    pub fn cut(&self, within: Range<usize>) -> usize {
        let pauses = self.pauses(within.clone());
        let seconds = |hops: usize| (hops * HOP) as f64 / f64::from(RATE_HZ);
        let worth = |pause: &Range<usize>| {
            seconds(pause.len()).min(PAUSE_S_MAX) - SHORTER_COST * seconds(within.end - pause.end)
        };
        let best = pauses
            .into_iter()
            .max_by(|a, b| worth(a).total_cmp(&worth(b)));
        self.quietest(match best {
            Some(pause) => pause.start.saturating_sub(LATE_HOPS).max(within.start)..pause.end,
            None => within,
        })
    }

    /// Returns the longest run of hops without speech, if there is one.
    pub fn longest_pause(&self, within: Range<usize>) -> Option<Range<usize>> {
        self.pauses(within).into_iter().max_by_key(Range::len)
    }

    /// Returns the runs of hops without speech.
    fn pauses(&self, within: Range<usize>) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut open = None;
        for hop in within.clone() {
            let is_pause = self.probabilities[hop] < PAUSE_BELOW;
            match (open, is_pause) {
                (None, true) => open = Some(hop),
                (Some(start), false) => {
                    found.push(start..hop);
                    open = None;
                }
                _ => {}
            }
        }
        found.extend(open.map(|start| start..within.end));
        found.retain(|pause: &Range<usize>| pause.len() >= PAUSE_HOPS_MIN);
        found
    }

    /// Returns the hop of `within` around which the sound is the quietest: the last of several.
    pub fn quietest(&self, within: Range<usize>) -> usize {
        let side = SMOOTH_HOPS / 2;
        let around = |hop: usize| {
            let near = hop.saturating_sub(side)..(hop + side + 1).min(self.levels.len());
            let count = near.len().max(1) as f32;
            self.levels[near].iter().map(|l| l * l).sum::<f32>() / count
        };
        let start = within.start;
        within
            .rev()
            .min_by(|a, b| around(*a).total_cmp(&around(*b)))
            .unwrap_or(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_in_the_last_pause_unless_an_earlier_one_is_much_longer() {
        let mut probabilities = vec![0.9; 300];
        probabilities[40..60].fill(0.1);
        probabilities[280..287].fill(0.1);
        let mut levels = vec![0.1; 300];
        levels[55] = 0.01;
        let hops = Hops {
            probabilities: &probabilities,
            levels: &levels,
        };
        assert!((278..287).contains(&hops.cut(0..300)), "the last");
        assert!(
            (54..=56).contains(&hops.cut(0..270)),
            "around the quietest hop"
        );
        probabilities[200..220].fill(0.1);
        let hops = Hops {
            probabilities: &probabilities,
            levels: &levels,
        };
        assert!((198..220).contains(&hops.cut(0..300)), "the longer");
    }

    #[test]
    fn without_a_pause_the_quietest_moment_is_the_cut() {
        let probabilities = vec![0.9; 100];
        let mut levels = vec![0.1; 100];
        levels[69..72].fill(0.02);
        let hops = Hops {
            probabilities: &probabilities,
            levels: &levels,
        };
        assert_eq!(hops.cut(40..100), 70);
        assert_eq!(hops.cut(80..100), 99, "the last of equals");
    }
}
