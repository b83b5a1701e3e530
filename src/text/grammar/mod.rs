//! One grammar for all languages: what is written in figures, signs and abbreviations, in words.
//!
//! Owns the classes of such expressions, how they are recognised, and the order in which they are tried. What differs
//! by language is in one value of [`language::Grammar`] for each. Knows no phonemes.
//!
//! | file | one idea |
//! | --- | --- |
//! | `token` | text as words, figures and signs |
//! | `semiotic` | the classes |
//! | `values` | what expressions mean |
//! | `recognise` | finds the expressions, one file for each family of classes |
//! | `tables`, `language` | what a language tells the grammar |
//! | `reader` | reads a line from left to right |
//! | `english` | English |

pub(crate) mod english;
pub mod language;
mod reader;
mod recognise;
mod semiotic;
pub mod tables;
pub mod token;
pub mod values;

pub use language::{Grammar, join};
pub use reader::read;
pub use semiotic::{Expression, Semiotic};
