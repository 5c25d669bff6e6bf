//! The engine for Python callers without Polars.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, cast::AsArray};
use arrow_schema::{DataType, Field, Schema};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};
use spanframe_engine::{EngineError, ModelNames, Notes, RawOptions};

use crate::{
    bridge,
    error::{InputError, python},
    table::{Entities, Table},
};

/// Chunk, entity, begin, end, confidence and the model of a set; the package makes a named tuple of it.
type Entity = (String, String, u32, u32, f32, Option<String>);

/// A loaded model with options.
#[pyclass(module = "spanframe", frozen)]
pub struct Engine {
    engine: spanframe_engine::Engine,
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (**options))]
    fn new(py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let options = crate::options(raw(options)?).map_err(|e| python(&e))?;
        let engine = py.detach(|| spanframe_engine::Engine::new(&options)).map_err(|e| python(&e))?;
        Ok(Self { engine })
    }

    /// Annotates a list of strings, an Arrow array, or `column` of an Arrow table. `language` is a column of the table, or, as
    /// without a table, one code, a list or an Arrow array.
    fn annotate<'py>(
        &self, py: Python<'py>, data: &Bound<'py, PyAny>, columns: (Option<String>, String),
        language: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (column, output) = columns;
        match column.filter(|_| !data.is_instance_of::<PyList>()) {
            Some(column) => {
                let (field, chunks) = bridge::from_python(data)?;
                let language = language.map(|name| typed("language", &name)).transpose()?.flatten();
                let names = Names { column, output, language };
                Ok(Bound::new(py, self.table(py, &field, &chunks, &names)?)?.into_any())
            }
            None => {
                let languages = language.as_ref().map(languages).transpose()?;
                Ok(Bound::new(py, self.column(py, &array(data)?, languages.as_ref())?)?.into_any())
            }
        }
    }

    /// What reading each text of a list or an Arrow array takes, as an array of structs.
    fn diagnose(
        &self, py: Python<'_>, data: &Bound<'_, PyAny>, language: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Entities> {
        let (texts, languages) = (array(data)?, language.as_ref().map(languages).transpose()?);
        let array = py.detach(|| self.engine.diagnose(notes(&texts, languages.as_ref()))).map_err(|e| python(&e))?;
        Ok(Entities { array })
    }

    /// The entities of one text as tuples (chunk, entity, begin, end, confidence, model).
    fn annotate_text(&self, py: Python<'_>, text: &str, language: Option<&str>) -> PyResult<Vec<Entity>> {
        let found = py.detach(|| self.engine.annotate_text(text, language)).map_err(|e| python(&e))?;
        Ok(found.into_iter().map(|a| (a.chunk, a.entity, a.begin, a.end, a.confidence, a.model)).collect())
    }

    /// The model's card as text.
    #[getter]
    fn card(&self) -> String {
        self.engine.card().to_string()
    }

    /// Entity types that the model knows.
    #[getter]
    fn entities(&self) -> Vec<String> {
        self.engine.card().entities
    }

    /// Counts of what this engine has done.
    #[getter]
    fn metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let metrics = self.engine.metrics();
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
    fn column(&self, py: Python<'_>, array: &ArrayRef, languages: Option<&ArrayRef>) -> PyResult<Entities> {
        let array = py.detach(|| self.engine.annotate(notes(array, languages))).map_err(|e| python(&e))?;
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
        let mut all: Vec<_> = fields.iter().cloned().collect();
        all.push(Arc::new(self.engine.field(output)));
        let schema = Arc::new(Schema::new_with_metadata(all, field.metadata().clone()));
        let batches = py
            .detach(|| {
                let batches = chunks.iter().map(|chunk| {
                    // the stream is one of structs, checked above: each chunk is a batch
                    let batch = RecordBatch::from(chunk.as_struct());
                    let text = batch.column_by_name(column).expect("looked up above");
                    let languages = language.and_then(|name| batch.column_by_name(name));
                    let entities = self.engine.annotate(notes(text, languages))?;
                    let columns = batch.columns().iter().cloned().chain([entities]).collect();
                    Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
                });
                batches.collect::<Result<Vec<_>, EngineError>>()
            })
            .map_err(|e| python(&e))?;
        Ok(Table { schema, batches })
    }
}

/// Columns of a table.
struct Names {
    column: String,
    output: String,
    language: Option<String>,
}

fn notes<'a>(texts: &'a ArrayRef, languages: Option<&'a ArrayRef>) -> Notes<'a> {
    Notes { texts, languages: languages.map(|codes| codes as &dyn Array) }
}

/// One code, a list of codes or an Arrow array.
fn languages(data: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    match data.extract::<String>() {
        Ok(code) => Ok(Arc::new(StringArray::from(vec![code]))),
        Err(_) => array(data),
    }
}

