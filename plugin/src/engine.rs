//! The engine for Python callers without Polars.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList, PyString, PyTuple},
};

use crate::{
    annotate::{Annotator, Column},
    bridge::{self, ForeignArrays},
    error::{InputError, python},
    field, input,
    keywords::{raw, typed},
    strings,
    table::{Entities, Table},
};

/// A loaded model with options.
#[pyclass(module = "spanframe", frozen)]
pub struct Engine {
    annotator: Annotator,
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (**options))]
    fn new(py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let options = crate::options(raw(options)?).map_err(|e| python(&e))?;
        let engine = py.detach(|| spanframe_engine::Engine::new(&options)).map_err(|e| python(&e))?;
        Ok(Self { annotator: Annotator { engine: Arc::new(engine), on_error: options.on_error } })
    }

    /// Annotates a list of strings, an Arrow array, or a column of an Arrow table; `names` are those of the column and of the new
    /// one. `language` is a column of the table, or, as without a table, one code, a list or an Arrow array.
    fn annotate<'py>(
        &self, py: Python<'py>, data: &Bound<'py, PyAny>, names: (Bound<'py, PyAny>, Bound<'py, PyAny>),
        language: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let column: Option<String> = typed("column", &names.0)?;
        let output: Option<String> = typed("output", &names.1)?;
        let Some(column) = column else {
            if output.is_some() {
                return Err(InputError::new_err(
                    "`output` names the new column of a table: leave it out, or name the column with the texts with column=",
                ));
            }
            return Ok(Bound::new(py, self.column(py, data, language.as_ref())?)?.into_any());
        };
        if data.is_instance_of::<PyList>() {
            return Err(InputError::new_err(format!("a list has no column `{column}`: leave `column` out")));
        }
        let language = language.map(|name| typed("language", &name)).transpose()?.flatten();
        let names = Names { column, output: output.unwrap_or_else(|| DEFAULT_OUTPUT.to_string()), language };
        let ForeignArrays { field, chunks } = bridge::from_python("`data`", data)?;
        Ok(Bound::new(py, self.table(py, &field, &chunks, &names)?)?.into_any())
    }

    /// What reading each text of a list or an Arrow array takes, as an array of structs.
    fn diagnose(
        &self, py: Python<'_>, data: &Bound<'_, PyAny>, language: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Entities> {
        let column = column(data, language.as_ref())?;
        let array = py.detach(|| self.engine().diagnose(column.notes())).map_err(|e| python(&e))?;
        Ok(Entities { array })
    }

    /// Returns the entities of one text, each as a tuple of the values of `fields`, in order of their begin.
    fn annotate_text<'py>(
        &self, py: Python<'py>, text: &Bound<'_, PyString>, language: Option<&Bound<'_, PyString>>,
    ) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        let text = input::string("the text", text)?;
        let language = language.map(|code| input::string("`language`", code)).transpose()?;
        let found = py.detach(|| self.engine().annotate_text(text, language)).map_err(|e| python(&e))?;
        found.iter().map(|mention| field::values(py, mention, self.engine().fields())).collect()
    }

    /// Names of the fields of an entity.
    #[getter]
    fn fields(&self) -> Vec<&'static str> {
        self.engine().fields().iter().map(|field| field.name).collect()
    }

    /// The model's card as text.
    #[getter]
    fn card(&self) -> String {
        self.engine().card().to_string()
    }

    /// Entity types that the model knows.
    #[getter]
    fn entities(&self) -> Vec<String> {
        self.engine().card().entities
    }

    /// Counts of what this engine has done.
    #[getter]
    fn metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let metrics = self.engine().metrics();
        let counts = PyDict::new(py);
        counts.set_item("rows", metrics.rows())?;
        counts.set_item("unknown_languages", metrics.unknown_languages())?;
        counts.set_item("texts_tokenized", metrics.texts_tokenized())?;
        counts.set_item("tokens", metrics.tokens())?;
        counts.set_item("model_tokens", metrics.model_tokens())?;
        counts.set_item("padded_tokens", metrics.padded_tokens())?;
        counts.set_item("windows", metrics.windows())?;
        counts.set_item("reused_windows", metrics.reused_windows())?;
        counts.set_item("entities", metrics.entities())?;
        Ok(counts)
    }
}

impl Engine {
    fn engine(&self) -> &spanframe_engine::Engine {
        &self.annotator.engine
    }

    fn column(
        &self, py: Python<'_>, data: &Bound<'_, PyAny>, language: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Entities> {
        let array = self.annotator.annotate(py, vec![column(data, language)?])?.remove(0);
        Ok(Entities { array })
    }

    fn table(&self, py: Python<'_>, field: &Field, chunks: &[ArrayRef], wanted: &Names) -> PyResult<Table> {
        let (column, output, language) = (wanted.column.as_str(), wanted.output.as_str(), wanted.language.as_deref());
        let DataType::Struct(fields) = field.data_type() else {
            return Err(InputError::new_err(format!(
                "the data is an array of {}, which has no column `{column}`: leave `column` out",
                field.data_type()
            )));
        };
        let names: Vec<&str> = fields.iter().map(|f| f.name().as_str()).collect();
        let missing = [Some(column), language].into_iter().flatten().find(|name| !names.contains(name));
        if let Some(column) = missing {
            return Err(InputError::new_err(format!(
                "there is no column `{column}`; the columns are {}",
                names.join(", ")
            )));
        }
        if names.contains(&output) {
            return Err(InputError::new_err(format!(
                "there already is a column `{output}`: give the new one another name with output="
            )));
        }
        let given = |name: &str| name == column || language == Some(name);
        let batches = chunks.iter().map(|chunk| Ok(RecordBatch::from(input::rows(chunk)?)));
        let batches = batches.collect::<PyResult<Vec<_>>>()?;
        // texts and languages are looked at row by row
        for (i, name) in names.iter().enumerate().filter(|(_, name)| !given(name)) {
            strings::check(py, &format!("column `{name}`"), batches.iter().map(|batch| batch.column(i)))?;
        }
        let bytes = |batch: &RecordBatch, name| strings::bytes(batch.column_by_name(name).expect("looked up above"));
        let columns = batches.iter().map(|batch| {
            let languages = language.map(|name| bytes(batch, name)).transpose()?;
            Ok(Column { texts: bytes(batch, column)?, languages })
        });
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(|e| python(&e))?;
        let entities = self.annotator.annotate(py, columns)?;
        let mut all: Vec<_> = fields.iter().cloned().collect();
        all.push(Arc::new(self.engine().field(output)));
        let schema = Arc::new(Schema::new_with_metadata(all, field.metadata().clone()));
        let batches = batches.iter().zip(entities).map(|(batch, entities)| {
            let columns = batch.columns().iter().cloned().chain([entities]).collect();
            RecordBatch::try_new(Arc::clone(&schema), columns)
        });
        let batches = batches.collect::<Result<Vec<_>, _>>().map_err(|e| python(&e.into()))?;
        Ok(Table { schema, batches })
    }
}

/// What the new column of a table is called where that is left out.
const DEFAULT_OUTPUT: &str = "ner";

/// Columns of a table.
struct Names {
    column: String,
    output: String,
    language: Option<String>,
}

/// Texts without a table, and their languages.
fn column(data: &Bound<'_, PyAny>, language: Option<&Bound<'_, PyAny>>) -> PyResult<Column> {
    Ok(Column { texts: input::texts(data)?, languages: language.map(input::languages).transpose()? })
}
