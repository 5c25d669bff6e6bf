//! `spanframe model export` for the command line of this package: the work is Python's.

use pyo3::prelude::*;
use spanframe_cli::{ExportError, ExportRequest};
use spanframe_engine::ErrorKind;

use crate::error::kind;

/// Makes the folder of a checkpoint, and tells what came of it.
pub fn export(request: ExportRequest) -> Result<String, ExportError> {
    Python::attach(|py| {
        let ExportRequest { checkpoint, folder, precision, texts } = request;
        let told =
            || py.import("spanframe._export")?.call_method1("told", (checkpoint, folder, precision, texts))?.extract();
        told().map_err(|error: PyErr| {
            let kind = kind(py, &error).unwrap_or(ErrorKind::Internal);
            ExportError { kind, message: error.value(py).to_string() }
        })
    })
}
