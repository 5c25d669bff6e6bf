//! [`Kind`]: the type of a JSON field that fits all its values, and the array of them.

use std::{collections::BTreeMap, fmt, sync::Arc};

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, StringArray, StructArray, new_null_array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Fields};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Value, error::Category};

use super::BadRow;

/// An object with more fields is no record but a map, and read as text.
const MOST_FIELDS: usize = 1000;

/// What a field holds.
///
/// Whole numbers and others are Float64 together. Any other mix is [`Kind::Text`]: strings as they are, the rest as JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Nothing yet: a column of nulls is one of texts.
    Null,
    Bool,
    /// Whole numbers of 64 bits.
    Int,
    Float,
    Text,
    List(Box<Kind>),
    /// Fields sorted by name. One without fields is read as text, for Parquet has none such.
    Struct(BTreeMap<String, Kind>),
}

impl Kind {
    /// Makes room for a value.
    pub fn widen(&mut self, value: &Value) {
        let kind = std::mem::replace(self, Self::Null);
        *self = match (kind, value) {
            (kind, Value::Null) => kind,
            (Self::Null | Self::Bool, Value::Bool(_)) => Self::Bool,
            (Self::Null | Self::Int, Value::Number(n)) if n.is_i64() => Self::Int,
            (Self::Float, Value::Number(n)) if n.is_i64() => Self::Float,
            // what does not fit 64 bits with a sign is an id or a hash, whose digits all count
            (_, Value::Number(n)) if n.is_u64() => Self::Text,
            (Self::Null | Self::Int | Self::Float, Value::Number(_)) => Self::Float,
            (Self::Null, Value::Array(values)) => Self::List(Box::new(Self::Null)).widened_by(values),
            (list @ Self::List(_), Value::Array(values)) => list.widened_by(values),
            (Self::Null, Value::Object(fields)) => Self::Struct(BTreeMap::new()).with(fields),
            (record @ Self::Struct(_), Value::Object(fields)) => record.with(fields),
            _ => Self::Text,
        };
    }

    fn widened_by(mut self, values: &[Value]) -> Self {
        if let Self::List(item) = &mut self {
            values.iter().for_each(|value| item.widen(value));
        }
        self
    }

    fn with(mut self, new: &serde_json::Map<String, Value>) -> Self {
        if let Self::Struct(fields) = &mut self {
            new.iter().for_each(|(name, value)| fields.entry(name.clone()).or_insert(Self::Null).widen(value));
            if fields.len() > MOST_FIELDS {
                return Self::Text;
            }
        }
        self
    }

    /// Its Arrow type.
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Null | Self::Text => DataType::Utf8,
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::List(item) => DataType::List(Arc::new(Field::new("item", item.data_type(), true))),
            Self::Struct(fields) if fields.is_empty() => DataType::Utf8,
            Self::Struct(fields) => DataType::Struct(members(fields)),
        }
    }
}

fn members(fields: &BTreeMap<String, Kind>) -> Fields {
    fields.iter().map(|(name, kind)| Field::new(name, kind.data_type(), true)).collect()
}

/// The values as an array of [`Kind::data_type`]. What is absent or does not fit is null.
pub fn array(kind: &Kind, values: &[Option<&Value>]) -> ArrayRef {
    let values_of = values.iter().copied();
    match kind {
        Kind::Bool => Arc::new(values_of.map(|v| v?.as_bool()).collect::<BooleanArray>()),
        Kind::Int => Arc::new(values_of.map(|v| v?.as_i64()).collect::<Int64Array>()),
        Kind::Float => Arc::new(values_of.map(|v| v?.as_f64()).collect::<Float64Array>()),
        Kind::List(item) => list(item, values),
        Kind::Struct(fields) if !fields.is_empty() => {
            let children = fields.iter().map(|(name, kind)| {
                array(kind, &values.iter().map(|value| value.and_then(|v| v.get(name))).collect::<Vec<_>>())
            });
            let nulls = values_of.map(|v| v.is_some_and(Value::is_object)).collect::<NullBuffer>();
            Arc::new(StructArray::new(members(fields), children.collect(), Some(nulls)))
        }
        Kind::Null | Kind::Text | Kind::Struct(_) => {
            let text = |value: &Value| match value {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            Arc::new(values_of.map(|v| v.and_then(text)).collect::<StringArray>())
        }
    }
}

fn list(item: &Kind, values: &[Option<&Value>]) -> ArrayRef {
    let arrays = || values.iter().map(|value| value.and_then(Value::as_array));
    let items: Vec<Option<&Value>> = arrays().flatten().flatten().map(Some).collect();
    let offsets = OffsetBuffer::<i32>::from_lengths(arrays().map(|array| array.map_or(0, Vec::len)));
    let nulls = arrays().map(|array| array.is_some()).collect::<NullBuffer>();
    let field = Arc::new(Field::new("item", item.data_type(), true));
    ListArray::try_new(field, offsets, array(item, &items), Some(nulls))
        .map_or_else(|_| new_null_array(&Kind::List(Box::new(item.clone())).data_type(), values.len()), |a| Arc::new(a))
}

/// The fields of a line, in its order.
///
/// # Errors
/// Why there are none.
pub fn object(line: &[u8]) -> Result<Vec<(String, Value)>, BadRow> {
    let text = std::str::from_utf8(line).map_err(|_| BadRow::NotUtf8)?;
    // the messages of serde_json quote what they did not expect
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
