//! Turns a client's text into the phonemes that a voice is fed.
//!
//! Owns the conversion from text to [`Piece`]s and the bounds on a piece. Must not know engines, audio or HTTP.
//! `segmentation` finds the pauses, `normalization` prepares written text, `grammar` turns it into words, `g2p` turns
//! words into phonemes; `languages` maps a language code to its reader. `markup` reads what a user writes about the speech
//! (SSML, pronunciations in the text), `lexicon` the pronunciations that a user keeps; `marked` is a text with such
//! pronunciations, `script_line` one with its times and its speaker. `subtitles` lays out what was said for reading.

mod g2p;
mod grammar;
mod language;
mod languages;
pub mod lexicon;
mod marked;
pub mod markup;
mod normalization;
mod phonemes;
pub mod script_line;
mod segmentation;
mod skipped;
#[cfg(test)]
mod steps;
pub mod subtitles;

pub use g2p::english::{ALPHABET, English, VOCABULARY};
pub use g2p::espeak::espeak;
pub use g2p::graphemes::Graphemes;
pub use language::Language;
pub use languages::{CODES, code_read, is_read, language, scripts};
pub use marked::{MarkedText, SentenceRead};
pub use segmentation::{Sentence, halves, sentences};
pub use skipped::skipped;

use marked::MarkedReader;
use std::collections::VecDeque;
use std::ops::Range;
use vocabox_base::fault::Fault;

/// Which English is spoken: vowels, lexicon and the order of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accent {
    American,
    British,
}

/// The silence after a piece, shortest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pause {
    /// The piece was cut at a word or inside one: the next follows without a pause.
    None,
    Clause,
    Sentence,
    Paragraph,
}

/// The input of one run of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// 1 to [`PHONEMES_MAX`] characters of [`VOCABULARY`].
    pub phonemes: String,
    /// The client's words.
    pub text: String,
    pub pause: Pause,
}

/// Most characters of one piece's phonemes: Kokoro takes 512 tokens, two of them padding.
pub const PHONEMES_MAX: usize = 510;
/// Letters up to which sentences share a piece; they have about as many phonemes. Kokoro speaks 100 to 400 phonemes
/// best: it rushes a short sentence alone, and everything near the upper end.
const TOGETHER_CHARS_MAX: usize = 280;
/// The first piece is shorter, because the listener waits for it. Each further piece may be `GROWTH` times as long as
/// the one before: it can be made while that one is heard, where speech is made at least so much faster than it is
/// heard.
const FIRST_CHARS_MAX: usize = 100;
const GROWTH: usize = 2;
/// Text with more letters than this is cut before it is turned into phonemes, which is the expensive step.
const ONCE_CHARS_MAX: usize = 560;

/// Returns the pieces of `text`, in order, at least one. Each has 1 to 510 phonemes of [`VOCABULARY`] and is a run of
/// whole sentences of one paragraph where they fit, else a clause, else words, else a part of a word. The last one's
/// pause is `Paragraph`. The time grows with the length of `text`: about a millisecond a word, nearly all of it
/// misaki's tagger; [`pieces`] returns the first piece before the last is known. Letters that the language cannot read are
/// left out ([`skipped`] names them). Fault: `Invalid` when nothing in `text` can be spoken.
pub fn speakable(text: &str, language: &dyn Language) -> Result<Vec<Piece>, Fault> {
    pieces(text, language)?.collect()
}

/// Returns the pieces of [`speakable`] one at a time, each made when it is requested. Everything that is wrong with
/// `text` is known when this returns; a later fault is `Internal`.
pub fn pieces<'a>(text: &'a str, language: &'a dyn Language) -> Result<Pieces<'a>, Fault> {
    pieces_of(text, MarkedReader::plain(language))
}

fn pieces_of<'a>(text: &'a str, reader: MarkedReader<'a>) -> Result<Pieces<'a>, Fault> {
    let rest: VecDeque<_> = reader
        .sentences(text)
        .into_iter()
        .filter_map(|sentence| {
            let words = reader.words(&text[sentence.range.clone()]);
            (!words.is_empty()).then_some((sentence, words.chars().count()))
        })
        .collect();
    let mut pieces = Pieces {
        reader,
        text,
        rest,
        ready: None,
        most: FIRST_CHARS_MAX,
    };
    pieces.prepare()?;
    if pieces.ready.is_none() {
        // Its letters may all be of a script that the language cannot read.
        reader.check(text)?;
        return Err(Fault::invalid(NOTHING));
    }
    Ok(pieces)
}

/// Letters a second at a voice's own speed, pauses included. Measured with Kokoro's English: 14 to 17.
pub const CHARS_PER_S: f64 = 15.0;

/// Returns about how many seconds `text` takes at a voice's own speed. Cheap: it only turns figures and signs into
/// words, which have many more characters.
pub fn seconds(text: &str, language: &dyn Language) -> f64 {
    let reader = MarkedReader::plain(language);
    let words = |sentence: Sentence| reader.words(&text[sentence.range]).chars().count();
    let chars: usize = reader.sentences(text).into_iter().map(words).sum();
    chars as f64 / CHARS_PER_S
}

impl Piece {
    /// Returns about how many seconds the piece takes to say at a voice's own speed.
    pub fn seconds(&self) -> f64 {
        self.phonemes.chars().count() as f64 / CHARS_PER_S
    }
}

const NOTHING: &str =
    "text has nothing that can be spoken; letters, digits and common symbols are accepted";

/// The pieces of one text, from [`pieces`].
pub struct Pieces<'a> {
    reader: MarkedReader<'a>,
    text: &'a str,
    /// The remaining sentences, and parts of one that was too long, each with the number of letters of its words.
    rest: VecDeque<(Sentence, usize)>,
    /// The next piece; none at the end.
    ready: Option<Piece>,
    /// Most letters of the next piece.
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
    /// Makes the next piece ready: as many sentences as fit together, or the first part of a long one.
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
                0..=ONCE_CHARS_MAX => self.reader.sounds(&self.words(text, run.pause))?,
                _ => String::new(),
            };
            if chars <= ONCE_CHARS_MAX && phonemes.chars().count() <= PHONEMES_MAX {
                if !phonemes.is_empty() {
                    self.ready = Some(Piece {
                        phonemes,
                        text: self.reader.written(text),
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

    /// Puts the two parts of `run`, each with the pause after it, at the front of the rest.
    fn put_back(&mut self, run: &Sentence, parts: [(Range<usize>, Pause); 2]) {
        let start = run.range.start;
        for (part, pause) in parts.into_iter().rev() {
            let range = start + part.start..start + part.end;
            let words = self.reader.words(&self.text[range.clone()]);
            let chars = words.chars().count();
            self.rest.push_front((Sentence { range, pause }, chars));
        }
    }

    /// Returns the words of a run of sentences, each ended by a mark; the last only if `pause` ends one.
    fn words(&self, text: &str, pause: Pause) -> String {
        let mut words = String::new();
        for sentence in self.reader.sentences(text) {
            let more = self.reader.words(&text[sentence.range.clone()]);
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
