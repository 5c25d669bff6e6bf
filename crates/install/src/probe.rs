//! [`probe`]: loads a model as an engine would, before it is installed.

use std::path::Path;

use spanframe_model::{Device, Model, ModelCard, ModelError, ModelFiles, RuntimeSearch, SessionOptions};

/// Loads the model in `folder` and runs it once. Returns false if there is no ONNX Runtime to run it; then only
/// config.json and the tokenizer are read.
///
/// # Errors
/// Any [`ModelError`] of loading, except [`ModelError::LibraryNotFound`].
pub(crate) fn probe(folder: &Path, runtime: &RuntimeSearch) -> Result<bool, ModelError> {
    let files = ModelFiles::find(folder, "")?;
    let options = SessionOptions { device: Device::Cpu, sessions: 1, intra_threads: 1 };
    match Model::load(files.clone(), runtime, options) {
        Ok(_) => Ok(true),
        Err(ModelError::LibraryNotFound { .. }) => ModelCard::read(&files).map(|_| false),
        Err(error) => Err(error),
    }
}
