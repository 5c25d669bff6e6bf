//! [`Installed`] and [`Verified`]: what the folder of models holds after an operation on it.

use std::path::PathBuf;

use spanframe_model::{Manifest, ModelCard};

/// A model that was installed.
#[derive(Clone, Debug, PartialEq)]
pub struct Installed {
    /// The name to give as the option `model`.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Its files with their hashes, and where they came from.
    pub manifest: Manifest,
    /// Its labels, languages and licence.
    pub card: ModelCard,
    /// True if ONNX Runtime was found and ran the model once.
    pub was_run: bool,
}

/// A model whose files equal those of its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its folder.
    pub folder: PathBuf,
    /// Its manifest; `None` for a folder without one, whose files cannot be verified.
    pub manifest: Option<Manifest>,
}

/// Where a model came from, as its manifest records it.
pub(crate) struct Origin {
    pub source: String,
    /// Commit of the hub.
    pub commit: Option<String>,
}
