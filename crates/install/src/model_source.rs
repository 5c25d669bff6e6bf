//! [`ModelSource`]: where a model comes from.

use std::path::{Path, PathBuf};

use spanframe_model::{HubName, ModelFiles};

use crate::{
    InstallError,
    archive::{self, ArchiveFormat},
};

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSource {
    /// A folder, or an `.onnx` file in one.
    Folder(PathBuf),
    /// A `.zip`, `.tar.gz` or `.tgz` archive of a folder.
    Archive(PathBuf),
    /// A repository of the hub.
    Hub(HubName),
}

impl ModelSource {
    /// Reads `hf:org/name[@revision]` as a repository of the hub, and anything else as a path.
    ///
    /// # Errors
    /// [`InstallError::NoSource`] if there is no such folder, `.onnx` file or archive; those of [`HubName::parse`].
    pub fn parse(text: &str) -> Result<Self, InstallError> {
        if let Some(name) = HubName::parse(text)? {
            return Ok(Self::Hub(name));
        }
        let path = PathBuf::from(text);
        if path.is_dir() || (path.is_file() && path.extension().is_some_and(|e| e == "onnx")) {
            return Ok(Self::Folder(path));
        }
        match path.is_file() && ArchiveFormat::of(&path).is_some() {
            true => Ok(Self::Archive(path)),
            false => Err(InstallError::NoSource(text.to_string())),
        }
    }

    /// The name that the model gets by default: the last part of the path or of the repository.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Folder(path) => match Snapshot::of(path) {
                Some(Snapshot { repository, .. }) => repository.rsplit('/').next().unwrap_or_default().to_string(),
                None => ModelFiles::Folder { folder: folder_of(path), onnx: PathBuf::new() }.name(),
            },
            Self::Archive(path) => archive::stem(path),
            Self::Hub(name) => name.repository().rsplit('/').next().unwrap_or_default().to_string(),
        }
    }

    /// The path or name that the user knows, for messages.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Folder(path) => folder_of(path).display().to_string(),
            Self::Archive(path) => path.display().to_string(),
            Self::Hub(name) => name.to_string(),
        }
    }

    /// The source as the manifest records it. Only the last part of a path is kept, for the rest describes this
    /// machine.
    pub(crate) fn describe(&self) -> String {
        if let Self::Folder(path) = self
            && let Some(Snapshot { repository, commit }) = Snapshot::of(path)
        {
            return format!("{repository}@{commit}");
        }
        match self {
            Self::Folder(path) | Self::Archive(path) => {
                let full = path.canonicalize().unwrap_or_else(|_| path.clone());
                full.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
            }
            Self::Hub(name) => name.to_string(),
        }
    }
}

/// A folder in the hub's cache, `models--ORG--NAME/snapshots/COMMIT`.
struct Snapshot {
    /// `ORG/NAME`.
    repository: String,
    commit: String,
}

impl Snapshot {
    /// The snapshot that the folder or ONNX file `path` is of; `None` for any other path.
    fn of(path: &Path) -> Option<Self> {
        // the files of a snapshot are links, and its folder is not
        let folder = folder_of(path).canonicalize().ok()?;
        let snapshots = folder.parent().filter(|parent| parent.file_name().is_some_and(|name| name == "snapshots"))?;
        let repository = snapshots.parent()?.file_name()?.to_str()?.strip_prefix("models--")?.replace("--", "/");
        Some(Self { repository, commit: folder.file_name()?.to_str()?.to_string() })
    }
}

/// The model folder of an `.onnx` file; any other path itself.
fn folder_of(path: &Path) -> PathBuf {
    match ModelFiles::find(path, "") {
        Ok(ModelFiles::Folder { folder, .. }) => folder,
        _ => path.to_path_buf(),
    }
}
