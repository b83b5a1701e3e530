//! The options, the state and the result of decoding one window, which both searches share.

use super::decoder::{Attended, Step};
use crate::kv_cache::KvCache;

/// Most tokens of one window: half the decoder's context (`decoding.py`: sample_len).
pub const TOKENS_MAX: usize = 224;
/// Tokens that the decoder can take, prompt included (`n_text_ctx`).
pub(super) const CONTEXT_TOKENS: usize = 448;

/// The options of decoding.
#[derive(Debug, Clone, Copy)]
pub struct DecodeOptions<'a> {
    /// The token of the spoken language.
    pub language: Option<u32>,
    /// Whether to translate into English.
    pub into_english: bool,
    /// Tokens of the text before the window; at most the last `CONTEXT_TOKENS / 2 - 1` are used.
    pub prompt: &'a [u32],
    /// 0 takes the likeliest token; with higher values tokens are sampled, the more freely the higher.
    pub temperature: f32,
    /// Hypotheses that are followed at once; 1 unless the temperature is 0.
    pub beams: usize,
    /// Whether to keep the tokens' attention.
    pub attend: bool,
    /// Seed of the sampling: the same recording gives the same text.
    pub seed: u64,
}

/// The decoded text of a window.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    /// Text and timestamp tokens, without the prompt and the end token.
    pub tokens: Vec<u32>,
    /// The natural logarithm of the probability of each of them.
    pub logprobs: Vec<f32>,
    /// Mean natural logarithm of the chosen tokens' probabilities, the end token included.
    pub logprob: f32,
    /// Probability that the window holds no speech.
    pub no_speech: f32,
    /// Whether the model ended the text; otherwise the token limit did.
    pub ended: bool,
    /// The attention of each token from the start token on; the last row is that of the last token.
    pub attention: Vec<Attended>,
    /// Rows of `attention` before that of the first of `tokens`.
    pub prompt: usize,
}

/// The decoder's state after the prompt.
pub(super) struct PromptState {
    pub past: KvCache,
    pub step: Step,
    /// It has the prompt's attention, and no tokens yet.
    pub decoded: Decoded,
    /// Most tokens that may follow.
    pub room: usize,
}
