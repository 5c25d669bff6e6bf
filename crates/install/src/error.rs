//! What can go wrong on this floor.

use std::{io, path::PathBuf};

use spanframe_model::{ErrorKind, ModelError};

/// Why a model cannot be installed, imported, verified, packed or removed. No message carries a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The model itself.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A name that no model may have.
    #[error("`{name}` cannot be the name of an installed model: {reason}")]
    BadName {
        /// As given, or as it came from the source.
        name: String,
        /// Why, and the way out.
        reason: &'static str,
    },
    /// The name is taken.
    #[error(
        "a model `{name}` is installed already: replace it (--replace, replace=True), or give another name (--name, name=)"
    )]
    Exists {
        /// The name.
        name: String,
    },
    /// No such model.
    #[error("there is no installed model `{name}`: {known}")]
    NotInstalled {
        /// As asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// No folder for models.
    #[error("there is no folder for installed models: set {} to one", spanframe_model::HOME_VARIABLE)]
    NoHome,
    /// Nothing to install.
    #[error(
        "there is no model at `{0}`: name a model folder, a .zip, .tar.gz or .tgz archive of one, or hf:org/name[@revision]"
    )]
    NoSource(String),
    /// A model folder where a folder of Spark NLP is needed, or the other way round.
    #[error("`{path}` {reason}")]
    WrongKind {
        /// What was given.
        path: String,
        /// What it is, and the command for it.
        reason: &'static str,
    },
    /// A file cannot be read or written.
    #[error("cannot use `{path}`: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An archive that is damaged or unsafe.
    #[error("the archive `{archive}` is refused: {reason}")]
    Archive {
        /// The archive.
        archive: PathBuf,
        /// The entry and what is wrong with it.
        reason: String,
    },
    /// A folder of Spark NLP that cannot be read.
    #[error("`{path}` cannot be imported: {reason}")]
    Spark {
        /// The folder, or the file in it.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// Files that are not what their manifest says.
    #[error("the model `{name}` is not what its manifest.json says: {faults}; install it again")]
    Faults {
        /// The model.
        name: String,
        /// The differences, with commas.
        faults: String,
    },
    /// The hub is needed and may not be asked.
    #[error("`{0}` would have to be fetched, and the hub is switched off (--offline, offline=True or HF_HUB_OFFLINE)")]
    Offline(String),
    /// The endpoint is no URL.
    #[error("`{endpoint}` is no endpoint of a hub: expected a URL such as https://huggingface.co")]
    Endpoint {
        /// As given, without credentials.
        endpoint: String,
    },
    /// The hub has it not.
    #[error(
        "the hub at {endpoint} has no `{what}`: check the name and the revision; it may also be private and need a token"
    )]
    NotOnHub {
        /// The hub.
        endpoint: String,
        /// The repository, or a file of it.
        what: String,
    },
    /// The hub refuses.
    #[error(
        "the hub at {endpoint} refuses `{what}` (status {status}): give a token that may read it, by HF_TOKEN, \
         --token-file or token=, and accept the model's conditions on its page"
    )]
    Denied {
        /// The hub.
        endpoint: String,
        /// The repository, or a file of it.
        what: String,
        /// HTTP status.
        status: u16,
    },
    /// The hub answers with an error or something else than expected.
    #[error("the hub at {endpoint} failed on `{what}` ({reason}): nothing was installed, try again later")]
    Hub {
        /// The hub.
        endpoint: String,
        /// The repository, or a file of it.
        what: String,
        /// The last reason.
        reason: String,
    },
    /// What came is not what the hub says it is.
    #[error("`{what}` did not come as the hub at {endpoint} has it ({reason}): nothing was installed, try again")]
    Checksum {
        /// The hub.
        endpoint: String,
        /// The file.
        what: String,
        /// Expected and found.
        reason: String,
    },
}

impl InstallError {
    /// Who has to act.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Model(error) => error.kind(),
            Self::Archive { .. } | Self::Spark { .. } | Self::Faults { .. } | Self::Checksum { .. } => ErrorKind::Model,
            _ => ErrorKind::Input,
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }
}
