//! Fields of a request that are strings.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Number;

use super::value::{FromJson, JsonKind, RequestField};
use crate::languages::code;
use vocabox_base::fault::Fault;
use vocabox_base::limits;
use vocabox_text::script_line::LineName;

/// A string of at most `CHARS_MAX` Unicode scalar values. Only the length of a longer string is kept.
#[derive(Debug)]
pub struct BoundedText<const CHARS_MAX: usize> {
    text: String,
    chars: usize,
    is_blank: bool,
}

/// A string whose length only the size of the body limits.
pub type AnyText = BoundedText<{ usize::MAX }>;

impl<const CHARS_MAX: usize> BoundedText<CHARS_MAX> {
    /// The text.
    pub fn into_string(self) -> String {
        self.text
    }

    /// Whether the text consists of white space only, or is empty.
    pub fn is_blank(&self) -> bool {
        self.is_blank
    }
}

impl<const CHARS_MAX: usize> FromJson for BoundedText<CHARS_MAX> {
    fn text(text: &str) -> Option<Self> {
        let chars = text.chars().count();
        Some(BoundedText {
            text: match chars > CHARS_MAX {
                true => String::new(),
                false => text.to_owned(),
            },
            chars,
            is_blank: text.trim().is_empty(),
        })
    }
}

impl<const CHARS_MAX: usize> RequestField for BoundedText<CHARS_MAX> {
    type Checked = Self;

    fn check(self, name: &str) -> Result<Self, Fault> {
        match self.chars > CHARS_MAX {
            true => Err(Fault::invalid(format!(
                "{name} has {} characters; at most {CHARS_MAX} are accepted",
                self.chars
            ))),
            false => Ok(self),
        }
    }

    fn refuse(name: &str, other: JsonKind) -> Fault {
        refusal(name, other)
    }
}

impl<const CHARS_MAX: usize> JsonSchema for BoundedText<CHARS_MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "BoundedText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        match CHARS_MAX {
            usize::MAX => json_schema!({ "type": "string" }),
            _ => json_schema!({ "type": "string", "maxLength": CHARS_MAX }),
        }
    }
}

/// A text that is not blank, of at most `CHARS_MAX` characters.
#[derive(Debug)]
pub struct NonBlankText<const CHARS_MAX: usize>(BoundedText<CHARS_MAX>);

impl<const CHARS_MAX: usize> FromJson for NonBlankText<CHARS_MAX> {
    fn text(text: &str) -> Option<Self> {
        BoundedText::text(text).map(NonBlankText)
    }
}

impl<const CHARS_MAX: usize> RequestField for NonBlankText<CHARS_MAX> {
    type Checked = BoundedText<CHARS_MAX>;

    fn check(self, name: &str) -> Result<Self::Checked, Fault> {
        match self.0.is_blank {
            true => Err(Fault::invalid(format!(
                "{name} is blank; 1 to {CHARS_MAX} characters are accepted"
            ))),
            false => self.0.check(name),
        }
    }

    fn refuse(name: &str, other: JsonKind) -> Fault {
        refusal(name, other)
    }
}

impl<const CHARS_MAX: usize> JsonSchema for NonBlankText<CHARS_MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "NonBlankText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": CHARS_MAX, "pattern": r"\S" })
    }
}

fn refusal(name: &str, other: JsonKind) -> Fault {
    let kind = other.name();
    Fault::invalid(format!("{name} is {kind}; a string is accepted"))
}

/// The code of a language without its region; none for `auto`, for an empty text, and for a text that is longer than
/// any code.
#[derive(Debug)]
pub struct LanguageCode(Option<String>);

impl FromJson for LanguageCode {
    fn text(text: &str) -> Option<Self> {
        Some(LanguageCode(code(text)))
    }
}

impl RequestField for LanguageCode {
    type Checked = Option<String>;

    fn check(self, _: &str) -> Result<Self::Checked, Fault> {
        Ok(self.0)
    }

    fn refuse(name: &str, other: JsonKind) -> Fault {
        refusal(name, other)
    }
}

impl JsonSchema for LanguageCode {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "LanguageCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// The client's name of a line: a number, or a string of at most `NAME_CHARS_MAX` characters.
#[derive(Debug)]
pub enum LineId {
    Number(Number),
    Name(BoundedText<{ limits::NAME_CHARS_MAX }>),
}

impl FromJson for LineId {
    fn text(text: &str) -> Option<Self> {
        BoundedText::text(text).map(LineId::Name)
    }

    fn number(number: Number) -> Option<Self> {
        Some(LineId::Number(number))
    }
}

impl RequestField for LineId {
    type Checked = LineName;

    fn check(self, name: &str) -> Result<LineName, Fault> {
        match self {
            LineId::Number(number) => Ok(LineName::Number(number)),
            LineId::Name(text) => Ok(LineName::Text(text.check(name)?.into_string())),
        }
    }

    fn refuse(name: &str, _: JsonKind) -> Fault {
        Fault::invalid(format!(
            "{name} is neither a number nor a string, which are accepted"
        ))
    }
}

impl JsonSchema for LineId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "LineId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "number" },
                { "type": "string", "maxLength": limits::NAME_CHARS_MAX },
            ]
        })
    }
}
