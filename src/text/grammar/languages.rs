//! The languages whose grammar is a text file in `tables/`.
//!
//! Owns the map from language codes to their files and rules.

use super::language::Grammar;
use super::text_grammar::TextGrammar;
use super::{african, french, hindi, italian, portuguese, spanish};
use std::collections::HashSet;

/// Returns the grammar of the language that packs call `code`; `known` are words in lower case that are never spelled.
/// The error says what is wrong with the language's file.
pub fn of(code: &str, known: HashSet<String>) -> Result<Box<dyn Grammar>, String> {
    let text = |file: &'static str| TextGrammar::parse(file, known.clone(), code == "hi");
    Ok(match code {
        "es" => Box::new(spanish::Spanish {
            base: text(include_str!("tables/es.txt"))?,
        }),
        "fr" => Box::new(french::French {
            base: text(include_str!("tables/fr.txt"))?,
        }),
        "it" => Box::new(italian::Italian {
            base: text(include_str!("tables/it.txt"))?,
        }),
        "pt-br" => Box::new(portuguese::Portuguese {
            base: text(include_str!("tables/pt.txt"))?,
        }),
        "hi" => Box::new(hindi::Hindi {
            base: text(include_str!("tables/hi.txt"))?,
        }),
        "ha" => african(text(include_str!("tables/ha.txt"))?),
        "ig" => african(text(include_str!("tables/ig.txt"))?),
        "sw" => african(text(include_str!("tables/sw.txt"))?),
        "yo" => african(text(include_str!("tables/yo.txt"))?),
        "zu" => african(text(include_str!("tables/zu.txt"))?),
        _ => return Err(format!("no grammar for {code}")),
    })
}

fn african(base: TextGrammar) -> Box<dyn Grammar> {
    Box::new(african::African { base })
}
