//! `PUT /voice/lexicon`: the pronunciations of an account.

use crate::json::{AnyText, BoundedList, item, object, request};
use vocabox_base::fault::{Fault, Kind};
use vocabox_base::limits;
use vocabox_edge::message::{Body, Head};
use vocabox_text::lexicon::{self, Pronunciation};

/// Types of bodies that are no JSON: lines, and W3C's PLS. What it is shows in the body itself.
pub const OTHER_TYPES: [&str; 5] = [
    "text/plain",
    "text/tab-separated-values",
    "application/pls+xml",
    "application/xml",
    "text/xml",
];
const JSON: &str = "application/json";

request! {
    /// A lexicon as JSON. A body of type `text/plain` has lines instead, one of type `application/pls+xml` is W3C's PLS 1.0.
    pub struct LexiconFields {
        entries: BoundedList<LexiconEntryFields, 0, { limits::LEXICON_ENTRIES_MAX }>,
    }
}

request! {
    /// How a word is said; it has phonemes, a spelling, or both.
    pub struct LexiconEntryFields {
        /// The word; in lower case it stands for its forms with capitals, too.
        word: AnyText,
        /// The International Phonetic Alphabet, or Kokoro's notation.
        phonemes: Option<AnyText>,
        /// What is read in its place; where there are phonemes, only by voices that read letters.
        spelling: Option<AnyText>,
        /// Code of the language whose voices say it so; by default all say it so.
        language: Option<AnyText>,
    }
}

/// The pronunciations in a body: JSON, lines or W3C's PLS. Faults: `UnsupportedType` for a body of another type; `Invalid`
/// for an entry that cannot be read, with its place, and for more entries than are accepted.
pub fn pronunciations(head: &Head, body: Body) -> Result<Vec<Pronunciation>, Fault> {
    let declared = head.header("content-type").unwrap_or(JSON);
    let essence = declared.split(';').next().unwrap_or("").trim();
    if essence.eq_ignore_ascii_case(JSON) {
        let fields: LexiconFields = object(head, body)?;
        let given = fields.entries.take()?.into_iter().enumerate();
        let entries = given.map(|(at, given)| item("entries", at, given, entry));
        return lexicon::distinct(entries.collect::<Result<_, _>>()?);
    }
    if !OTHER_TYPES.iter().any(|t| essence.eq_ignore_ascii_case(t)) {
        return Err(Fault::new(
            Kind::UnsupportedType,
            format!(
                "Content-Type is {essence}; this endpoint reads {JSON}, {}",
                OTHER_TYPES.join(", ")
            ),
        ));
    }
    let bytes = body.into_bytes().map_err(Fault::internal)?;
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| Fault::invalid("the lexicon is not UTF-8"))?;
    if text.trim().is_empty() {
        return Err(Fault::invalid(
            "the body is empty; a lexicon is needed, and DELETE removes the one that is there",
        ));
    }
    lexicon::parse(&text)
}

fn entry(fields: LexiconEntryFields) -> Result<Pronunciation, Fault> {
    let text = |text: Option<AnyText>| text.map(AnyText::into_string);
    let word = fields.word.take()?.into_string();
    let phonemes = text(fields.phonemes.take()?);
    let spelling = text(fields.spelling.take()?);
    let language = text(fields.language.take()?);
    Pronunciation::new(
        &word,
        phonemes.as_deref(),
        spelling.as_deref(),
        language.as_deref(),
    )
}
