//! What is done to written text before the grammar reads it, and the line of words that comes out.
//!
//! | file | one idea |
//! | --- | --- |
//! | `unicode` | folds characters to those that the grammar knows |
//! | `markup` | removes markup that is not spoken |
//! | `spoken` | the spoken text so far: words and marks |
//! | `numbers` | English words of plain numbers |

pub(crate) mod markup;
pub(crate) mod numbers;
pub(crate) mod spoken;
pub(crate) mod unicode;
