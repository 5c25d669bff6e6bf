//! Arrow arrays across the borders to Polars and Python. The only file with unsafe code.
//!
//! Both sides of each border implement the Arrow C data interface; nothing is copied.

use std::{
    mem::{self, ManuallyDrop},
    sync::Arc,
};

use arrow_array::{
    Array, ArrayRef, NullArray, RecordBatchReader,
    ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi, to_ffi},
    ffi_stream::FFI_ArrowArrayStream,
    make_array,
};
use arrow_schema::{ArrowError, DataType, Field};
use polars::prelude::{
    CompatLevel, DataType as PolarsType, Field as PolarsField, PlSmallStr, PolarsResult, Series, polars_err,
};
use polars_arrow::ffi as polars_ffi;
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyCapsule, PyTuple},
};

use crate::error::InputError;

fn internal(error: &dyn std::error::Error) -> polars::prelude::PolarsError {
    polars_err!(ComputeError: "internal error at the border to polars, please report it: {error}")
}

/// Moves a C-interface struct of one library into the same struct of the other.
fn move_across<A, B>(from: A) -> B {
    const {
        assert!(size_of::<A>() == size_of::<B>() && align_of::<A>() == align_of::<B>());
    }
    let from = ManuallyDrop::new(from);
    // SAFETY: only called with the repr(C) structs that the Arrow C data interface defines, which both libraries
    // declare field by field alike; size and alignment are checked above, and `from` is not dropped here.
    unsafe { mem::transmute_copy(&*from) }
}

/// A string-like series as one Arrow array of strings.
pub fn from_polars(series: &Series) -> PolarsResult<ArrayRef> {
    let series = match series.dtype() {
        // Polars exports a null array with a buffer, which the interface forbids
        PolarsType::Null => return Ok(Arc::new(NullArray::new(series.len()))),
        PolarsType::Categorical(..) | PolarsType::Enum(..) => series.cast(&PolarsType::String)?,
        _ => series.clone(),
    };
    let array = series.rechunk().to_arrow(0, CompatLevel::newest());
    let field = polars_arrow::datatypes::Field::new("".into(), array.dtype().clone(), true);
    let schema: FFI_ArrowSchema = move_across(polars_ffi::export_field_to_c(&field));
    let array: FFI_ArrowArray = move_across(polars_ffi::export_array_to_c(array));
    // SAFETY: both structs were just exported by Polars for the same array, and are used once.
    let data = unsafe { from_ffi(array, &schema) }.map_err(|e| internal(&e))?;
    Ok(make_array(data))
}

/// A Polars field of an Arrow type.
pub fn polars_field(name: &str, data_type: &DataType) -> PolarsResult<PolarsField> {
    let schema = FFI_ArrowSchema::try_from(Field::new(name, data_type.clone(), true)).map_err(|e| internal(&e))?;
    let schema: polars_ffi::ArrowSchema = move_across(schema);
    // SAFETY: the struct was just exported by arrow and lives until the end of this function.
    let field = unsafe { polars_ffi::import_field_from_c(&schema) }?;
    Ok(PolarsField::new(name.into(), PolarsType::from_arrow_field(&field)))
}

/// Arrow arrays of one type as the chunks of a series.
pub fn to_polars(name: &str, chunks: Vec<ArrayRef>) -> PolarsResult<Series> {
    let chunks = chunks
        .into_iter()
        .map(|chunk| {
            let (array, schema) = to_ffi(&chunk.to_data()).map_err(|e| internal(&e))?;
            let schema: polars_ffi::ArrowSchema = move_across(schema);
            // SAFETY: both structs were just exported by arrow for the same array; the array is used once and the
            // schema lives until the end of this closure.
            let field = unsafe { polars_ffi::import_field_from_c(&schema) }?;
            // SAFETY: as above.
            unsafe { polars_ffi::import_array_from_c(move_across(array), field.dtype) }
        })
        .collect::<PolarsResult<Vec<_>>>()?;
    Series::try_from((PlSmallStr::from_str(name), chunks))
}

