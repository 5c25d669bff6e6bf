//! Reads columns of numbers of any width.

use arrow_array::{
    Array,
    cast::AsArray,
    types::{
        Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
        UInt64Type,
    },
};
use arrow_schema::DataType;

use crate::EngineError;

/// Whole numbers of any width.
pub fn integers(array: &dyn Array) -> Result<Vec<Option<i64>>, EngineError> {
    macro_rules! integers {
        ($($name:ident => $kind:ty),*) => {
            match array.data_type() {
                $(DataType::$name => {
                    array.as_primitive::<$kind>().iter().map(|v| v.and_then(|v| i64::try_from(v).ok())).collect()
                })*
                other => return Err(EngineError::NotEntities(other.clone())),
            }
        };
    }
    Ok(integers!(Int8 => Int8Type, Int16 => Int16Type, Int32 => Int32Type, Int64 => Int64Type,
        UInt8 => UInt8Type, UInt16 => UInt16Type, UInt32 => UInt32Type, UInt64 => UInt64Type))
}

/// Floating-point numbers, confidences for instance.
pub fn floats(array: &dyn Array) -> Result<Vec<Option<f32>>, EngineError> {
    match array.data_type() {
        DataType::Float32 => Ok(array.as_primitive::<Float32Type>().iter().collect()),
        DataType::Float64 => Ok(array.as_primitive::<Float64Type>().iter().map(|v| v.map(|v| v as f32)).collect()),
        other => Err(EngineError::NotEntities(other.clone())),
    }
}
