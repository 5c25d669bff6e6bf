//! The files that decide what a model finds.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Graph, ModelError, ModelFiles,
    tokenizer::{OLD_FILES, old_files_decide},
};

/// The deciding files beside the ONNX file and its external data.
pub(super) const JSON_FILES: [&str; 3] = ["config.json", "tokenizer.json", "tokenizer_config.json"];

impl ModelFiles {
    /// The files of a folder that decide what the model finds; empty for the bundled model.
    ///
    /// # Errors
    /// As [`with_external_data`].
    pub(super) fn deciding(&self) -> Result<Vec<PathBuf>, ModelError> {
        let Self::Folder { folder, onnx } = self else { return Ok(Vec::new()) };
        // files of old versions count only where they change tokens, so that digests stay as they were
        let old: &[&str] = if old_files_decide(self) { &OLD_FILES } else { &[] };
        let json = JSON_FILES.iter().chain(old).map(|name| folder.join(name)).filter(|path| path.exists());
        Ok(json.chain(with_external_data(onnx)?).collect())
    }
}

/// The ONNX file, the external data that it names, and files whose names begin with its own, sorted.
///
/// # Errors
/// [`ModelError::Read`]; [`ModelError::Refused`] as [`Graph::check`].
pub(super) fn with_external_data(onnx: &Path) -> Result<BTreeSet<PathBuf>, ModelError> {
    let folder = match onnx.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let failed = |source| ModelError::Read { path: folder.to_path_buf(), source };
    let stem = onnx.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found: BTreeSet<PathBuf> = Graph::check(onnx)?.external.iter().map(|name| folder.join(name)).collect();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&stem)) && path.is_file() {
            found.insert(path);
        }
    }
    Ok(found)
}
