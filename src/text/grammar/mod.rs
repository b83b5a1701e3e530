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
//! | `languages` | the languages with a text file in `tables/`: which file and which rules each has |
//! | `text_file`, `number_rules` | such a file's notation, and that of its numbers |
//! | `text_grammar`, `text_base` | what such a file answers |
//! | `web` | addresses without "www", paths and names of files |
//! | `romance`, `romance_telephones`, `romance_words` | what Spanish, French, Italian and Portuguese write alike, and say alike |
//! | `spanish`, `french`, `italian`, `portuguese`, `hindi`, `hindi_address`, `african` | what only these say |

mod african;
pub(crate) mod english;
mod french;
mod hindi;
mod hindi_address;
mod italian;
pub mod language;
pub(crate) mod languages;
mod number_rules;
mod portuguese;
mod reader;
pub(crate) mod recognise;
mod romance;
mod romance_telephones;
mod romance_words;
mod semiotic;
mod spanish;
pub mod tables;
mod text_base;
mod text_file;
mod text_grammar;
pub mod token;
pub mod values;
mod web;

pub use language::Grammar;
pub use reader::read;

#[cfg(test)]
mod case_tests;
#[cfg(test)]
mod hostile_tests;
