//! English through the grammar.
