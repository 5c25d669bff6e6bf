//! [`probe`]: opens a model as an engine would, before it is shown.

use std::path::Path;

use spanframe_model::{Device, Model, ModelCard, ModelError, ModelFiles, RuntimeSearch, SessionOptions};

/// Opens the model in `folder` and runs it once where there is an ONNX Runtime; gives whether there was.
///
/// # Errors
/// Any [`ModelError`] that an engine would give, but that ONNX Runtime is missing.
pub(crate) fn probe(folder: &Path, runtime: &RuntimeSearch) -> Result<bool, ModelError> {
    let files = ModelFiles::find(folder, "")?;
    let options = SessionOptions { device: Device::Cpu, sessions: 1, intra_threads: 1 };
    match Model::load(files.clone(), runtime, options) {
        Ok(_) => Ok(true),
        Err(ModelError::LibraryNotFound { .. }) => ModelCard::read(&files).map(|_| false),
        Err(error) => Err(error),
    }
}
