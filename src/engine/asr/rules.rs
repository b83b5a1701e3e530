//! Whisper's special tokens, and which token may follow which.
//!
//! Source: github.com/openai/whisper, `whisper/decoding.py`: SuppressBlank, SuppressTokens, ApplyTimestampRules.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use tokenizers::Tokenizer;

use super::decoding::Decoded;

/// Seconds of one timestamp token.
const STEP_S: f64 = 0.02;
/// Seconds of a whole window.
const WINDOW_S: f64 = 30.0;
/// The first phrase starts within this many timestamp steps (1 s).
const FIRST_STEPS_MAX: u32 = 50;

/// Languages of the API that models know under another code.
const NEAREST: &[(&str, &str)] = &[("en_ng", "en"), ("pcm", "en")];

/// The parts of CTranslate2's `config.json` that decoding needs, or, under their other names, of Hugging Face's
/// `generation_config.json`.
#[derive(Deserialize)]
struct Config {
    #[serde(alias = "suppress_tokens")]
    suppress_ids: Vec<u32>,
    #[serde(alias = "begin_suppress_tokens")]
    suppress_ids_begin: Vec<u32>,
    #[serde(default)]
    lang_ids: Vec<u32>,
    #[serde(default)]
    lang_to_id: BTreeMap<String, u32>,
}

/// Special tokens and suppressed tokens of one model.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    pub start: u32,
    pub end: u32,
    /// The token for "no speech", where the model has one.
    pub no_speech: Option<u32>,
    /// Language codes and their tokens; empty when the model knows one language only.
    pub languages: Vec<(String, u32)>,
    /// The token before the previous text, where the model has it.
    pub previous: Option<u32>,
    transcribe: Option<u32>,
    translate: Option<u32>,
    no_timestamps: u32,
    /// The token of 0.00 s; all tokens from it on are timestamps.
    zero: u32,
    never: Vec<u32>,
    never_first: Vec<u32>,
}

/// A run of text tokens between two timestamps, in seconds from the window's start.
#[derive(Debug, Clone, PartialEq)]
pub struct Phrase {
    pub start_s: f64,
    pub end_s: f64,
    /// Which of the decoded tokens are its text.
    pub tokens: Range<usize>,
}

impl Vocabulary {
    /// Reads the special tokens of `tokenizer` and the suppressions of `config` (JSON); `len` is the number of logits.
    pub fn new(tokenizer: &Tokenizer, config: &[u8], len: usize) -> Result<Self, String> {
        let config: Config = serde_json::from_slice(config).map_err(|e| e.to_string())?;
        let token = |name: &str| tokenizer.token_to_id(name);
        let needed = |name: &str| token(name).ok_or_else(|| format!("no token {name}"));
        let no_timestamps = needed("<|notimestamps|>")?;
        // A model of one language lists language tokens that it was not trained with.
        let is_multilingual = len >= 51_865;
        let languages = match is_multilingual {
            false => Vec::new(),
            true => config
                .lang_ids
                .iter()
                .chain(config.lang_to_id.values())
                .filter_map(|&id| {
                    let name = tokenizer.id_to_token(id)?;
                    Some((name.strip_prefix("<|")?.strip_suffix("|>")?.to_owned(), id))
                })
                .collect(),
        };
        let vocabulary = Vocabulary {
            start: needed("<|startoftranscript|>")?,
            end: needed("<|endoftext|>")?,
            no_speech: token("<|nospeech|>").or_else(|| token("<|nocaptions|>")),
            previous: token("<|startofprev|>"),
            transcribe: is_multilingual.then(|| token("<|transcribe|>")).flatten(),
            translate: is_multilingual.then(|| token("<|translate|>")).flatten(),
            languages,
            no_timestamps,
            zero: no_timestamps + 1,
            never: config.suppress_ids,
            never_first: config.suppress_ids_begin,
        };
        let ids = vocabulary.never.iter().chain(&vocabulary.never_first);
        let ids = ids.chain(vocabulary.languages.iter().map(|(_, id)| id));
        let largest = ids.copied().max().unwrap_or(0).max(vocabulary.zero);
        if largest as usize >= len {
            return Err(format!(
                "token {largest} is beyond the graph's {len} logits"
            ));
        }
        Ok(vocabulary)
    }

    /// Returns the token of a language code or of the nearest one, if this model knows it.
    pub fn language(&self, code: &str) -> Option<u32> {
        let token = |code: &str| self.languages.iter().find(|(c, _)| c == code);
        let nearest = NEAREST.iter().find(|(other, _)| *other == code);
        let found = token(code).or_else(|| token(nearest?.1));
        found.map(|(_, id)| *id)
    }

