//! Beam search: several hypotheses followed at once, the one with the likeliest tokens taken.
//!
//! Source: github.com/openai/whisper, `whisper/decoding.py`: BeamSearchDecoder with patience 1, MaximumLikelihoodRanker.

use super::decoder::Attended;
use super::decoder::Decoder;
use super::rules::Vocabulary;
use super::search::{Begun, DecodeOptions, Decoded};
use crate::contract::CancellationToken;
use crate::logits::{largest, log_sum};
use vocabox_base::fault::Fault;

/// A text so far.
#[derive(Clone, Default)]
struct Hypothesis {
    tokens: Vec<u32>,
    /// Sum of the natural logarithms of the tokens' probabilities.
    total: f32,
    attention: Vec<Attended>,
}

impl Hypothesis {
    fn mean(&self) -> f32 {
        self.total / (self.tokens.len() + 1) as f32
    }
}

/// The best text of `options.beams` hypotheses. Faults: `Engine`, and what `cancellation` says.
pub fn search(
    decoder: &mut Decoder,
    vocabulary: &Vocabulary,
    options: &DecodeOptions<'_>,
    begun: Begun,
    cancellation: &CancellationToken,
) -> Result<Decoded, Fault> {
    let Begun {
        mut past,
        mut step,
        mut decoded,
        room,
    } = begun;
    let mut open = vec![Hypothesis::default()];
    let mut ended: Vec<Hypothesis> = Vec::new();
    for _ in 0..room {
        cancellation.check()?;
        let size = step.logits.len() / open.len();
        // What may follow each hypothesis: its number, the token, and the sum with that token.
        let mut next: Vec<(usize, u32, f32)> = Vec::new();
        for (at, (row, hypothesis)) in step.logits.chunks_exact_mut(size).zip(&open).enumerate() {
            vocabulary.restrain(row, &hypothesis.tokens);
            let all = log_sum(row);
            let likely = largest(row, options.beams + 1);
            next.extend(
                likely
                    .into_iter()
                    .map(|t| (at, t, hypothesis.total + row[t as usize] - all)),
            );
        }
        next.sort_by(|a, b| b.2.total_cmp(&a.2));
        let mut kept: Vec<(usize, u32, f32)> = Vec::new();
        for (at, token, total) in next {
            if kept.len() == options.beams {
                break;
            }
            match token == vocabulary.end {
                true if ended.len() < options.beams => ended.push(Hypothesis {
                    total,
                    ..open[at].clone()
                }),
                true => {}
                false => kept.push((at, token, total)),
            }
        }
        if ended.len() >= options.beams || kept.is_empty() {
            break;
        }
        let parents: Vec<usize> = kept.iter().map(|k| k.0).collect();
        let tokens: Vec<u32> = kept.iter().map(|k| k.1).collect();
        open = kept
            .iter()
            .map(|&(at, token, total)| {
                let mut grown = open[at].clone();
                grown.tokens.push(token);
                grown.total = total;
                grown
            })
            .collect();
        past.pick(&parents)?;
        step = decoder.step(&tokens, tokens.len(), &mut past, options.attend)?;
        for (hypothesis, row) in open.iter_mut().zip(step.attention.drain(..)) {
            hypothesis.attention.push(row);
        }
    }
    decoded.ended = !ended.is_empty();
    if ended.is_empty() {
        ended = open;
    }
    let best = ended
        .into_iter()
        .max_by(|a, b| a.mean().total_cmp(&b.mean()));
    if let Some(best) = best {
        decoded.logprob = best.mean();
        decoded.tokens = best.tokens;
        decoded.attention.extend(best.attention);
    }
    Ok(decoded)
}
