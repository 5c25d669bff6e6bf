//! What annotating gives back in Python: Arrow data for whoever speaks the PyCapsule interface.

use arrow_array::{
    Array, ArrayRef, Float32Array, ListArray, RecordBatch, RecordBatchIterator, StringArray, StructArray, UInt32Array,
    cast::AsArray,
};
use arrow_schema::{DataType, SchemaRef};
use pyo3::{
    prelude::*,
    types::{PyCapsule, PyDict, PyList, PyTuple},
};

use crate::bridge;

/// The entities of a column: an Arrow array, one element a text.
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
        let _ = requested_schema; // a wish by the interface's own words; there is one type
        bridge::array_capsules(py, &self.array)
    }

    /// As Python objects: a list of dicts a text, None for a null text.
    fn to_list<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = (0..self.array.len()).map(|row| self.row(py, row));
        PyList::new(py, rows.collect::<PyResult<Vec<_>>>()?)
    }

    fn __repr__(&self) -> String {
        format!("spanframe.Entities({} texts)", self.array.len())
    }
}

impl Entities {
    fn row<'py>(&self, py: Python<'py>, row: usize) -> PyResult<Option<Bound<'py, PyList>>> {
        if self.array.is_null(row) {
            return Ok(None);
        }
        let columns: Vec<ArrayRef> = match self.array.data_type() {
            DataType::Struct(_) => self.array.as_struct().columns().iter().map(|c| list(c).value(row)).collect(),
            _ => list(&self.array).value(row).as_struct().columns().to_vec(),
        };
        let names = spanframe_engine::schema::entity_fields().map(|(name, _)| name);
        let entities = (0..columns[0].len()).map(|i| {
            let entity = PyDict::new(py);
            for (name, column) in names.iter().zip(&columns) {
                let any = column.as_any();
                if let Some(texts) = any.downcast_ref::<StringArray>() {
                    entity.set_item(name, texts.value(i))?;
                } else if let Some(numbers) = any.downcast_ref::<UInt32Array>() {
                    entity.set_item(name, numbers.value(i))?;
                } else if let Some(numbers) = any.downcast_ref::<Float32Array>() {
                    entity.set_item(name, numbers.value(i))?;
                }
            }
            Ok(entity)
        });
        Ok(Some(PyList::new(py, entities.collect::<PyResult<Vec<_>>>()?)?))
    }
}

fn list(array: &ArrayRef) -> &ListArray {
    array.as_list()
}

/// A table with the entities as a new column: an Arrow stream of record batches.
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

    fn __repr__(&self) -> String {
        let names: Vec<&str> = self.schema.fields().iter().map(|f| f.name().as_str()).collect();
        format!("spanframe.Table({} rows: {})", self.__len__(), names.join(", "))
    }
}
