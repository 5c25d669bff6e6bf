//! [`ModelFiles`]: the files of a model, on disk or in the program.

use std::{
    borrow::Cow,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use crate::ModelError;

/// How the text begins that Git LFS keeps in the place of a file.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/v1";

/// Refuses a file that is a Git LFS pointer. A file that cannot be read passes.
///
/// # Errors
/// [`ModelError::LfsPointer`].
pub(crate) fn check_pointer(path: &Path) -> Result<(), ModelError> {
    let mut begin = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(LFS.len() as u64).read_to_end(&mut begin));
    match read.is_ok() && begin == LFS {
        true => Err(ModelError::LfsPointer { file: path.display().to_string() }),
        false => Ok(()),
    }
}

/// The files of one model: a folder, or bytes in the program.
#[derive(Clone, Debug)]
pub enum ModelFiles {
    /// A folder as a Hugging Face export writes it.
    Folder {
        /// The folder with config.json and tokenizer.json.
        folder: PathBuf,
        /// The ONNX file, inside the folder.
        onnx: PathBuf,
    },
    /// The bundled model. Its ONNX file is the one that ends in `.onnx`.
    Embedded {
        /// Name of the model.
        name: &'static str,
        /// Names and contents.
        files: &'static [(&'static str, &'static [u8])],
    },
}

impl ModelFiles {
    /// Finds the model at `path`, which is a folder or an `.onnx` file in one (or in its `onnx/` folder).
    ///
    /// A folder's ONNX file is `model.onnx`, else `onnx/model.onnx`, else the only `.onnx` file in either place.
    ///
    /// # Errors
    /// [`ModelError::NotFound`], which offers the names `known`; [`ModelError::MissingFile`] for a folder without an
    /// ONNX file; [`ModelError::Ambiguous`] for one with several.
    pub fn find(path: &Path, known: &str) -> Result<Self, ModelError> {
        if path.is_file() && path.extension().is_some_and(|e| e == "onnx") {
            let parent = path.parent().unwrap_or(Path::new(""));
            let folder = match parent.file_name() {
                Some(name) if name == "onnx" && !parent.join("config.json").exists() => {
                    parent.parent().unwrap_or(parent)
                }
                _ => parent,
            };
            return Ok(Self::Folder { folder: folder.to_path_buf(), onnx: path.to_path_buf() });
        }
        if !path.is_dir() {
            return Err(ModelError::NotFound { path: path.display().to_string(), known: known.to_string() });
        }
        let folder = path.to_path_buf();
        let onnx = find_onnx(&folder)?;
        Ok(Self::Folder { folder, onnx })
    }

    /// The content of the file `name`; `None` if the model has no such file.
    ///
    /// # Errors
    /// [`ModelError::Read`], [`ModelError::LfsPointer`].
    pub fn read(&self, name: &str) -> Result<Option<Cow<'static, [u8]>>, ModelError> {
        match self {
            Self::Folder { folder, .. } => {
                let path = folder.join(name);
                match fs::read(&path) {
                    Ok(bytes) if bytes.starts_with(LFS) => Err(ModelError::LfsPointer { file: self.describe(name) }),
                    Ok(bytes) => Ok(Some(Cow::Owned(bytes))),
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(source) => Err(ModelError::Read { path, source }),
                }
            }
            Self::Embedded { files, .. } => {
                Ok(files.iter().find(|(known, _)| *known == name).map(|(_, bytes)| Cow::Borrowed(*bytes)))
            }
        }
    }

    /// The content of the file `name`.
    ///
    /// # Errors
    /// [`ModelError::Read`]; [`ModelError::MissingFile`] with `hint` if the model has no such file.
    pub fn require(&self, name: &'static str, hint: &'static str) -> Result<Cow<'static, [u8]>, ModelError> {
        self.read(name)?.ok_or_else(|| ModelError::MissingFile { folder: self.location(), file: name, hint })
    }

    /// Name of the model: that of the folder.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Folder { folder, .. } => {
                let full = folder.canonicalize().unwrap_or_else(|_| folder.clone());
                full.file_name().map_or_else(|| full.display().to_string(), |n| n.to_string_lossy().into_owned())
            }
            Self::Embedded { name, .. } => (*name).to_string(),
        }
    }

    /// The folder; for the bundled model its name.
    #[must_use]
    pub fn location(&self) -> PathBuf {
        match self {
            Self::Folder { folder, .. } => folder.clone(),
            Self::Embedded { name, .. } => PathBuf::from(name),
        }
    }

    /// Path of `file`, for messages.
    #[must_use]
    pub fn describe(&self, file: &str) -> String {
        self.location().join(file).display().to_string()
    }

    /// Path of the ONNX file, for messages.
    #[must_use]
    pub fn onnx_name(&self) -> String {
        match self {
            Self::Folder { onnx, .. } => onnx.display().to_string(),
            Self::Embedded { .. } => self.describe(self.embedded_onnx().map_or("model.onnx", |(name, _)| name)),
        }
    }

    /// Name and content of the bundled model's ONNX file.
    pub(crate) fn embedded_onnx(&self) -> Option<(&'static str, &'static [u8])> {
        match self {
            Self::Folder { .. } => None,
            Self::Embedded { files, .. } => files.iter().copied().find(|(name, _)| name.ends_with(".onnx")),
        }
    }

    /// Size in bytes of the ONNX file, without external data.
    #[must_use]
    pub fn onnx_bytes(&self) -> Option<u64> {
        match self {
            Self::Folder { onnx, .. } => fs::metadata(onnx).ok().map(|m| m.len()),
            Self::Embedded { .. } => self.embedded_onnx().map(|(_, bytes)| bytes.len() as u64),
        }
    }
}

fn find_onnx(folder: &Path) -> Result<PathBuf, ModelError> {
    for name in ["model.onnx", "onnx/model.onnx"] {
        let path = folder.join(name);
        if path.is_file() {
            return Ok(path);
        }
    }
    let mut found = Vec::new();
    for place in [folder.to_path_buf(), folder.join("onnx")] {
        let Ok(entries) = fs::read_dir(&place) else { continue };
        found.extend(entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "onnx")));
    }
    found.sort();
    match found.len() {
        0 => Err(ModelError::MissingFile {
            folder: folder.to_path_buf(),
            file: "model.onnx",
            hint: "make one from the checkpoint with `spanframe model export`",
        }),
        1 => Ok(found.remove(0)),
        _ => Err(ModelError::Ambiguous {
            folder: folder.to_path_buf(),
            found: found.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "),
        }),
    }
}
