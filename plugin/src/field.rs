//! The table of entity fields for Python.

use arrow_array::new_empty_array;
use pyo3::{
    prelude::*,
    types::{PyDict, PyList, PyTuple},
};
use spanframe_engine::{
    Concept, Mention,
    field::{AnnotationPlace, EntityField, EntityFields, FIELDS, Presence, Value},
    schema,
};

use crate::{error::python, keywords::raw, table::Entities};

/// Returns all fields of an entity, in the order of the output, each as a dict:
///
/// - `name`, and `type` by Arrow's name
/// - `always`: True if every output has it
/// - `annotation`: the field of Spark NLP's annotation that has it; `key`: if that is `metadata`, the key
/// - `doc`: one line
#[pyfunction]
pub fn entity_fields(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let field = |field: &EntityField| {
        let (annotation, key) = match field.annotation {
            AnnotationPlace::Begin => ("begin", None),
            AnnotationPlace::End => ("end", None),
            AnnotationPlace::Result => ("result", None),
            AnnotationPlace::Metadata(key) => ("metadata", Some(key)),
        };
        let row = PyDict::new(py);
        row.set_item("name", field.name)?;
        row.set_item("type", field.data_type().to_string())?;
        row.set_item("always", matches!(field.presence, Presence::Always))?;
        row.set_item("annotation", annotation)?;
        row.set_item("key", key)?;
        row.set_item("doc", field.doc)?;
        Ok(row)
    };
    FIELDS.iter().map(field).collect()
}

/// Returns the names of the fields of an annotation of Spark NLP.
#[pyfunction]
pub fn annotation_fields() -> Vec<String> {
    schema::annotation_fields().iter().map(|field| field.name().clone()).collect()
}

/// Returns a column without rows, of the type that an engine with these options returns. Loads no model.
#[pyfunction]
#[pyo3(signature = (**options))]
pub fn no_entities(options: Option<&Bound<'_, PyDict>>) -> PyResult<Entities> {
    let options = crate::options(raw(options)?).map_err(|e| python(&e))?;
    let data_type = options.data_type().map_err(|e| python(&e))?;
    Ok(Entities { array: new_empty_array(&data_type) })
}

/// Returns the values of `fields` for one mention.
pub fn values<'py>(py: Python<'py>, mention: &Mention<'_>, fields: &EntityFields) -> PyResult<Bound<'py, PyTuple>> {
    let to_python = |value: Option<Value<'_>>| -> PyResult<Bound<'py, PyAny>> {
        Ok(match value {
            None => py.None().into_bound(py),
            Some(Value::Text(text)) => text.into_pyobject(py)?.into_any(),
            Some(Value::Integer(integer)) => integer.into_pyobject(py)?.into_any(),
            Some(Value::Float(float)) => float.into_pyobject(py)?.into_any(),
            Some(Value::Bool(bool)) => bool.into_pyobject(py)?.to_owned().into_any(),
            Some(Value::Concepts(concepts)) => {
                let concepts = concepts.iter().map(|concept| self::concept(py, concept));
                PyList::new(py, concepts.collect::<PyResult<Vec<_>>>()?)?.into_any()
            }
        })
    };
    PyTuple::new(py, fields.iter().map(|field| to_python(field.get(mention))).collect::<PyResult<Vec<_>>>()?)
}

fn concept<'py>(py: Python<'py>, concept: &Concept<'_>) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("code", concept.code.as_deref())?;
    dict.set_item("term", concept.term.as_deref())?;
    dict.set_item("vocabulary", concept.vocabulary.as_deref())?;
    dict.set_item("concept_id", concept.concept_id)?;
    dict.set_item("standard_concept_id", concept.standard_concept_id)?;
    dict.set_item("similarity", concept.similarity)?;
    Ok(dict)
}
