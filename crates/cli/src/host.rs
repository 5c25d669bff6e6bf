//! [`Host`]: what the Python package provides to its `spanframe` command.

use std::path::PathBuf;

use spanframe_engine::ErrorKind;

/// What the program around the command line provides. The binary provides nothing.
#[derive(Default)]
pub struct Host {
    /// The ONNX Runtime library of the Python environment.
    pub library: Option<PathBuf>,
    /// Exports a checkpoint and returns the text to print. It needs torch, so only Python can do it.
    pub export: Option<fn(ExportRequest) -> Result<String, ExportError>>,
}

/// A model folder to make from a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportRequest {
    /// Folder of the checkpoint.
    pub checkpoint: PathBuf,
    /// Folder to make.
    pub folder: PathBuf,
    /// Smaller files to write as well: `fp16`, `int8`.
    pub precision: Vec<String>,
    /// Notes on which the files are compared; `None` means the package's own.
    pub texts: Option<Vec<String>>,
}

/// Why a checkpoint was not exported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExportError {
    /// Decides the exit code.
    pub kind: ErrorKind,
    /// What happened, where, and what to do.
    pub message: String,
}
