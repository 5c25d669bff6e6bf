//! Reads texts, languages and tables that Python passes in.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, StringArray, StructArray, cast::AsArray};
use arrow_schema::{DataType, Fields};
use pyo3::{
    prelude::*,
    types::{PyList, PyString},
};
use spanframe_engine::{EngineError, input::bytes_as_text, shown_name::column_list};

use crate::{
    bridge::{self, ForeignArrays},
    error::{InputError, python},
    strings,
};

/// Returns a list of strings or an Arrow array as one array for the engine.
///
/// # Errors
/// [`InputError`] for a table, and for a list with anything but strings and `None`.
pub fn texts(data: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    if let Ok(texts) = data.cast::<PyList>() {
        return list(texts);
    }
    let ForeignArrays { field, chunks } = bridge::from_python("`data`", data)?;
    if let DataType::Struct(fields) = field.data_type() {
        let names = column_list(fields.iter().map(|field| field.name().as_str()));
        return Err(InputError::new_err(format!(
            "the data is a table with the columns {names}: give the one with the texts, or name it with column="
        )));
    }
    joined(field.data_type(), &chunks).and_then(|texts| strings::bytes(&texts)).map_err(|e| python(&e))
}

/// Returns one code, a list of codes or an Arrow array as one array for the engine.
///
/// # Errors
/// [`InputError`] for a list with anything but strings and `None`.
pub fn languages(data: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    if let Ok(code) = data.cast::<PyString>() {
        return list(&PyList::new(data.py(), [code])?);
    }
    if let Ok(codes) = data.cast::<PyList>() {
        return list(codes);
    }
    let ForeignArrays { field, chunks } = bridge::from_python("`language`", data)?;
    joined(field.data_type(), &chunks).and_then(|codes| strings::bytes(&codes)).map_err(|e| python(&e))
}

/// Returns a list of strings or the chunks of a column of strings or bytes, checked to be UTF-8. `name` is what messages call it.
///
/// # Errors
/// [`InputError`] for strings that are not UTF-8, and for a list with anything but strings and `None`.
pub fn checked(name: &str, data: &Bound<'_, PyAny>) -> PyResult<Vec<ArrayRef>> {
    if let Ok(texts) = data.cast::<PyList>() {
        return Ok(vec![list(texts)?]);
    }
    let chunks = bridge::from_python(name, data)?.chunks;
    strings::check(data.py(), name, &chunks)?;
    Ok(chunks.iter().map(bytes_as_text).collect())
}

/// Refuses a table with several columns of the name `column`, since any of them may be meant.
///
/// # Errors
/// [`InputError`].
pub fn check_single(fields: &Fields, column: &str) -> PyResult<()> {
    match fields.iter().filter(|field| field.name() == column).count() {
        0 | 1 => Ok(()),
        several => {
            Err(InputError::new_err(format!("the table has {several} columns named `{column}`: rename all but one")))
        }
    }
}

/// Returns a list of strings and `None` as an array.
fn list(items: &Bound<'_, PyList>) -> PyResult<ArrayRef> {
    let texts = items.iter().enumerate().map(|(row, item)| {
        if item.is_none() {
            return Ok(None);
        }
        let Ok(text) = item.cast::<PyString>() else {
            let kind = item.get_type().name()?;
            return Err(InputError::new_err(format!("row {row} of the list is a {kind}, expected a string or None")));
        };
        Ok(Some(string(&format!("row {row} of the list"), text)?.to_string()))
    });
    Ok(Arc::new(texts.collect::<PyResult<StringArray>>()?))
}

/// Returns the UTF-8 of a Python string, which messages call `name`.
///
/// # Errors
/// [`InputError`] for lone surrogates. Python's own error would hold the text.
pub fn string<'a>(name: &str, text: &'a Bound<'_, PyString>) -> PyResult<&'a str> {
    let refused = |_| InputError::new_err(format!("{name} has lone surrogates, which are not text: remove them"));
    text.to_str().map_err(refused)
}

/// Joins arrays of one type.
///
/// # Errors
/// [`EngineError::OutputTooLarge`] if the offsets of the result do not fit their type.
pub fn joined(data_type: &DataType, chunks: &[ArrayRef]) -> Result<ArrayRef, EngineError> {
    match chunks {
        [] => Ok(arrow_array::new_empty_array(data_type)),
        [only] => Ok(Arc::clone(only)),
        _ => {
            let parts: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
            Ok(arrow_select::concat::concat(&parts)?)
        }
    }
}

/// Returns a chunk of a table as an array of structs.
///
/// # Errors
/// [`InputError`] if a row is null as a whole.
pub fn rows(chunk: &ArrayRef) -> PyResult<&StructArray> {
    let rows = chunk.as_struct();
    if rows.null_count() > 0 {
        return Err(InputError::new_err("the table has null rows: drop them first"));
    }
    Ok(rows)
}
