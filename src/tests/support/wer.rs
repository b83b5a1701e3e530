//! Word errors, the usual measure of recognizers.

/// Words in lower case without punctuation; apostrophes within a word stay.
pub fn words(text: &str) -> Vec<String> {
    let kept = |c: char| {
        if c.is_alphanumeric() || c == '\'' {
            c
        } else {
            ' '
        }
    };
    let text: String = text
        .replace('’', "'")
        .to_lowercase()
        .chars()
        .map(kept)
        .collect();
    text.split_whitespace()
        .map(|w| w.trim_matches('\'').to_owned())
        .filter(|w| !w.is_empty())
        .collect()
}

/// Substitutions, insertions and deletions between the two, and the reference's number of words.
pub fn errors(reference: &str, heard: &str) -> (usize, usize) {
    let (reference, heard) = (words(reference), words(heard));
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, expected) in reference.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, found) in heard.iter().enumerate() {
            let substituted = diagonal + usize::from(expected != found);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    (row[heard.len()], reference.len())
}

/// Fails with both texts when more than `percent` of the reference's words are wrong.
#[track_caller]
pub fn assert_words(reference: &str, heard: &str, percent: f64) {
    let (wrong, all) = errors(reference, heard);
    let rate = 100.0 * wrong as f64 / all as f64;
    assert!(
        rate <= percent,
        "{wrong} of {all} words wrong ({rate:.1} %)\nexpected: {reference}\nheard: {heard}"
    );
}

#[test]
fn word_errors_count_each_kind_once() {
    assert_eq!(errors("The cat sat.", "the cat, sat"), (0, 3));
    assert_eq!(errors("a b c d", "a x c"), (2, 4));
    assert_eq!(errors("a", ""), (1, 1));
    assert_eq!(errors("a b", "a b c d"), (2, 2));
}
