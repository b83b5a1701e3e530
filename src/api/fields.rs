//! Reads the fields of a JSON body, with sentences that name the field and what is accepted.

use serde_json::{Map, Value};

use super::message::{Body, Head};
use crate::fault::{Fault, Kind};

/// The body's JSON object. Faults: `UnsupportedType` for another declared type, `Invalid` for anything but an object.
pub fn object(head: &Head, body: Body) -> Result<Map<String, Value>, Fault> {
    let declared = head.header("content-type").unwrap_or("application/json");
    let essence = declared.split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Fault::new(
            Kind::UnsupportedType,
            format!("Content-Type is {essence}; this endpoint reads application/json"),
        ));
    }
    let bytes = body.into_bytes().map_err(Fault::internal)?;
    if bytes.is_empty() {
        return Err(Fault::invalid("the body is empty; a JSON object is needed"));
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Fault::invalid("the body is not a JSON object")),
        Err(e) => Err(Fault::invalid(format!("the body is not valid JSON: {e}"))),
    }
}

/// A string, or none when the field is absent or null.
pub fn string<'a>(object: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Fault> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(Fault::invalid(format!(
            "{name} is {}; a string is accepted",
            kind(other)
        ))),
    }
}

/// A number within `min..=max`, or none when the field is absent or null.
pub fn number(
    object: &Map<String, Value>,
    name: &str,
    min: f64,
    max: f64,
) -> Result<Option<f64>, Fault> {
    let value = match object.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_f64().unwrap_or(f64::NAN),
        Some(other) => {
            return Err(Fault::invalid(format!(
                "{name} is {}; a number from {min} to {max} is accepted",
                kind(other)
            )));
        }
    };
    match (min..=max).contains(&value) {
        true => Ok(Some(value)),
        false => Err(Fault::invalid(format!(
            "{name} is {value}; {min} to {max} is accepted"
        ))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
