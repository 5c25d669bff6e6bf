//! [`Manifest`]: the files of an installed model with their hashes, and where they came from.

use std::{
    fmt, fs, io,
    path::{Component, Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    HubName, ModelError, ModelFiles,
    integrity::file_hash::{hex, sha256},
};

/// Name of the file in a model folder.
pub const MANIFEST: &str = "manifest.json";
const FORMAT: u32 = 1;

/// What `manifest.json` of a model folder holds.
///
/// A folder with one is loaded only if every listed file is what it was, and none that decides what the model finds is
/// unlisted. It tells of accidents and of changes by others; it is no signature: who can write the folder can write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this layout, 1.
    format: u32,
    /// The program and version that wrote it.
    pub created_by: String,
    /// What was asked for: a path, or `hf:org/name@revision`.
    pub source: String,
    /// The commit of the hub that this was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Every file but this one, by path.
    pub files: Vec<ManifestFile>,
}

/// A file of a model folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Path inside the folder, with `/`.
    pub path: String,
    /// Length.
    pub bytes: u64,
    /// SHA-256 as hexadecimal digits.
    pub sha256: String,
}

/// How a file differs from its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is listed and not there.
    Absent(String),
    /// It is another one.
    Changed(String),
    /// It is there and not listed.
    Unlisted(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(file) => write!(f, "{file} is absent"),
            Self::Changed(file) => write!(f, "{file} was changed"),
            Self::Unlisted(file) => write!(f, "{file} was added"),
        }
    }
}

impl Manifest {
    /// Hashes all files of `folder`, those of folders in it included.
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

    /// Reads the manifest of `folder`; `None` where it has none.
    ///
    /// # Errors
    /// [`ModelError::Config`] for one that is not usable, [`ModelError::Read`].
    pub fn read(folder: &Path) -> Result<Option<Self>, ModelError> {
        let path = folder.join(MANIFEST);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ModelError::Read { path, source }),
        };
        let wrong = |reason: String| ModelError::Config { file: path.display().to_string(), reason };
        let found: Self = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
        if found.format != FORMAT {
            return Err(wrong(format!("it is of format {}, and this version reads format {FORMAT}", found.format)));
        }
        let inside = |path: &str| Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        match found.files.iter().find(|file| file.path.is_empty() || !inside(&file.path)) {
            Some(file) => Err(wrong(format!("it lists `{}`, which is no path inside the folder", file.path))),
            None => Ok(Some(found)),
        }
    }

    /// Writes it into `folder`.
    ///
    /// # Errors
    /// [`ModelError::Read`], which also says that a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ModelError> {
        let path = folder.join(MANIFEST);
        let text = serde_json::to_string_pretty(self)
            .map_err(|e| ModelError::Config { file: path.display().to_string(), reason: e.to_string() })?;
        fs::write(&path, text + "\n").map_err(|source| ModelError::Read { path, source })
    }

    /// Whether this is what `name` names: the same repository, asked for by the same revision or of that commit.
    #[must_use]
    pub fn is_of(&self, name: &HubName) -> bool {
        let Ok(Some(source)) = HubName::parse(&self.source) else { return false };
        source.repository() == name.repository()
            && (source.revision() == name.revision() || self.commit.as_deref() == Some(name.revision()))
    }

    /// All differences between the listed files and those of `folder`.
    ///
    /// # Errors
    /// [`ModelError::Read`].
    pub fn faults(&self, folder: &Path) -> Result<Vec<Fault>, ModelError> {
        let mut faults = self.changed(folder)?;
        let found = paths(folder)?.into_iter();
        faults.extend(found.filter(|path| !self.lists(path)).map(Fault::Unlisted));
        Ok(faults)
    }

    fn lists(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path == path)
    }

    /// Listed files that are not what they were.
    fn changed(&self, folder: &Path) -> Result<Vec<Fault>, ModelError> {
        let mut faults = Vec::new();
        for file in &self.files {
            let path = folder.join(&file.path);
            match fs::metadata(&path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => faults.push(Fault::Absent(file.path.clone())),
                Err(source) => return Err(ModelError::Read { path, source }),
                // a length tells it without reading half a gigabyte
                Ok(metadata) if metadata.len() != file.bytes => faults.push(Fault::Changed(file.path.clone())),
                Ok(_) => {
                    let (_, hash) = sha256(&path).map_err(|source| ModelError::Read { path, source })?;
                    if hex(&hash) != file.sha256 {
                        faults.push(Fault::Changed(file.path.clone()));
                    }
                }
            }
        }
        Ok(faults)
    }

    /// Refuses files that are not what their manifest says. A folder without one passes.
    ///
    /// # Errors
    /// [`ModelError::Altered`], and those of [`read`](Self::read).
    pub(crate) fn check(files: &ModelFiles) -> Result<(), ModelError> {
        let ModelFiles::Folder { folder, .. } = files else { return Ok(()) };
        let Some(manifest) = Self::read(folder)? else { return Ok(()) };
        let mut faults = manifest.changed(folder)?;
        for path in files.deciding()? {
            let inside = path.strip_prefix(folder).unwrap_or(&path);
            let name = name(inside);
            if !manifest.lists(&name) {
                faults.push(Fault::Unlisted(name));
            }
        }
        match faults.is_empty() {
            true => Ok(()),
            false => Err(ModelError::Altered { folder: folder.clone(), faults: list(&faults) }),
        }
    }
}

/// Differences as one phrase.
#[must_use]
pub fn list(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A relative path with `/` on every system.
fn name(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// All files in `folder` and below, sorted, without the manifest and hidden ones.
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
