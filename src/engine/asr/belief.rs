//! Decides whether a decoded text is believed, and how to decode again when it is not.
//!
//! The model always writes something. What it invents differs from what it hears: its words pile up at one moment because it
//! attends to nothing new, it is unlikely, it repeats itself, or it is a stock phrase over much sound. No list of phrases is
//! used. [`judge`] is the whole policy; the bounds and the rates of invented and lost words that were measured with them are
//! in `benches/runs/2026-11-30-transcription.md`.
//!
//! Source of the temperatures and of the bounds of likelihood, silence and compression: github.com/openai/whisper,
//! `whisper/transcribe.py`, `decode_with_fallback` and its defaults.

/// Temperatures that are tried in this order, after 0. Those above, which the reference tries too, gave no true word of the
/// recordings that were measured, and invented many.
pub const TEMPERATURES: [f32; 3] = [0.2, 0.4, 0.6];
/// A text decoded at a higher temperature than this is not the prompt of the next window.
pub const CONDITION_TEMPERATURE_MAX: f32 = 0.5;

/// A text that compresses better than this repeats itself (compression_ratio_threshold).
const COMPRESSION_MAX: f32 = 2.4;
/// A text whose tokens are less likely than this on average is a guess (logprob_threshold).
const LOGPROB_MIN: f32 = -1.0;
/// The same where something else speaks against the text: another of the same window was doubted, the detector took next to
/// nothing for speech, or the language that is spoken was detected and is not likely.
const LOGPROB_IN_DOUBT_MIN: f32 = -0.7;
const FAINT_S_MAX: f32 = 0.5;
const LANGUAGE_MIN: f32 = 0.5;
/// Two texts of doubted tries that have this share of their words in common, in order, were heard.
const AGREEMENT_MIN: f32 = 0.6;
/// From this probability on, the window is silence (no_speech_threshold).
const NO_SPEECH_MIN: f32 = 0.6;
/// The share of words without duration from which a text was written without listening.
const INSTANT_SHARE_MAX: f32 = 0.3;
/// The same of a text that repeats itself: speakers who repeat themselves take time for each word.
const INSTANT_SHARE_OF_REPEATED_MAX: f32 = 0.1;
/// Words a second of speech that a speaker says at most, and at least.
const WORDS_A_SECOND_MAX: f32 = 7.0;
const WORDS_A_SECOND_MIN: f32 = 0.5;
/// Seconds of speech from which too few words are a sign.
const SPARSE_S_MIN: f32 = 3.0;
/// zlib's own default.
const COMPRESSION_LEVEL: u8 = 6;

/// The judgement of a decoded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Believed,
    /// The window has no speech.
    Silence,
    /// A loop, a guess or an invention: decode again.
    Doubted,
}

/// What speaks for a decoded text and against it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence {
    /// Mean natural logarithm of the tokens' probabilities.
    pub logprob: f32,
    /// Probability that the window holds no speech.
    pub no_speech: f32,
    /// How many times shorter zlib makes the text.
    pub compression: f32,
    /// Whether the model ended the text; otherwise the token limit did.
    pub ended: bool,
    pub words: usize,
    /// Words without duration.
    pub instant_words: usize,
    /// Seconds of the window that the detector takes for speech.
    pub speech_s: f32,
    /// Probability of the language; 1 if the client told it.
    pub language: f32,
}

impl Evidence {
    fn instant_share(&self) -> f32 {
        self.instant_words as f32 / self.words.max(1) as f32
    }

    fn is_guess(&self) -> bool {
        let is_in_doubt = self.speech_s < FAINT_S_MAX || self.language < LANGUAGE_MIN;
        let least = if is_in_doubt {
            LOGPROB_IN_DOUBT_MIN
        } else {
            LOGPROB_MIN
        };
        self.logprob < least
    }

    /// Whether the text repeats itself otherwise than speakers do.
    fn is_loop(&self) -> bool {
        let is_hasty = self.words as f32 > WORDS_A_SECOND_MAX * self.speech_s.max(1.0);
        self.compression > COMPRESSION_MAX
            && (is_hasty || self.instant_share() > INSTANT_SHARE_OF_REPEATED_MAX)
    }

