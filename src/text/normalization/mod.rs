//! Turns written text into words: the spoken form of figures, symbols, abbreviations and addresses.
//!
//! | file | one idea |
//! | --- | --- |
//! | `unicode` | folds characters to those that the reader of English text knows |
//! | `markup` | removes markup that is not spoken |
//! | `spoken` | the spoken text so far: words and marks |
//! | `english` | written English as words |
//! | `abbreviations`, `addresses`, `dates` | what they are named after |
//! | `numbers` | digits as words |
//! | `number_expressions` | figures in their text: money, measures, ranges, telephone numbers |
//! | `measures` | figures with their context |

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
