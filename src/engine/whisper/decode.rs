//! One window's text: the decoder, its caches, and the greedy walk.

use super::rules::Vocabulary;
use crate::engine::contract::Watch;
use crate::engine::net::{Input, Net, Value};
use crate::fault::Fault;

/// Tokens of one window at the most: half the decoder's context (`decoding.py`: sample_len).
const TOKENS_MAX: usize = 224;

/// What the decoder attends to: the encoder's keys and values, by the names of the decoder's inputs.
pub type Memory = Vec<(String, Box<dyn Value>)>;

/// The decoder graph with the window it listens to.
///
/// Inputs `input_ids i64[1, S]`, `past_key_values.{l}.decoder.key|value f32[1, heads, P, 64]` and the encoder's keys and
/// values; outputs `logits f32[1, S, vocabulary]` and the grown caches `present.{l}.decoder.*`.
pub struct Decoder {
    net: Box<dyn Net>,
    memory: Memory,
    caches: Vec<Cache>,
    vocabulary_len: usize,
}

/// Names of one self-attention cache and the shape of an empty one.
struct Cache {
    past: String,
    present: String,
    empty: [usize; 4],
}

/// What a window was decoded to.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    /// Text and timestamp tokens, without the prompt and the end.
    pub tokens: Vec<u32>,
    /// Mean natural logarithm of the chosen tokens' probabilities, the end included.
    pub logprob: f32,
    /// Probability that the window holds no speech.
    pub no_speech: f32,
}

/// A run's state: the caches so far.
type Past = Option<Vec<Box<dyn Value>>>;

impl Decoder {
    /// Over the decoder's graph.
    pub fn new(net: Box<dyn Net>) -> Self {
        let size = |dim: Option<&Option<usize>>, or: usize| dim.copied().flatten().unwrap_or(or);
        let caches = net
            .signature()
            .inputs
            .iter()
            .filter(|i| i.name.contains(".decoder."))
            .map(|i| Cache {
                past: i.name.clone(),
                present: i.name.replacen("past_key_values.", "present.", 1),
                empty: [1, size(i.dims.get(1), 1), 0, size(i.dims.get(3), 64)],
            })
            .collect();
        let logits = net.signature().outputs.iter().find(|o| o.name == "logits");
        let vocabulary_len = logits.map_or(0, |l| size(l.dims.get(2), 0));
        Decoder {
            net,
            memory: Vec::new(),
            caches,
            vocabulary_len,
        }
    }

    /// Entries of one row of logits.
    pub fn vocabulary_len(&self) -> usize {
        self.vocabulary_len
    }

    /// Turns to a new window, as the encoder gave it.
    pub fn listen(&mut self, memory: Memory) {
        self.memory = memory;
    }

    /// The language spoken in the window with its token, or none when the model knows one language only.
    pub fn detect(&mut self, vocabulary: &Vocabulary) -> Result<Option<(String, u32)>, Fault> {
        if vocabulary.languages.is_empty() {
            return Ok(None);
        }
        let (logits, _) = self.step(&[vocabulary.start], &None)?;
        let row = self.last_row(&*logits)?;
        let best = vocabulary
            .languages
            .iter()
            .max_by(|(_, a), (_, b)| row[*a as usize].total_cmp(&row[*b as usize]));
        Ok(best.cloned())
    }

    /// Decodes the window, taking the likeliest allowed token each time. `language` is its token.
    pub fn greedy(
        &mut self,
        vocabulary: &Vocabulary,
        language: Option<u32>,
        watch: &Watch,
    ) -> Result<Decoded, Fault> {
        let prompt = vocabulary.prompt(language);
        let (mut logits, mut past) = self.step(&prompt, &None)?;
        let mut decoded = Decoded {
            no_speech: self.no_speech(vocabulary, &*logits)?,
            ..Decoded::default()
        };
        let mut row = Vec::new();
        let mut total = 0.0;
        for _ in 0..TOKENS_MAX {
            watch.check()?;
            row.clear();
            row.extend_from_slice(self.last_row(&*logits)?);
            vocabulary.restrain(&mut row, &decoded.tokens);
            let (token, logprob) = likeliest(&row);
            total += logprob;
            if token == vocabulary.end {
                break;
            }
            decoded.tokens.push(token);
            (logits, past) = self.step(&[token], &past)?;
        }
        decoded.logprob = total / (decoded.tokens.len() + 1) as f32;
        Ok(decoded)
    }

    /// Probability of the no-speech token at the start token, the first of the prompt.
    fn no_speech(&self, vocabulary: &Vocabulary, logits: &dyn Value) -> Result<f32, Fault> {
        let row = &logits.floats()?[..self.vocabulary_len];
        let Some(token) = vocabulary.no_speech else {
            return Ok(0.0);
        };
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = row.iter().map(|x| (x - max).exp()).sum();
        Ok((row[token as usize] - max).exp() / sum)
    }

    fn last_row<'v>(&self, logits: &'v dyn Value) -> Result<&'v [f32], Fault> {
        let all = logits.floats()?;
        Ok(&all[all.len() - self.vocabulary_len..])
    }

    /// Feeds `tokens` behind `past`; returns logits for each of them and the grown caches.
    fn step(&mut self, tokens: &[u32], past: &Past) -> Result<(Box<dyn Value>, Past), Fault> {
        let ids: Vec<i64> = tokens.iter().map(|&t| i64::from(t)).collect();
        let shape = [1, ids.len()];
        let mut inputs = vec![("input_ids", Input::Ints(&shape, &ids))];
        for (name, value) in &self.memory {
            inputs.push((name, Input::Held(&**value)));
        }
        for (i, cache) in self.caches.iter().enumerate() {
            let input = match past {
                Some(past) => Input::Held(&*past[i]),
                None => Input::Floats(&cache.empty, &[]),
            };
            inputs.push((&cache.past, input));
        }
        let mut outputs = vec!["logits"];
        outputs.extend(self.caches.iter().map(|c| c.present.as_str()));
        let mut made = self.net.run(&inputs, &outputs)?;
        let grown = made.split_off(1);
        let logits = made
            .pop()
            .ok_or_else(|| Fault::engine("the decoder made no logits"))?;
        Ok((logits, Some(grown)))
    }
}

/// The largest entry's index and the natural logarithm of its share in the softmax.
fn likeliest(row: &[f32]) -> (u32, f32) {
    let mut best = 0;
    for (i, &x) in row.iter().enumerate() {
        if x > row[best] {
            best = i;
        }
    }
    let sum: f32 = row.iter().map(|x| (x - row[best]).exp()).sum();
    (best as u32, -sum.ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeliest_is_the_argmax_with_its_log_share() {
        let (token, logprob) = likeliest(&[0.0, 2.0_f32.ln(), f32::NEG_INFINITY, 0.0]);
        assert_eq!(token, 1);
        assert!((logprob - 0.5_f32.ln()).abs() < 1e-6);
    }
}
