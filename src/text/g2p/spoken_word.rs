//! How the sounds of a word's parts become those of the word.
//!
//! Owns the parts' type, the tag of several parts, and which of them lose their stress: `merge_tokens` and `resolve_tokens`
//! of Misaki's `en.py`.

use misaki_rs::lexicon::Lexicon;

/// Signs within a word that have no sound.
const SILENT_SIGNS: &str = "',-._‘’/";
/// Sounds that count as two when parts are compared.
const LONG_SOUNDS: &str = "AIOQWYʤʧ";
/// The stress of a part that gives its main stress to another.
const DEMOTED: f64 = -0.5;

/// A part of a token, or a word.
#[derive(Debug, Clone, Default)]
pub struct SpokenPart {
    pub text: String,
    /// The part of speech, in the Penn Treebank's tags.
    pub tag: &'static str,
    /// The blanks that follow it in the text.
    pub whitespace: String,
    /// None as long as they are unknown.
    pub sounds: Option<String>,
}

/// Whether `text` has only signs that are silent within a word.
pub fn is_silent(text: &str) -> bool {
    text.chars().all(|c| SILENT_SIGNS.contains(c))
}

/// Returns the tag of a word of several parts: that of the part with the most letters, capitals counted twice; of equals,
/// the last.
pub fn tag_of(parts: &[SpokenPart]) -> &'static str {
    let size = |c: char| 1 + usize::from(c.to_lowercase().next() != Some(c));
    let weight = |part: &&SpokenPart| part.text.chars().map(size).sum::<usize>();
    parts.iter().max_by_key(weight).map_or("", |part| part.tag)
}

/// Returns the sounds of a word whose `parts` have the sounds `found`. Parts with other signs than silent ones stay words
/// of their own; else as many parts as Misaki demotes have a secondary stress.
pub fn merged_sounds(lexicon: &Lexicon, parts: &[SpokenPart], found: Vec<String>) -> String {
    let mut found = found;
    let signs = || parts.iter().flat_map(|part| part.text.chars());
    let mut signs = signs()
        .filter(|&c| !SILENT_SIGNS.contains(c))
        .map(char::is_alphabetic);
    let first = signs.next();
    if signs.any(|letter| Some(letter) != first) {
        found.retain(|sounds| !sounds.is_empty());
        return found.join(" ");
    }
    for i in demoted(parts, &found) {
        found[i] = lexicon.apply_stress(&found[i], Some(DEMOTED));
    }
    found.concat()
}

/// Returns the indices of the parts that lose their main stress: the second of two when the first is one character; half
/// of them, the lightest first, when more than half have a main stress.
fn demoted(parts: &[SpokenPart], found: &[String]) -> Vec<usize> {
    let size = |c: char| 1 + usize::from(LONG_SOUNDS.contains(c));
    let mut sounded: Vec<(bool, usize, usize)> = found
        .iter()
        .enumerate()
        .filter(|(_, sounds)| !sounds.is_empty())
        .map(|(i, sounds)| (sounds.contains('ˈ'), sounds.chars().map(size).sum(), i))
        .collect();
    let stressed = sounded.iter().filter(|(stressed, ..)| *stressed).count();
    match sounded[..] {
        [(.., first), (.., second)] if parts[first].text.chars().nth(1).is_none() => vec![second],
        _ if stressed > sounded.len().div_ceil(2) => {
            sounded.sort_unstable();
            let half = sounded.len() / 2;
            sounded.into_iter().take(half).map(|(.., i)| i).collect()
        }
        _ => Vec::new(),
    }
}
