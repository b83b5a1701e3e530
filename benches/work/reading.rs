//! Reading a text: words and phonemes.

use std::hint::black_box;

use vocabox::text;

use super::step::{Step, step};

/// 120 characters.
const TEXT: &str = "The harbour was quiet that evening, and the last ferry had left an hour before the rain began to fall on \
                    the empty quay.";
/// Figures of many classes.
const FIGURES: &str = "On May 3, 2024, Dr. Lee paid $4.50 at 9 a.m. for 2 kg of tea; it was 10-20% more than in 2019.";

pub fn all() -> Vec<Step> {
    let english = text::language("en-us").expect("it reads English");
    vec![
        step("text_to_phonemes", move || {
            text::speakable(black_box(TEXT), english)
                .expect("it reads")
                .len()
        }),
        step("figures_to_words", move || {
            english.words(black_box(FIGURES))
        }),
    ]
}
