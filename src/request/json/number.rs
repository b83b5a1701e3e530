//! Fields of a request that are numbers.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::value::{FromJson, JsonKind, RequestField};
use vocabox_base::fault::Fault;
use vocabox_base::limits;

/// The range of a number.
pub trait NumberRange {
    const MIN: f64;
    const MAX: f64;
}

/// Speaking rate as a factor.
#[derive(Debug)]
pub struct SpeedFactor;

impl NumberRange for SpeedFactor {
    const MIN: f64 = limits::SPEED_MIN;
    const MAX: f64 = limits::SPEED_MAX;
}

/// A fraction, 0 to 1.
#[derive(Debug)]
pub struct Fraction;

impl NumberRange for Fraction {
    const MIN: f64 = 0.0;
    const MAX: f64 = 1.0;
}

/// Seconds into a recording.
#[derive(Debug)]
pub struct SegmentSeconds;

impl NumberRange for SegmentSeconds {
    const MIN: f64 = 0.0;
    const MAX: f64 = limits::SEGMENT_SECONDS_MAX;
}

/// A number within a range.
#[derive(Debug)]
pub struct BoundedNumber<R>(f64, PhantomData<R>);

impl<R: NumberRange> FromJson for BoundedNumber<R> {
    fn number(number: serde_json::Number) -> Option<Self> {
        Some(BoundedNumber(
            number.as_f64().unwrap_or(f64::NAN),
            PhantomData,
        ))
    }
}

impl<R: NumberRange> RequestField for BoundedNumber<R> {
    type Checked = f64;

    fn check(self, name: &str) -> Result<f64, Fault> {
        let (min, max, value) = (R::MIN, R::MAX, self.0);
        match (min..=max).contains(&value) {
            true => Ok(value),
            false => Err(Fault::invalid(format!(
                "{name} is {value}; {min} to {max} is accepted"
            ))),
        }
    }

    fn refuse(name: &str, other: JsonKind) -> Fault {
        let (min, max, kind) = (R::MIN, R::MAX, other.name());
        Fault::invalid(format!(
            "{name} is {kind}; a number from {min} to {max} is accepted"
        ))
    }
}

impl<R: NumberRange> JsonSchema for BoundedNumber<R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "BoundedNumber".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": R::MIN, "maximum": R::MAX })
    }
}
