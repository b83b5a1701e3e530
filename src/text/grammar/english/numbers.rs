//! English words of whole numbers of any length.

use crate::Accent;
use crate::normalization::numbers::{cardinal, one_by_one, ordinal_of_words};

/// Names of the powers of a thousand.
#[rustfmt::skip]
const SCALES: [&str; 11] = [
    "", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion", "sextillion",
    "septillion", "octillion", "nonillion",
];

/// Returns the words of a whole number: digit by digit after a leading zero and beyond 33 digits. British English has
/// an "and" after hundreds.
pub fn whole(digits: &str, accent: Accent) -> String {
    if digits.len() <= 15 || digits.starts_with('0') {
        return cardinal(digits, accent);
    }
    if digits.len() > 3 * SCALES.len() {
        return one_by_one(digits);
    }
    let first = digits.len() % 3;
    let heads = [&digits[..first]].into_iter().filter(|h| !h.is_empty());
    let groups: Vec<&str> = heads
        .chain((first..digits.len()).step_by(3).map(|k| &digits[k..k + 3]))
        .collect();
    let count = groups.len();
    let said = groups.iter().enumerate().filter_map(|(k, group)| {
        let group = group.trim_start_matches('0');
        let scale = SCALES[count - 1 - k];
        (!group.is_empty()).then(|| {
            format!("{} {scale}", cardinal(group, accent))
                .trim_end()
                .to_string()
        })
    });
    said.collect::<Vec<_>>().join(" ")
}

/// Returns "third" for "3".
pub fn ordinal(digits: &str, accent: Accent) -> String {
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    ordinal_of_words(&whole(digits, accent))
}
