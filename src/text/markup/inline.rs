//! `[word](/phonemes/)`, the notation of misaki and Kokoro, and `[pause 1.5s]`.
//!
//! What only looks like them is text: a link to an address, phonemes that no voice knows, a pause without a time. An
//! address such as `/about/` consists of plain letters; a pronunciation of three letters or more has another one among
//! them, such as a stress mark.

use super::{Manner, MarkupRun, MarkupScript, Notation, milliseconds};
use crate::phonemes::phonemes;
use vocabox_base::fault::Fault;
use vocabox_base::limits::{LEXICON_WORD_CHARS_MAX, PHONEMES_CHARS_MAX};

/// Plain letters that are a pronunciation without any other.
const PLAIN_MAX: usize = 2;

/// What a bracket opens.
enum Bracket<'t> {
    Fixed { written: &'t str, phonemes: String },
    Pause { ms: u64 },
}

/// Appends `text` to `script`, spoken in this manner. Fault: `Invalid` for a pause that is too long.
pub(super) fn read(text: &str, manner: &Manner, script: &mut MarkupScript) -> Result<(), Fault> {
    let mut done = 0;
    let mut from = 0;
    while let Some(at) = text[from..].find('[').map(|at| from + at) {
        let Some((bracket, length)) = bracket(&text[at..], script.notation) else {
            from = at + 1;
            continue;
        };
        if done < at {
            script.say(manner, MarkupRun::Text(text[done..at].to_owned()));
        }
        match bracket {
            Bracket::Fixed { written, phonemes } => {
                let written = written.to_owned();
                script.say(manner, MarkupRun::Fixed { written, phonemes });
            }
            Bracket::Pause { ms } => script.pause(ms, &text[at..at + length])?,
        }
        from = at + length;
        done = from;
    }
    if done < text.len() || script.parts.is_empty() {
        script.say(manner, MarkupRun::Text(text[done..].to_owned()));
    }
    Ok(())
}

/// What the bracket at the start of `text` opens, and its length in bytes.
fn bracket(text: &str, notation: Notation) -> Option<(Bracket<'_>, usize)> {
    let inside = &text[1..];
    let label = bounded(inside, LEXICON_WORD_CHARS_MAX, ']')?;
    let end = 1 + label.len() + 1;
    if notation == Notation::Script
        && let Some(time) = label.strip_prefix("pause ")
        && let Some(ms) = milliseconds(time.trim())
    {
        return Some((Bracket::Pause { ms }, end));
    }
    let target = text[end..].strip_prefix("(/")?;
    let written = bounded(target, 2 * PHONEMES_CHARS_MAX, '/')?;
    target[written.len()..].strip_prefix("/)")?;
    if label.trim().is_empty() || label.contains('[') {
        return None;
    }
    let is_plain = written.bytes().all(|b| b.is_ascii_lowercase());
    let sounds = phonemes(written).ok()?;
    let is_long = sounds.chars().count() > PHONEMES_CHARS_MAX;
    let fixed = Bracket::Fixed {
        written: label,
        phonemes: sounds,
    };
    let length = end + 2 + written.len() + 2;
    let is_address = is_plain && written.len() > PLAIN_MAX;
    (!is_long && !is_address).then_some((fixed, length))
}

/// The start of `text` up to `end`, which comes within `most` characters of the same line.
fn bounded(text: &str, most: usize, end: char) -> Option<&str> {
    let mut chars = text.char_indices().take(most + 1);
    let (at, found) = chars.find(|(_, c)| *c == end || *c == '\n')?;
    (found == end).then(|| &text[..at])
}
