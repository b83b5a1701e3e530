//! What a user writes about the speech within a text: SSML, pronunciations, pauses.
//!
//! Owns the notations, and the parts of a text that are spoken in different ways. Which voice a part's voice or language
//! means is for the caller to find.
//!
//! | file | one idea |
//! | --- | --- |
//! | `ssml` | W3C's Speech Synthesis Markup Language 1.1, as far as it is of use |
//! | `inline` | `[word](/phonemes/)`, and `[pause 1.5s]` where the caller wants it |
//! | `say_as` | a text in the form that `say-as` asks for |
//! | `xml` | XML without entities of its own |

mod inline;
mod say_as;
mod ssml;
pub(crate) mod xml;

pub use say_as::SayAs;
pub use ssml::is_ssml;

use crate::lexicon::Lexicon;
use crate::{MarkedText, Pause};
use vocabox_base::fault::Fault;
use vocabox_base::limits::{PAUSE_MS_MAX, PAUSES_MS_MAX};

/// Which notations a text may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// `[word](/phonemes/)`: for lines of a film.
    Pronunciations,
    /// That, and SSML when the text starts with `<speak>`.
    Ssml,
    /// Both, and `[pause 1.5s]`: for scripts that the command line reads.
    Script,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum MarkupPart {
    Speech(MarkupSpeech),
    /// Silence; none is longer than `PAUSE_MS_MAX`, and all together are not longer than `PAUSES_MS_MAX`.
    Pause {
        ms: u64,
    },
}

/// Words that one voice speaks at one rate.
#[derive(Debug, Clone, PartialEq)]
pub struct MarkupSpeech {
    pub manner: Manner,
    runs: Vec<MarkupRun>,
    /// Whether its last sentence goes on in the part after it.
    continues: bool,
}

/// How a part is spoken.
#[derive(Debug, Clone, PartialEq)]
pub struct Manner {
    /// Id of the voice; none for the voice of the whole text.
    pub voice: Option<String>,
    /// Code of the language, which the voice may not read; none for the voice's own.
    pub language: Option<String>,
    /// Speaking rate as a factor of the text's own.
    pub rate: f32,
}

