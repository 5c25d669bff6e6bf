//! Options as Python's keyword arguments.

use pyo3::{prelude::*, types::PyDict};
use spanframe_engine::{ModelNames, RawOptions};

use crate::error::{InputError, python};

/// Refuses options that are wrong whatever the model, which is not loaded.
#[pyfunction]
#[pyo3(signature = (**options))]
pub fn check_options(options: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
    crate::options(raw(options)?).map(drop).map_err(|e| python(&e))
}

/// Options of the types that they may have, as JSON by all their names. What values they may have is not looked at.
#[pyfunction]
#[pyo3(signature = (**options))]
pub fn plain_options(options: Option<&Bound<'_, PyDict>>) -> PyResult<String> {
    let plain = serde_json::to_string(&raw(options)?);
    plain.map_err(|error| InputError::new_err(format!("an option cannot be sent to Polars: {error}")))
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
