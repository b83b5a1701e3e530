//! Fields of a request that are lists.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::SeqAccess;

use super::value::{FieldValue, FromJson, JsonKind, RequestField, Skipped};
use vocabox_base::fault::Fault;

/// A list of `MIN` to `MAX` items. Only the length of a longer list is kept.
#[derive(Debug)]
pub struct BoundedList<T, const MIN: usize, const MAX: usize> {
    items: Vec<FieldValue<T>>,
    count: usize,
}

impl<T: FromJson, const MIN: usize, const MAX: usize> FromJson for BoundedList<T, MIN, MAX> {
    fn list<'de, A: SeqAccess<'de>>(list: &mut A) -> Result<Option<Self>, A::Error> {
        let mut items = Vec::new();
        while items.len() < MAX {
            match list.next_element()? {
                Some(item) => items.push(item),
                None => break,
            }
        }
        let mut count = items.len();
        while count >= MAX && list.next_element::<FieldValue<Skipped>>()?.is_some() {
            count += 1;
            items = Vec::new();
        }
        Ok(Some(BoundedList { items, count }))
    }
}

impl<T: FromJson, const MIN: usize, const MAX: usize> RequestField for BoundedList<T, MIN, MAX> {
    type Checked = Vec<FieldValue<T>>;

    const NULL_IS_ABSENT: bool = false;

    fn check(self, name: &str) -> Result<Vec<FieldValue<T>>, Fault> {
        let count = self.count;
        if (MIN..=MAX).contains(&count) {
            return Ok(self.items);
        }
        let accepted = match MIN {
            0 => format!("at most {MAX}"),
            _ => format!("{MIN} to {MAX}"),
        };
        Err(Fault::invalid(format!(
            "{name} has {count} items; {accepted} are accepted"
        )))
    }

    fn refuse(name: &str, _: JsonKind) -> Fault {
        Fault::invalid(format!("{name} is not an array"))
    }
}

impl<T: JsonSchema, const MIN: usize, const MAX: usize> JsonSchema for BoundedList<T, MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("ListOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "minItems": MIN, "maxItems": MAX, "items": items })
    }
}

/// What `read` makes of the object that is item `at` of the list `name`. Faults: `Invalid` for an item that is no
/// object, and those of `read`, to whose sentences the item's place is added.
pub fn item<T, U>(
    name: &str,
    at: usize,
    given: FieldValue<T>,
    read: impl FnOnce(T) -> Result<U, Fault>,
) -> Result<U, Fault> {
    let FieldValue::Accepted(object) = given else {
        return Err(Fault::invalid(format!("{name}[{at}] is not an object")));
    };
    read(object).map_err(|mut fault| {
        fault.sentence = format!("{name}[{at}].{}", fault.sentence);
        fault
    })
}
