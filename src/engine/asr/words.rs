//! Turns tokens and their starts into words with times, in the phrases that they belong to.
//!
//! Source: github.com/openai/whisper, `whisper/tokenizer.py`: split_to_word_tokens; `whisper/timing.py`:
//! merge_punctuations, add_word_timestamps, which also has these bounds for words that are too long.

use std::ops::Range;

use tokenizers::Tokenizer;

use crate::contract::Word;

/// Languages written without spaces, split by characters (`split_to_word_tokens`).
const SPACELESS: &[&str] = &["zh", "ja", "th", "lo", "my", "yue"];
/// Marks that belong to the following word, and marks that belong to the preceding word.
const PREPENDED: &str = "\"'“¿([{-";
const APPENDED: &str = "\"'.。,，!！?？:：”)]}、";
const SENTENCE_ENDS: &str = ".。!！?？";
/// Longest duration of a usual word, in seconds.
const USUAL_S_MAX: f64 = 0.7;
/// Words that are shorter than this, one frame of the encoder, have no duration.
const INSTANT_S: f64 = 0.02;
/// Least duration of a word of a transcript, where the phrase has room: the shortest syllables last as long.
const WORD_S_MIN: f64 = 0.04;
/// A word that would be shorter than this was not said: times are told in milliseconds.
const ROOM_S_MIN: f64 = 0.005;
/// Seconds by which words and the model's timestamps may differ before the timestamps are preferred.
const TIMESTAMP_TRUST_S: f64 = 0.5;

/// A run of text with its tokens, by their numbers in the list that was split.
#[derive(Debug, Clone, PartialEq)]
struct TokenSpan {
    text: String,
    tokens: Range<usize>,
}

/// A run of text with its times in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed {
    text: String,
    start_s: f64,
    end_s: f64,
    /// Number of its first token.
    first: usize,
}

/// The usual duration of a window's words.
#[derive(Debug, Clone, Copy)]
pub struct WordDurations {
    /// Median seconds of a word.
    median_s: f64,
}

/// Returns the words of text tokens, which `of_phrase` refers to by `numbers`; `starts` are the tokens' starts,
/// followed by the last one's end.
pub fn words(
    tokenizer: &Tokenizer,
    language: &str,
    (tokens, numbers): (&[u32], &[usize]),
    starts: &[f64],
) -> (Vec<Timed>, WordDurations) {
    let mut pieces = characters(tokenizer, tokens);
    if !SPACELESS.contains(&language) {
        pieces = join(pieces);
    }
    let at = |token: usize| starts.get(token).or(starts.last()).copied().unwrap_or(0.0);
    let mut timed: Vec<Timed> = pieces
        .into_iter()
        .map(|piece| Timed {
            start_s: at(piece.tokens.start),
            end_s: at(piece.tokens.end),
            first: numbers[piece.tokens.start],
            text: piece.text,
        })
        .collect();
    let pace = WordDurations::of(&timed);
    cut_at_sentence_ends(&mut timed, pace);
    (attach(timed), pace)
}

impl Timed {
    /// Whether the word has no duration: the model attended to nothing new while it wrote it.
    pub fn is_instant(&self) -> bool {
        self.end_s - self.start_s < INSTANT_S
    }
}

impl WordDurations {
    fn of(words: &[Timed]) -> Self {
        let mut lengths: Vec<f64> = words.iter().map(|w| w.end_s - w.start_s).collect();
        lengths.retain(|s| *s > 0.0);
        lengths.sort_by(f64::total_cmp);
        let middle = lengths.len() / 2;
        let median = match lengths.len() {
            0 => 0.0,
            n if n % 2 == 1 => lengths[middle],
            _ => (lengths[middle - 1] + lengths[middle]) / 2.0,
        };
        WordDurations {
            median_s: median.min(USUAL_S_MAX),
        }
    }

    fn longest_s(self) -> f64 {
        2.0 * self.median_s
    }
}

/// Returns the smallest runs of tokens that are whole characters.
fn characters(tokenizer: &Tokenizer, tokens: &[u32]) -> Vec<TokenSpan> {
    /// Bytes of a character, each of which may be a token of its own.
    const BYTES_MAX: usize = 4;
    let mut pieces = Vec::new();
    let mut start = 0;
    for end in 1..=tokens.len() {
        let text = tokenizer
            .decode(&tokens[start..end], true)
            .unwrap_or_default();
        let is_whole = !text.contains(char::REPLACEMENT_CHARACTER) || end - start >= BYTES_MAX;
        if is_whole || end == tokens.len() {
            pieces.push(TokenSpan {
                text,
                tokens: start..end,
            });
            start = end;
        }
    }
    pieces
}

