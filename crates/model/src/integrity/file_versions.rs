//! [`FileVersions`]: whether the files of a loaded model changed.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{ModelError, ModelFiles, tokenizer::OLD_FILES};

use super::{
    deciding_files::{JSON_FILES, with_external_data},
    manifest::MANIFEST,
};

/// Time of change and size of each file that decides what a model finds, and of its manifest; absent files count too.
/// A folder with other versions is another model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileVersions(Vec<(PathBuf, Option<Stamp>)>);

/// Time of change and length in bytes.
type Stamp = (SystemTime, u64);

impl FileVersions {
    /// True if no file changed. Reads no file.
    #[must_use]
    pub fn are_current(&self) -> bool {
        self.0.iter().all(|(file, known)| stamp(file) == *known)
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = file.metadata().ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

impl ModelFiles {
    /// The versions of the files as they are now; none for the bundled model.
    ///
    /// # Errors
    /// [`ModelError::Read`]; [`ModelError::Refused`] if the ONNX file is refused.
    pub fn versions(&self) -> Result<FileVersions, ModelError> {
        let Self::Folder { folder, onnx } = self else { return Ok(FileVersions(Vec::new())) };
        let json = JSON_FILES.into_iter().chain(OLD_FILES).chain([MANIFEST]).map(|name| folder.join(name));
        let files = json.chain(with_external_data(onnx)?);
        Ok(FileVersions(files.map(|file| (file.clone(), stamp(&file))).collect()))
    }
}
