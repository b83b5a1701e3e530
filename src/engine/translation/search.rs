//! Beam search: logits of tokens → the likeliest translations, best first.
//!
//! Source: Wu et al. 2016, "Google's Neural Machine Translation System", §7, with the mean of the tokens' logarithms as
//! the score, as Marian's `normalize: 1` has it. With one hypothesis it is a greedy search.

use super::decoder::MarianDecoder;
use crate::contract::Steps;
use crate::kv_cache::KvCache;
use crate::logits::{continuations, log_sum};
use vocabox_base::fault::Fault;

/// The options of a search.
pub struct SearchOptions<'a> {
    /// The tokens fed first, in this order: the start token, and the language token where the model has one there.
    pub begin: &'a [u32],
    pub end: u32,
    /// Tokens that are never generated.
    pub never: &'a [u32],
    pub beams: usize,
    /// Tokens of the longest translation.
    pub tokens_max: usize,
    /// How often the same tokens may be repeated in a row.
    pub repeats_max: usize,
}

/// A translation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Candidate {
    pub tokens: Vec<u32>,
    /// Mean of the natural logarithms of the tokens' probabilities, the end token included.
    pub score: f32,
}

/// A partial translation.
#[derive(Clone, Default)]
struct TranslationHypothesis {
    tokens: Vec<u32>,
    /// Sum of the logarithms.
    total: f32,
}

impl TranslationHypothesis {
    /// Returns the finished translation; `total` includes its end token.
    fn ended(&self, total: f32) -> Candidate {
        Candidate {
            score: total / (self.tokens.len() + 1) as f32,
            tokens: self.tokens.clone(),
        }
    }
}

/// Returns translations of the sentence that `decoder` has read, at least one, the likeliest first. One that reaches
/// `options.tokens_max` is cut there. Faults: `Engine`, and those of `steps`.
pub fn search(
    decoder: &mut MarianDecoder,
    options: &SearchOptions<'_>,
    steps: &dyn Steps,
) -> Result<Vec<Candidate>, Fault> {
    let mut past = KvCache::default();
    let mut logits = Vec::new();
    for &token in options.begin {
        logits = decoder.step(&[token], &mut past)?;
    }
    let mut open = vec![TranslationHypothesis::default()];
    let mut ended: Vec<Candidate> = Vec::new();
    for _ in 0..options.tokens_max {
        steps.next()?;
        let totals = open.iter().map(|h| h.total);
        let next = continuations(&mut logits, totals, options.beams + 1, |at, row| {
            let all = log_sum(row);
            restrain(row, &open[at].tokens, options);
            all
        });
        let mut kept: Vec<(usize, u32, f32)> = Vec::new();
        for (at, token, total) in next {
            if kept.len() == options.beams {
                break;
            }
            match token == options.end {
                true => ended.push(open[at].ended(total)),
                false => kept.push((at, token, total)),
            }
        }
        if ended.len() >= options.beams || kept.is_empty() {
            break;
        }
        let grown = |&(at, token, total): &(usize, u32, f32)| {
            let mut tokens = open[at].tokens.clone();
            tokens.push(token);
            TranslationHypothesis { tokens, total }
        };
        let parents: Vec<usize> = kept.iter().map(|k| k.0).collect();
        // Unchanged hypotheses in unchanged order need no copy.
        if !parents.iter().copied().eq(0..open.len()) {
            past.pick(&parents)?;
        }
        open = kept.iter().map(grown).collect();
        let tokens: Vec<u32> = kept.iter().map(|k| k.1).collect();
        logits = decoder.step(&tokens, &mut past)?;
    }
    if ended.is_empty() {
        ended = open.iter().map(|h| h.ended(h.total)).collect();
    }
    ended.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(ended)
}

/// Excludes the tokens that must not follow `tokens`: the end before any token, tokens that are never generated, and
/// those that would repeat a phrase too often.
fn restrain(row: &mut [f32], tokens: &[u32], options: &SearchOptions<'_>) {
    let mut forbid = |token: u32| {
        if let Some(entry) = row.get_mut(token as usize) {
            *entry = f32::NEG_INFINITY;
        }
    };
    options.never.iter().copied().for_each(&mut forbid);
    if tokens.is_empty() {
        forbid(options.end);
    }
    for period in 1..=PERIOD_MAX {
        // The next token would make it the `repeats_max + 1`st repetition.
        let most = period * (options.repeats_max + 1) - 1;
        if let Some(from) = tokens.len().checked_sub(most)
            && is_periodic(&tokens[from..], period)
        {
            forbid(tokens[tokens.len() - period]);
        }
    }
}

/// Tokens of the longest phrase whose repetition is detected.
const PERIOD_MAX: usize = 8;

fn is_periodic(tokens: &[u32], period: usize) -> bool {
    tokens.iter().zip(&tokens[period..]).all(|(a, b)| a == b)
}

/// Returns the largest number of times that a phrase of at most `PERIOD_MAX` tokens occurs in a row in `tokens`; 1
/// where nothing is repeated.
pub fn repeats(tokens: &[i64]) -> usize {
    let run = |period: usize| {
        let (mut longest, mut run) = (0, 0);
        for (a, b) in tokens.iter().zip(tokens.iter().skip(period)) {
            run = if a == b { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        1 + longest / period
    };
    (1..=PERIOD_MAX).map(run).max().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(repeats_max: usize) -> SearchOptions<'static> {
        SearchOptions {
            begin: &[],
            end: 0,
            never: &[1],
            beams: 2,
            tokens_max: 10,
            repeats_max,
        }
    }

    fn forbidden(tokens: &[u32], repeats_max: usize) -> Vec<usize> {
        let mut row = vec![0.0; 6];
        restrain(&mut row, tokens, &options(repeats_max));
        let is_forbidden = |&i: &usize| row[i] == f32::NEG_INFINITY;
        (0..row.len()).filter(is_forbidden).collect()
    }

    #[test]
    fn nothing_ends_before_it_begins_and_nothing_comes_too_often_in_a_row() {
        assert_eq!(forbidden(&[], 2), [0, 1]);
        assert_eq!(forbidden(&[3], 2), [1]);
        assert_eq!(forbidden(&[3, 3], 2), [1, 3]);
        assert_eq!(forbidden(&[5, 3, 4, 3, 4, 3], 2), [1, 4]);
        assert_eq!(forbidden(&[5, 3, 4, 3, 4, 3], 3), [1]);
        assert_eq!(forbidden(&[3, 4, 5, 3, 4, 5, 3, 4], 2), [1, 5]);
    }

    #[test]
    fn repetitions_of_the_source_are_counted() {
        assert_eq!(repeats(&[]), 1);
        assert_eq!(repeats(&[7, 8, 9]), 1);
        assert_eq!(repeats(&[7, 8, 8, 8, 9]), 3);
        assert_eq!(repeats(&[1, 7, 8, 7, 8, 7, 8, 7, 2]), 3);
    }
}