    /// Whether the words were written without listening.
    fn is_piled(&self) -> bool {
        self.instant_share() > INSTANT_SHARE_MAX
    }

    /// Whether the text is much too short for its speech.
    pub fn is_sparse(&self) -> bool {
        self.speech_s >= SPARSE_S_MIN && (self.words as f32) < WORDS_A_SECOND_MIN * self.speech_s
    }
}

/// Judges a decoded text.
///
/// | evidence | verdict |
/// | --- | --- |
/// | unlikely for its speech and language, and the model heard no speech | silence |
/// | unlikely, or cut off by the token limit | doubted |
/// | repeats itself in haste or without listening | doubted |
/// | most words without duration, or too few words, and the model rather heard no speech | silence |
/// | most words without duration, or too few words | doubted |
/// | else | believed |
pub fn judge(evidence: &Evidence) -> Verdict {
    let is_silent = evidence.no_speech > NO_SPEECH_MIN;
    if evidence.is_guess() && is_silent {
        return Verdict::Silence;
    }
    if evidence.is_guess() || !evidence.ended || evidence.is_loop() {
        return Verdict::Doubted;
    }
    match evidence.is_piled() || evidence.is_sparse() {
        true if is_silent => Verdict::Silence,
        true => Verdict::Doubted,
        false => Verdict::Believed,
    }
}

/// Judges a text that was decoded after another one of the same window was doubted.
pub fn judge_again(evidence: &Evidence) -> Verdict {
    match judge(evidence) {
        Verdict::Believed if evidence.logprob < LOGPROB_IN_DOUBT_MIN => Verdict::Doubted,
        verdict => verdict,
    }
}

/// Returns, of doubted tries, the number of the likeliest that may be true: it is no guess, ended by itself, was written while
/// listening, and another one says the same. Of sound without words each try says something else.
pub fn least_doubted(tries: &[(Evidence, &str)]) -> Option<usize> {
    let may_be = |(e, _): &(Evidence, &str)| {
        !e.is_guess() && e.ended && !e.is_piled() && !e.is_loop() && !e.is_sparse()
    };
    let confirmed = |at: usize| {
        let others = tries.iter().enumerate().filter(|(other, _)| *other != at);
        let (_, text) = tries[at];
        others
            .map(|(_, (_, other))| agreement(text, other))
            .any(|share| share >= AGREEMENT_MIN)
    };
    (0..tries.len())
        .filter(|&at| may_be(&tries[at]) && confirmed(at))
        .max_by(|&a, &b| tries[a].0.logprob.total_cmp(&tries[b].0.logprob))
}

/// Returns the share of the words of two texts that they have in common, in order: 1 for the same text, 0 for no word.
fn agreement(a: &str, b: &str) -> f32 {
    let words = |text: &str| -> Vec<String> {
        let bare = |word: &str| {
            word.chars()
                .filter(|c| c.is_alphanumeric())
                .collect::<String>()
        };
        text.split_whitespace()
            .map(|w| bare(w).to_lowercase())
            .collect()
    };
    let (a, b) = (words(a), words(b));
    // The longest common subsequence, row by row.
    let mut common = vec![0; b.len() + 1];
    for x in &a {
        let mut corner = 0;
        for (n, y) in b.iter().enumerate() {
            let above = common[n + 1];
            common[n + 1] = if x == y {
                corner + 1
            } else {
                above.max(common[n])
            };
            corner = above;
        }
    }
    2.0 * common[b.len()] as f32 / (a.len() + b.len()).max(1) as f32
}

