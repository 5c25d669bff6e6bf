//! [`InstallError`]: why an operation on installed models failed.

use std::{
    io,
    path::{Path, PathBuf},
};

use spanframe_model::{ErrorKind, ModelError};
use spanframe_store::StoreError;

/// Why a model cannot be installed, imported, verified, packed or removed. No message contains a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The model cannot be loaded.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A name that no installed model may have.
    #[error("`{name}` cannot be the name of an installed model: {reason}")]
    BadName {
        /// The name, given or of the source.
        name: String,
        /// Why, and what to do.
        reason: &'static str,
    },
    /// An installed model has the name.
    #[error(
        "a model `{name}` is installed already: replace it (--replace, replace=True), or choose another name (--name, name=)"
    )]
    Exists {
        /// The name.
        name: String,
    },
    /// No installed model has the name.
    #[error("there is no installed model `{name}`: {known}")]
    NotInstalled {
        /// The name.
        name: String,
        /// The installed models, or that there are none.
        known: String,
    },
    /// No environment variable gives a folder for models.
    #[error("there is no folder for installed models: set {} to one", spanframe_model::HOME_VARIABLE)]
    NoHome,
    /// The folder of installed models cannot be written.
    #[error(
        "cannot write to the folder of installed models `{path}`: {source}; set {} to a folder that you can write to",
        spanframe_model::HOME_VARIABLE
    )]
    Home {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// No model at that place.
    #[error(
        "there is no model at `{0}`: give a model folder, a .zip, .tar.gz or .tgz archive of one, or hf:org/name[@revision]"
    )]
    NoSource(String),
    /// A path that this operation does not take.
    #[error("`{path}` {reason}")]
    WrongKind {
        /// The path.
        path: String,
        /// What it is, and what to do.
        reason: &'static str,
    },
    /// A file cannot be read or written.
    #[error("cannot use `{path}` ({source}): check the path, its permissions and the space that is left")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file system of the folder of models has no renames.
    #[error(
        "the file system of `{path}` cannot rename folders ({source}): set {variable} to a folder on another one",
        variable = spanframe_model::HOME_VARIABLE
    )]
    NoRename {
        /// The place of the model.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file that was to be written cannot be.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The caller asked the operation to end.
    #[error("stopped: nothing was installed or written")]
    Stopped,
    /// An archive that is damaged or unsafe.
    #[error("the archive `{archive}` is refused: {reason}. Make it again, or give the folder itself")]
    Archive {
        /// The archive.
        archive: PathBuf,
        /// The entry, and what is wrong with it.
        reason: String,
    },
    /// What Spark NLP saved cannot be read.
    #[error("`{path}` cannot be imported: {reason}")]
    Spark {
        /// The folder, or the file in it.
        path: PathBuf,
        /// What is wrong, at which byte, and what to do.
        reason: String,
    },
    /// The files of a model do not equal those of its manifest.
    #[error("the model `{name}` differs from its manifest.json: {faults}; install it again")]
    Faults {
        /// The model.
        name: String,
        /// The differences, separated by commas.
        faults: String,
    },
    /// The model is on the hub, and the hub may not be asked.
    #[error(
        "`{0}` must be fetched from the hub, and the hub is switched off (--offline, offline=True or HF_HUB_OFFLINE): \
         leave that out, or add an archive that `spanframe model pack` made elsewhere"
    )]
    Offline(String),
    /// The endpoint is not a URL without secrets.
    #[error(
        "`{endpoint}` is not the URL of a hub: expected one such as https://huggingface.co, without user, password and query"
    )]
    Endpoint {
        /// Scheme and host of what was given.
        endpoint: String,
    },
    /// The hub does not have it.
    #[error(
        "the hub at {endpoint} has no `{what}`: check the name and the revision; it may also be private and need a token"
    )]
    NotOnHub {
        /// The hub.
        endpoint: String,
        /// The repository, or a file of it.
        what: String,
    },
    /// The hub denies access.
    #[error(
        "the hub at {endpoint} refuses `{what}` (status {status}): give a token that may read it (HF_TOKEN, --token-file or \
         token=), and accept the model's conditions on its page"
    )]
    Denied {
        /// The hub.
        endpoint: String,
        /// The repository, or a file of it.
        what: String,
        /// HTTP status.
        status: u16,
    },
    /// The hub fails or answers with something unexpected.
    #[error("the hub at {endpoint} failed on `{what}` ({reason}): nothing was installed, try again later")]
    Hub {
        /// The hub.
        endpoint: String,
        /// The repository, or a file of it.
        what: String,
        /// Reason of the last attempt.
        reason: String,
    },
    /// A download does not have the length or hash that the hub gives.
    #[error("`{what}` did not arrive as the hub at {endpoint} has it ({reason}): nothing was installed, try again")]
    Checksum {
        /// The hub.
        endpoint: String,
        /// The file.
        what: String,
        /// What was expected and what arrived.
        reason: String,
    },
}

impl InstallError {
    /// Who has to act: the user's input, or the model.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Model(error) => error.kind(),
            Self::Archive { .. } | Self::Spark { .. } | Self::Faults { .. } | Self::Checksum { .. } => ErrorKind::Model,
            _ => ErrorKind::Input,
        }
    }

    /// The same error with `to`, the place that the user named, instead of the folder `from` with a copy of the model.
    pub(crate) fn relocated(self, from: &Path, to: &str) -> Self {
        let text = |text: String| text.replace(&from.display().to_string(), to);
        let path = |path: PathBuf| PathBuf::from(text(path.display().to_string()));
        match self {
            Self::Model(error) => Self::Model(error.relocated(from, to)),
            Self::WrongKind { path, reason } => Self::WrongKind { path: text(path), reason },
            Self::File { path: file, source } => Self::File { path: path(file), source },
            Self::Spark { path: file, reason } => Self::Spark { path: path(file), reason: text(reason) },
            Self::Faults { name, faults } => Self::Faults { name: text(name), faults },
            other => other,
        }
    }

    /// Makes the error for the file `path` from the system's reason.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }
}
