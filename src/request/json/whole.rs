//! Fields of a request that are whole numbers, booleans, or bounds that may be the server's own.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Number;

use super::value::{FromJson, JsonKind, RequestField};
use vocabox_base::fault::Fault;

/// A whole number, at least 0; none for another number.
#[derive(Debug)]
pub struct WholeNumber(Option<u64>);

impl FromJson for WholeNumber {
    fn number(number: Number) -> Option<Self> {
        Some(WholeNumber(number.as_u64()))
    }
}

impl RequestField for WholeNumber {
    type Checked = u64;

    fn check(self, name: &str) -> Result<u64, Fault> {
        let not_whole = || Fault::invalid(format!("{name} is not a whole number"));
        self.0.ok_or_else(not_whole)
    }

    fn refuse(name: &str, other: JsonKind) -> Fault {
        let kind = other.name();
        Fault::invalid(format!("{name} is {kind}; a whole number is accepted"))
    }
}

impl JsonSchema for WholeNumber {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "WholeNumber".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0 })
    }
}

/// True or false.
#[derive(Debug)]
pub struct JsonFlag(bool);

impl FromJson for JsonFlag {
    fn boolean(value: bool) -> Option<Self> {
        Some(JsonFlag(value))
    }
}

impl RequestField for JsonFlag {
    type Checked = bool;

    fn check(self, _: &str) -> Result<bool, Fault> {
        Ok(self.0)
    }

    fn refuse(name: &str, other: JsonKind) -> Fault {
        let kind = other.name();
        Fault::invalid(format!("{name} is {kind}; true or false is accepted"))
    }
}

impl JsonSchema for JsonFlag {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "JsonFlag".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "boolean" })
    }
}

/// The text that stands for the server's own bound.
const DEFAULT: &str = "default";

/// A bound of one account as a whole number, or `"default"` for the server's.
#[derive(Debug)]
pub enum BoundOrDefault {
    Bound(WholeNumber),
    Default,
    OtherText,
}

impl FromJson for BoundOrDefault {
    fn text(text: &str) -> Option<Self> {
        Some(match text == DEFAULT {
            true => BoundOrDefault::Default,
            false => BoundOrDefault::OtherText,
        })
    }

    fn number(number: Number) -> Option<Self> {
        WholeNumber::number(number).map(BoundOrDefault::Bound)
    }
}

impl RequestField for BoundOrDefault {
    /// None for the server's bound.
    type Checked = Option<u64>;

    fn check(self, name: &str) -> Result<Option<u64>, Fault> {
        match self {
            BoundOrDefault::Bound(number) => number.check(name).map(Some),
            BoundOrDefault::Default => Ok(None),
            BoundOrDefault::OtherText => Err(Self::refuse(name, JsonKind::String)),
        }
    }

    fn refuse(name: &str, other: JsonKind) -> Fault {
        let kind = other.name();
        Fault::invalid(format!(
            "{name} is {kind}; a whole number or {DEFAULT:?} is accepted"
        ))
    }
}

impl JsonSchema for BoundOrDefault {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "BoundOrDefault".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "const": DEFAULT }] })
    }
}