impl Default for Manner {
    fn default() -> Self {
        Manner {
            voice: None,
            language: None,
            rate: 1.0,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum MarkupRun {
    Text(String),
    /// A word, and its phonemes in Kokoro's vocabulary.
    Fixed {
        written: String,
        phonemes: String,
    },
    SayAs {
        text: String,
        form: SayAs,
    },
}

impl MarkupRun {
    fn written(&self) -> &str {
        match self {
            MarkupRun::Text(text) | MarkupRun::SayAs { text, .. } => text,
            MarkupRun::Fixed { written, .. } => written,
        }
    }
}

/// Returns the parts of `text`, at least one. Fault: `Invalid` for a pause out of its bounds, and for SSML that is not
/// well-formed or has a wrong value.
pub fn parse(text: &str, notation: Notation) -> Result<Vec<MarkupPart>, Fault> {
    let mut script = MarkupScript::new(notation);
    match notation != Notation::Pronunciations && is_ssml(text) {
        true => ssml::read(text, &mut script)?,
        false => inline::read(text, &Manner::default(), &mut script)?,
    }
    let mut speeches = script.parts.iter_mut().rev().filter_map(|part| match part {
        MarkupPart::Speech(speech) => Some(speech),
        MarkupPart::Pause { .. } => None,
    });
    speeches.next();
    speeches.for_each(|speech| speech.continues = speech.pause() == Pause::None);
    Ok(script.parts)
}

impl MarkupSpeech {
    /// Returns the text for a voice that reads the language `code`, with the words said as the notation and `lexicon` have
    /// them. Fault: `Invalid` when the lexicon's spellings make it too long.
    pub fn marked(&self, code: &str, lexicon: &Lexicon) -> Result<MarkedText, Fault> {
        let written: String = self.runs.iter().map(MarkupRun::written).collect();
        let mut marked = MarkedText::for_words_of(&written);
        for run in &self.runs {
            match run {
                MarkupRun::Text(text) => lexicon.apply(text, code, &mut marked)?,
                MarkupRun::Fixed { written, phonemes } => {
                    marked.push_fixed(written, phonemes, written, code)
                }
                MarkupRun::SayAs { text, form } => marked.push(&form.written(text, code)),
            }
        }
        if self.continues {
            marked.go_on();
        }
        Ok(marked)
    }

    /// The silence that belongs after it where another part follows without a pause of its own.
    pub fn pause(&self) -> Pause {
        let written: String = self.runs.iter().map(MarkupRun::written).collect();
        let end = &written[written.trim_end().len()..];
        let closing = |c: char| c.is_whitespace() || "\"'”’»)]".contains(c);
        match written.trim_end_matches(closing).chars().last() {
            _ if end.matches('\n').count() > 1 => Pause::Paragraph,
            Some('.' | '!' | '?' | '…' | '।') => Pause::Sentence,
            Some(',' | ';' | ':' | '—' | '–') => Pause::Clause,
            _ => Pause::None,
        }
    }
}

/// The parts of a text so far.
struct MarkupScript {
    notation: Notation,
    parts: Vec<MarkupPart>,
    pauses_ms: u64,
}

impl MarkupScript {
    fn new(notation: Notation) -> Self {
        MarkupScript {
            notation,
            parts: Vec::new(),
            pauses_ms: 0,
        }
    }

    /// Appends words that are spoken in this manner.
    fn say(&mut self, manner: &Manner, run: MarkupRun) {
        if let Some(MarkupPart::Speech(speech)) = self.parts.last_mut()
            && speech.manner == *manner
        {
            match (speech.runs.last_mut(), run) {
                (Some(MarkupRun::Text(before)), MarkupRun::Text(text)) => before.push_str(&text),
                (_, run) => speech.runs.push(run),
            }
            return;
        }
        self.parts.push(MarkupPart::Speech(MarkupSpeech {
            manner: manner.clone(),
            runs: vec![run],
            continues: false,
        }));
    }

    /// Ends a sentence or a paragraph of the words before, if any are: `end` follows them, a full stop only where they have
    /// no mark.
    fn end(&mut self, end: &str) {
        let Some(MarkupPart::Speech(speech)) = self.parts.last_mut() else {
            return;
        };
        // Two paragraphs in a row have one end between them.
        if speech
            .runs
            .last()
            .is_some_and(|r| r.written().ends_with("\n\n"))
        {
            return;
        }
        let last = speech
            .runs
            .iter()
            .rev()
            .find_map(|r| r.written().trim_end().chars().last());
        let end = match last {
            None | Some('.' | '!' | '?' | '…' | '।' | ',' | ';' | ':') => {
                end.trim_start_matches('.')
            }
            Some(_) => end,
        };
        speech.runs.push(MarkupRun::Text(end.to_owned()));
    }

    /// Appends a pause. Fault: `Invalid` when it or all of them are too long; the sentence starts with `place`.
    fn pause(&mut self, ms: u64, place: &str) -> Result<(), Fault> {
        self.pauses_ms = self.pauses_ms.saturating_add(ms);
        let seconds = |ms: u64| ms as f64 / 1000.0;
        if ms > PAUSE_MS_MAX {
            return Err(Fault::invalid(format!(
                "{place}: a pause of {} s; at most {} s are accepted",
                seconds(ms),
                seconds(PAUSE_MS_MAX)
            )));
        }
        if self.pauses_ms > PAUSES_MS_MAX {
            return Err(Fault::invalid(format!(
                "{place}: the pauses of the text last more than {} s together, which are accepted",
                seconds(PAUSES_MS_MAX)
            )));
        }
        self.parts.push(MarkupPart::Pause { ms });
        Ok(())
    }
}

/// Milliseconds of a time such as `1.5s` or `500ms`.
fn milliseconds(time: &str) -> Option<u64> {
    let (number, unit) = match time.strip_suffix("ms") {
        Some(number) => (number, 1.0),
        None => (time.strip_suffix('s')?, 1000.0),
    };
    let number = number.strip_prefix('+').unwrap_or(number).trim_end();
    let is_number = number.contains(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let ms = number.parse::<f64>().ok().filter(|_| is_number)? * unit;
    // What is longer than a day is as wrong as a day.
    Some(ms.round().min(86_400_000.0) as u64)
}

#[cfg(test)]
mod tests;
