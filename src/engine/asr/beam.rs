//! Beam search: follows several hypotheses at once and takes the one with the likeliest tokens.
//!
//! Source: github.com/openai/whisper, `whisper/decoding.py`: BeamSearchDecoder with patience 1, MaximumLikelihoodRanker.

use super::decoder::Attended;
use super::decoder::WhisperDecoder;
use super::decoding::{DecodeOptions, Decoded, PromptState};
use super::rules::Vocabulary;
use crate::contract::Steps;
use crate::logits::{continuations, log_sum};
use vocabox_base::fault::Fault;

/// A partial text.
#[derive(Clone, Default)]
struct Hypothesis {
    tokens: Vec<u32>,
    /// The natural logarithm of the probability of each of them.
    logprobs: Vec<f32>,
    /// Sum of the natural logarithms of the tokens' probabilities.
    total: f32,
    attention: Vec<Attended>,
}

impl Hypothesis {
    fn mean(&self) -> f32 {
        self.total / (self.tokens.len() + 1) as f32
    }
}

/// Returns the best text of `options.beams` hypotheses. Faults: `Engine`, and those of `steps`.
pub fn search(
    decoder: &mut WhisperDecoder,
    vocabulary: &Vocabulary,
    options: &DecodeOptions<'_>,
    prompted: PromptState,
    steps: &dyn Steps,
) -> Result<Decoded, Fault> {
    let PromptState {
        mut past,
        mut step,
        mut decoded,
        room,
    } = prompted;
    let mut open = vec![Hypothesis::default()];
    let mut ended: Vec<Hypothesis> = Vec::new();
    for _ in 0..room {
        steps.next()?;
        let totals = open.iter().map(|h| h.total);
        let next = continuations(&mut step.logits, totals, options.beams + 1, |at, row| {
            vocabulary.restrain(row, &open[at].tokens);
            log_sum(row)
        });
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
                grown.logprobs.push(total - grown.total);
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
        decoded.logprobs = best.logprobs;
        decoded.attention.extend(best.attention);
    }
    Ok(decoded)
}
