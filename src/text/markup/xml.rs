//! XML as SSML and lexicons use it: no entities but the five predefined, and a line and a column for what is wrong.

use roxmltree::{Document, Node, ParsingOptions, TextPos};
use vocabox_base::fault::Fault;
use vocabox_base::limits::{XML_ATTRIBUTES_MAX, XML_NAMESPACES_MAX};

/// Names of the alphabets that a pronunciation may be written in.
const ALPHABETS: [&str; 2] = ["ipa", "x-kokoro"];

/// Returns the document `text`. Fault: `Invalid` when it is not well-formed, with the place; `what` names the document.
/// The sentence quotes nothing of it, because it may be logged.
pub(crate) fn parse<'t>(text: &'t str, what: &str) -> Result<Document<'t>, Fault> {
    check_attributes(text, what)?;
    let options = ParsingOptions {
        allow_dtd: false,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| {
        let why = match error {
            roxmltree::Error::DtdDetected => {
                return Fault::invalid(format!(
                    "{what} has a document type, which is not accepted"
                ));
            }
            roxmltree::Error::UnknownEntityReference(..) => {
                "it has an entity other than the five that XML predefines"
            }
            roxmltree::Error::MalformedEntityReference(..) => {
                "it has an ampersand that is not written as &amp;"
            }
            roxmltree::Error::UnexpectedCloseTag(..) => "an element ends that was not begun last",
            roxmltree::Error::UnclosedRootNode => {
                return Fault::invalid(format!(
                    "{what} is not well-formed XML: its last element does not end"
                ));
            }
            _ => "it is not well-formed XML",
        };
        Fault::invalid(format!("{what} is wrong at {}: {why}", at(error.pos())))
    })
}

/// Refuses a document whose parsing would take time by the square of its length: one with too many attributes in an
/// element, or too many namespaces. It need not be well-formed.
fn check_attributes(text: &str, what: &str) -> Result<(), Fault> {
    let mut namespaces = 0;
    let mut from = 0;
    while let Some(start) = text[from..].find('<').map(|at| from + at) {
        let rest = &text[start..];
        let passed = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];
        if let Some((_, end)) = passed.iter().find(|(begin, _)| rest.starts_with(begin)) {
            from = rest.find(end).map_or(text.len(), |at| start + at);
            continue;
        }
        let (mut attributes, mut quote, mut length) = (0, None, rest.len());
        for (at, c) in rest.char_indices().skip(1) {
            match (quote, c) {
                (None, '>' | '<') => {
                    length = at;
                    break;
                }
                (None, '"' | '\'') => quote = Some(c),
                (None, '=') => attributes += 1,
                (Some(open), c) if open == c => quote = None,
                _ => {}
            }
        }
        namespaces += rest[..length].matches("xmlns").count();
        if attributes > XML_ATTRIBUTES_MAX || namespaces > XML_NAMESPACES_MAX {
            return Err(Fault::invalid(format!(
                "{what} has more than {XML_ATTRIBUTES_MAX} attributes in an element, or more than \
                 {XML_NAMESPACES_MAX} namespaces, which are accepted"
            )));
        }
        from = start + length.max(1);
    }
    Ok(())
}

/// Where `node` starts.
pub(crate) fn place(node: Node) -> String {
    at(node.document().text_pos_at(node.range().start))
}

fn at(position: TextPos) -> String {
    format!("line {}, column {}", position.row, position.col)
}

/// All text within `node`.
pub(crate) fn text_of(node: Node) -> String {
    node.descendants()
        .filter(Node::is_text)
        .filter_map(|n| n.text())
        .collect()
}

/// The `xml:lang` of `node` itself.
pub(crate) fn language<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    let namespace = "http://www.w3.org/XML/1998/namespace";
    node.attribute((namespace, "lang"))
        .or(node.attribute("lang"))
}

/// Checks the alphabet of a pronunciation; none is `ipa`. Fault: `Invalid`.
pub(crate) fn check_alphabet(alphabet: Option<&str>, place: &str) -> Result<(), Fault> {
    match alphabet {
        Some(other) if !ALPHABETS.iter().any(|a| a.eq_ignore_ascii_case(other)) => {
            Err(Fault::invalid(format!(
                "{place}: alphabet is unknown; {} are accepted",
                ALPHABETS.join(" and ")
            )))
        }
        _ => Ok(()),
    }
}
