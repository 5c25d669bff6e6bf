//! [`Manifest`]: the files of an installed model with their hashes, and the source of the model.

use std::{
    fmt, fs, io,
    path::{Component, Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{HubName, ModelError, ModelFiles, folder::not_json};

use super::file_hash::{hex, sha256};

/// Name of the manifest in a model folder.
pub const MANIFEST: &str = "manifest.json";
/// Version of the layout.
const FORMAT: u32 = 1;

/// The content of a model folder's `manifest.json`.
///
/// A folder with a manifest is loaded only if every listed file has its hash and every file that decides what the model
/// finds is listed. A half-copied file or an exchanged tokenizer would give wrong entities without an error. A manifest
/// is not a signature: whoever can write the folder can write the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout, 1.
    format: u32,
    /// The program and version that wrote it.
    pub created_by: String,
    /// The source: a path, or `hf:org/name@revision`.
    pub source: String,
    /// The commit on the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Every file but the manifest, sorted by path.
    pub files: Vec<ManifestFile>,
}

/// A file of a model folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Path inside the folder, with `/` on every system.
    pub path: String,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// A difference between a folder and its manifest. Each variant holds the path of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestError {
    /// The file is listed and does not exist.
    Absent(String),
    /// The file has another length or hash.
    Changed(String),
    /// The file exists and is not listed.
    Unlisted(String),
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(file) => write!(f, "{file} is absent"),
            Self::Changed(file) => write!(f, "{file} was changed"),
            Self::Unlisted(file) => write!(f, "{file} was added"),
        }
    }
}

impl Manifest {
    /// Makes a manifest of all files in `folder` and the folders below it, hidden ones excepted.
    ///
    /// # Errors
    /// [`ModelError::Read`].
    pub fn of(folder: &Path, source: String, commit: Option<String>) -> Result<Self, ModelError> {
        let mut files = Vec::new();
        for path in paths(folder)? {
            let full = folder.join(&path);
            let (bytes, hash) = sha256(&full).map_err(|source| ModelError::Read { path: full, source })?;
            files.push(ManifestFile { path, bytes, sha256: hex(&hash) });
        }
        let created_by = concat!("spanframe ", env!("CARGO_PKG_VERSION")).to_string();
        Ok(Self { format: FORMAT, created_by, source, commit, files })
    }

    /// Reads the manifest of `folder`; `None` if it has none.
    ///
    /// # Errors
    /// [`ModelError::Config`] for another layout and for a path that leaves the folder; [`ModelError::Read`].
    pub fn read(folder: &Path) -> Result<Option<Self>, ModelError> {
        let path = folder.join(MANIFEST);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ModelError::Read { path, source }),
        };
        let wrong = |reason: String| ModelError::Config { file: path.display().to_string(), reason };
        let found: Self = serde_json::from_slice(&bytes).map_err(|e| wrong(not_json(&e)))?;
        if found.format != FORMAT {
            return Err(wrong(format!(
                "its format is {}, and this version reads format {FORMAT}: upgrade spanframe",
                found.format
            )));
        }
        let inside = |path: &str| Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        match found.files.iter().find(|file| file.path.is_empty() || !inside(&file.path)) {
            Some(file) => Err(wrong(format!(
                "it lists `{}`, which is not a path inside the folder: install the model again",
                file.path
            ))),
            None => Ok(Some(found)),
        }
    }

    /// Writes the manifest into `folder`.
    ///
    /// # Errors
    /// [`ModelError::Write`] if the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ModelError> {
        let path = folder.join(MANIFEST);
        let text = serde_json::to_string_pretty(self)
            .map_err(|e| ModelError::Config { file: path.display().to_string(), reason: e.to_string() })?;
        fs::write(&path, text + "\n").map_err(|source| ModelError::Write { path, source })
    }

    /// True if the model is the one that `name` means: the same repository, and the same revision or commit.
    #[must_use]
    pub fn is_of(&self, name: &HubName) -> bool {
        let Ok(Some(source)) = HubName::parse(&self.source) else { return false };
        source.repository() == name.repository()
            && (source.revision() == name.revision() || self.commit.as_deref() == Some(name.revision()))
    }

    /// Compares all files of `folder` with the manifest. Empty if nothing differs.
    ///
    /// # Errors
    /// [`ModelError::Read`].
    pub fn verify(&self, folder: &Path) -> Result<Vec<ManifestError>, ModelError> {
        let mut errors = self.changed(folder)?;
        let found = paths(folder)?.into_iter();
        errors.extend(found.filter(|path| !self.lists(path)).map(ManifestError::Unlisted));
        Ok(errors)
    }

    fn lists(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path == path)
    }

    /// Listed files that are absent or changed.
    fn changed(&self, folder: &Path) -> Result<Vec<ManifestError>, ModelError> {
        let mut errors = Vec::new();
        for file in &self.files {
            let path = folder.join(&file.path);
            match fs::metadata(&path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => errors.push(ManifestError::Absent(file.path.clone())),
                Err(source) => return Err(ModelError::Read { path, source }),
                // cheaper than to hash half a gigabyte
                Ok(metadata) if metadata.len() != file.bytes => errors.push(ManifestError::Changed(file.path.clone())),
                Ok(_) => {
                    let (_, hash) = sha256(&path).map_err(|source| ModelError::Read { path, source })?;
                    if hex(&hash) != file.sha256 {
                        errors.push(ManifestError::Changed(file.path.clone()));
                    }
                }
            }
        }
        Ok(errors)
    }

    /// Checks a model's files before they are loaded. Passes the bundled model, folders without a manifest, and
    /// unlisted files that do not decide what the model finds.
    ///
    /// # Errors
    /// [`ModelError::Altered`] with all differences, and those of [`read`](Self::read).
    pub(crate) fn check(files: &ModelFiles) -> Result<(), ModelError> {
        let ModelFiles::Folder { folder, .. } = files else { return Ok(()) };
        let Some(manifest) = Self::read(folder)? else { return Ok(()) };
        let mut errors = manifest.changed(folder)?;
        for path in files.deciding()? {
            let inside = path.strip_prefix(folder).unwrap_or(&path);
            let name = name(inside);
            if !manifest.lists(&name) {
                errors.push(ManifestError::Unlisted(name));
            }
        }
        match errors.is_empty() {
            true => Ok(()),
            false => Err(ModelError::Altered { folder: folder.clone(), differences: join_errors(&errors) }),
        }
    }
}

/// The errors as one phrase, separated by commas.
#[must_use]
pub fn join_errors(errors: &[ManifestError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// `path` with `/` as separator on every system.
fn name(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Paths of all files in `folder` and below, sorted, without the manifest and hidden files.
fn paths(folder: &Path) -> Result<Vec<String>, ModelError> {
    fn walk(folder: &Path, below: &Path, found: &mut Vec<PathBuf>) -> Result<(), ModelError> {
        let here = folder.join(below);
        let failed = |source| ModelError::Read { path: here.clone(), source };
        for entry in fs::read_dir(&here).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = below.join(entry.file_name());
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            match entry.file_type().map_err(failed)?.is_dir() {
                true => walk(folder, &path, found)?,
                false => found.push(path),
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    walk(folder, Path::new(""), &mut found)?;
    let mut names: Vec<String> = found.iter().map(|path| name(path)).filter(|path| path != MANIFEST).collect();
    names.sort();
    Ok(names)
}
