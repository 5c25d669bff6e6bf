//! Moves Arrow arrays across the borders to Polars and Python. Unsafe code is here and in the files below alone.
//!
//! Both sides of each border implement the Arrow C data interface, so nothing is copied. Nothing is checked either:
//! strings that come in may not be UTF-8 (see `strings`).

mod plugin_function;
pub mod signal;

use std::{
    ffi::{c_int, c_void},
    mem::{self, ManuallyDrop, offset_of},
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
    exceptions::{PyException, PyTypeError},
    prelude::*,
    types::{PyCapsule, PyTuple},
};

use crate::{error::InputError, polars_type};

fn internal(error: &dyn std::error::Error) -> polars::prelude::PolarsError {
    polars_err!(ComputeError: "internal error at the border to Polars, please report it: {error}")
}

/// Moves a struct of the C data interface from one library's type to the other's.
fn move_across<A, B>(from: A) -> B {
    const {
        assert!(size_of::<A>() == size_of::<B>() && align_of::<A>() == align_of::<B>());
    }
    let from = ManuallyDrop::new(from);
    // SAFETY: only called with the repr(C) structs that the Arrow C data interface defines, which both libraries
    // declare field by field alike; size and alignment are checked above, and `from` is not dropped here.
    unsafe { mem::transmute_copy(&*from) }
}

/// `struct ArrowArray` of the [C data interface](https://arrow.apache.org/docs/format/CDataInterface.html), field by
/// field. Arrow's own type keeps these fields private.
#[repr(C)]
#[allow(dead_code)] // a field that is not read still takes its place
struct RawArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut RawArray,
    dictionary: *mut RawArray,
    release: *mut c_void,
    private_data: *mut c_void,
}

// the layout that the interface defines: five 64-bit counts, then five pointers
const _: () = {
    const POINTER: usize = size_of::<*mut c_void>();
    assert!(offset_of!(RawArray, length) == 0);
    assert!(offset_of!(RawArray, n_buffers) == 24);
    assert!(offset_of!(RawArray, n_children) == 32);
    assert!(offset_of!(RawArray, buffers) == 40);
    assert!(offset_of!(RawArray, children) == 40 + POINTER);
    assert!(offset_of!(RawArray, dictionary) == 40 + 2 * POINTER);
    assert!(offset_of!(RawArray, private_data) == 40 + 4 * POINTER);
    assert!(size_of::<RawArray>() == size_of::<FFI_ArrowArray>());
    assert!(align_of::<RawArray>() == align_of::<FFI_ArrowArray>());
};

/// Drops the buffers of null arrays at any depth. Polars exports them with one buffer, which the interface forbids.
///
/// # Safety
/// `array` points to an `ArrowArray` of the type that `schema` describes, and nobody else uses it meanwhile.
unsafe fn drop_null_buffers(array: *mut RawArray, schema: &FFI_ArrowSchema) {
    // SAFETY: the caller's promise; `RawArray` has the interface's layout, as asserted above.
    let raw = unsafe { &mut *array };
    if schema.format() == "n" {
        raw.n_buffers = 0;
    }
    for (i, child) in (0..raw.n_children as usize).zip(schema.children()) {
        // SAFETY: as above; the array has `n_children` children.
        unsafe { drop_null_buffers(*raw.children.add(i), child) };
    }
    if let Some(values) = schema.dictionary().filter(|_| !raw.dictionary.is_null()) {
        // SAFETY: as above.
        unsafe { drop_null_buffers(raw.dictionary, values) };
    }
}

/// Takes over an array of another library.
///
/// # Safety
/// `array` is an `ArrowArray` of the type that `schema` describes.
unsafe fn import(mut array: FFI_ArrowArray, schema: &FFI_ArrowSchema) -> Result<ArrayRef, ArrowError> {
    // SAFETY: the caller's promise.
    unsafe { drop_null_buffers((&raw mut array).cast(), schema) };
    // SAFETY: the caller's promise.
    Ok(make_array(unsafe { from_ffi(array, schema) }?))
}

/// Returns a series of strings or of entities as one Arrow array.
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

