//! Words of one spelling and two pronunciations, where the neighbours decide and misaki's tagger does not.

use crate::Accent;

/// Returns the sounds of the word at `i` where a rule decides.
pub fn sounds(_words: &[&str], _i: usize, _accent: Accent) -> Option<String> {
    None
}
