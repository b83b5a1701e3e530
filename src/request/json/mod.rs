//! JSON that clients send, read into structs whose fields carry their bounds.
//!
//! The macro `request!` declares a struct: only there are the name, the type and the bounds of
//! each field, and its JSON Schema is derived from them. No tree of the body is built: a field that is not declared is
//! parsed and dropped ([`Skipped`]), a list is counted but not built beyond its bound ([`BoundedList`]), and only the
//! length of a text that is too long is kept ([`BoundedText`]). Depth is bounded by `serde_json`, at 127 arrays and
//! objects.
//!
//! The whole body is parsed as JSON before any field is checked: a wrong value stays in its [`FieldSlot`] until the
//! endpoint takes the field out, so that the endpoint decides the order of the checks.

mod list;
mod number;
mod raw_fields;
mod text;
mod value;
mod whole;

pub use list::{BoundedList, item};
pub use number::{BoundedNumber, Fraction, NumberRange, SegmentSeconds, SpeedFactor};
pub use raw_fields::{RawFields, WithRawFields};
pub use text::{AnyText, BoundedText, LanguageCode, LineId, NonBlankText};
pub use value::{
    FieldSlot, FieldValue, FromJson, JsonKind, RequestField, RequestFields, Skipped, ValueSource,
    fields, optional,
};
pub use whole::{BoundOrDefault, JsonFlag, WholeNumber};

use vocabox_base::fault::{Fault, Kind};
use vocabox_edge::message::{Body, Head};

/// Declares the fields of an object: `request! { struct Name { field: Type, … } }`. Each becomes a [`FieldSlot`] of its type; a
/// field of type `Option<…>` may be absent or null.
macro_rules! request {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$field_meta:meta])* $field:ident: $type:ty,)*
    }) => {
        #[derive(schemars::JsonSchema)]
        $(#[$meta])*
        #[schemars(transform = crate::json::optional)]
        $vis struct $name {
            $($(#[$field_meta])* pub $field: crate::json::FieldSlot<$type>,)*
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $($field: crate::json::FieldSlot::new(stringify!($field)),)* }
            }
        }

        impl crate::json::RequestFields for $name {
            fn fill<'de, S: crate::json::ValueSource<'de>>(
                &mut self,
                name: &str,
                value: S,
            ) -> Result<(), S::Error> {
                match name {
                    $(stringify!($field) => self.$field.fill(value),)*
                    _ => value.read::<crate::json::Skipped>().map(drop),
                }
            }
        }

        impl crate::json::FromJson for $name {
            fn object<'de, A: serde::de::MapAccess<'de>>(
                map: &mut A,
            ) -> Result<Option<Self>, A::Error> {
                crate::json::fields(map).map(Some)
            }
        }
    };
}
pub(crate) use request;

/// The body's JSON object. Faults: `UnsupportedType` for a `Content-Type` that is not JSON, `Invalid` for anything but
/// an object.
pub fn object<T: FromJson>(head: &Head, body: Body) -> Result<T, Fault> {
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
    match serde_json::from_slice(without_mark(&bytes)) {
        Ok(FieldValue::Accepted(object)) => Ok(object),
        Ok(_) => Err(Fault::invalid("the body is not a JSON object")),
        Err(e) => Err(Fault::invalid(format!("the body is not valid JSON: {e}"))),
    }
}

/// `json` without the byte order mark that some programs begin a file with: RFC 8259, section 8.1, lets a reader skip it.
fn without_mark(json: &[u8]) -> &[u8] {
    json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json)
}

/// The JSON value of the form field `name`. Faults: `Invalid` when the field is missing, is not JSON, or holds what `T`
/// does not accept.
pub fn form_field<T: RequestField>(
    name: &'static str,
    json: Option<&str>,
) -> Result<T::Checked, Fault> {
    let json = json.ok_or_else(|| Fault::invalid(format!("{name} is missing")))?;
    let given: FieldValue<T> = serde_json::from_slice(without_mark(json.as_bytes()))
        .map_err(|e| Fault::invalid(format!("{name} is not valid JSON: {e}")))?;
    FieldSlot::given(name, given).take()
}

#[cfg(test)]
mod tests {
    use super::*;

    request! {
        /// Fields of the tests' requests.
        struct SampleFields {
            /// A required field.
            text: BoundedText<3>,
            share: Option<BoundedNumber<Fraction>>,
            list: Option<BoundedList<BoundedText<1>, 0, 2>>,
        }
    }

    fn read(json: &str) -> Result<SampleFields, String> {
        match serde_json::from_str(json) {
            Ok(FieldValue::Accepted(sample)) => Ok(sample),
            Ok(_) => Err("no object".to_owned()),
            Err(e) => Err(e.to_string()),
        }
    }

    #[test]
    fn a_field_is_wrong_only_once_it_is_taken() {
        let sample = read(r#"{"text":5,"share":2,"list":[1,2,3,4]}"#).unwrap();
        let why = |fault: Fault| fault.sentence;
        assert_eq!(
            sample.text.take().map_err(why).unwrap_err(),
            "text is a number; a string is accepted"
        );
        assert_eq!(
            sample.share.take().map_err(why).unwrap_err(),
            "share is 2; 0 to 1 is accepted"
        );
        assert_eq!(
            sample.list.take().map_err(why).err().unwrap(),
            "list has 4 items; at most 2 are accepted"
        );
    }

    #[test]
    fn the_last_of_equal_fields_counts_and_null_is_absent() {
        let sample = read(r#"{"text":5,"text":"a","share":1,"share":null,"x":{"y":[]}}"#).unwrap();
        assert_eq!(sample.text.take().unwrap().into_string(), "a");
        assert_eq!(sample.share.take().unwrap(), None);
        assert!(sample.list.take().unwrap().is_none());
    }

    #[test]
    fn what_is_dropped_is_checked_as_what_is_read() {
        for json in [
            r#"{"x":1e999}"#.to_owned(),
            r#"{"x":"\ud800"}"#.to_owned(),
            format!(r#"{{"x":{}{}}}"#, "[".repeat(127), "]".repeat(127)),
            r#"{"list":["a","b","c","#.to_owned(),
        ] {
            let tree = serde_json::from_str::<serde_json::Value>(&json).unwrap_err();
            assert_eq!(read(&json).err().unwrap(), tree.to_string(), "{json}");
        }
    }

    #[test]
    fn the_schema_has_the_bounds_and_what_is_needed() {
        let schema = serde_json::to_value(schemars::schema_for!(SampleFields)).unwrap();
        assert_eq!(schema["required"], serde_json::json!(["text"]));
        let fields = &schema["properties"];
        assert_eq!(fields["text"]["maxLength"], 3);
        assert_eq!(fields["text"]["description"], "A required field.");
        assert_eq!(fields["share"]["maximum"], 1.0);
        assert_eq!(fields["list"]["maxItems"], 2);
        assert_eq!(fields["list"]["items"]["maxLength"], 1);
    }
}