/// Joins runs up to the next space or punctuation mark.
fn join(pieces: Vec<TokenSpan>) -> Vec<TokenSpan> {
    let mut joined: Vec<TokenSpan> = Vec::new();
    for piece in pieces {
        let bare = piece.text.trim();
        let is_mark = bare.len() == 1 && bare.chars().all(|c| c.is_ascii_punctuation());
        match joined.last_mut() {
            Some(last) if !piece.text.starts_with(' ') && !is_mark => {
                last.text.push_str(&piece.text);
                last.tokens.end = piece.tokens.end;
            }
            _ => joined.push(piece),
        }
    }
    joined
}

/// Shortens a mark that ends a sentence, and the word after it, so that neither includes the pause.
fn cut_at_sentence_ends(words: &mut [Timed], pace: WordDurations) {
    let is_end = |text: &str| !text.is_empty() && SENTENCE_ENDS.contains(text);
    for i in 1..words.len() {
        if words[i].end_s - words[i].start_s > pace.longest_s() {
            if is_end(&words[i].text) {
                words[i].end_s = words[i].start_s + pace.longest_s();
            } else if is_end(&words[i - 1].text) {
                words[i].start_s = words[i].end_s - pace.longest_s();
            }
        }
    }
}

/// Attaches marks to the words that they belong to; words keep their own times.
fn attach(words: Vec<Timed>) -> Vec<Timed> {
    let mut behind: Vec<Timed> = Vec::new();
    for word in words.into_iter().rev() {
        let bare = word.text.trim();
        let opens = word.text.starts_with(' ') && !bare.is_empty() && PREPENDED.contains(bare);
        match behind.last_mut() {
            Some(next) if opens => {
                next.text.insert_str(0, &word.text);
                next.first = word.first;
            }
            _ => behind.push(word),
        }
    }
    let mut attached: Vec<Timed> = Vec::new();
    for word in behind.into_iter().rev() {
        let closes = !word.text.is_empty() && APPENDED.contains(word.text.as_str());
        match attached.last_mut() {
            Some(before) if closes && !before.text.ends_with(' ') => {
                before.text.push_str(&word.text);
            }
            _ => attached.push(word),
        }
    }
    attached
}

/// Returns the words of one phrase, whose tokens are `tokens` and whose timestamps are `phrase_s`, both counted like
/// those of `words`; `spoken_s` is the end of the previous phrase. Words that are far too long are cut at the
/// timestamps.
pub fn of_phrase(
    words: &[Timed],
    tokens: Range<usize>,
    phrase_s: Range<f64>,
    spoken_s: f64,
    pace: WordDurations,
) -> Vec<Word> {
    let mut found: Vec<Timed> = words
        .iter()
        .filter(|w| tokens.contains(&w.first))
        .cloned()
        .collect();
    let (usual, longest) = (pace.median_s, pace.longest_s());
    let lasts = |w: &Timed| w.end_s - w.start_s;
    if let Some(first) = found.first().cloned() {
        let second = found.get(1).cloned();
        let too_long = lasts(&first) > longest
            || second
                .as_ref()
                .is_some_and(|s| s.end_s - first.start_s > 2.0 * longest);
        if first.end_s - spoken_s > 4.0 * usual && too_long {
            if let Some(second) = second.filter(|s| lasts(s) > longest) {
                let boundary = (second.end_s / 2.0).max(second.end_s - longest);
                (found[0].end_s, found[1].start_s) = (boundary, boundary);
            }
            found[0].start_s = (found[0].end_s - longest).max(0.0);
        }
        let first = &mut found[0];
        if phrase_s.start < first.end_s && phrase_s.start - TIMESTAMP_TRUST_S > first.start_s {
            first.start_s = (first.end_s - usual).min(phrase_s.start).max(0.0);
        }
    }
    if let Some(last) = found.last_mut()
        && phrase_s.end > last.start_s
        && phrase_s.end + TIMESTAMP_TRUST_S < last.end_s
    {
        last.end_s = (last.start_s + usual).max(phrase_s.end);
    }
    let spoken = found.into_iter().filter(|w| !w.text.trim().is_empty());
    let word = |w: Timed| Word {
        start_s: w.start_s,
        end_s: w.end_s.max(w.start_s),
        text: w.text.trim().to_owned(),
    };
    spoken.map(word).collect()
}

