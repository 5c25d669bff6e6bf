//! Turns errors into Python exceptions by one match. All of them have one base class.

use polars::prelude::PolarsError;
use pyo3::{
    create_exception,
    exceptions::{PyException, PyModuleNotFoundError},
    prelude::*,
};
use spanframe_engine::{EngineError, ErrorKind, RowError, shown_name::escaped};
use spanframe_install::InstallError;
use spanframe_jobs::JobError;

create_exception!(spanframe, SpanframeError, PyException, "Base class of all errors of spanframe.");
create_exception!(spanframe, InputError, SpanframeError, "The data or an option is wrong.");
create_exception!(spanframe, ModelError, SpanframeError, "The model folder cannot be used.");
create_exception!(spanframe, DeviceError, SpanframeError, "ONNX Runtime or the device is missing or unusable.");
create_exception!(spanframe, InternalError, SpanframeError, "A bug in spanframe: please report it.");

/// Adds the exception classes to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("SpanframeError", py.get_type::<SpanframeError>())?;
    module.add("InputError", py.get_type::<InputError>())?;
    module.add("ModelError", py.get_type::<ModelError>())?;
    module.add("DeviceError", py.get_type::<DeviceError>())?;
    module.add("InternalError", py.get_type::<InternalError>())
}

/// Returns the exception for an error of the engine.
pub fn python(error: &EngineError) -> PyErr {
    exception(error.kind(), error.to_string())
}

/// Returns the exception for an error of a job.
pub fn job(error: &JobError) -> PyErr {
    exception(error.kind(), error.to_string())
}

/// Returns the exception for an error of installing a model.
pub fn install(error: &InstallError) -> PyErr {
    exception(error.kind(), error.to_string())
}

/// Escapes what could steer a terminal: messages have names and paths from files.
fn exception(kind: ErrorKind, message: String) -> PyErr {
    let message = escaped(&message).into_owned();
    match kind {
        ErrorKind::Input => InputError::new_err(message),
        ErrorKind::Model => ModelError::new_err(message),
        ErrorKind::Device => DeviceError::new_err(message),
        ErrorKind::Internal => InternalError::new_err(message),
    }
}

/// Returns the kind of an exception, or `None` if it is not one of spanframe's. A package that is not installed is a
/// wrong input.
pub fn kind(py: Python<'_>, error: &PyErr) -> Option<ErrorKind> {
    match () {
        () if error.is_instance_of::<InputError>(py) => Some(ErrorKind::Input),
        () if error.is_instance_of::<PyModuleNotFoundError>(py) => Some(ErrorKind::Input),
        () if error.is_instance_of::<ModelError>(py) => Some(ErrorKind::Model),
        () if error.is_instance_of::<DeviceError>(py) => Some(ErrorKind::Device),
        () => None,
    }
}

/// Returns the error for Polars, which shows its message and nothing else. Escapes control characters: a NUL would make
/// Polars panic.
pub fn polars(error: &EngineError) -> PolarsError {
    PolarsError::ComputeError(escaped(&error.to_string()).into_owned().into())
}

/// Returns the error for Polars of annotating `rows` rows, which may be any part of the column.
pub fn polars_rows(error: &EngineError, rows: usize) -> PolarsError {
    let EngineError::Row(RowError { row, kind }) = error else { return polars(error) };
    let place = format!("row {row} of the {rows} rows that Polars gave at once");
    PolarsError::ComputeError(format!("the document in {place} {kind}").into())
}
