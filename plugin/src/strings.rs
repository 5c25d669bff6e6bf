//! Checks strings of other libraries. They may not be UTF-8, because pyarrow does not check them, and Rust relies on
//! it.

use std::{str, sync::Arc};

use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, LargeBinaryArray, cast::AsArray, iterator::ArrayIter, make_array,
};
use arrow_schema::DataType;
use arrow_select::take::{TakeOptions, take};
use polars::prelude::{PolarsResult, polars_err};
use pyo3::{PyResult, Python};
use spanframe_engine::{EngineError, shown_name::escaped};

use crate::error::InputError;

/// Returns a text column as bytes, which the engine checks row by row. Nothing is copied, but for a dictionary with
/// values that are not UTF-8. A column of any other type stays as it is.
///
/// # Errors
/// [`EngineError::Internal`] for a dictionary whose keys have no value.
pub fn bytes(column: &ArrayRef) -> Result<ArrayRef, EngineError> {
    Ok(match column.data_type() {
        DataType::Utf8 => Arc::new(BinaryArray::from(column.as_string::<i32>().clone())),
        DataType::LargeUtf8 => Arc::new(LargeBinaryArray::from(column.as_string::<i64>().clone())),
        DataType::Utf8View => Arc::new(column.as_string_view().clone().to_binary_view()),
        DataType::Dictionary(..) if !are_utf8(column) => {
            let dictionary = column.as_any_dictionary();
            let values: ArrayRef = match bytes(dictionary.values())? {
                // rows that share a value share its bytes
                values if values.data_type() == &DataType::Binary => {
                    Arc::new(BinaryViewArray::from(values.as_binary::<i32>()))
                }
                values if values.data_type() == &DataType::LargeBinary => {
                    Arc::new(BinaryViewArray::from(values.as_binary::<i64>()))
                }
                values => values,
            };
            take(&values, dictionary.keys(), Some(TakeOptions { check_bounds: true }))?
        }
        _ => Arc::clone(column),
    })
}

/// Refuses a column with strings that are not UTF-8, at any depth. `column` is what the message calls it.
///
/// # Errors
/// [`InputError`].
pub fn check<'a>(py: Python<'_>, column: &str, chunks: impl IntoIterator<Item = &'a ArrayRef> + Send) -> PyResult<()> {
    if py.detach(|| chunks.into_iter().all(|chunk| are_utf8(chunk))) {
        return Ok(());
    }
    Err(InputError::new_err(format!("{column} has strings that are not UTF-8: decode it by its own encoding first")))
}

/// Refuses a Polars column of entities with strings that are not UTF-8.
///
/// # Errors
/// `ComputeError` that names the column.
pub fn check_entities(column: &str, entities: &ArrayRef) -> PolarsResult<()> {
    if are_utf8(entities) {
        return Ok(());
    }
    let column = escaped(column);
    Err(polars_err!(ComputeError: "column `{column}` has strings that are not UTF-8: make it again"))
}

/// True if all strings of an array are UTF-8, at any depth. Bytes behind a null do not count.
fn are_utf8(array: &dyn Array) -> bool {
    fn all<'a>(texts: impl Iterator<Item = Option<&'a [u8]>>) -> bool {
        texts.flatten().all(|text| str::from_utf8(text).is_ok())
    }
    match array.data_type() {
        DataType::Utf8 => all(ArrayIter::new(&BinaryArray::from(array.as_string::<i32>().clone()))),
        DataType::LargeUtf8 => all(ArrayIter::new(&LargeBinaryArray::from(array.as_string::<i64>().clone()))),
        DataType::Utf8View => all(ArrayIter::new(&array.as_string_view().clone().to_binary_view())),
        _ => array.to_data().child_data().iter().all(|part| are_utf8(&make_array(part.clone()))),
    }
}
