//! [`JsonType`]: the narrowest type that holds all values of a JSON field, and the array of these values.

use std::{collections::BTreeMap, sync::Arc};

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, StringArray, StructArray, new_null_array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Fields};
use serde_json::{Number, Value};

/// An object with more fields is a map, not a record. It is read as text.
const MAX_FIELDS: usize = 1000;

/// The type of a field.
///
/// ```text
/// null, 1        -> Int64      1, 0.5  -> Float64
/// 2^53 + 1, 0.5  -> text: "9007199254740993", "0.5"
/// 1, "a", [true] -> text: "1", "a", "[true]"
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum JsonType {
    /// No value yet. A column of nulls alone is a text column.
    Null,
    Bool,
    /// Signed integers that Float64 holds too.
    Int,
    /// Signed integers of 64 bits. Beside a float they are text, because Float64 would lose digits.
    LongInt,
    Float,
    /// Strings, and any mix of types: what is not a string is written as JSON.
    Text,
    List(Box<JsonType>),
    /// Fields sorted by name. An object without fields is read as text, since Parquet has no empty struct.
    Struct(BTreeMap<String, JsonType>),
}

impl JsonType {
    /// Widens the type so that it holds `value` too.
    pub fn widen(&mut self, value: &Value) {
        let known = std::mem::replace(self, Self::Null);
        *self = match (known, value) {
            (known, Value::Null) => known,
            (Self::Null | Self::Bool, Value::Bool(_)) => Self::Bool,
            (Self::Null | Self::Int, Value::Number(n)) if is_exact(n) => Self::Int,
            (Self::Null | Self::Int | Self::LongInt, Value::Number(n)) if n.is_i64() => Self::LongInt,
            (Self::Float, Value::Number(n)) if is_exact(n) => Self::Float,
            (Self::Float, Value::Number(n)) if n.is_i64() => Self::Text,
            // an integer beyond i64 is an id or a hash: as Float64 it would lose digits
            (_, Value::Number(n)) if n.is_u64() => Self::Text,
            (Self::Null | Self::Int | Self::Float, Value::Number(_)) => Self::Float,
            (Self::Null, Value::Array(values)) => Self::List(Box::new(Self::Null)).widened_by(values),
            (list @ Self::List(_), Value::Array(values)) => list.widened_by(values),
            (Self::Null, Value::Object(fields)) => Self::Struct(BTreeMap::new()).with(fields),
            (object @ Self::Struct(_), Value::Object(fields)) => object.with(fields),
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
            if fields.len() > MAX_FIELDS {
                return Self::Text;
            }
        }
        self
    }

    /// The Arrow type of the column.
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Null | Self::Text => DataType::Utf8,
            Self::Bool => DataType::Boolean,
            Self::Int | Self::LongInt => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::List(item) => DataType::List(Arc::new(Field::new("item", item.data_type(), true))),
            Self::Struct(fields) if fields.is_empty() => DataType::Utf8,
            Self::Struct(fields) => DataType::Struct(members(fields)),
        }
    }
}

/// True for a signed integer that Float64 holds without loss.
fn is_exact(number: &Number) -> bool {
    const LIMIT: u64 = 1 << f64::MANTISSA_DIGITS;
    number.as_i64().is_some_and(|n| n.unsigned_abs() <= LIMIT)
}

fn members(fields: &BTreeMap<String, JsonType>) -> Fields {
    fields.iter().map(|(name, of)| Field::new(name, of.data_type(), true)).collect()
}

/// Builds an array of [`JsonType::data_type`]. An absent value is null, and so is one of another type.
pub fn array(json_type: &JsonType, values: &[Option<&Value>]) -> ArrayRef {
    let values_of = values.iter().copied();
    match json_type {
        JsonType::Bool => Arc::new(values_of.map(|v| v?.as_bool()).collect::<BooleanArray>()),
        JsonType::Int | JsonType::LongInt => Arc::new(values_of.map(|v| v?.as_i64()).collect::<Int64Array>()),
        JsonType::Float => Arc::new(values_of.map(|v| v?.as_f64()).collect::<Float64Array>()),
        JsonType::List(item) => list(item, values),
        JsonType::Struct(fields) if !fields.is_empty() => {
            let children = fields.iter().map(|(name, of)| {
                array(of, &values.iter().map(|value| value.and_then(|v| v.get(name))).collect::<Vec<_>>())
            });
            let nulls = values_of.map(|v| v.is_some_and(Value::is_object)).collect::<NullBuffer>();
            Arc::new(StructArray::new(members(fields), children.collect(), Some(nulls)))
        }
        JsonType::Null | JsonType::Text | JsonType::Struct(_) => {
            let text = |value: &Value| match value {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            Arc::new(values_of.map(|v| v.and_then(text)).collect::<StringArray>())
        }
    }
}

fn list(item: &JsonType, values: &[Option<&Value>]) -> ArrayRef {
    let arrays = || values.iter().map(|value| value.and_then(Value::as_array));
    let items: Vec<Option<&Value>> = arrays().flatten().flatten().map(Some).collect();
    let offsets = OffsetBuffer::<i32>::from_lengths(arrays().map(|array| array.map_or(0, Vec::len)));
    let nulls = arrays().map(|array| array.is_some()).collect::<NullBuffer>();
    let field = Arc::new(Field::new("item", item.data_type(), true));
    ListArray::try_new(field, offsets, array(item, &items), Some(nulls)).map_or_else(
        |_| new_null_array(&JsonType::List(Box::new(item.clone())).data_type(), values.len()),
        |a| Arc::new(a),
    )
}
