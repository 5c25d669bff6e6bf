//! [`object`]: parses a line of NDJSON.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Value, error::Category};

use super::BadRow;

/// Returns the fields of a line in their order; a name that occurs twice is there twice.
///
/// # Errors
/// [`BadRow::NotUtf8`], [`BadRow::NotJson`], [`BadRow::NotObject`].
pub fn object(line: &[u8]) -> Result<Vec<(String, Value)>, BadRow> {
    let text = std::str::from_utf8(line).map_err(|_| BadRow::NotUtf8)?;
    // serde_json's messages quote the value that they did not expect
    let parsed = serde_json::from_str::<Object>(text).map_err(|error| match error.classify() {
        Category::Data => BadRow::NotObject,
        _ => BadRow::NotJson { column: error.column() },
    });
    parsed.map(|object| object.0)
}

struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Object(fields))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