/// Gives each word a time of its own, in order, from `start_s` on: no word is shorter than `WORD_S_MIN`, or, where they are
/// too many for that, than their share. Returns the end of the last word: `end_s`, or as much later as the words need, but
/// not after `limit_s`; none where there is no room for them.
pub fn separate(words: &mut [Word], start_s: f64, end_s: f64, limit_s: f64) -> Option<f64> {
    let count = words.len() as f64;
    let end_s = end_s
        .max(start_s + count * WORD_S_MIN)
        .min(limit_s.max(end_s));
    let least_s = match words.is_empty() {
        true => WORD_S_MIN,
        false => WORD_S_MIN.min((end_s - start_s) / count),
    };
    if end_s - start_s < ROOM_S_MIN || least_s < ROOM_S_MIN {
        return None;
    }
    let mut latest_s = start_s;
    for word in words.iter_mut() {
        word.start_s = word.start_s.max(latest_s);
        word.end_s = word.end_s.max(word.start_s + least_s);
        latest_s = word.end_s;
    }
    let mut earliest_s = end_s;
    for word in words.iter_mut().rev() {
        word.end_s = word.end_s.min(earliest_s);
        word.start_s = word.start_s.min(word.end_s - least_s);
        earliest_s = word.start_s;
    }
    Some(end_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timed(words: &[(&str, f64, f64)]) -> Vec<Timed> {
        let word = |(first, &(text, start_s, end_s)): (usize, &(&str, f64, f64))| Timed {
            text: text.to_owned(),
            start_s,
            end_s,
            first,
        };
        words.iter().enumerate().map(word).collect()
    }

    #[test]
    fn pieces_are_joined_up_to_spaces_and_marks() {
        let pieces = [" Ven", "etti", "'", "s", " cats", "."];
        let piece = |(i, text): (usize, &&str)| TokenSpan {
            text: (*text).to_owned(),
            tokens: i..i + 1,
        };
        let joined = join(pieces.iter().enumerate().map(piece).collect());
        let texts: Vec<&str> = joined.iter().map(|p| p.text.as_str()).collect();
        assert_eq!(texts, [" Venetti", "'s", " cats", "."]);
        assert_eq!(joined[0].tokens, 0..2);
    }

    #[test]
    fn marks_go_with_the_words_they_belong_to() {
        let words = timed(&[
            (" \"", 0.0, 0.1),
            ("Where", 0.1, 0.4),
            (" now", 0.4, 0.7),
            ("?", 0.7, 0.8),
            ("\"", 0.8, 0.9),
        ]);
        let attached = attach(words);
        assert_eq!(attached.len(), 2);
        assert_eq!(
            (attached[0].text.as_str(), attached[0].start_s),
            (" \"Where", 0.1)
        );
        assert_eq!(
            (attached[1].text.as_str(), attached[1].end_s),
            (" now?\"", 0.7)
        );
    }

    #[test]
    fn a_pause_belongs_to_no_word() {
        let mut words = timed(&[
            (" a", 0.0, 0.2),
            (" b", 0.2, 0.4),
            (".", 0.4, 3.0),
            (" c", 3.0, 3.2),
            (" d", 3.2, 3.4),
        ]);
        let pace = WordDurations::of(&words);
        assert!((pace.median_s - 0.2).abs() < 1e-9);
        cut_at_sentence_ends(&mut words, pace);
        assert!((words[2].end_s - 0.8).abs() < 1e-9);
        // The first word includes the pause before it: the phrase's timestamp is better.
        let late = timed(&[(" a", 0.0, 5.0), (" b", 5.0, 5.2)]);
        let said = of_phrase(&late, 0..2, 4.7..5.2, 0.0, pace);
        assert!((said[0].start_s - 4.6).abs() < 0.11, "{said:?}");
        assert_eq!((said[1].text.as_str(), said[1].end_s), ("b", 5.2));
    }

    #[test]
    fn every_word_has_a_time_of_its_own() {
        let word = |start_s, end_s| Word {
            start_s,
            end_s,
            text: "a".to_owned(),
        };
        let mut words = [
            word(1.0, 1.4),
            word(1.4, 1.4),
            word(1.4, 1.4),
            word(1.3, 1.42),
        ];
        let end_s = separate(&mut words, 1.0, 1.42, 9.0).unwrap();
        assert!((end_s - 1.42).abs() < 1e-9);
        let mut latest_s = 1.0;
        for word in &words {
            assert!(word.start_s >= latest_s - 1e-9, "{words:?}");
            assert!(word.end_s - word.start_s > 0.039, "{words:?}");
            latest_s = word.end_s;
        }
        // All at the end of the phrase: the phrase becomes longer, up to the end of the sound.
        let mut words = [word(2.0, 2.0), word(2.0, 2.0)];
        assert_eq!(separate(&mut words, 2.0, 2.0, 9.0), Some(2.08));
        let mut words = [word(2.0, 2.0), word(2.0, 2.0)];
        assert_eq!(separate(&mut words, 2.0, 2.0, 2.02), Some(2.02));
        assert!((words[0].end_s - 2.01).abs() < 1e-9);
        assert_eq!(separate(&mut words, 2.0, 2.0, 2.0), None);
    }
}