    /// Whether the model can translate other languages into English.
    pub fn translates(&self) -> bool {
        self.translate.is_some()
    }

    /// Returns the prompt tokens after the start token.
    pub fn after_start(&self, language: Option<u32>, into_english: bool) -> Vec<u32> {
        let task = if into_english {
            self.translate
        } else {
            self.transcribe
        };
        [language, task].into_iter().flatten().collect()
    }

    /// Whether `token` is text, not a timestamp or another special token.
    pub fn is_text(&self, token: u32) -> bool {
        token < self.end
    }

    /// Sets the logits in `row` of all tokens that must not follow `tokens` to −∞.
    pub fn restrain(&self, row: &mut [f32], tokens: &[u32]) {
        const NEVER: f32 = f32::NEG_INFINITY;
        let zero = self.zero as usize;
        for &id in &self.never {
            row[id as usize] = NEVER;
        }
        row[self.no_timestamps as usize] = NEVER;
        let is_time = |t: &u32| *t >= self.zero;
        let last_is_time = tokens.last().is_some_and(is_time);
        let second_last_is_time = tokens.len() < 2 || is_time(&tokens[tokens.len() - 2]);
        if last_is_time && second_last_is_time {
            // A pair is complete: text follows.
            row[zero..].fill(NEVER);
        } else if last_is_time {
            // A phrase has just ended: the next starts, or the text ends.
            row[..self.end as usize].fill(NEVER);
        }
        if let Some(&last) = tokens.iter().rfind(|t| is_time(t)) {
            // Timestamps never fall, and a phrase is not empty.
            let begins_next = last_is_time && !second_last_is_time;
            let next = if begins_next { last } else { last + 1 };
            let passed = (next as usize).clamp(zero, row.len());
            row[zero..passed].fill(NEVER);
        }
        if tokens.is_empty() {
            for &id in &self.never_first {
                row[id as usize] = NEVER;
            }
            row[..zero].fill(NEVER);
            let latest = zero + FIRST_STEPS_MAX as usize;
            if latest + 1 < row.len() {
                row[latest + 1..].fill(NEVER);
            }
        }
        // When all timestamps together are likelier than any text token, a timestamp follows.
        let (text, times) = row.split_at_mut(zero);
        let max_text = text.iter().copied().fold(NEVER, f32::max);
        let max_time = times.iter().copied().fold(NEVER, f32::max);
        if max_time > NEVER {
            let sum: f32 = times.iter().map(|x| (x - max_time).exp()).sum();
            if max_time + sum.ln() > max_text {
                text.fill(NEVER);
            }
        }
    }

    /// Returns which of the decoded `tokens` are a phrase, of which `text` are its text: with the timestamps around that.
    pub fn with_times(&self, tokens: &[u32], text: Range<usize>) -> Range<usize> {
        let is_time = |at: usize| tokens.get(at).is_some_and(|token| *token >= self.zero);
        let begins = text.start > 0 && is_time(text.start - 1);
        text.start - usize::from(begins)..text.end + usize::from(is_time(text.end))
    }

