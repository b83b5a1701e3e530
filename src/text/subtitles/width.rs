//! How wide a text is, and in which direction it is read.

use unicode_segmentation::UnicodeSegmentation;

/// Blocks of characters that are twice as wide as a Latin letter (Unicode Standard Annex 11, East Asian Width: W and F).
const WIDE: &[(char, char)] = &[
    ('\u{1100}', '\u{115f}'),
    ('\u{2e80}', '\u{303e}'),
    ('\u{3041}', '\u{a4cf}'),
    ('\u{a960}', '\u{a97f}'),
    ('\u{ac00}', '\u{d7a3}'),
    ('\u{f900}', '\u{faff}'),
    ('\u{fe30}', '\u{fe6f}'),
    ('\u{ff00}', '\u{ff60}'),
    ('\u{ffe0}', '\u{ffe6}'),
    ('\u{1f300}', '\u{1f64f}'),
    ('\u{1f900}', '\u{1f9ff}'),
    ('\u{20000}', '\u{3fffd}'),
];

/// Blocks of scripts that are written from right to left: Hebrew, Arabic, Syriac, Thaana, N'Ko and their forms.
const RIGHT_TO_LEFT: &[(char, char)] = &[
    ('\u{0590}', '\u{08ff}'),
    ('\u{fb1d}', '\u{fdff}'),
    ('\u{fe70}', '\u{feff}'),
    ('\u{10800}', '\u{10fff}'),
];

fn is_in(blocks: &[(char, char)], c: char) -> bool {
    blocks
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&c))
}

/// Returns the columns of a grapheme cluster: 2 for a wide character, else 1.
pub fn columns_of(cluster: &str) -> usize {
    let is_wide = cluster.chars().next().is_some_and(|c| is_in(WIDE, c));
    1 + usize::from(is_wide)
}

/// Returns the columns of a text.
pub fn columns(text: &str) -> usize {
    text.graphemes(true).map(columns_of).sum()
}

/// Whether a character is written without spaces between words.
pub fn is_spaceless(c: char) -> bool {
    // Hangul has spaces.
    is_in(WIDE, c) && !('\u{ac00}'..='\u{d7a3}').contains(&c)
}

/// Returns a line that players show in its own direction: they take the direction from its first letter, which is wrong for
/// a line from right to left that starts with a Latin word.
pub fn directed(line: &str) -> String {
    let mut letters = line.chars().filter(|c| c.is_alphabetic());
    let starts_left = letters.next().is_some_and(|c| !is_in(RIGHT_TO_LEFT, c));
    let (mut right, mut left) = (0, 0);
    for c in line.chars().filter(|c| c.is_alphabetic()) {
        match is_in(RIGHT_TO_LEFT, c) {
            true => right += 1,
            false => left += 1,
        }
    }
    match starts_left && right > left {
        true => format!("\u{200f}{line}"),
        false => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_twice_and_clusters_once() {
        assert_eq!(
            (columns("Até"), columns("今日は"), columns("한글")),
            (3, 6, 4)
        );
        assert_eq!((columns("👩‍👩‍👧"), columns("e\u{301}")), (2, 1));
    }

    #[test]
    fn a_line_from_right_to_left_that_starts_with_a_latin_word_is_marked() {
        assert_eq!(directed("שלום לכולם"), "שלום לכולם");
        assert_eq!(
            directed("Linux היא מערכת הפעלה"),
            "\u{200f}Linux היא מערכת הפעלה"
        );
        assert_eq!(directed("The word שלום here"), "The word שלום here");
    }
}
