//! Turns a window's tokens into phrases of the recording, with their words.

use std::ops::Range;

use super::RATE_HZ;
use super::align::{self, Frames};
use super::decoding::Decoded;
use super::rules::Phrase;
use super::token_bytes::token_bytes;
use super::transcribe_window::{TranscribedWindow, WindowTranscriber};
use super::window::Window;
use super::words::{self, Timed, WordDurations};
use crate::contract::{PhraseScores, Segment, TokenScore, Word};
use vocabox_base::fault::Fault;

/// How much of a window was turned into phrases.
pub struct Used {
    /// Position in the recording up to which it needs no further decoding; none when that is all of it.
    pub position: Option<usize>,
    /// Its tokens up to the end of the last phrase.
    pub tokens: usize,
}

/// What phrases are to have.
#[derive(Debug, Clone, Copy)]
pub struct PhraseOptions<'a> {
    /// Code of the language that they are in.
    pub language: &'a str,
    pub words: bool,
    pub scores: bool,
}

impl WindowTranscriber {
    /// Appends the phrases of `window` to `segments`, which stay ordered and do not overlap.
    pub fn phrases(
        &self,
        heard: &TranscribedWindow,
        window: &Window,
        options: PhraseOptions<'_>,
        segments: &mut Vec<Segment>,
    ) -> Result<Used, Fault> {
        let tokens = &heard.decoded.tokens;
        let rate = f64::from(RATE_HZ);
        let offset_s = window.start as f64 / rate;
        let limit_s = window.end as f64 / rate;
        for phrase in &heard.phrases {
            let text = self.read(&tokens[phrase.tokens.clone()])?;
            if text.is_empty() {
                continue;
            }
            let floor_s = segments.last().map_or(0.0, |s| s.end_s);
            let bound = |s: f64, floor_s: f64| (offset_s + s).clamp(floor_s, limit_s.max(floor_s));
            let own_s = phrase.start_s..phrase.end_s;
            let before_s = floor_s - offset_s;
            let said = words::of_phrase(
                &heard.words,
                phrase.tokens.clone(),
                own_s,
                before_s,
                heard.pace,
            );
            // The words' times are finer than the model's timestamps.
            let start_s = bound(said.first().map_or(phrase.start_s, |w| w.start_s), floor_s);
            let end_s = bound(said.last().map_or(phrase.end_s, |w| w.end_s), start_s);
            let mut words: Vec<Word> = said;
            for word in &mut words {
                (word.start_s, word.end_s) = (offset_s + word.start_s, offset_s + word.end_s);
            }
            let Some(end_s) = words::separate(&mut words, start_s, end_s, limit_s) else {
                // Words beyond the sound: there is no time left in which they could have been said.
                continue;
            };
            segments.push(Segment {
                start_s,
                end_s,
                text,
                language: options.language.to_owned(),
                words: if options.words { words } else { Vec::new() },
                scores: (options.scores)
                    .then(|| Box::new(self.scores(heard, offset_s, phrase.tokens.clone()))),
            });
        }
        let ended = heard.phrases.last().map_or(0, |p| p.tokens.end + 1);
        let position = |s: f64| window.start + (s * rate) as usize;
        Ok(Used {
            position: heard.complete_s.map(position),
            tokens: ended.min(tokens.len()),
        })
    }

    /// Returns how the phrase was decoded whose text are these tokens of a window, which starts at `window_s`.
    fn scores(&self, heard: &TranscribedWindow, window_s: f64, text: Range<usize>) -> PhraseScores {
        let decoded = &heard.decoded;
        let whole = self.vocabulary.with_times(&decoded.tokens, text.clone());
        let score = |at: usize| TokenScore {
            bytes: token_bytes(&self.tokenizer, decoded.tokens[at]),
            logprob: decoded.logprobs.get(at).copied().unwrap_or_default(),
        };
        PhraseScores {
            window_s,
            tokens: decoded.tokens[whole].to_vec(),
            text: text.map(score).collect(),
            temperature: heard.temperature,
            logprob: heard.evidence.logprob,
            compression: heard.evidence.compression,
            no_speech: heard.evidence.no_speech,
        }
    }

    /// Returns the words of the whole window with their times; they refer to its tokens by number.
    pub(super) fn timed(
        &self,
        decoded: &Decoded,
        frames: Frames,
        phrases: &[Phrase],
        language: &str,
    ) -> (Vec<Timed>, WordDurations) {
        let is_text = |at: &usize| self.vocabulary.is_text(decoded.tokens[*at]);
        let at: Vec<usize> = (0..decoded.tokens.len()).filter(is_text).collect();
        let text: Vec<u32> = at.iter().map(|&at| decoded.tokens[at]).collect();
        let starts = match decoded.attention.is_empty() {
            true => self.spread(&text, &at, phrases),
            false => {
                // A token is chosen by the attention of the token before it.
                let chosen = |at: usize| (decoded.prompt + at).saturating_sub(1);
                let mut rows: Vec<usize> = at.iter().map(|&at| chosen(at)).collect();
                rows.push(decoded.attention.len() - 1);
                align::starts(&decoded.attention, &rows, frames)
            }
        };
        words::words(&self.tokenizer, language, (&text, &at), &starts)
    }

    /// Returns starts of tokens by their share of their phrase's letters: for graphs without attention outputs.
    fn spread(&self, text: &[u32], at: &[usize], phrases: &[Phrase]) -> Vec<f64> {
        let letters = |token: u32| self.tokenizer.decode(&[token], true).map_or(1, |t| t.len());
        let mut starts = Vec::with_capacity(text.len() + 1);
        let mut end_s = 0.0;
        for phrase in phrases {
            let own: Vec<usize> = (0..at.len())
                .filter(|&i| phrase.tokens.contains(&at[i]))
                .collect();
            let all: usize = own.iter().map(|&i| letters(text[i])).sum();
            let mut before = 0;
            for &i in &own {
                let share = before as f64 / all.max(1) as f64;
                starts.push(phrase.start_s + share * (phrase.end_s - phrase.start_s));
                before += letters(text[i]);
            }
            end_s = phrase.end_s;
        }
        // Tokens of a phrase that is decoded again have no time yet.
        starts.resize(text.len() + 1, end_s);
        starts
    }
}
