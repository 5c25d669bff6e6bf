//! `spanframe model export` for the command line of the wheel. Python does the work.

use pyo3::{exceptions::PyOSError, prelude::*};
use spanframe_cli::{ExportError, ExportRequest};
use spanframe_engine::ErrorKind;

use crate::error::kind;

/// Makes a model folder of a checkpoint and returns the lines to print.
///
/// # Errors
/// That of the exception. Only messages of spanframe and of the operating system are passed on: others may quote a
/// text.
pub fn export(request: ExportRequest) -> Result<String, ExportError> {
    Python::attach(|py| {
        let ExportRequest { checkpoint, folder, precision, texts } = request;
        let arguments = (checkpoint, folder, precision, texts);
        let summary = || py.import("spanframe._export")?.call_method1("export_summary", arguments)?.extract();
        summary().map_err(|error: PyErr| match kind(py, &error) {
            Some(kind) => ExportError { kind, message: error.value(py).to_string() },
            None if error.is_instance_of::<PyOSError>(py) => {
                ExportError { kind: ErrorKind::Internal, message: error.value(py).to_string() }
            }
            None => {
                let raised = error.get_type(py).name().map_or_else(|_| "?".to_string(), |name| name.to_string());
                let message = format!("the export raised {raised}; run spanframe.export_model in Python to see where");
                ExportError { kind: ErrorKind::Internal, message }
            }
        })
    })
}