    /// Splits decoded tokens into phrases, and returns up to which second of the window they are complete: none means
    /// that the window is used up.
    pub fn phrases(&self, decoded: &Decoded) -> (Vec<Phrase>, Option<f64>) {
        let tokens = &decoded.tokens;
        let seconds = |t: u32| f64::from(t - self.zero) * STEP_S;
        let is_time = |i: usize| tokens.get(i).is_some_and(|&t| t >= self.zero);
        let mut phrases = Vec::new();
        let mut started_s: Option<f64> = None;
        let mut text = 0..0;
        for (at, &token) in tokens.iter().enumerate() {
            if token < self.zero {
                text = if text.is_empty() { at } else { text.start }..at + 1;
                continue;
            }
            if !text.is_empty() {
                phrases.push(Phrase {
                    start_s: started_s.unwrap_or(0.0),
                    end_s: seconds(token),
                    tokens: std::mem::take(&mut text),
                });
            }
            started_s = Some(seconds(token));
        }
        let n = tokens.len();
        // Two timestamps at the end: the model stopped at its limit, and the next window starts at the second.
        let cut_at_pair = n >= 2 && is_time(n - 1) && is_time(n - 2);
        if text.is_empty() {
            let heard = cut_at_pair.then(|| seconds(tokens[n - 1]));
            return (phrases, heard);
        }
        match phrases.last().map(|p| p.end_s) {
            // An unfinished phrase after finished ones: the next window decodes it again, whole.
            Some(end_s) => (phrases, Some(started_s.map_or(end_s, |b| b.max(end_s)))),
            None => {
                phrases.push(Phrase {
                    start_s: started_s.unwrap_or(0.0),
                    end_s: WINDOW_S,
                    tokens: text,
                });
                (phrases, None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0–9 text, 10 end, 11 start, 12 no timestamps, 13… timestamps.
    fn vocabulary() -> Vocabulary {
        Vocabulary {
            start: 11,
            end: 10,
            no_speech: None,
            previous: None,
            languages: vec![],
            transcribe: None,
            translate: None,
            no_timestamps: 12,
            zero: 13,
            never: vec![3],
            never_first: vec![5],
        }
    }

    fn allowed(tokens: &[u32]) -> Vec<u32> {
        let mut row = vec![0.0; 100];
        // Text is so likely that the rule on the sum of timestamps does not apply.
        row[..11].fill(20.0);
        vocabulary().restrain(&mut row, tokens);
        (0..100)
            .filter(|&i| row[i as usize] > f32::NEG_INFINITY)
            .collect()
    }

    #[test]
    fn a_window_begins_with_a_timestamp_within_a_second() {
        assert_eq!(allowed(&[]), (13..=63).collect::<Vec<_>>());
    }

    #[test]
    fn text_follows_the_first_timestamp() {
        assert_eq!(allowed(&[13]), [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11]);
    }

    #[test]
    fn time_does_not_run_back() {
        let after_text = allowed(&[15, 1]);
        assert!(after_text.contains(&1) && !after_text.contains(&15) && after_text.contains(&16));
    }

    #[test]
    fn a_phrase_that_ended_is_followed_by_a_time_or_the_end() {
        let after = allowed(&[13, 1, 20]);
        assert!(
            after.contains(&10)
                && after.contains(&20)
                && !after.contains(&19)
                && !after.contains(&1)
        );
    }

    #[test]
    fn likely_timestamps_win_over_text() {
        let mut row = vec![0.0; 100];
        vocabulary().restrain(&mut row, &[13, 1]);
        assert!(row[1] == f32::NEG_INFINITY && row[20] == 0.0);
    }

    #[test]
    fn languages_go_by_their_own_token_or_the_nearest() {
        let mut known = vocabulary();
        known.languages = vec![("en".to_owned(), 1), ("sw".to_owned(), 2)];
        let token = |code| known.language(code);
        assert_eq!(
            (token("sw"), token("en_ng"), token("pcm")),
            (Some(2), Some(1), Some(1))
        );
        assert_eq!((token("ig"), token("")), (None, None));
        let mut taught = known.clone();
        taught.languages.push(("pcm".to_owned(), 3));
        assert_eq!(taught.language("pcm"), Some(3), "its own comes first");
    }

    fn decoded(tokens: &[u32]) -> Decoded {
        Decoded {
            tokens: tokens.to_vec(),
            ..Decoded::default()
        }
    }

    #[test]
    fn phrases_are_cut_at_timestamps() {
        let (phrases, heard) = vocabulary().phrases(&decoded(&[13, 1, 2, 63, 63, 4, 113]));
        assert_eq!(phrases.len(), 2);
        assert_eq!((phrases[1].start_s, phrases[1].end_s), (1.0, 2.0));
        assert_eq!(
            (phrases[0].tokens.clone(), phrases[1].tokens.clone()),
            (1..3, 5..6)
        );
        assert_eq!(
            heard, None,
            "one timestamp at the end: the window is used up"
        );
    }

    #[test]
    fn a_phrase_has_the_timestamps_around_its_text_where_there_are_some() {
        let tokens = [13, 1, 2, 63, 63, 4];
        let whole = |text| vocabulary().with_times(&tokens, text);
        assert_eq!((whole(1..3), whole(5..6)), (0..4, 4..6));
        assert_eq!(vocabulary().with_times(&[1], 0..1), 0..1);
    }

    #[test]
    fn an_unfinished_phrase_is_heard_again() {
        let (phrases, heard) = vocabulary().phrases(&decoded(&[13, 1, 63, 63, 4]));
        assert_eq!((phrases.len(), heard), (1, Some(1.0)));
        let (phrases, heard) = vocabulary().phrases(&decoded(&[13, 1, 63, 63]));
        assert_eq!((phrases.len(), heard), (1, Some(1.0)));
        let (phrases, heard) = vocabulary().phrases(&decoded(&[13, 1]));
        assert_eq!((phrases.len(), phrases[0].end_s, heard), (1, 30.0, None));
    }
}
