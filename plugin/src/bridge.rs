//! Arrow arrays across the borders to Polars and Python. The only file with unsafe code.
//!
//! Both sides of each border implement the Arrow C data interface; nothing is copied. Nor is anything looked at: strings that
//! come in may be no UTF-8 (see `strings`).

use std::{
    ffi::{CStr, c_void},
    mem::{self, ManuallyDrop},
};

use arrow_array::{
    Array, ArrayRef, RecordBatchReader,
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

/// How a struct of the C data interface begins; arrow keeps the fields of its own to itself.
#[repr(C)]
#[allow(dead_code)] // what is not read has its place
struct Head {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut Head,
    dictionary: *mut Head,
}

/// Passes over the buffers of null arrays at any depth: Polars exports them with one, which the interface forbids.
///
/// # Safety
/// `array` is one of the C data interface, and of the type that `schema` tells.
unsafe fn without_null_buffers(array: *mut Head, schema: &FFI_ArrowSchema) {
    // SAFETY: the array is what the caller says, and so are its parts, which nobody else uses meanwhile.
    let head = unsafe { &mut *array };
    if schema.format() == "n" {
        head.n_buffers = 0;
    }
    for (i, child) in (0..head.n_children as usize).zip(schema.children()) {
        // SAFETY: as above; there are `n_children` of them.
        unsafe { without_null_buffers(*head.children.add(i), child) };
    }
    if let Some(values) = schema.dictionary().filter(|_| !head.dictionary.is_null()) {
        // SAFETY: as above.
        unsafe { without_null_buffers(head.dictionary, values) };
    }
}

/// An array of another library.
///
/// # Safety
/// `array` is one of the C data interface, and of the type that `schema` tells.
unsafe fn import(mut array: FFI_ArrowArray, schema: &FFI_ArrowSchema) -> Result<ArrayRef, ArrowError> {
    // SAFETY: the caller's promise.
    unsafe { without_null_buffers((&raw mut array).cast(), schema) };
    // SAFETY: the caller's promise.
    Ok(make_array(unsafe { from_ffi(array, schema) }?))
}

/// A string-like series as one Arrow array.
pub fn from_polars(series: &Series) -> PolarsResult<ArrayRef> {
    let series = match series.dtype() {
        PolarsType::Categorical(..) | PolarsType::Enum(..) => series.cast(&PolarsType::String)?,
        _ => series.clone(),
    };
    let array = series.rechunk().to_arrow(0, CompatLevel::newest());
    let field = polars_arrow::datatypes::Field::new("".into(), array.dtype().clone(), true);
    let schema: FFI_ArrowSchema = move_across(polars_ffi::export_field_to_c(&field));
    let array: FFI_ArrowArray = move_across(polars_ffi::export_array_to_c(array));
    // SAFETY: both structs were just exported by Polars for the same array, and are used once.
    unsafe { import(array, &schema) }.map_err(|e| internal(&e))
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

/// An array or a stream of arrays from any Python object that offers one by the PyCapsule interface. Its strings may be no UTF-8.
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
        let field = field(schema)?;
        // SAFETY: the producer vouches for schema and array of one capsule pair.
        return Ok((field, vec![unsafe { import(array, schema) }.map_err(wrong)?]));
    }
    let kind = object.get_type().name()?;
    Err(PyTypeError::new_err(format!(
        "cannot annotate a {kind}: give a list of strings, or an Arrow array or table (pyarrow, polars, pandas, ...)"
    )))
}

fn wrong(error: ArrowError) -> PyErr {
    InputError::new_err(format!("the Arrow data cannot be read: {error}"))
}

/// The type that a schema tells; of a table, its columns.
fn field(schema: &FFI_ArrowSchema) -> PyResult<Field> {
    Field::try_from(schema).map_err(|error| {
        let refused = schema.children().find(|child| Field::try_from(*child).is_err());
        let Some(name) = refused.and_then(FFI_ArrowSchema::name) else { return wrong(error) };
        InputError::new_err(format!("column `{name}` is of a type that cannot be read ({error}): drop or cast it"))
    })
}

fn read_stream(capsule: &Bound<'_, PyCapsule>) -> PyResult<(Field, Vec<ArrayRef>)> {
    let pointer = capsule.pointer_checked(Some(c"arrow_array_stream"))?.cast::<FFI_ArrowArrayStream>();
    // SAFETY: the name of the capsule says what it holds; the stream is moved out and left released.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) };
    // the producer may wait for threads of its own that run Python
    capsule.py().detach(|| read(stream))
}

fn read(mut stream: FFI_ArrowArrayStream) -> PyResult<(Field, Vec<ArrayRef>)> {
    let (Some(get_schema), Some(get_next)) = (stream.get_schema(), stream.get_next()) else {
        return Err(InputError::new_err("the Arrow stream was already read"));
    };
    let mut schema = FFI_ArrowSchema::empty();
    // SAFETY: a live stream's functions are called with the stream itself and an empty struct, as the interface asks.
    let code = unsafe { get_schema(&raw mut stream, &raw mut schema) };
    if code != 0 {
        return Err(failed(&mut stream, code));
    }
    let field = field(&schema)?;
    let mut chunks = Vec::new();
    loop {
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: as above.
        let code = unsafe { get_next(&raw mut stream, &raw mut array) };
        if code != 0 {
            return Err(failed(&mut stream, code));
        }
        if array.is_released() {
            return Ok((field, chunks));
        }
        // SAFETY: the producer vouches that each array has the stream's schema.
        chunks.push(unsafe { import(array, &schema) }.map_err(wrong)?);
    }
}

/// Why a stream failed, as far as its producer says.
fn failed(stream: &mut FFI_ArrowArrayStream, code: i32) -> PyErr {
    // SAFETY: as the other functions of a live stream.
    let reason = stream.get_last_error().map(|last| unsafe { last(&raw mut *stream) });
    let told = reason.filter(|reason| !reason.is_null()).map(|reason| {
        // SAFETY: the interface asks for a string that lives until the next call of the stream.
        unsafe { CStr::from_ptr(reason) }.to_string_lossy()
    });
    InputError::new_err(match told {
        Some(told) => format!("the Arrow stream failed: {told}"),
        None => format!("the Arrow stream failed with code {code}"),
    })
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
