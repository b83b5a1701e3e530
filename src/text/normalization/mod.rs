//! Writing → words: what a person says for figures, symbols, abbreviations and addresses.
//!
//! | file | one idea |
//! | --- | --- |
//! | `unicode` | characters as the reader of English text knows them |
//! | `markup` | markup that a reader passes over |
//! | `spoken` | what is said so far: words and marks |
//! | `english` | written English as words |
//! | `abbreviations`, `addresses`, `dates` | what they are named after |
//! | `numbers` | digits as words |
//! | `number_expressions` | figures in their text: money, measures, ranges, telephone numbers |
//! | `measures` | figures with what stands around them |

mod abbreviations;
mod addresses;
mod dates;
pub(crate) mod english;
pub(crate) mod markup;
mod measures;
mod number_expressions;
pub(crate) mod numbers;
pub(crate) mod spoken;
pub(crate) mod unicode;
