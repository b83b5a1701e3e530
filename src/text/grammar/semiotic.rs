//! The kinds of written expressions that are not said as they are spelled.
//!
//! Owns the names of the classes and what a recogniser returns. The classes are those of Ebden and Sproat, "The Kestrel
//! TTS text normalization system" (Natural Language Engineering 21, 2015).

/// The class of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Semiotic {
    Cardinal,
    Ordinal,
    Decimal,
    Fraction,
    Money,
    Measure,
    Date,
    Time,
    Range,
    Telephone,
    Address,
    Electronic,
    /// Codes of letters and figures: "A380", "INV-2024-0098".
    Serial,
    Roman,
    Abbreviation,
    /// Letters that are said by their names.
    Letters,
    /// Signs between figures: "1-2=5".
    Formula,
}

/// What a recogniser found at a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    pub class: Semiotic,
    /// The words, separated by blanks; may have commas for short pauses. Empty: nothing is said.
    pub words: String,
    /// The index of the first token after the expression; greater than the index of its first token.
    pub end: usize,
}

impl Expression {
    pub fn new(class: Semiotic, words: impl Into<String>, end: usize) -> Self {
        Expression {
            class,
            words: words.into(),
            end,
        }
    }
}
