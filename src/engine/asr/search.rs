//! Decodes one window: takes the likeliest token of each step, or samples one.
//!
//! Source: github.com/openai/whisper, `whisper/decoding.py`: GreedyDecoder, DecodingTask.

use super::decoder::WhisperDecoder;
use super::decoding::{CONTEXT_TOKENS, DecodeOptions, Decoded, PromptState, TOKENS_MAX};
use super::rules::Vocabulary;
use crate::contract::Steps;
use crate::kv_cache::KvCache;
use crate::logits::log_sum;
use vocabox_base::fault::Fault;
use vocabox_base::random::SplitMix;

/// A language, and how likely it is that it is spoken.
#[derive(Debug, Clone, PartialEq)]
pub struct SpokenLanguage {
    pub code: String,
    pub token: u32,
    pub probability: f32,
}

/// Returns the window's text, by `options`. Faults: `Engine`, and those of `steps`.
pub fn decode(
    decoder: &mut WhisperDecoder,
    vocabulary: &Vocabulary,
    options: &DecodeOptions<'_>,
    steps: &dyn Steps,
) -> Result<Decoded, Fault> {
    let prompted = feed_prompt(decoder, vocabulary, options)?;
    match options.beams {
        0 | 1 => sample(decoder, vocabulary, options, prompted, steps),
        _ => super::beam::search(decoder, vocabulary, options, prompted, steps),
    }
}

/// Returns the languages that the model knows with the probability of each; none when it knows one only.
pub fn languages(
    decoder: &mut WhisperDecoder,
    vocabulary: &Vocabulary,
) -> Result<Vec<SpokenLanguage>, Fault> {
    if vocabulary.languages.is_empty() {
        return Ok(Vec::new());
    }
    let step = decoder.step(&[vocabulary.start], 1, &mut KvCache::default(), false)?;
    let chance = |id: u32| step.logits.get(id as usize).copied().unwrap_or(f32::MIN);
    let logits: Vec<f32> = vocabulary
        .languages
        .iter()
        .map(|(_, id)| chance(*id))
        .collect();
    let all = log_sum(&logits);
    let languages = vocabulary.languages.iter().zip(&logits);
    let told = languages.map(|((code, token), logit)| SpokenLanguage {
        code: code.clone(),
        token: *token,
        probability: (logit - all).exp(),
    });
    Ok(told.collect())
}

/// Feeds the previous text, then the start token, whose logits have the probability of silence, then the rest of the
/// prompt.
fn feed_prompt(
    decoder: &mut WhisperDecoder,
    vocabulary: &Vocabulary,
    options: &DecodeOptions<'_>,
) -> Result<PromptState, Fault> {
    let mut decoded = Decoded::default();
    let mut past = KvCache::default();
    let mut head = Vec::new();
    if let (Some(previous), false) = (vocabulary.previous, options.prompt.is_empty()) {
        let most = CONTEXT_TOKENS / 2 - 1;
        head.push(previous);
        head.extend(&options.prompt[options.prompt.len().saturating_sub(most)..]);
    }
    head.push(vocabulary.start);
    let mut step = decoder.step(&head, 1, &mut past, options.attend)?;
    decoded.no_speech = vocabulary
        .no_speech
        .map_or(0.0, |token| share(&step.logits, token));
    decoded.attention.extend(step.attention.pop());
    let rest = vocabulary.after_start(options.language, options.into_english);
    if !rest.is_empty() {
        step = decoder.step(&rest, 1, &mut past, options.attend)?;
        decoded.attention.append(&mut step.attention);
    }
    decoded.prompt = decoded.attention.len();
    let room = TOKENS_MAX.min(CONTEXT_TOKENS.saturating_sub(past.tokens()));
    Ok(PromptState {
        past,
        step,
        decoded,
        room,
    })
}

/// Takes the likeliest token of each step, or samples one at the temperature of `options`.
fn sample(
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
    let mut random = SplitMix::new(options.seed);
    let mut total = 0.0;
    for _ in 0..room {
        steps.next()?;
        let row = &mut step.logits;
        vocabulary.restrain(row, &decoded.tokens);
        let token = match options.temperature > 0.0 {
            true => drawn(row, options.temperature, roll(&mut random)),
            false => likeliest(row),
        };
        let logprob = log_share(row, token);
        total += logprob;
        if token == vocabulary.end {
            decoded.ended = true;
            break;
        }
        decoded.tokens.push(token);
        decoded.logprobs.push(logprob);
        step = decoder.step(&[token], 1, &mut past, options.attend)?;
        decoded.attention.append(&mut step.attention);
    }
    decoded.logprob = total / (decoded.tokens.len() + 1) as f32;
    Ok(decoded)
}

/// Returns the largest entry's index.
fn likeliest(row: &[f32]) -> u32 {
    let mut best = 0;
    for (i, &x) in row.iter().enumerate() {
        if x > row[best] {
            best = i;
        }
    }
    best as u32
}

/// Returns the natural logarithm of the entry's softmax probability.
fn log_share(row: &[f32], token: u32) -> f32 {
    row[token as usize] - log_sum(row)
}

fn share(row: &[f32], token: u32) -> f32 {
    log_share(row, token).exp()
}

/// Returns the token at `roll`, in [0, 1), of the cumulative softmax probabilities at `temperature`.
fn drawn(row: &[f32], temperature: f32, roll: f32) -> u32 {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |x: &f32| f64::from(((x - max) / temperature).exp());
    let mut left = row.iter().map(weight).sum::<f64>() * f64::from(roll);
    for (i, x) in row.iter().enumerate() {
        left -= weight(x);
        if left < 0.0 {
            return i as u32;
        }
    }
    likeliest(row)
}

/// Returns a number in [0, 1).
fn roll(random: &mut SplitMix) -> f32 {
    (random.bits() >> 40) as f32 / (1_u64 << 24) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_token_has_its_log_share() {
        let row = [0.0, 2.0_f32.ln(), f32::NEG_INFINITY, 0.0];
        assert_eq!(likeliest(&row), 1);
        assert!((log_share(&row, 1) - 0.5_f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn tokens_are_drawn_by_their_shares_and_never_where_there_is_none() {
        let row = [0.0, 3.0_f32.ln(), f32::NEG_INFINITY];
        let mut random = SplitMix::new(7);
        let mut drawn_at = [0; 3];
        for _ in 0..4_000 {
            drawn_at[drawn(&row, 1.0, roll(&mut random)) as usize] += 1;
        }
        assert!(
            (2_900..3_100).contains(&drawn_at[1]) && drawn_at[2] == 0,
            "{drawn_at:?}"
        );
        assert_eq!(drawn(&row, 0.01, 0.999), 1, "cold: the likeliest");
    }
}
