//! A lexicon as lines, each a word and how it is said.
//!
//! `word<TAB>/phonemes/`, `word<TAB>other spelling`, or `word<TAB>phonemes|other spelling`, then perhaps another tab and the
//! code of a language. Empty lines, and lines that start with `#` and a space, count for nothing.

use super::{Pronunciation, at};
use vocabox_base::fault::Fault;

/// Marks of stress and length, which no spelling has.
const STRESS: [char; 3] = ['ˈ', 'ˌ', 'ː'];

/// Returns the entries of `text`. Fault: `Invalid`, with the number of the line.
pub(super) fn parse(text: &str) -> Result<Vec<Pronunciation>, Fault> {
    let mut entries = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_end_matches('\r');
        if line.trim().is_empty() || line.starts_with("# ") || line == "#" {
            continue;
        }
        let place = format!("line {} of the lexicon", number + 1);
        let mut columns = line.split('\t');
        let word = columns.next().unwrap_or_default();
        let (said, language, more) = (columns.next(), columns.next(), columns.next());
        let (Some(said), None) = (said, more) else {
            return Err(Fault::invalid(format!(
                "{place} is not written as word, tab, /phonemes/ or another spelling, and perhaps a tab and a language"
            )));
        };
        let (phonemes, spelling) = pronunciation(said.trim());
        let entry = Pronunciation::new(word, phonemes, spelling, language);
        entries.push(entry.map_err(|fault| at(&place, fault))?);
    }
    Ok(entries)
}

/// The phonemes and the spelling of the second column.
fn pronunciation(said: &str) -> (Option<&str>, Option<&str>) {
    let unslashed = |text: &'_ str| -> Option<(usize, usize)> {
        let inner = text.strip_prefix('/')?.strip_suffix('/')?;
        Some((1, 1 + inner.len()))
    };
    let bare = |text| match unslashed(text) {
        Some((start, end)) => &text[start..end],
        None => text,
    };
    match said.split_once('|') {
        Some((phonemes, spelling)) => (Some(bare(phonemes.trim())), Some(spelling.trim())),
        None if unslashed(said).is_some() || said.contains(STRESS) => (Some(bare(said)), None),
        None => (None, Some(said)),
    }
}

/// Returns `entries` as lines, which [`super::parse`] reads back.
pub fn to_lines(entries: &[Pronunciation]) -> String {
    let mut out = String::new();
    for entry in entries {
        out.push_str(&entry.word);
        out.push('\t');
        match (&entry.phonemes, &entry.spelling) {
            (Some(phonemes), None) => out.push_str(&format!("/{phonemes}/")),
            (Some(phonemes), Some(spelling)) => out.push_str(&format!("/{phonemes}/|{spelling}")),
            // With a bar, so that a spelling in slashes stays one.
            (None, Some(spelling))
                if spelling.contains(['/', '|']) || spelling.contains(STRESS) =>
            {
                out.push_str(&format!("|{spelling}"));
            }
            (None, spelling) => out.push_str(spelling.as_deref().unwrap_or_default()),
        }
        if let Some(language) = &entry.language {
            out.push_str(&format!("\t{language}"));
        }
        out.push('\n');
    }
    out
}
