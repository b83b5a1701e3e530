//! What every language's text is searched for, class by class.
//!
//! Owns the order in which classes are tried at a position. Each recogniser looks at a bounded number of tokens.

pub mod abbreviations;
pub mod dates;
pub mod electronic;
pub mod formulas;
pub mod fractions;
pub mod measures;
pub mod money;
pub mod numbers;
pub mod references;
pub mod romans;
pub mod serials;
pub mod sizes;
pub mod telephones;
pub mod times;

use crate::grammar::language::Grammar;
use crate::grammar::semiotic::Expression;
use crate::grammar::token::WrittenLine;

/// Finds an expression that starts at a token.
pub type Recogniser = fn(&WrittenLine, usize, &dyn Grammar) -> Option<Expression>;

/// The recognisers in the order in which they are asked.
pub const RECOGNISERS: [Recogniser; 30] = [
    electronic::address,
    dates::in_figures,
    dates::month_and_year,
    dates::day_and_month,
    references::account,
    references::card,
    references::paper,
    references::numbered,
    telephones::read,
    times::clock,
    dates::in_words,
    abbreviations::day,
    formulas::scientific,
    formulas::dotted,
    formulas::operator,
    formulas::power,
    money::sign_first,
    money::number_first,
    sizes::read,
    measures::read,
    fractions::read,
    formulas::ratio,
    numbers::ordinal,
    serials::joined,
    serials::read,
    numbers::range,
    numbers::cardinal,
    romans::read,
    abbreviations::read,
    abbreviations::initials,
];
