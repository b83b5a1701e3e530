//! One JSON value: the kinds that a field accepts, and what is kept of the value.

use std::fmt;
use std::marker::PhantomData;

use schemars::Schema;
use serde::Serialize;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use vocabox_base::fault::Fault;

/// A type that is read from JSON values of one or several kinds. A value of any other kind is parsed to its end and
/// dropped.
pub trait FromJson: Sized {
    /// Reads a string; none if strings are not accepted.
    fn text(_: &str) -> Option<Self> {
        None
    }

    /// Reads a boolean; none if booleans are not accepted.
    fn boolean(_: bool) -> Option<Self> {
        None
    }

    /// Reads a number; none if numbers are not accepted.
    fn number(_: Number) -> Option<Self> {
        None
    }

    /// Reads an array to its end; none if arrays are not accepted.
    fn list<'de, A: SeqAccess<'de>>(list: &mut A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<FieldValue<Skipped>>()?.is_some() {}
        Ok(None)
    }

    /// Reads an object to its end; none if objects are not accepted.
    fn object<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Self>, A::Error> {
        while map
            .next_entry::<FieldValue<Skipped>, FieldValue<Skipped>>()?
            .is_some()
        {}
        Ok(None)
    }
}

/// Accepts no kind: it parses a value and drops it. It reports the same JSON errors as fields that are kept do,
/// including numbers out of range, which serde's `IgnoredAny` does not check.
pub struct Skipped;

impl FromJson for Skipped {}

impl<T: FromJson> FromJson for Option<T> {
    fn text(text: &str) -> Option<Self> {
        T::text(text).map(Some)
    }

    fn boolean(value: bool) -> Option<Self> {
        T::boolean(value).map(Some)
    }

    fn number(number: Number) -> Option<Self> {
        T::number(number).map(Some)
    }

    fn list<'de, A: SeqAccess<'de>>(list: &mut A) -> Result<Option<Self>, A::Error> {
        Ok(T::list(list)?.map(Some))
    }

    fn object<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Self>, A::Error> {
        Ok(T::object(map)?.map(Some))
    }
}

/// The kind of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonKind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl JsonKind {
    /// The kind's name in sentences.
    pub fn name(self) -> &'static str {
        match self {
            JsonKind::Null => "null",
            JsonKind::Boolean => "a boolean",
            JsonKind::Number => "a number",
            JsonKind::String => "a string",
            JsonKind::Array => "an array",
            JsonKind::Object => "an object",
        }
    }
}

/// The value that a request gave for a field.
#[derive(Debug)]
pub enum FieldValue<T> {
    Absent,
    OtherKind(JsonKind),
    Accepted(T),
}

impl<T> FieldValue<T> {
    /// The result of reading a value of this kind; `read` is none if the field does not accept it.
    pub fn of(read: Option<T>, kind: JsonKind) -> Self {
        read.map_or(FieldValue::OtherKind(kind), FieldValue::Accepted)
    }
}

impl<'de, T: FromJson> Deserialize<'de> for FieldValue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ValueReader::new(NoCopy).deserialize(deserializer)
    }
}

/// What is kept of the JSON of a value beside what a type reads of it.
pub(super) trait ValueCopy: Sized {
    /// Keeps null, a boolean, a number or a string.
    fn scalar<E: Error>(self, value: &impl Serialize) -> Result<(), E>;

    /// Keeps an array, and gives what `T` reads of it.
    fn list<'de, T: FromJson, A: SeqAccess<'de>>(self, list: A) -> Result<Option<T>, A::Error>;

    /// Keeps an object, and gives what `T` reads of it.
    fn object<'de, T: FromJson, A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error>;
}

/// Nothing is kept.
struct NoCopy;

impl ValueCopy for NoCopy {
    fn scalar<E: Error>(self, _: &impl Serialize) -> Result<(), E> {
        Ok(())
    }

    fn list<'de, T: FromJson, A: SeqAccess<'de>>(self, mut list: A) -> Result<Option<T>, A::Error> {
        T::list(&mut list)
    }

