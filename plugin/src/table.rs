//! Results for Python: Arrow data for every library that implements the PyCapsule interface.

use arrow_array::{
    Array, ArrayRef, RecordBatch, RecordBatchIterator, StructArray,
    cast::AsArray,
    types::{Float32Type, Int32Type, Int64Type, UInt32Type},
};
use arrow_schema::{DataType, SchemaRef};
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyCapsule, PyDict, PyList, PyTuple},
};
use spanframe_engine::shown_name::escaped;

use crate::{bridge, error::InternalError};

/// The entities of a column: an Arrow array with one element per text.
#[pyclass(module = "spanframe", frozen)]
pub struct Entities {
    pub array: ArrayRef,
}

#[pymethods]
impl Entities {
    fn __len__(&self) -> usize {
        self.array.len()
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self, py: Python<'py>, requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let _ = requested_schema; // the interface lets a producer ignore it: there is one type
        bridge::array_capsules(py, &self.array)
    }

    /// Returns Python objects: for each text a list of dicts (for diagnostics one dict), or None for a null text.
    fn to_list<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = (0..self.array.len()).map(|row| self.row(py, row));
        PyList::new(py, rows.collect::<PyResult<Vec<_>>>()?)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("spanframe.Entities"))
    }

    fn __repr__(&self) -> String {
        format!("spanframe.Entities({} texts)", self.array.len())
    }
}

impl Entities {
    /// Returns a list of dicts for entities in any layout, one dict for diagnostics, `None` for a null.
    fn row<'py>(&self, py: Python<'py>, row: usize) -> PyResult<Option<Bound<'py, PyAny>>> {
        if self.array.is_null(row) {
            return Ok(None);
        }
        let lists = match self.array.data_type() {
            DataType::Struct(fields) if fields.iter().all(|f| matches!(f.data_type(), DataType::List(_))) => {
                self.array.as_struct()
            }
            _ => return value(py, &self.array, row).map(Some),
        };
        let columns: Vec<ArrayRef> = lists.columns().iter().map(|c| c.as_list::<i32>().value(row)).collect();
        let names = lists.column_names();
        let entities = (0..columns[0].len()).map(|i| {
            let entity = PyDict::new(py);
            for (name, column) in names.iter().zip(&columns) {
                entity.set_item(name, value(py, column, i)?)?;
            }
            Ok(entity)
        });
        Ok(Some(PyList::new(py, entities.collect::<PyResult<Vec<_>>>()?)?.into_any()))
    }
}

/// Returns one element of an array of any type that the engine makes.
fn value<'py>(py: Python<'py>, array: &ArrayRef, i: usize) -> PyResult<Bound<'py, PyAny>> {
    if array.is_null(i) {
        return Ok(py.None().into_bound(py));
    }
    Ok(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(i).into_pyobject(py)?.into_any(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(i).into_pyobject(py)?.into_any(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(i).into_pyobject(py)?.into_any(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(i).into_pyobject(py)?.into_any(),
        DataType::Boolean => array.as_boolean().value(i).into_pyobject(py)?.to_owned().into_any(),
        DataType::Float32 => array.as_primitive::<Float32Type>().value(i).into_pyobject(py)?.into_any(),
        DataType::List(_) => {
            let values = array.as_list::<i32>().value(i);
            let values = (0..values.len()).map(|j| value(py, &values, j));
            PyList::new(py, values.collect::<PyResult<Vec<_>>>()?)?.into_any()
        }
        DataType::Struct(_) => {
            let fields = PyDict::new(py);
            let row = array.as_struct();
            for (name, column) in row.column_names().into_iter().zip(row.columns()) {
                fields.set_item(name, value(py, column, i)?)?;
            }
            fields.into_any()
        }
        DataType::Map(..) => {
            let entries = array.as_map();
            let ends = entries.value_offsets();
            let map = PyDict::new(py);
            for j in ends[i] as usize..ends[i + 1] as usize {
                map.set_item(value(py, entries.keys(), j)?, value(py, entries.values(), j)?)?;
            }
            map.into_any()
        }
        other => {
            return Err(InternalError::new_err(format!(
                "internal error, please report it: the engine made a column of {other}"
            )));
        }
    })
}

/// Why a result stays in its process, and the way out.
fn not_pickled(class: &str) -> PyErr {
    PyTypeError::new_err(format!("a {class} cannot be pickled: pickle what pyarrow or Polars make of it"))
}

/// A table with the entities as its last column: an Arrow stream of record batches.
#[pyclass(module = "spanframe", frozen)]
pub struct Table {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
}

#[pymethods]
impl Table {
    fn __len__(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self, py: Python<'py>, requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let batches = self.batches.clone().into_iter().map(Ok);
        bridge::stream_capsule(py, Box::new(RecordBatchIterator::new(batches, self.schema.clone())))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let empty = StructArray::from(RecordBatch::new_empty(self.schema.clone()));
        bridge::array_capsules(py, &empty)?.get_item(0)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("spanframe.Table"))
    }

    fn __repr__(&self) -> String {
        let names: Vec<&str> = self.schema.fields().iter().map(|f| f.name().as_str()).collect();
        format!("spanframe.Table({} rows: {})", self.__len__(), escaped(&names.join(", ")))
    }
}
