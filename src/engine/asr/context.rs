//! What the decoder is told before a window: the words that the client names, and the text before the window, where a
//! sentence goes on. A new sentence is heard better without: the model continues the text before it instead of listening.

use super::decoding::CONTEXT_TOKENS;

/// Most tokens before the window's own: half of the decoder's context, less the mark of their start.
const TOKENS_MAX: usize = CONTEXT_TOKENS / 2 - 1;
/// Most of them that are the client's words, so that the text before has room, too.
const WORDS_TOKENS_MAX: usize = TOKENS_MAX * 2 / 3;

/// The tokens before a window.
#[derive(Debug, Default)]
pub struct PromptContext {
    /// Those of the client's words, which are told before each window.
    words: Vec<u32>,
    /// Those of the client's text, which is told before each window that starts with a sentence.
    prompt: Vec<u32>,
    /// Those of the text so far of the sentence.
    text: Vec<u32>,
}

impl PromptContext {
    /// Returns the context of a recording of which nothing was heard. Of words that are too many the first are used, of a
    /// text that is too long the last.
    pub fn new(mut words: Vec<u32>, prompt: Vec<u32>) -> Self {
        words.truncate(WORDS_TOKENS_MAX);
        PromptContext {
            words,
            prompt,
            text: Vec::new(),
        }
    }

    /// Returns the tokens before the next window, at most half of the decoder's context.
    pub fn tokens(&self) -> Vec<u32> {
        let text = match self.text.is_empty() {
            true => &self.prompt,
            false => &self.text,
        };
        let room = TOKENS_MAX - self.words.len();
        let from = text.len().saturating_sub(room);
        [&self.words, &text[from..]].concat()
    }

    /// Adds the text of a window.
    pub fn push(&mut self, tokens: &[u32]) {
        self.text.extend(tokens);
        self.text
            .drain(..self.text.len().saturating_sub(TOKENS_MAX));
    }

    /// Drops the text so far.
    pub fn forget(&mut self) {
        self.text.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_words_stay_and_the_latest_text_follows_them() {
        let mut context = PromptContext::new(vec![7, 8], vec![1]);
        assert_eq!(context.tokens(), [7, 8, 1]);
        context.push(&vec![2; 500]);
        let tokens = context.tokens();
        assert_eq!((tokens.len(), &tokens[..3]), (TOKENS_MAX, &[7, 8, 2][..]));
        context.forget();
        assert_eq!(context.tokens(), [7, 8, 1]);
        assert_eq!(
            PromptContext::new(vec![7; 999], vec![]).tokens().len(),
            WORDS_TOKENS_MAX
        );
    }
}