/// Returns the Arrow type of a Polars field.
pub fn arrow_type(field: &PolarsField) -> PolarsResult<DataType> {
    let schema = polars_ffi::export_field_to_c(&field.to_arrow(CompatLevel::newest()));
    let schema: FFI_ArrowSchema = move_across(schema);
    DataType::try_from(&schema).map_err(|e| internal(&e))
}

/// Returns the Polars field for an Arrow type.
pub fn polars_field(name: &str, data_type: &DataType) -> PolarsResult<PolarsField> {
    let schema = FFI_ArrowSchema::try_from(Field::new(name, data_type.clone(), true)).map_err(|e| internal(&e))?;
    let schema: polars_ffi::ArrowSchema = move_across(schema);
    // SAFETY: the struct was just exported by arrow and lives until the end of this function.
    let field = unsafe { polars_ffi::import_field_from_c(&schema) }?;
    Ok(PolarsField::new(name.into(), PolarsType::from_arrow_field(&field)))
}

/// Returns a series whose chunks are `chunks`, Arrow arrays of one type.
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

/// Arrays of one type, as another library handed them over.
pub struct ForeignArrays {
    /// Their type; that of a table is a struct of its columns.
    pub field: Field,
    /// In order. Strings may not be UTF-8.
    pub chunks: Vec<ArrayRef>,
}

/// Reads an array or a stream of arrays from any Python object that implements the PyCapsule interface. `name` is what
/// messages call the object.
///
/// # Errors
/// [`InputError`] if the producer fails, has no data left or hands over a type that cannot be read. Its own message is
/// dropped, because it may quote a note. `TypeError` if the object does not implement the interface.
pub fn from_python(name: &str, object: &Bound<'_, PyAny>) -> PyResult<ForeignArrays> {
    if object.hasattr("__arrow_c_stream__")? {
        let capsule = export(name, object, "__arrow_c_stream__")?;
        let arrays = read_stream(name, capsule.cast::<PyCapsule>()?)?;
        refuse_objects(name, object, &arrays.field)?;
        return Ok(arrays);
    }
    if object.hasattr("__arrow_c_array__")? {
        let pair = export(name, object, "__arrow_c_array__")?;
        let (schema, array): (Bound<'_, PyCapsule>, Bound<'_, PyCapsule>) = pair.cast::<PyTuple>()?.extract()?;
        let schema = schema.pointer_checked(Some(c"arrow_schema"))?.cast::<FFI_ArrowSchema>();
        let array = array.pointer_checked(Some(c"arrow_array"))?.cast::<FFI_ArrowArray>();
        // SAFETY: the capsules' names say what they hold; the array is moved out and left released.
        let (schema, array) = unsafe { (schema.as_ref(), FFI_ArrowArray::from_raw(array.as_ptr())) };
        let field = read_field(schema)?;
        // SAFETY: the producer vouches that schema and array of one pair belong together.
        let chunks = vec![unsafe { import(array, schema) }.map_err(wrong)?];
        return Ok(ForeignArrays { field, chunks });
    }
    let kind = object.get_type().name()?;
    Err(PyTypeError::new_err(format!(
        "cannot annotate a {kind}: give a list of strings, or an Arrow array or table (pyarrow, polars, pandas, ...)"
    )))
}

/// Refuses a series or a frame of Polars with Python objects, whose Arrow data are their addresses.
fn refuse_objects(name: &str, object: &Bound<'_, PyAny>, field: &Field) -> PyResult<()> {
    if !object.get_type().module()?.to_str()?.starts_with("polars.") {
        return Ok(());
    }
    // Polars has no bytes of a fixed size, so these are its objects
    let is_object = |field: &&Field| matches!(field.data_type(), DataType::FixedSizeBinary(_));
    let columns = match field.data_type() {
        DataType::Struct(columns) => columns.iter().map(AsRef::as_ref).find(is_object),
        _ => Some(field).filter(is_object),
    };
    let Some(column) = columns else { return Ok(()) };
    let column = if column.name().is_empty() { name.to_string() } else { format!("column `{}`", column.name()) };
    Err(InputError::new_err(format!(
        "{column} is Object, whose values cannot be read as Arrow data: drop it, or make it again as \
         pl.Series(column.to_list(), dtype=pl.String)"
    )))
}

