//! Errors about a copy of a model, told about the place that the user named.

use std::path::{Path, PathBuf};

use crate::ModelError;

impl ModelError {
    /// The same error with `to` in place of the folder `from`, in paths and in the reasons of libraries.
    #[must_use]
    pub fn relocated(self, from: &Path, to: &str) -> Self {
        let from = from.display().to_string();
        let text = |text: String| text.replace(&from, to);
        let path = |path: PathBuf| PathBuf::from(text(path.display().to_string()));
        match self {
            Self::NotFound { path, known } => Self::NotFound { path: text(path), known },
            Self::MissingFile { folder, file, hint } => Self::MissingFile { folder: path(folder), file, hint },
            Self::Ambiguous { folder, found } => Self::Ambiguous { folder: path(folder), found: text(found) },
            Self::Altered { folder, differences } => Self::Altered { folder: path(folder), differences },
            Self::Refused { file, reason } => Self::Refused { file: path(file), reason: text(reason) },
            Self::Read { path: file, source } => Self::Read { path: path(file), source },
            Self::Write { path: file, source } => Self::Write { path: path(file), source },
            Self::LfsPointer { file } => Self::LfsPointer { file: text(file) },
            Self::Config { file, reason } => Self::Config { file: text(file), reason: text(reason) },
            Self::Labels { file, source } => Self::Labels { file: text(file), source },
            Self::Tokenizer { file, reason } => Self::Tokenizer { file: text(file), reason },
            Self::Onnx { file, library, reason, hint } => {
                Self::Onnx { file: text(file), library, reason: text(reason), hint }
            }
            Self::UnknownInput { file, input } => Self::UnknownInput { file: text(file), input },
            Self::OutputShape { file, output, got, labels } => {
                Self::OutputShape { file: text(file), output, got, labels }
            }
            Self::InvalidLogits { file, rows, width } => Self::InvalidLogits { file: text(file), rows, width },
            other => other,
        }
    }
}