/// A list of strings or an Arrow array as one array.
fn array(data: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    if let Ok(texts) = data.cast::<PyList>() {
        let texts: Vec<Option<String>> = texts.extract()?;
        return Ok(Arc::new(StringArray::from(texts)));
    }
    let (field, chunks) = bridge::from_python(data)?;
    concat(&field, &chunks)
}

fn concat(field: &Field, chunks: &[ArrayRef]) -> PyResult<ArrayRef> {
    match chunks {
        [] => Ok(arrow_array::new_empty_array(field.data_type())),
        [only] => Ok(Arc::clone(only)),
        _ => {
            let parts: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
            arrow_select::concat::concat(&parts).map_err(|e| python(&e.into()))
        }
    }
}

/// Refuses options that are wrong whatever the model, which is not loaded.
#[pyfunction]
#[pyo3(signature = (**options))]
pub fn check_options(options: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
    crate::options(raw(options)?).map(drop).map_err(|e| python(&e))
}

/// Keyword arguments as options, with a message that names the option.
pub fn raw(options: Option<&Bound<'_, PyDict>>) -> PyResult<RawOptions> {
    let mut raw = RawOptions::default();
    let Some(options) = options else { return Ok(raw) };
    for (name, value) in options {
        let name: String = name.extract()?;
        let option = name.as_str();
        match option {
            "model" => raw.model = typed::<Model>(option, &value)?.map(Into::into),
            "merge" => raw.merge = typed(option, &value)?,
            "merge_within" => raw.merge_within = typed(option, &value)?,
            "unknown_language" => raw.unknown_language = typed(option, &value)?,
            "entities" => raw.entities = typed(option, &value)?,
            "white_list" => raw.white_list = typed(option, &value)?,
            "black_list" => raw.black_list = typed(option, &value)?,
            "ignore_labels" => raw.ignore_labels = typed(option, &value)?,
            "replace_labels" => raw.replace_labels = typed(option, &value)?,
            "threshold" => raw.threshold = typed(option, &value)?,
            "aggregation_strategy" => raw.aggregation_strategy = typed(option, &value)?,
            "decoding" => raw.decoding = typed(option, &value)?,
            "grouping" => raw.grouping = typed(option, &value)?,
            "greedy_mode" => raw.greedy_mode = typed(option, &value)?,
            "ner_has_no_schema" => raw.ner_has_no_schema = typed(option, &value)?,
            "preserve_position" => raw.preserve_position = typed(option, &value)?,
            "cleanup_mode" => raw.cleanup_mode = typed(option, &value)?,
            "cleaned_offsets" => raw.cleaned_offsets = typed(option, &value)?,
            "emulate" => raw.emulate = typed(option, &value)?,
            "max_length" => raw.max_length = typed(option, &value)?,
            "stride" => raw.stride = typed(option, &value)?,
            "batch_tokens" => raw.batch_tokens = typed(option, &value)?,
            "layout" => raw.layout = typed(option, &value)?,
            "offsets" => raw.offsets = typed(option, &value)?,
            "device" => raw.device = typed(option, &value)?,
            "sessions" => raw.sessions = typed(option, &value)?,
            "intra_threads" => raw.intra_threads = typed(option, &value)?,
            "max_document_bytes" => raw.max_document_bytes = typed(option, &value)?,
            "on_error" => raw.on_error = typed(option, &value)?,
            "onnxruntime" => raw.onnxruntime = typed(option, &value)?,
            unknown => crate::check_option(unknown)?,
        }
    }
    Ok(raw)
}

/// One name or several.
#[derive(FromPyObject)]
enum Model {
    One(String),
    Many(Vec<String>),
}

impl From<Model> for ModelNames {
    fn from(model: Model) -> Self {
        match model {
            Model::One(name) => name.into(),
            Model::Many(names) => names.into(),
        }
    }
}

/// Whether entities name their model with these options.
#[pyfunction]
#[pyo3(signature = (**options))]
pub fn names_models(options: Option<&Bound<'_, PyDict>>) -> PyResult<bool> {
    crate::options(raw(options)?).map(|options| options.model.is_set()).map_err(|e| python(&e))
}

/// One value, with a message that names its option.
pub fn typed<'py, T>(option: &str, value: &Bound<'py, PyAny>) -> PyResult<Option<T>>
where
    Option<T>: for<'a> FromPyObject<'a, 'py>,
{
    value.extract().map_err(|_| {
        let kind = value.get_type().name().map_or_else(|_| "?".to_string(), |n| n.to_string());
        InputError::new_err(format!("option `{option}` cannot be a {kind}"))
    })
}
