//! [`Source`]: where a model comes from.

use std::path::{Path, PathBuf};

use spanframe_model::{HubName, ModelFiles};

use crate::{InstallError, archive};

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder, or an `.onnx` file in one.
    Folder(PathBuf),
    /// A `.zip`, `.tar.gz` or `.tgz` archive of a folder.
    Archive(PathBuf),
    /// A repository of the hub.
    Hub(HubName),
}

impl Source {
    /// What `text` names: `hf:org/name[@revision]`, else a path.
    ///
    /// # Errors
    /// [`InstallError::NoSource`], and those of [`HubName::parse`].
    pub fn parse(text: &str) -> Result<Self, InstallError> {
        if let Some(name) = HubName::parse(text)? {
            return Ok(Self::Hub(name));
        }
        let path = PathBuf::from(text);
        if path.is_dir() || (path.is_file() && path.extension().is_some_and(|e| e == "onnx")) {
            return Ok(Self::Folder(path));
        }
        match path.is_file() && archive::is_archive(&path) {
            true => Ok(Self::Archive(path)),
            false => Err(InstallError::NoSource(text.to_string())),
        }
    }

    /// The name that it suggests.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Folder(path) => ModelFiles::Folder { folder: folder_of(path), onnx: PathBuf::new() }.name(),
            Self::Archive(path) => archive::stem(path),
            Self::Hub(name) => name.repository().rsplit('/').next().unwrap_or_default().to_string(),
        }
    }

    /// What the manifest says of it: a path is told by its last part alone, for the rest is of this machine.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Folder(path) | Self::Archive(path) => {
                let full = path.canonicalize().unwrap_or_else(|_| path.clone());
                full.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
            }
            Self::Hub(name) => name.to_string(),
        }
    }
}

/// The model folder that an `.onnx` file is of; a folder is its own.
fn folder_of(path: &Path) -> PathBuf {
    match ModelFiles::find(path, "") {
        Ok(ModelFiles::Folder { folder, .. }) => folder,
        _ => path.to_path_buf(),
    }
}
