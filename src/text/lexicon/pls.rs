//! A lexicon of W3C's Pronunciation Lexicon Specification 1.0 (PLS).
//!
//! Of each `lexeme` the graphemes are words, and its preferred `phoneme` (else the first) and its first `alias` say how
//! they are said. Alphabets are `ipa` and `x-kokoro`. Roles and examples have no effect.

use super::{Pronunciation, at};
use crate::markup::xml;
use roxmltree::Node;
use vocabox_base::fault::Fault;

/// Returns the entries of the document `text`. Fault: `Invalid`, with a line and a column.
pub(super) fn parse(text: &str) -> Result<Vec<Pronunciation>, Fault> {
    let document = xml::parse(text, "the lexicon")?;
    let root = document.root_element();
    if root.tag_name().name() != "lexicon" {
        return Err(Fault::invalid(format!(
            "the lexicon is an XML document of <{:.20}>; one of <lexicon> (PLS 1.0) is accepted",
            root.tag_name().name()
        )));
    }
    let language = xml::language(root);
    let mut entries = Vec::new();
    for lexeme in children(root, "lexeme") {
        let place = format!("the lexeme at {} of the lexicon", xml::place(lexeme));
        let phonemes: Vec<Node> = children(lexeme, "phoneme").collect();
        let preferred = |n: &&Node| n.attribute("prefer") == Some("true");
        let phoneme = phonemes.iter().find(preferred).or(phonemes.first());
        if let Some(phoneme) = phoneme {
            let alphabet = phoneme.attribute("alphabet").or(root.attribute("alphabet"));
            xml::check_alphabet(alphabet, &place)?;
        }
        let phonemes = phoneme.map(|n| xml::text_of(*n));
        let alias = children(lexeme, "alias").next().map(xml::text_of);
        for word in children(lexeme, "grapheme").map(xml::text_of) {
            let language = xml::language(lexeme).or(language);
            let entry = Pronunciation::new(&word, phonemes.as_deref(), alias.as_deref(), language);
            entries.push(entry.map_err(|fault| at(&place, fault))?);
        }
    }
    Ok(entries)
}

fn children<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children()
        .filter(move |n| n.is_element() && n.tag_name().name() == name)
}
