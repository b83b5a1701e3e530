//! Turns a window's tokens into phrases of the recording, with their words.

use super::RATE_HZ;
use super::align;
use super::rules::Phrase;
use super::transcribe_window::{TranscribedWindow, WindowTranscriber};
use super::window::Window;
use super::words::{self, Timed, WordDurations};
use crate::contract::{Segment, Word};
use vocabox_base::fault::Fault;

/// How much of a window was turned into phrases.
pub struct Used {
    /// Samples of it that need no further decoding; none when that is all of it.
    pub samples: Option<usize>,
    /// Its tokens up to the end of the last phrase.
    pub tokens: usize,
}

impl WindowTranscriber {
    /// Appends the phrases of `window` to `segments`, which stay ordered and do not overlap; with the words of
    /// `language`, if it is given.
    pub fn phrases(
        &self,
        heard: &TranscribedWindow,
        window: &Window,
        language: Option<&str>,
        segments: &mut Vec<Segment>,
    ) -> Result<Used, Fault> {
        let tokens = &heard.decoded.tokens;
        let (phrases, used_s) = self.vocabulary.phrases(&heard.decoded);
        let timed = language.map(|language| self.timed(heard, &phrases, language));
        let rate = f64::from(RATE_HZ);
        let offset_s = window.start as f64 / rate;
        let limit_s = (window.start + window.samples.len()) as f64 / rate;
        for phrase in &phrases {
            let text = self.read(&tokens[phrase.tokens.clone()])?;
            if text.is_empty() {
                continue;
            }
            let floor_s = segments.last().map_or(0.0, |s| s.end_s);
            let bound = |s: f64, floor_s: f64| (offset_s + s).clamp(floor_s, limit_s.max(floor_s));
            let said = match &timed {
                Some((timed, pace)) => {
                    let own_s = phrase.start_s..phrase.end_s;
                    let before_s = floor_s - offset_s;
                    words::of_phrase(timed, phrase.tokens.clone(), own_s, before_s, *pace)
                }
                None => Vec::new(),
            };
            // The words' times are finer than the model's timestamps.
            let start_s = bound(said.first().map_or(phrase.start_s, |w| w.start_s), floor_s);
            let end_s = bound(said.last().map_or(phrase.end_s, |w| w.end_s), start_s);
            let mut latest_s = start_s;
            let mut words = Vec::with_capacity(said.len());
            for word in said {
                let start_s = bound(word.start_s, latest_s).min(end_s);
                latest_s = bound(word.end_s, start_s).min(end_s);
                words.push(Word {
                    start_s,
                    end_s: latest_s,
                    text: word.text,
                });
            }
            segments.push(Segment {
                start_s,
                end_s,
                text,
                words,
            });
        }
        let ended = phrases.last().map_or(0, |p| p.tokens.end + 1);
        Ok(Used {
            samples: used_s.map(|s| (s * rate) as usize),
            tokens: ended.min(tokens.len()),
        })
    }

    /// Returns the words of the whole window with their times; they refer to its tokens by number.
    fn timed(
        &self,
        heard: &TranscribedWindow,
        phrases: &[Phrase],
        language: &str,
    ) -> (Vec<Timed>, WordDurations) {
        let decoded = &heard.decoded;
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
                align::starts(&decoded.attention, &rows, heard.frames)
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
