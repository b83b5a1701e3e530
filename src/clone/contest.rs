//! The last comparison of a search: the voices that may be its result, on sentences that the search did not hear.
//!
//! The best of many tries is partly the luckiest on the sentences that it was tried with. On fresh ones it may be less alike
//! than the best stock voice, and then that is the result.

use super::likeness::{Measured, likeness};
use super::probe::{FRESH, SENTENCES};
use super::search::mean;

/// What was heard of each contender, by its number in the search.
#[derive(Debug, Default)]
pub struct Contest {
    heard: Vec<(usize, Measured, usize)>,
}

impl Contest {
    /// Returns which of the `contenders` has to speak which sentence next; none once all have spoken all.
    pub fn next(&self, contenders: &[usize]) -> Option<(usize, usize)> {
        let spoken = |at: &usize| self.of(*at).map_or(0, |(_, _, count)| *count);
        let least = contenders.iter().copied().min_by_key(spoken)?;
        let count = spoken(&least);
        (count < FRESH).then_some((least, SENTENCES.len() - FRESH + count))
    }

    /// Adds what was heard of a contender.
    pub fn hear(&mut self, at: usize, measured: Measured) {
        match self.heard.iter_mut().find(|heard| heard.0 == at) {
            Some((_, before, count)) => {
                *before = mean(before, *count, &measured);
                *count += 1;
            }
            None => self.heard.push((at, measured, 1)),
        }
    }

    /// Returns the likeness of a contender to `target`; none before it was heard.
    pub fn score(&self, at: usize, target: &Measured) -> Option<f32> {
        self.of(at)
            .map(|(_, measured, _)| likeness(measured, target))
    }

    /// Returns the contender that is most like `target`, among equals the first; none while one has to speak.
    pub fn winner(&self, contenders: &[usize], target: &Measured) -> Option<usize> {
        if self.next(contenders).is_some() {
            return None;
        }
        let score = |at: usize| self.score(at, target).unwrap_or(f32::NEG_INFINITY);
        let better = |a: usize, b: usize| if score(b) > score(a) { b } else { a };
        contenders.iter().copied().reduce(better)
    }

    fn of(&self, at: usize) -> Option<&(usize, Measured, usize)> {
        self.heard.iter().find(|heard| heard.0 == at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(first: f32) -> Measured {
        Measured {
            direction: vec![first, (1.0 - first * first).sqrt()],
            pitch: None,
            spectrum: Vec::new(),
            pace: 4.0,
        }
    }

    #[test]
    fn the_one_that_is_more_alike_on_all_fresh_sentences_wins() {
        let (mut contest, target) = (Contest::default(), measured(1.0));
        let contenders = [7, 3];
        let mut heard = Vec::new();
        while let Some((at, sentence)) = contest.next(&contenders) {
            assert_eq!(contest.winner(&contenders, &target), None);
            heard.push((at, sentence));
            // The first is better once, the other on the mean.
            let first = match (at, sentence + 1 < SENTENCES.len()) {
                (7, true) => 0.9,
                (7, false) => 0.1,
                _ => 0.7,
            };
            contest.hear(at, measured(first));
        }
        let fresh = SENTENCES.len() - FRESH..SENTENCES.len();
        let expected: Vec<(usize, usize)> = fresh.flat_map(|s| [(7, s), (3, s)]).collect();
        assert_eq!(heard, expected);
        assert_eq!(contest.winner(&contenders, &target), Some(3));
        assert_eq!(contest.winner(&[7], &target), Some(7));
        assert_eq!(contest.winner(&[], &target), None);
    }
}