    fn object<'de, T: FromJson, A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> Result<Option<T>, A::Error> {
        T::object(&mut map)
    }
}

/// Reads a value of any kind for `T`, and keeps it in a copy.
pub(super) struct ValueReader<T, C> {
    copy: C,
    reads: PhantomData<T>,
}

impl<T, C> ValueReader<T, C> {
    pub(super) fn new(copy: C) -> Self {
        ValueReader {
            copy,
            reads: PhantomData,
        }
    }
}

impl<T: FromJson, C: ValueCopy> ValueReader<T, C> {
    fn number<E: Error>(self, number: Option<Number>) -> Result<FieldValue<T>, E> {
        self.copy.scalar(&number)?;
        Ok(FieldValue::of(number.and_then(T::number), JsonKind::Number))
    }
}

impl<'de, T: FromJson, C: ValueCopy> DeserializeSeed<'de> for ValueReader<T, C> {
    type Value = FieldValue<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<FieldValue<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: FromJson, C: ValueCopy> Visitor<'de> for ValueReader<T, C> {
    type Value = FieldValue<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<FieldValue<T>, E> {
        self.copy.scalar(&())?;
        Ok(FieldValue::OtherKind(JsonKind::Null))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<FieldValue<T>, E> {
        self.copy.scalar(&value)?;
        Ok(FieldValue::of(T::boolean(value), JsonKind::Boolean))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<FieldValue<T>, E> {
        self.number(Some(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<FieldValue<T>, E> {
        self.number(Some(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<FieldValue<T>, E> {
        self.number(Number::from_f64(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<FieldValue<T>, E> {
        self.copy.scalar(&text)?;
        Ok(FieldValue::of(T::text(text), JsonKind::String))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<FieldValue<T>, A::Error> {
        Ok(FieldValue::of(self.copy.list(list)?, JsonKind::Array))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FieldValue<T>, A::Error> {
        Ok(FieldValue::of(self.copy.object(map)?, JsonKind::Object))
    }
}

/// A source of the value that follows the name of a field.
pub trait ValueSource<'de> {
    /// The parser's error.
    type Error;

    /// Reads the value. Errors: the value is not JSON.
    fn read<T: FromJson>(self) -> Result<FieldValue<T>, Self::Error>;
}

struct NextValue<'a, A>(&'a mut A);

impl<'de, A: MapAccess<'de>> ValueSource<'de> for NextValue<'_, A> {
    type Error = A::Error;

    fn read<T: FromJson>(self) -> Result<FieldValue<T>, A::Error> {
        self.0.next_value()
    }
}

/// The declared fields of an object, each with its slot.
pub trait RequestFields: Default {
    /// Reads the value of the field `name` into its slot; the value of an undeclared field is dropped.
    fn fill<'de, S: ValueSource<'de>>(&mut self, name: &str, value: S) -> Result<(), S::Error>;
}

/// Reads the object's fields; of several with one name, the last counts.
pub fn fields<'de, T: RequestFields, A: MapAccess<'de>>(map: &mut A) -> Result<T, A::Error> {
    let (mut fields, mut name) = (T::default(), String::new());
    while next_name(map, &mut name)? {
        fields.fill(&name, NextValue(map))?;
    }
    Ok(fields)
}

/// Reads the name of the next field into `name`; false at the object's end.
pub(super) fn next_name<'de, A: MapAccess<'de>>(
    map: &mut A,
    name: &mut String,
) -> Result<bool, A::Error> {
    Ok(map.next_key_seed(NameSeed(name))?.is_some())
}

struct NameSeed<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for NameSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string key")
    }

    fn visit_str<E>(self, name: &str) -> Result<(), E> {
        self.0.clear();
        self.0.push_str(name);
        Ok(())
    }
}

/// A type of fields: its accepted values, and the faults of others.
pub trait RequestField: FromJson {
    /// The type of a checked value.
    type Checked;

    /// Whether null stands for an absent field.
    const NULL_IS_ABSENT: bool = true;

    /// The value, if it is within its bounds. Faults: `Invalid` if it is not.
    fn check(self, name: &str) -> Result<Self::Checked, Fault>;

    /// The fault of a value of a kind that is not accepted.
    fn refuse(name: &str, other: JsonKind) -> Fault;

    /// The value of an absent field. Faults: `Invalid` if the field is required.
    fn absent(name: &str) -> Result<Self::Checked, Fault> {
        Err(Fault::invalid(format!("{name} is missing")))
    }
}

impl<T: RequestField> RequestField for Option<T> {
    type Checked = Option<T::Checked>;

    const NULL_IS_ABSENT: bool = T::NULL_IS_ABSENT;

    fn check(self, name: &str) -> Result<Self::Checked, Fault> {
        self.map(|value| value.check(name)).transpose()
    }

    fn refuse(name: &str, other: JsonKind) -> Fault {
        T::refuse(name, other)
    }

    fn absent(_: &str) -> Result<Self::Checked, Fault> {
        Ok(None)
    }
}

/// A field of a request: its name, and the value that the request gave.
#[derive(Debug)]
pub struct FieldSlot<T> {
    name: &'static str,
    given: FieldValue<T>,
}

impl<T: RequestField> FieldSlot<T> {
    /// The slot of the field `name`, empty so far.
    pub fn new(name: &'static str) -> Self {
        FieldSlot::given(name, FieldValue::Absent)
    }

    /// The slot of the field `name` with a value.
    pub fn given(name: &'static str, given: FieldValue<T>) -> Self {
        FieldSlot { name, given }
    }

    /// Reads a value for the field; it replaces an earlier one.
    pub fn fill<'de, S: ValueSource<'de>>(&mut self, value: S) -> Result<(), S::Error> {
        self.given = value.read()?;
        Ok(())
    }

    /// The value, checked. Faults: `Invalid` for a value of another kind or out of its bounds, and for a required field
    /// that is absent.
    pub fn take(self) -> Result<T::Checked, Fault> {
        match self.given {
            FieldValue::Accepted(value) => value.check(self.name),
            FieldValue::OtherKind(JsonKind::Null) if T::NULL_IS_ABSENT => T::absent(self.name),
            FieldValue::OtherKind(other) => Err(T::refuse(self.name, other)),
            FieldValue::Absent => T::absent(self.name),
        }
    }

    /// Checks only the kind of the value, and that a required field is there. Faults: those of [`FieldSlot::take`] for
    /// these.
    pub fn check_kind(&self) -> Result<(), Fault> {
        match self.given {
            FieldValue::Accepted(_) => Ok(()),
            FieldValue::OtherKind(JsonKind::Null) if T::NULL_IS_ABSENT => {
                T::absent(self.name).map(drop)
            }
            FieldValue::OtherKind(other) => Err(T::refuse(self.name, other)),
            FieldValue::Absent => T::absent(self.name).map(drop),
        }
    }
}

/// The schema of a generic type that reads as the type in it.
macro_rules! schema_of_inner {
    ($outer:ident) => {
        impl<T: schemars::JsonSchema> schemars::JsonSchema for $outer<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                T::schema_name()
            }

            fn schema_id() -> std::borrow::Cow<'static, str> {
                T::schema_id()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                T::json_schema(generator)
            }
        }
    };
}
pub(super) use schema_of_inner;

schema_of_inner!(FieldSlot);

/// Removes the fields that may be null from the required fields of an object's schema, because null stands for an
/// absent field.
pub fn optional(schema: &mut Schema) {
    let is_null = |of: &Value| of["type"] == "null" || of["type"][1] == "null";
    let may_be_null = |field: &Value| {
        let mut any = field["anyOf"].as_array().into_iter().flatten();
        is_null(field) || any.any(is_null)
    };
    let fields = schema.get("properties").and_then(Value::as_object);
    let nullable: Vec<String> = fields
        .into_iter()
        .flatten()
        .filter(|(_, field)| may_be_null(field))
        .map(|(name, _)| name.clone())
        .collect();
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| !nullable.iter().any(|n| name == n));
    }
}
