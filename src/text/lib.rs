//! Text made speakable: from what a client wrote to the phonemes that a voice is fed.
//!
//! Owns the way from text to [`Piece`]s and the bounds on one. Must not know engines, audio or
//! HTTP. `segmentation` finds the pauses, `normalization` turns writing into words, `g2p` turns words into phonemes;
//! `languages` says which language is read by what.

mod g2p;
mod language;
mod languages;
mod normalization;
mod segmentation;

pub use g2p::english::{ALPHABET, English, VOCABULARY};
pub use g2p::espeak::espeak;
pub use g2p::graphemes::Graphemes;
pub use language::Language;
pub use languages::{is_read, language};
pub use segmentation::{Sentence, halves, sentences};

use std::collections::VecDeque;
use std::ops::Range;
use vocabox_base::fault::Fault;

/// Which English is spoken: vowels, lexicon and the order of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accent {
    American,
    British,
}

/// The silence that belongs after a piece, shortest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pause {
    /// The piece was cut at a word or inside one: join it to the next as it is.
    None,
    Clause,
    Sentence,
    Paragraph,
}

/// What one run of the engine speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// 1 to [`PHONEMES_MAX`] characters of [`VOCABULARY`].
    pub phonemes: String,
    /// The client's own words.
    pub text: String,
    pub pause: Pause,
}

/// Characters of one piece's phonemes: Kokoro takes 512 tokens, two of them padding.
pub const PHONEMES_MAX: usize = 510;
/// Letters up to which sentences share a piece; about as many phonemes. Kokoro reads 100 to 400
/// phonemes best: a short sentence alone is rushed, and so is everything near the upper end.
const TOGETHER_CHARS_MAX: usize = 280;
/// The first piece stays shorter: the listener waits for it. Those after it may be `GROWTH` times as long as the one
/// before: while that is heard the next can be made, where speech is made at least so much faster than it is heard.
const FIRST_CHARS_MAX: usize = 100;
const GROWTH: usize = 2;
/// More letters than this are cut before their phonemes are asked for, which is the dear step.
const ONCE_CHARS_MAX: usize = 560;

/// The pieces of `text`, in order, at least one; each has 1 to 510 phonemes of [`VOCABULARY`] and is
/// a run of whole sentences of one paragraph where they fit, else a clause, else words, else a part
/// of a word. The last one's pause is `Paragraph`. Time grows with the length of `text`: about a
/// millisecond a word, nearly all of it misaki's tagger; to start on the first piece before the
/// last is known, use [`pieces`]. `Invalid` when nothing in `text` can be spoken, or it has letters
/// that the language cannot read.
pub fn speakable(text: &str, language: &dyn Language) -> Result<Vec<Piece>, Fault> {
    pieces(text, language)?.collect()
}

/// As [`speakable`], one piece at a time as it is asked for. All that is wrong with `text` is known
/// when this returns; a later error is `Internal`.
pub fn pieces<'a>(text: &'a str, language: &'a dyn Language) -> Result<Pieces<'a>, Fault> {
    language.readable(text)?;
    let rest: VecDeque<_> = sentences(text)
        .into_iter()
        .filter_map(|sentence| {
            let words = language.words(&text[sentence.range.clone()]);
            (!words.is_empty()).then_some((sentence, words.chars().count()))
        })
        .collect();
    let mut pieces = Pieces {
        language,
        text,
        rest,
        ready: None,
        most: FIRST_CHARS_MAX,
    };
    pieces.prepare()?;
    if pieces.ready.is_none() {
        return Err(Fault::invalid(NOTHING));
    }
    Ok(pieces)
}

/// Letters that a voice says in a second at its own speed, pauses included. Measured of Kokoro's English: 14 to 17.
const CHARS_PER_S: f64 = 15.0;

/// About how many seconds `text` takes to say at a voice's own speed. Cheap: figures and signs are put into words, which
/// make of few characters many, and nothing more.
pub fn seconds(text: &str, language: &dyn Language) -> f64 {
    let words = |sentence: Sentence| language.words(&text[sentence.range]).chars().count();
    let chars: usize = sentences(text).into_iter().map(words).sum();
    chars as f64 / CHARS_PER_S
}