/// An array or a stream of arrays from any Python object that offers one by the PyCapsule interface.
pub fn from_python(object: &Bound<'_, PyAny>) -> PyResult<(Field, Vec<ArrayRef>)> {
    if object.hasattr("__arrow_c_stream__")? {
        let capsule = object.call_method0("__arrow_c_stream__")?;
        return read_stream(capsule.cast::<PyCapsule>()?);
    }
    if object.hasattr("__arrow_c_array__")? {
        let pair = object.call_method0("__arrow_c_array__")?;
        let (schema, array): (Bound<'_, PyCapsule>, Bound<'_, PyCapsule>) = pair.cast::<PyTuple>()?.extract()?;
        let schema = schema.pointer_checked(Some(c"arrow_schema"))?.cast::<FFI_ArrowSchema>();
        let array = array.pointer_checked(Some(c"arrow_array"))?.cast::<FFI_ArrowArray>();
        // SAFETY: the names of the capsules say what they hold; the array is moved out and left released.
        let (schema, array) = unsafe { (schema.as_ref(), FFI_ArrowArray::from_raw(array.as_ptr())) };
        let field = Field::try_from(schema).map_err(wrong)?;
        // SAFETY: the producer vouches for schema and array of one capsule pair.
        let data = unsafe { from_ffi(array, schema) }.map_err(wrong)?;
        return Ok((field, vec![make_array(data)]));
    }
    let kind = object.get_type().name()?;
    Err(PyTypeError::new_err(format!(
        "cannot annotate a {kind}: give a list of strings, or an Arrow array or table (pyarrow, polars, pandas, ...)"
    )))
}

fn wrong(error: ArrowError) -> PyErr {
    InputError::new_err(format!("the Arrow data cannot be read: {error}"))
}

fn read_stream(capsule: &Bound<'_, PyCapsule>) -> PyResult<(Field, Vec<ArrayRef>)> {
    let pointer = capsule.pointer_checked(Some(c"arrow_array_stream"))?.cast::<FFI_ArrowArrayStream>();
    // SAFETY: the name of the capsule says what it holds; the stream is moved out and left released.
    let mut stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) };
    let failed = |code: i32| InputError::new_err(format!("the Arrow stream failed with code {code}"));
    let (Some(get_schema), Some(get_next)) = (stream.get_schema(), stream.get_next()) else {
        return Err(InputError::new_err("the Arrow stream was already read"));
    };
    let mut schema = FFI_ArrowSchema::empty();
    // SAFETY: a live stream's functions are called with the stream itself and an empty struct, as the interface asks.
    let code = unsafe { get_schema(&raw mut stream, &raw mut schema) };
    if code != 0 {
        return Err(failed(code));
    }
    let field = Field::try_from(&schema).map_err(wrong)?;
    let mut chunks = Vec::new();
    loop {
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: as above.
        let code = unsafe { get_next(&raw mut stream, &raw mut array) };
        if code != 0 {
            return Err(failed(code));
        }
        if array.is_released() {
            return Ok((field, chunks));
        }
        // SAFETY: the producer vouches that each array has the stream's schema.
        chunks.push(make_array(unsafe { from_ffi(array, &schema) }.map_err(wrong)?));
    }
}

/// The pair of capsules of `__arrow_c_array__`.
pub fn array_capsules<'py>(py: Python<'py>, array: &dyn Array) -> PyResult<Bound<'py, PyTuple>> {
    let (array, schema) = to_ffi(&array.to_data()).map_err(wrong)?;
    let schema = PyCapsule::new_with_value(py, schema, c"arrow_schema")?;
    let array = PyCapsule::new_with_value(py, array, c"arrow_array")?;
    PyTuple::new(py, [schema, array])
}

/// The capsule of `__arrow_c_stream__`.
pub fn stream_capsule<'py>(
    py: Python<'py>, reader: Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'py, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(reader), c"arrow_array_stream")
}
