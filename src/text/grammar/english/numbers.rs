//! English words of numbers.

use crate::Accent;
use crate::normalization::numbers::{below_hundred, cardinal, ordinal, year};

/// Names of the powers of a thousand.
#[rustfmt::skip]
const SCALES: [&str; 11] = [
    "", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion", "sextillion",
    "septillion", "octillion", "nonillion",
];

/// Returns the words of a whole number of any length.
pub fn whole(digits: &str, accent: Accent) -> String {
    let _ = (
        SCALES,
        below_hundred as fn(usize) -> String,
        year as fn(&str, Accent) -> String,
    );
    cardinal(digits, accent)
}

pub fn ordinal_of(digits: &str, accent: Accent) -> String {
    ordinal(digits, accent)
}