const NOTHING: &str =
    "text has nothing that can be spoken; letters, digits and common symbols are accepted";

/// The pieces of one text, from [`pieces`].
pub struct Pieces<'a> {
    language: &'a dyn Language,
    text: &'a str,
    /// What is left: sentences, and parts of one that was too long, each with the letters of its words.
    rest: VecDeque<(Sentence, usize)>,
    /// The next piece; `None` at the end.
    ready: Option<Piece>,
    /// Letters of the next piece.
    most: usize,
}

impl Iterator for Pieces<'_> {
    type Item = Result<Piece, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut piece = self.ready.take()?;
        if let Err(fault) = self.prepare() {
            self.rest.clear();
            return Some(Err(fault));
        }
        if self.ready.is_none() {
            piece.pause = Pause::Paragraph;
        }
        Some(Ok(piece))
    }
}

impl Pieces<'_> {
    /// Makes the next piece ready: as many sentences as go together, or the first part of a long one.
    fn prepare(&mut self) -> Result<(), Fault> {
        while self.ready.is_none()
            && let Some((mut run, mut chars)) = self.rest.pop_front()
        {
            let most = self.most;
            if chars > most
                && most < TOGETHER_CHARS_MAX
                && let Some((first, after)) =
                    segmentation::opening(&self.text[run.range.clone()], most)
            {
                self.put_back(&run, [(first, Pause::Clause), (after, run.pause)]);
                continue;
            }
            while run.pause == Pause::Sentence
                && let Some((next, more)) = self
                    .rest
                    .pop_front_if(|(_, more)| chars + 1 + *more <= most)
            {
                run = Sentence {
                    range: run.range.start..next.range.end,
                    pause: next.pause,
                };
                chars += 1 + more;
            }
            let text = &self.text[run.range.clone()];
            let phonemes = match chars {
                0..=ONCE_CHARS_MAX => self.language.sounds(&self.words(text, run.pause))?,
                _ => String::new(),
            };
            if chars <= ONCE_CHARS_MAX && phonemes.chars().count() <= PHONEMES_MAX {
                if !phonemes.is_empty() {
                    self.ready = Some(Piece {
                        phonemes,
                        text: text.to_string(),
                        pause: run.pause,
                    });
                    self.most = (GROWTH * chars).clamp(FIRST_CHARS_MAX, TOGETHER_CHARS_MAX);
                }
            } else if let Some((before, after, pause)) = segmentation::halves(text) {
                self.put_back(&run, [(before, pause), (after, run.pause)]);
            }
        }
        Ok(())
    }

    /// The two parts of `run`, each with the pause after it, come next.
    fn put_back(&mut self, run: &Sentence, parts: [(Range<usize>, Pause); 2]) {
        let start = run.range.start;
        for (part, pause) in parts.into_iter().rev() {
            let range = start + part.start..start + part.end;
            let words = self.language.words(&self.text[range.clone()]);
            let chars = words.chars().count();
            self.rest.push_front((Sentence { range, pause }, chars));
        }
    }

    /// The words of a run of sentences, each ended by a mark; the last only if `pause` ends one.
    fn words(&self, text: &str, pause: Pause) -> String {
        let mut words = String::new();
        for sentence in sentences(text) {
            let more = self.language.words(&text[sentence.range.clone()]);
            if !words.is_empty() && !more.is_empty() {
                words.push(' ');
            }
            words.push_str(&more);
            if sentence.range.end < text.len() || pause >= Pause::Sentence {
                stop(&mut words);
            }
        }
        words
    }
}

/// Ends `words` with a full stop where no mark ends them, so that the voice falls.
fn stop(words: &mut String) {
    let initials = words
        .rsplit(' ')
        .next()
        .is_some_and(|last| last.trim_end_matches('.').contains('.'));
    if initials {
        words.push_str(" ."); // the stop in "U.S." belongs to the word
    } else if words.ends_with(|c: char| c.is_alphanumeric() || c == '\'') {
        words.push('.');
    }
}

#[cfg(test)]
mod tests;
