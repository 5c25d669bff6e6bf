//! The catalogue for Python.

use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};
use spanframe_engine::catalogue;

use crate::error::python;

/// The models that have a name, a dict each.
#[pyfunction]
pub fn models(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let models = py.detach(catalogue::list).map_err(|e| python(&e))?;
    let rows = models.into_iter().map(|model| {
        let row = PyDict::new(py);
        let strict = model.score.as_ref().map(|score| score.strict);
        row.set_item("name", model.name)?;
        row.set_item("languages", model.languages)?;
        row.set_item("entities", model.entities)?;
        row.set_item("architecture", model.architecture)?;
        row.set_item("bytes", model.bytes)?;
        row.set_item("licence", model.licence)?;
        row.set_item("f1", strict.map(|figures| figures.f1))?;
        row.set_item("f1_low", strict.map(|figures| figures.f1_low))?;
        row.set_item("f1_high", strict.map(|figures| figures.f1_high))?;
        row.set_item("annotation", model.score.map(|score| score.annotation))?;
        row.set_item("installed", model.installed)?;
        row.set_item("model", model.model)?;
        Ok(row)
    });
    PyList::new(py, rows.collect::<PyResult<Vec<_>>>()?)
}
