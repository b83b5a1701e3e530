//! Objects whose fields the answer repeats unchanged.

use std::ops::Range;

use serde::de::{Error, MapAccess, SeqAccess};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::value::{
    FieldValue, FromJson, RequestFields, Skipped, ValueCopy, ValueReader, ValueSource, next_name,
    schema_of_inner,
};
use vocabox_base::limits;

// Positions have 32 bits; no value grows to eight times its size when it is written again.
const _: () = assert!(8 * limits::JSON_BYTES.max < u32::MAX as u64);

/// The fields of an object as JSON text, one after the other, in about as many bytes as the client sent.
#[derive(Debug, Default)]
pub struct RawFields {
    names: Vec<u8>,
    values: Vec<u8>,
    /// In the order of their names once all are read.
    fields: Vec<RawField>,
}

/// Places of a field's name and value in the two texts.
#[derive(Debug, Clone)]
struct RawField {
    name: Range<u32>,
    value: Range<u32>,
}

fn part<'a>(bytes: &'a [u8], at: &Range<u32>) -> &'a [u8] {
    &bytes[at.start as usize..at.end as usize]
}

impl RawFields {
    /// Copies the next field of `map`, called `name`, and returns what `T` reads from its value.
    fn push<'de, T: FromJson, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<FieldValue<T>, A::Error> {
        let (names, values) = (self.names.len() as u32, self.values.len() as u32);
        self.names.extend_from_slice(name.as_bytes());
        let given = map.next_value_seed(ValueReader::new(&mut self.values))?;
        self.fields.push(RawField {
            name: names..self.names.len() as u32,
            value: values..self.values.len() as u32,
        });
        Ok(given)
    }

    /// Orders the fields by name; of several with one name, only the last stays.
    fn sort(&mut self) {
        let RawFields { names, fields, .. } = self;
        let name = |field: &RawField| part(names, &field.name);
        // Of fields with one name the last is put first, and `dedup_by` keeps it.
        fields.sort_unstable_by(|a, b| {
            let by_name = name(a).cmp(name(b));
            by_name.then(b.value.start.cmp(&a.value.start))
        });
        fields.dedup_by(|b, a| name(a) == name(b));
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let (names, values) = (&self.names, &self.values);
        let both = |f: &RawField| (f.name.clone(), f.value.clone());
        let places = self.fields.iter().map(both);
        places.map(move |(name, value)| (part(names, &name), part(values, &value)))
    }

    /// Writes the object; `text`, if given, replaces the value of its field `text`.
    pub fn serialize_with<S: Serializer>(
        &self,
        text: Option<&str>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, value) in self.iter() {
            let name = std::str::from_utf8(name).map_err(S::Error::custom)?;
            match text.filter(|_| name == "text") {
                Some(text) => map.serialize_entry(name, text)?,
                None => {
                    let raw: &RawValue = serde_json::from_slice(value).map_err(S::Error::custom)?;
                    map.serialize_entry(name, raw)?;
                }
            }
        }
        map.end()
    }
}

/// The declared fields of an object, and all of its fields as the client sent them.
#[derive(Debug)]
pub struct WithRawFields<T> {
    pub fields: T,
    pub kept: RawFields,
}

impl<T: RequestFields> FromJson for WithRawFields<T> {
    fn object<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Self>, A::Error> {
        let (mut fields, mut kept, mut name) = (T::default(), RawFields::default(), String::new());
        while next_name(map, &mut name)? {
            let value = CopiedValue {
                name: &name,
                map: &mut *map,
                kept: &mut kept,
            };
            fields.fill(&name, value)?;
        }
        kept.sort();
        Ok(Some(WithRawFields { fields, kept }))
    }
}

schema_of_inner!(WithRawFields);

/// A value that is copied and read at the same time.
struct CopiedValue<'a, A> {
    name: &'a str,
    map: &'a mut A,
    kept: &'a mut RawFields,
}

impl<'de, A: MapAccess<'de>> ValueSource<'de> for CopiedValue<'_, A> {
    type Error = A::Error;

    fn read<T: FromJson>(self) -> Result<FieldValue<T>, A::Error> {
        self.kept.push(self.name, self.map)
    }
}

/// Writes a value as `serde_json` would write its tree: without blanks, names ordered and once. Of arrays and objects nothing is
/// read but their text.
impl ValueCopy for &mut Vec<u8> {
    fn scalar<E: Error>(self, value: &impl Serialize) -> Result<(), E> {
        serde_json::to_writer(self, value).map_err(E::custom)
    }

    fn list<'de, T: FromJson, A: SeqAccess<'de>>(self, mut list: A) -> Result<Option<T>, A::Error> {
        self.push(b'[');
        let mut end = self.len();
        while list
            .next_element_seed(ValueReader::<Skipped, _>::new(&mut *self))?
            .is_some()
        {
            end = self.len();
            self.push(b',');
        }
        self.truncate(end);
        self.push(b']');
        Ok(None)
    }

    fn object<'de, T: FromJson, A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> Result<Option<T>, A::Error> {
        let (mut kept, mut name) = (RawFields::default(), String::new());
        while next_name(&mut map, &mut name)? {
            kept.push::<Skipped, A>(&name, &mut map)?;
        }
        kept.sort();
        self.push(b'{');
        for (at, (name, value)) in kept.iter().enumerate() {
            if at > 0 {
                self.push(b',');
            }
            let name = std::str::from_utf8(name).map_err(A::Error::custom)?;
            (&mut *self).scalar(&name)?;
            self.push(b':');
            self.extend_from_slice(value);
        }
        self.push(b'}');
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{BoundedText, request};
    use serde_json::Value;

    request! {
        /// An object of which one field is declared.
        #[derive(Debug)]
        struct TextFields {
            text: BoundedText<99>,
        }
    }

    struct WrittenFields<'a>(&'a RawFields);

    impl serde::Serialize for WrittenFields<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.serialize_with(None, serializer)
        }
    }

    #[test]
    fn what_is_kept_is_written_as_its_tree_would_be() {
        for json in [
            r#"{}"#,
            r#"{"text":"a"}"#,
            r#" { "z" : 1 , "text" : "a" , "b" : { "z" : [ ] , "a" : { } , "z" : 2 } , "B" : [ 1 , [ 2 ] ] } "#,
            r#"{"a":[0,-0,-0.0,1e2,1E-7,123456789012345678901234567890,1e16,5e-324,18446744073709551616,true,false,null]}"#,
            r#"{"text":1,"text":"é \u00e9 \ud83c\udf99 \u0007 \b \u007f \u2028","":0,"\"\\":"\/"}"#,
            r#"{"r":{"$serde_json::private::Number":"1"}}"#,
        ] {
            let read: FieldValue<WithRawFields<TextFields>> = serde_json::from_str(json).unwrap();
            let FieldValue::Accepted(object) = read else {
                panic!("{json}")
            };
            let tree: Value = serde_json::from_str(json).unwrap();
            let written = serde_json::to_string(&WrittenFields(&object.kept)).unwrap();
            assert_eq!(written, tree.to_string());
            assert_eq!(
                object.fields.text.take().ok().map(BoundedText::into_string),
                tree["text"].as_str().map(str::to_owned)
            );
        }
    }
}
