//! The engine for Python without Polars.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Fields, Schema};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList, PyString, PyTuple},
};
use spanframe_engine::shown_name::{column_list, column_name};

use crate::{
    annotate::{Annotator, Column},
    bridge::{self, ForeignArrays},
    error::{InputError, python},
    field, input,
    keywords::{raw, typed},
    strings,
    table::{Entities, Table},
};

/// A loaded model, or a set of them, with options.
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
        let annotator = py.detach(|| Annotator::new(&options)).map_err(|e| python(&e))?;
        Ok(Self { annotator })
    }

    /// Annotates a list of strings, an Arrow array, or the column `column` of an Arrow table, whose new column is
    /// `output`. `language` names a column of the table; without a table it is one code, a list or an Arrow array.
    fn annotate<'py>(
        &self, py: Python<'py>, data: &Bound<'py, PyAny>, column: &Bound<'py, PyAny>, output: &Bound<'py, PyAny>,
        language: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let column: Option<String> = typed("column", "the name of a column", column)?;
        let output: Option<String> = typed("output", "the name of a column", output)?;
        let Some(column) = column else {
            if output.is_some() {
                return Err(InputError::new_err(
                    "`output` names the new column of a table: leave it out, or name the column with the texts with column=",
                ));
            }
            return Ok(Bound::new(py, self.annotate_column(py, data, language.as_ref())?)?.into_any());
        };
        if data.is_instance_of::<PyList>() {
            return Err(InputError::new_err(format!("a list has no column `{column}`: leave `column` out")));
        }
        let language = language
            .map(|name| typed("language", "a code such as es, or the name of a column", &name))
            .transpose()?
            .flatten();
        let output = output.unwrap_or_else(|| DEFAULT_OUTPUT.to_string());
        let ForeignArrays { field, chunks } = bridge::from_python("`data`", data)?;
        let columns = TableColumns { column, output, language };
        Ok(Bound::new(py, self.annotate_table(py, &field, &chunks, &columns)?)?.into_any())
    }

    /// Returns the diagnostics of each text of a list or an Arrow array, as an array of structs. The model does not
    /// run.
    fn diagnose(
        &self, py: Python<'_>, data: &Bound<'_, PyAny>, language: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Entities> {
        Ok(Entities { array: self.annotator.diagnose(py, column(data, language.as_ref())?)? })
    }

    /// Returns the entities of one text, each as a tuple of the values of `fields`, in order of their begin.
    fn annotate_text<'py>(
        &self, py: Python<'py>, text: &Bound<'_, PyString>, language: Option<&Bound<'_, PyString>>,
    ) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        let text = input::string("the text", text)?.to_string();
        let language =
            language.map(|code| Ok::<_, PyErr>(input::string("`language`", code)?.to_string())).transpose()?;
        let found = self.annotator.annotate_text(py, text, language)?;
        found.iter().map(|mention| field::values(py, mention, self.engine().fields())).collect()
    }

    /// Returns the names of the fields of an entity, in order.
    #[getter]
    fn fields(&self) -> Vec<&'static str> {
        self.engine().fields().iter().map(|field| field.name).collect()
    }

    /// Returns the model card as text.
    #[getter]
    fn card(&self) -> String {
        self.engine().card().to_string()
    }

    /// Returns the entity types of the model.
    #[getter]
    fn entities(&self) -> Vec<String> {
        self.engine().card().entities
    }

    /// Returns counts of this engine's work by name.
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

    fn annotate_column(
        &self, py: Python<'_>, data: &Bound<'_, PyAny>, language: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Entities> {
        let array = self.annotator.annotate(py, vec![column(data, language)?])?.remove(0);
        Ok(Entities { array })
    }

    /// Returns the table with the entities of a column as its last column.
    fn annotate_table(
        &self, py: Python<'_>, field: &Field, chunks: &[ArrayRef], columns: &TableColumns,
    ) -> PyResult<Table> {
        let DataType::Struct(fields) = field.data_type() else {
            return Err(InputError::new_err(format!(
                "the data is an array of {}, which has no column `{}`: leave `column` out",
                field.data_type(),
                columns.column
            )));
        };
        columns.check(fields)?;
        let batches = chunks.iter().map(|chunk| Ok(RecordBatch::from(input::rows(chunk)?)));
        let batches = batches.collect::<PyResult<Vec<_>>>()?;
        let inputs = columns.inputs(py, fields, &batches)?;
        let entities = self.annotator.annotate(py, inputs)?;
        let mut all: Vec<_> = fields.iter().cloned().collect();
        all.push(Arc::new(self.engine().field(&columns.output)));
        let schema = Arc::new(Schema::new_with_metadata(all, field.metadata().clone()));
        let batches = batches.iter().zip(entities).map(|(batch, entities)| {
            let columns = batch.columns().iter().cloned().chain([entities]).collect();
            RecordBatch::try_new(Arc::clone(&schema), columns)
        });
        let batches = batches.collect::<Result<Vec<_>, _>>().map_err(|e| python(&e.into()))?;
        Ok(Table { schema, batches })
    }
}

/// Name of the new column of a table, by default.
const DEFAULT_OUTPUT: &str = "ner";

/// The columns of a table that take part.
struct TableColumns {
    /// The texts.
    column: String,
    /// The new column.
    output: String,
    /// The language of each row.
    language: Option<String>,
}

impl TableColumns {
    /// Refuses a table without the inputs, or with a column that has the name of the output.
    fn check(&self, fields: &Fields) -> PyResult<()> {
        let known: Vec<&str> = fields.iter().map(|f| f.name().as_str()).collect();
        let mut inputs = [Some(self.column.as_str()), self.language.as_deref()].into_iter().flatten();
        if let Some(missing) = inputs.find(|name| !known.contains(name)) {
            let known = column_list(known);
            return Err(InputError::new_err(format!("there is no column `{missing}`; the columns are {known}")));
        }
        input::check_single(fields, &self.column)?;
        self.language.as_deref().map_or(Ok(()), |name| input::check_single(fields, name))?;
        if known.contains(&self.output.as_str()) {
            let output = &self.output;
            return Err(InputError::new_err(format!(
                "there already is a column `{output}`: give the new one another name with output="
            )));
        }
        Ok(())
    }

    /// Returns texts and languages of each batch as bytes, which the engine checks row by row.
    ///
    /// # Errors
    /// [`InputError`] if any other column has strings that are not UTF-8.
    fn inputs(&self, py: Python<'_>, fields: &Fields, batches: &[RecordBatch]) -> PyResult<Vec<Column>> {
        let is_input = |name: &str| name == self.column || self.language.as_deref() == Some(name);
        for (i, field) in fields.iter().enumerate().filter(|(_, field)| !is_input(field.name())) {
            strings::check(
                py,
                &format!("column {}", column_name(field.name(), i)),
                batches.iter().map(|batch| batch.column(i)),
            )?;
        }
        let bytes = |batch: &RecordBatch, name| strings::bytes(batch.column_by_name(name).expect("checked before"));
        let inputs = batches.iter().map(|batch| {
            let languages = self.language.as_deref().map(|name| bytes(batch, name)).transpose()?;
            Ok(Column { texts: bytes(batch, &self.column)?, languages })
        });
        inputs.collect::<Result<_, _>>().map_err(|e| python(&e))
    }
}

/// Returns texts that are not in a table, and their languages.
fn column(data: &Bound<'_, PyAny>, language: Option<&Bound<'_, PyAny>>) -> PyResult<Column> {
    Ok(Column { texts: input::texts(data)?, languages: language.map(input::languages).transpose()? })
}