/// Returns how many times shorter zlib makes the text.
pub fn compression(text: &str) -> f32 {
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(text.as_bytes(), COMPRESSION_LEVEL);
    text.len() as f32 / packed.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(words: usize, speech_s: f32) -> Evidence {
        Evidence {
            logprob: -0.3,
            no_speech: 0.1,
            compression: 1.5,
            ended: true,
            words,
            instant_words: 0,
            speech_s,
            language: 1.0,
        }
    }

    #[test]
    fn guesses_silence_and_texts_without_end_are_not_believed() {
        let plain = heard(30, 10.0);
        let unlikely = Evidence {
            logprob: -1.2,
            ..plain
        };
        assert_eq!(judge(&plain), Verdict::Believed);
        assert_eq!(
            judge(&Evidence {
                no_speech: 0.9,
                ..plain
            }),
            Verdict::Believed
        );
        assert_eq!(
            judge(&Evidence {
                no_speech: 0.9,
                ..unlikely
            }),
            Verdict::Silence
        );
        assert_eq!(judge(&unlikely), Verdict::Doubted);
        assert_eq!(
            judge(&Evidence {
                ended: false,
                ..plain
            }),
            Verdict::Doubted
        );
        let after = Evidence {
            logprob: -0.8,
            ..plain
        };
        assert_eq!(
            (judge(&after), judge_again(&after)),
            (Verdict::Believed, Verdict::Doubted)
        );
    }

    #[test]
    fn speakers_may_repeat_themselves_and_loops_may_not() {
        // 84 words in 22 s, each with a time of its own: a sentence that is said seven times.
        let repeated = Evidence {
            compression: 6.0,
            ..heard(84, 22.0)
        };
        assert_eq!(judge(&repeated), Verdict::Believed);
        assert_eq!(
            judge(&Evidence {
                instant_words: 40,
                ..repeated
            }),
            Verdict::Doubted
        );
        assert_eq!(
            judge(&Evidence {
                speech_s: 5.0,
                ..repeated
            }),
            Verdict::Doubted
        );
    }

    #[test]
    fn words_without_time_and_stock_phrases_are_not_believed() {
        assert_eq!(
            judge(&Evidence {
                instant_words: 7,
                ..heard(20, 8.0)
            }),
            Verdict::Doubted
        );
        let stock = heard(2, 15.0);
        assert_eq!(judge(&stock), Verdict::Doubted);
        assert_eq!(
            judge(&Evidence {
                no_speech: 0.7,
                ..stock
            }),
            Verdict::Silence
        );
        assert_eq!(judge(&heard(1, 0.5)), Verdict::Believed, "a short answer");
    }

    #[test]
    fn of_doubted_texts_the_likeliest_that_another_confirms_is_taken() {
        let unlikely = |logprob| Evidence {
            logprob,
            ..heard(6, 3.0)
        };
        let said = "the ferry leaves at nine today";
        let tries = [
            (
                Evidence {
                    ended: false,
                    ..unlikely(-0.1)
                },
                said,
            ),
            (unlikely(-1.4), "The ferry leaves at nine, today."),
            (unlikely(-0.8), "a fairy leaf and nineteen days"),
            (unlikely(-0.9), "the ferry leaves at one today"),
        ];
        assert_eq!(least_doubted(&tries), Some(3));
        assert_eq!(
            least_doubted(&tries[1..3]),
            None,
            "they say different things"
        );
        assert_eq!(least_doubted(&[]), None);
    }

    #[test]
    fn where_there_is_hardly_speech_or_no_language_a_text_must_be_likely() {
        let stock = Evidence {
            logprob: -0.8,
            no_speech: 0.6,
            ..heard(2, 0.1)
        };
        assert_ne!(judge(&stock), Verdict::Believed);
        assert_eq!(judge(&heard(1, 0.1)), Verdict::Believed);
        let foreign = Evidence {
            logprob: -0.8,
            language: 0.3,
            ..heard(30, 10.0)
        };
        assert_eq!(judge(&foreign), Verdict::Doubted);
    }

    #[test]
    fn agreement_is_the_share_of_common_words_in_order() {
        assert_eq!(agreement("One, two three.", "one two three"), 1.0);
        assert_eq!(agreement("a b c d", "b d"), 4.0 / 6.0);
        assert_eq!((agreement("a", "b"), agreement("", "")), (0.0, 0.0));
    }

    #[test]
    fn repeated_texts_compress() {
        assert!(compression("The train leaves at a quarter to eight in the morning.") < 1.2);
        assert!(compression(&"the same season, ".repeat(20)) > COMPRESSION_MAX);
    }
}