/// Asks `object` for its data. Reports only the type of an exception: pyarrow's messages quote values, which may be
/// note text.
fn export<'py>(name: &str, object: &Bound<'py, PyAny>, method: &str) -> PyResult<Bound<'py, PyAny>> {
    object.call_method0(method).map_err(|error| {
        let py = object.py();
        if !error.is_instance_of::<PyException>(py) {
            return error; // KeyboardInterrupt and its like
        }
        let raised = error.get_type(py).name().map_or_else(|_| "an exception".to_string(), |name| name.to_string());
        InputError::new_err(format!(
            "{name} cannot be read as Arrow data: its {method} raised {raised}, whose message is left out because it may \
             quote a note; convert {name} to Arrow yourself to see the message"
        ))
    })
}

fn wrong(error: ArrowError) -> PyErr {
    InputError::new_err(format!("the Arrow data cannot be read ({error}): make them again, by pyarrow or Polars"))
}

/// Returns the type that a schema describes. That of a table is a struct of its columns.
fn read_field(schema: &FFI_ArrowSchema) -> PyResult<Field> {
    Field::try_from(schema).map_err(|_| {
        let refused = schema.children().find(|child| Field::try_from(*child).is_err());
        let kind = |schema| polars_type::name(schema).map_or_else(|| format!("`{}`", schema.format()), str::to_string);
        let column = refused.and_then(FFI_ArrowSchema::name).map(|name| format!("column `{name}`"));
        let (column, kind) = (column.as_deref().unwrap_or("the data"), kind(refused.unwrap_or(schema)));
        InputError::new_err(format!("{column} is of a type that cannot be read ({kind}): drop or cast it"))
    })
}

fn read_stream(name: &str, capsule: &Bound<'_, PyCapsule>) -> PyResult<ForeignArrays> {
    let pointer = capsule.pointer_checked(Some(c"arrow_array_stream"))?.cast::<FFI_ArrowArrayStream>();
    // SAFETY: the capsule's name says what it holds; the stream is moved out and left released.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) };
    // the producer may wait for threads of its own that run Python
    capsule.py().detach(|| read(name, stream))
}

fn read(name: &str, mut stream: FFI_ArrowArrayStream) -> PyResult<ForeignArrays> {
    let (Some(get_schema), Some(get_next)) = (stream.get_schema(), stream.get_next()) else {
        return Err(InputError::new_err(format!("the Arrow stream of {name} was already read: make a new one")));
    };
    let mut schema = FFI_ArrowSchema::empty();
    // SAFETY: the functions of a live stream are called with the stream itself and an empty struct, as the interface
    // asks.
    let code = unsafe { get_schema(&raw mut stream, &raw mut schema) };
    if code != 0 {
        return Err(failed(name, "at its schema", code));
    }
    let field = read_field(&schema)?;
    let mut chunks = Vec::new();
    loop {
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: as above.
        let code = unsafe { get_next(&raw mut stream, &raw mut array) };
        if code != 0 {
            return Err(failed(name, &format!("at batch {}", chunks.len()), code));
        }
        if array.is_released() {
            return Ok(ForeignArrays { field, chunks });
        }
        // SAFETY: the producer vouches that each array has the stream's schema.
        chunks.push(unsafe { import(array, &schema) }.map_err(wrong)?);
    }
}

/// The error of a stream whose producer failed. The stream's `get_last_error` is not asked: its message may quote a
/// note.
fn failed(name: &str, place: &str, code: c_int) -> PyErr {
    InputError::new_err(format!(
        "the Arrow stream of {name} failed {place} with code {code}; its producer's message is left out because it may \
         quote a note; read the stream yourself to see the message"
    ))
}

/// Returns the pair of capsules of `__arrow_c_array__`.
pub fn array_capsules<'py>(py: Python<'py>, array: &dyn Array) -> PyResult<Bound<'py, PyTuple>> {
    let (array, schema) = to_ffi(&array.to_data()).map_err(wrong)?;
    let schema = PyCapsule::new_with_value(py, schema, c"arrow_schema")?;
    let array = PyCapsule::new_with_value(py, array, c"arrow_array")?;
    PyTuple::new(py, [schema, array])
}

/// Returns the capsule of `__arrow_c_stream__`.
pub fn stream_capsule<'py>(
    py: Python<'py>, reader: Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'py, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(reader), c"arrow_array_stream")
}
