//! English words whose class tells what an expression beside them means.

/// Nouns that an amount of money describes without an article: "$20 bill".
pub const PRICED: [&str; 12] = [
    "bill",
    "bills",
    "note",
    "notes",
    "coin",
    "coins",
    "banknote",
    "banknotes",
    "deal",
    "fee",
    "fine",
    "prize",
];
/// Words that do not name a thing that a measure describes.
#[rustfmt::skip]
pub const FUNCTION: [&str; 72] = [
    "and", "or", "to", "in", "for", "from", "more", "less", "is", "was", "were", "are", "of", "a", "an", "the", "on",
    "at", "per", "each", "if", "that", "than", "but", "by", "with", "as", "it", "he", "she", "they", "we", "you", "i",
    "be", "been", "has", "have", "had", "will", "would", "can", "could", "not", "so", "when", "while", "which", "who",
    "this", "these", "those", "after", "before", "until", "over", "under", "up", "down", "off", "out", "away", "apart",
    "ago", "later", "every", "into", "nor", "then", "there", "because", "where",
];
/// Words before a noun that an expression may describe.
#[rustfmt::skip]
pub const DETERMINERS: [&str; 20] = [
    "a", "an", "the", "this", "that", "his", "her", "my", "our", "your", "their", "its", "another", "each", "every",
    "one", "no", "any", "some", "new",
];
