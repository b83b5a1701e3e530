//! Turns written text into words in a language that has a table.
//!
//! Owns which characters reach the language's grammar. Knows no sounds.

use super::table::LanguageTable;
use crate::grammar::token::WrittenLine;
use crate::grammar::{Grammar, read};
use crate::normalization::markup::bare;
use crate::normalization::unicode::fold;
use unicode_normalization::UnicodeNormalization;

/// Signs that the grammar reads and folding would spell in English.
const KEPT: &str = "²³ºª°µΩ‰₱₲₡₪₽₺₣₤৳€£₦¥₹₩–";

/// Returns the characters of `text` that `table` reads: its own letters and what the grammar knows unchanged, all
/// others folded.
fn characters(text: &str, table: &LanguageTable) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    let mut others = String::new();
    for c in text.nfc() {
        let low = c.to_lowercase().next().unwrap_or(c);
        let c = match c {
            'μ' => 'µ',
            '−' => '-',
            // Their blanks inside would make them marks that close.
            '«' | '„' => '“',
            '»' => '”',
            c => c,
        };
        let own = table.own.contains(&low) && !c.is_ascii();
        let fraction = !c.is_ascii() && c.nfkd().any(|d| d == '⁄');
        if own || KEPT.contains(c) {
            out.extend(fold(&std::mem::take(&mut others)));
            out.push(c);
        } else if fraction {
            // "½" is one, a slash and two, after a blank.
            others.push(' ');
            others.extend(c.nfkd().map(|d| if d == '⁄' { '/' } else { d }));
        } else if c == '№' {
            others.push_str("nº ");
        } else {
            others.push(c);
        }
    }
    out.extend(fold(&others));
    apart_from_figures(out)
}

/// Puts a blank between an elided word and a figure: "l'11" has two words.
fn apart_from_figures(chars: Vec<char>) -> Vec<char> {
    let mut out = Vec::with_capacity(chars.len());
    for (i, &c) in chars.iter().enumerate() {
        out.push(c);
        let elided = c == '\'' && i > 0 && chars[i - 1].is_alphabetic();
        if elided && chars.get(i + 1).is_some_and(char::is_ascii_digit) {
            out.push(' ');
        }
    }
    out
}

/// Returns the words of `text` with marks, in lower case except what is read as English or letter by letter; empty when
/// nothing in it has a sound.
pub fn words(text: &str, table: &LanguageTable, grammar: &dyn Grammar) -> String {
    let chars = characters(&bare(text), table);
    let line = WrittenLine::of(&chars, &|c| table.own.contains(&c));
    read(&line, grammar).0
}
