//! [`Rows`] and [`Values`]: entity fields in arrays of any type that fits, read in place.

use std::ops::Range;

use arrow_array::{
    Array, ArrayRef, GenericListArray, MapArray, OffsetSizeTrait,
    cast::AsArray,
    types::{
        Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
        UInt64Type,
    },
};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;

use super::concepts;
use crate::{
    field::{Access, EntityField, Value},
    input::TextColumn,
};

/// The place of each list of an array among the elements of all lists.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    offsets: ListOffsets<'a>,
    nulls: Option<&'a NullBuffer>,
}

#[derive(Clone, Copy)]
enum ListOffsets<'a> {
    Narrow(&'a [i32]),
    Wide(&'a [i64]),
}

impl<'a> Rows<'a> {
    /// The rows of a list array of either width, with the elements of all of them. `None` for another type.
    pub(super) fn of_list(array: &'a dyn Array) -> Option<(Self, &'a ArrayRef)> {
        fn parts<O: OffsetSizeTrait>(array: &GenericListArray<O>) -> (&[O], Option<&NullBuffer>, &ArrayRef) {
            (array.value_offsets(), array.nulls(), array.values())
        }
        match array.data_type() {
            DataType::List(_) => {
                let (offsets, nulls, values) = parts(array.as_list::<i32>());
                Some((Self { offsets: ListOffsets::Narrow(offsets), nulls }, values))
            }
            DataType::LargeList(_) => {
                let (offsets, nulls, values) = parts(array.as_list::<i64>());
                Some((Self { offsets: ListOffsets::Wide(offsets), nulls }, values))
            }
            _ => None,
        }
    }

    /// The rows of a map array.
    pub(super) fn of_map(array: &'a MapArray) -> Self {
        Self { offsets: ListOffsets::Narrow(array.value_offsets()), nulls: array.nulls() }
    }

    /// Places of the elements of `row`.
    pub(super) fn range(self, row: usize) -> Range<usize> {
        match self.offsets {
            ListOffsets::Narrow(offsets) => offsets[row] as usize..offsets[row + 1] as usize,
            ListOffsets::Wide(offsets) => offsets[row] as usize..offsets[row + 1] as usize,
        }
    }

    /// True if `row` is null.
    pub(super) fn is_null(self, row: usize) -> bool {
        self.nulls.is_some_and(|nulls| nulls.is_null(row))
    }
}

/// Gives the value at a place of an array, or `None` for a null.
pub(super) type Values<'a> = Box<dyn Fn(usize) -> Option<Value<'a>> + 'a>;

/// The values of an array as those of `field`, or `None` if it is of another type. An integer that does not fit `i64`
/// is null.
pub(super) fn field_values<'a>(field: &EntityField, array: &'a dyn Array) -> Option<Values<'a>> {
    macro_rules! primitive {
        ($value:ident, $($name:ident => $kind:ty),*) => {
            match array.data_type() {
                $(DataType::$name => {
                    let array = array.as_primitive::<$kind>();
                    Some(Box::new(move |i| array.is_valid(i).then(|| $value(array.value(i)))?))
                })*
                _ => None,
            }
        };
    }
    match field.access {
        Access::Text { .. } => {
            let texts = TextColumn::new(array).ok()?;
            Some(Box::new(move |i| texts.get(i).map(Value::Text)))
        }
        Access::Integer { .. } | Access::Id { .. } => {
            primitive!(integer, Int8 => Int8Type, Int16 => Int16Type, Int32 => Int32Type, Int64 => Int64Type,
                UInt8 => UInt8Type, UInt16 => UInt16Type, UInt32 => UInt32Type, UInt64 => UInt64Type)
        }
        Access::Float { .. } => primitive!(float, Float32 => Float32Type, Float64 => Float64Type),
        Access::Bool { .. } => {
            let array = array.as_boolean_opt()?;
            Some(Box::new(move |i| array.is_valid(i).then(|| Value::Bool(array.value(i)))))
        }
        Access::Concepts { .. } => concepts::values(array),
    }
}

fn integer<'a>(integer: impl TryInto<i64>) -> Option<Value<'a>> {
    integer.try_into().ok().map(Value::Integer)
}

fn float<'a>(float: impl Into<f64>) -> Option<Value<'a>> {
    // a Float32 comes back as it was: its f64 is exact
    Some(Value::Float(float.into() as f32))
}
